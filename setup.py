"""Builds the extension: the C core and the Cython module around it. All metadata is in pyproject.toml.

GOMAP_DEBUG=1 makes a debug build, unoptimised and with symbols. What CFLAGS says comes last, and wins.
"""

import glob
import os
import shlex
import sys
import sysconfig

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import PlatformError

DEBUG = os.environ.get("GOMAP_DEBUG") == "1"


class BuildExt(build_ext):
    """Adds the flags once it is known which compiler they are for."""

    def build_extensions(self) -> None:
        if sys.maxsize < 2**63 - 1:
            raise PlatformError("gomap needs a 64-bit Python, and this one is 32-bit: " + sys.executable)
        link = []
        if self.compiler.compiler_type == "msvc":  # which reads more flags from CL by itself
            flags = ["/std:c11", *(["/Od", "/Z7"] if DEBUG else ["/O2"])]
            link = ["/DEBUG"] if DEBUG else []
        else:
            # -g0, as Python's own flags ask for symbols that make the wheel six times larger.
            flags = ["-std=c11", "-fvisibility=hidden", *(["-O0", "-g3"] if DEBUG else ["-O3", "-g0"])]
            flags += shlex.split(os.environ.get("CFLAGS", ""))
            link = ["-lm"]
        for extension in self.extensions:
            extension.extra_compile_args += flags
            extension.extra_link_args += link
        super().build_extensions()


setup(
    cmdclass={"build_ext": BuildExt},
    # A directory each: setuptools would take what the other kind of build left for up to date.
    options={"build": {"build_base": os.path.join("build", "debug" if DEBUG else "release")}},
    ext_modules=[
        Extension(
            "gomap._core",
            sources=["src/gomap/_core/core.pyx", *sorted(glob.glob("csrc/**/*.c", recursive=True))],
            depends=[
                *sorted(glob.glob("csrc/**/*.h", recursive=True)),
                *sorted(glob.glob("src/gomap/_core/*.h") + glob.glob("src/gomap/_core/*.pxi")),
            ],
            include_dirs=["csrc", "src/gomap/_core"],
            # Where threads run in parallel (csrc/beside.h).
            define_macros=[("GOMAP_THREADS", "1")] if sysconfig.get_config_var("Py_GIL_DISABLED") else [],
        )
    ],
)
