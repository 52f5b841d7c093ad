"""Builds the extension: the C core and the Cython module around it. All metadata is in pyproject.toml."""

import glob
import os
import sys

from setuptools import Extension, setup

debug = os.environ.get("GOMAP_DEBUG") == "1"
if sys.platform == "win32":
    flags = ["/std:c11", "/Od" if debug else "/O2"]
else:
    flags = ["-std=c11", "-fvisibility=hidden"] + (["-O0", "-g3"] if debug else ["-O3"])

setup(
    ext_modules=[
        Extension(
            "gomap._core",
            sources=["src/gomap/_core.pyx", *sorted(glob.glob("csrc/*.c"))],
            depends=[
                *glob.glob("csrc/**/*.h", recursive=True),
                "src/gomap/_csrc.pxd",
                "src/gomap/_convert.h",
            ],
            include_dirs=["csrc", "src/gomap"],
            extra_compile_args=flags,
        )
    ],
)
