"""Every error a user can meet, by the code that raises it; docs/api.md shows them as they come out.

    python tests/error_cases.py            the table
    python tests/error_cases.py --write    the table into docs/api.md

A case is one line of Python; what comes before the last `;` makes ready. test_docs.py compares the table with
what the cases say now.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gomap
from gomap.types import Field, Kind, Type, parse

DOCUMENT = Path(__file__).parents[1] / "docs" / "api.md"
BEGIN, END = "<!-- errors: python tests/error_cases.py --write -->", "<!-- end of errors -->"

DIRECTORY = TemporaryDirectory()


def written(name: str, text: str) -> Path:
    """A file with this text."""
    path = Path(DIRECTORY.name, name)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


NAMES = {each.__name__: each for each in (gomap, gomap.Map, gomap.Set, gomap.make, Field, Kind, Type, parse, written)}

CASES: dict[str, list[str]] = {
    "A key or value of the wrong type": [
        'Map(int, int)["1"]',
        'Map(int, int)[1] = "1"',
        "Map(int, int)[True] = 1",
        "Map(int, int)[1] = 1.0",
        "Map(int, float)[1] = None",
        "from decimal import Decimal; Map(float, int)[Decimal(1)]",
        "Map(int, bool)[1] = 1",
        "Map(str, int)[b'key']",
        "Map(bytes, int)['key']",
        "Map('[4]byte', int)['spam']",
        "import array; Map(bytes, int)[array.array('i', [1])]",
        "import array; Map(bytes, int)[memoryview(array.array('i', [1]))]",
        "Map(int, None)[1] = 0",
        "Map(object, int)[[1, 2]]",
        "Map(int, 'struct{size uint32}')[1] = 5",
        "Map(int, 'struct{size uint32}')[1] = ['x']",
        "Map(int, 'struct{size uint32; flags uint16}')[1] = (1, 'x')",
        "Map(int, 'struct{name string; size uint32}')[1] = (b'x', 1)",
        "Map('datetime', int)['2024-07-01']",
        "from datetime import date; Map('datetime', int)[date(2024, 7, 1)]",
        "from datetime import datetime; Map('date', int)[datetime(2024, 7, 1)]",
        "from datetime import datetime; Map('datetime[UTC]', int)[datetime(2024, 7, 1)]",
        "from datetime import datetime, timezone; Map('datetime', int)[datetime(2024, 7, 1, tzinfo=timezone.utc)]",
        "Map(int, 'timedelta')[1] = 5",
        "Map('uuid', int)['12345678-1234-5678-1234-567812345678']",
        "'1' in Set(int)",
    ],
    "A key or value that the type cannot hold": [
        "Map(int, 'uint8')[1] = 256",
        "Map('int8', int)[-129] = 1",
        "Map(int, int)[2**64] = 1",
        "Map(int, int)[2**5000] = 1",
        "Map(int, 'float32')[1] = 1e39",
        "Map(int, float)[1] = 2**53 + 1",
        "Map(int, '[4]byte')[1] = b'eggs!'",
        "Map('[4]byte', int)[b'egg']",
        "Map(int, 'struct{size uint32; flags uint16}')[1] = (1, 70000)",
        "Map(int, 'struct{size uint32; flags uint16}')[1] = (1,)",
        "Map(int, 'struct{size uint32; flags uint16}')[1] = {'size': 1}",
        "Map(int, 'struct{size uint32}')[1] = {'size': 1, 'mode': 2}",
        "Set('uint8').add(300)",
        "from datetime import datetime; Map('datetime64[s]', int)[datetime(2024, 7, 1, 0, 0, 0, 5)] = 1",
        "import numpy; from datetime import datetime; Map('datetime64[ns]', int)[datetime(2300, 1, 1)] = 1",
        "import numpy; Map('date', int)[numpy.datetime64('NaT', 's')] = 1",
        "import numpy; Set('timedelta').add(numpy.timedelta64(1, 'M'))",
    ],
    "A key that is not there": [
        "Map(int, int)[1]",
        "del Map(int, int)[1]",
        "Map(int, int).pop(1)",
        "Map(int, int).popitem()",
        "Set(int).remove(1)",
        "Set(int).pop()",
    ],
    "A type that is none": [
        "Map('float16', int)",
        "Map('unit32', int)",
        "Map('i8', int)",
        "Map('datetime64[h]', int)",
        "Map('datetime64[us, CET]', int)",
        "Map('timestamp[us]', int)",
        "import numpy; Map(numpy.dtype('M8[h]'), int)",
        "Map(int, '[4byte')",
        "Map(int, '[4]int')",
        "Map(int, '[x]byte')",
        "Map(int, '[99999999999]byte')",
        "Map(int, 'int int')",
        "Map(int, '')",
        "Map('*int', int)",
        "Map(int, '**int')",
        "Map('struct{}', int)",
        "Map(int, 'struct{a any}')",
        "Map('struct{a bytes; b [113]byte}', int)",
        "Map(int, 'struct{' + '; '.join(f'a{i} string' for i in range(256)) + '}')",
        "Map(int, 'struct{a int, b int}')",
        "Map(int, 'struct{a int; a int}')",
        "Map(int, 'struct{class int}')",
        "Map(int, 'struct{a int')",
        "Map(int, 'struct{1 int}')",
        "Map(int, 'struct{a [2_147_483_647]byte; b int}')",
        "Map(int, 'struct{a ' * 100)",
        "Map(int, 'interface{Read()}')",
        "Map(int, bytearray)",
        "Map(int, 5)",
        "import numpy; Map(int, numpy.dtype('f2'))",
        "import numpy; Map(int, numpy.dtype('S4'))",
        "import numpy; Map(int, numpy.dtype([('a', 'U4')]))",
        "make('map[int')",
        "make('dict[int]int')",
        "make(int)",
        "Map(parse('*int'), int)",
        "Map(Type('int', Kind.UINT64, 8), int)",
        "Type('int', Kind.INT64, 4)",
        "Type('int', Kind.INT64, 8, fields=(Field('a', parse(int), 0),))",
        "Type('s', Kind.STRUCT, 0)",
        "Type('s', Kind.STRUCT, 8, fields=(Field('a', parse(object), 0),))",
        "Type('s', Kind.STRUCT, 8, fields=(Field('a', parse(int), 4),))",
        "parse(int).namedtuple",
        "Map[int]",
        "Set[int, int]",
    ],
    "Making, filling, reserving": [
        "Map(int, int, capacity='many')",
        "Map(int, int).reserve('many')",
        "Map(int, int).reserve(-1)",
        "Map(int, int).reserve(2**60)",
        "Map(int, int, [1])",
        "Map(int, int, [(1, 2, 3)])",
        "Map.fromkeys([1])",
        "m = Map(int, int); m.__init__(str, int)",
        "Map.__new__(Map)[1]",
        "gomap.BaseMap(int, int)",
        "hash(Map(int, int))",
        "reversed(Map(int, int))",
    ],
    "Whole arrays": [
        "import array; Map(int, int).set_many(array.array('d', [1.0]), 1)",
        "import array; Map(int, int).get_many([1, 2, 3])",
        "import array; Map('uint8', int).set_many(array.array('i', [1, 300]), 1)",
        "Map(int, int).set_many([1, 2, 'x'], 1)",
        "Map(int, int).set_many([1, 2, 3], [1, 2])",
        "Map(int, int).set_many(5, 1)",
        "Map('[4]byte', int).set_many(memoryview(b'spameggs'), 1)",
        "import array; Map(int, int).get_many([1], out=array.array('i', [0]))",
        "Map(int, str).get_many([], out=[])",
        "Map(int, 'int8', {1: 100}).add_many([2, 1], 100)",
        "Map(int, 'int8', {1: 100}).add(1, 100)",
        "Map(int, str).add('a')",
        "Map.from_arrays([1], [2])",
        "import numpy; Map(int, int).set_many(numpy.array(['2020-01-01'], 'M8[D]'), 1)",
        "import numpy; Map('datetime64[s]', int).set_many(numpy.arange(3), 1)",
        "import numpy; Map('datetime64[s]', int).set_many(numpy.array(['2020', 'NaT'], 'M8[s]'), 1)",
        "import numpy; Map('datetime64[s]', int).set_many(numpy.array([1000, 1500], 'M8[ms]'), 1)",
        "import numpy; Map(int, 'date', {1: numpy.datetime64('2020-01-01')}).get_many([1], out=numpy.zeros(1, 'i4'))",
        "import numpy; Map('struct{a int}', int).set_many(numpy.zeros(1, [('b', 'i8')]), 1)",
        "import numpy; Map(int, int).set_many(numpy.ma.array([1, 2], mask=[0, 1]), 1)",
        "Map(int, int).set_many([1], 1, nulls='drop')",
        "Map(int, int).get_many([1], missing='none')",
        "Map(int, object).get_many([1], missing='null')",
        "Map(int, str, {1: chr(0xdc80)}).to_arrays(arrow=True)",
        "import numpy; Map(int, 'struct{a string}').set_many([1], numpy.zeros((1, 16), 'u1'))",
    ],
    "Operations over whole maps": [
        "Map(int, str).max_many([1], 1)",
        "Map(int, int).merge({1: 2})",
        "Map(int, int).merge(Map(int, float))",
        "Map(int, int).merge(Map(int, int), how='sum')",
        "Map(int, str).merge(Map(int, str, {1: 'a'}), how='add')",
        "Map(int, 'int8', {1: 100}).merge(Map(int, 'int8', {1: 100}), how='add')",
        "Map(int, str).most_common(1)",
        "Map(int, int).most_common('1')",
        "Map(int, int).delete_where([True])",
        "Map(int, int, {1: 2}).delete_where(lambda keys, values: None)",
        "Map(int, int, {1: 2}).delete_where(lambda keys, values: [1])",
        "Map(int, int, {1: 2}).delete_where(lambda keys, values: [True, False])",
        "m = Map(int, int, {1: 2}); m.delete_where(lambda keys, values: m.clear())",
        "Map(int, 'int32').encode([1])",
        "Map(int, int, {1: 5}).encode([1])",
        "Map(int, int, {1: 1}).uniques()",
        "m = Map(str, int, {'a': 0}); m.decode([0, 1])",
        "Map(str, int).decode([0])",
        "Map(str, int, {'a': 0}).decode(['a'])",
        "gomap.group(['a', 'b'])",
        "gomap.group(['a'], ['b'], key=str, value=str)",
        "gomap.group(['a'], key=str, value=int)",
        "gomap.group(['a', 'b'], [1], key=str, value=int)",
        "gomap.group(['a', 5], key=str)",
        "gomap.group(['a'], key=str)['b']",
    ],
    "Caches": [
        "gomap.Cache(int, int)",
        "gomap.Cache(int)",
        "gomap.Cache(int, int, max_bytes='5 apples')",
        "gomap.Cache(int, int, max_bytes=1.5)",
        "gomap.Cache(int, int, max_bytes=100)",
        "gomap.Cache(int, int, max_entries=0)",
        "gomap.Cache(int, int, ttl=0)",
        "gomap.Cache(int, int, ttl='1h')",
        "gomap.Cache(int, int, max_entries=5, on_evict=1)",
        "gomap.Cache(int, int, max_entries=5, clock=1)",
        "gomap.Cache(int, int, ttl=5, clock=lambda: None)[1] = 1",
        "gomap.Cache(int, int, ttl=5, clock=lambda: float('nan'))[1] = 1",
        "gomap.Cache(int, int, max_entries=5)[1]",
        "gomap.Cache(int, int, max_entries=5).popitem()",
        "gomap.Cache(int, int, max_entries=5).set(1, 1, ttl=5)",
        "gomap.Cache(int, int, ttl=5).set(1, 1, ttl=1e9)",
        "gomap.Cache(int, bytes, max_bytes=10_000)[1] = bytes(20_000)",
        "gomap.Cache(int, int, max_entries=5).set_many([1, 2], [1])",
        "gomap.Cache(int, int, max_entries=5).expire('all')",
        "gomap.Cache(int, int, max_entries=5).resize(max_bytes=200)",
        "c = gomap.Cache(int, int, max_entries=5); c.__init__(int, int, max_entries=5)",
        "gomap.Cache.__new__(gomap.Cache)[1]",
        "c = gomap.Cache(int, int, {1: 1, 2: 2}, max_entries=5); [c.update({key + 10: 0}) for key in c]",
        "import pickle; pickle.dumps(gomap.Cache(int, int, max_entries=5, on_evict=print))",
        "gomap.cached(5, max_entries=5)",
        "gomap.cached(len)",
        "gomap.cached(len, max_entries=5, lock='all')",
    ],
    "Calls without types": [
        "Map()",
        "Map({1: 2})",
        "Map(int)",
        "Set()",
        "Set([1, 2])",
        "from types import new_class; new_class('M', (Map[int, str],))()",
    ],
    "What maps would hold: advise, estimate, compare": [
        "gomap.advise([1])",
        "gomap.advise({1: 2}, sample=0)",
        "from collections import UserDict; gomap.advise(type('D', (UserDict,), {'__len__': lambda d: 9})())",
        "gomap.estimate(int, int, -1)",
        "gomap.estimate(int, int, 10**12)",
        "gomap.estimate(int, int, 10, key_bytes=8)",
        "gomap.compare({})",
        "gomap.compare('entries.xls')",
        "gomap.compare(n='many')",
        "gomap.compare(key='uint8', n=300)",
        "gomap.compare({float('nan'): 1})",
        "gomap.compare({1: 300}, key='uint8', value='uint8')",
        "gomap.compare(n=10, peers='borghash')",
        "gomap.compare(n=10, peers=['abseil'])",
        "gomap.compare('ids.csv', on_duplicate='all')",
        "gomap.compare('ids.csv', on_blank='zero')",
    ],
    "Files: `written` writes one": [
        r"gomap.compare(written('ids.csv', 'id,x\n1,2\n1,3\n'))",
        r"gomap.compare(written('ids.csv', 'id,x\n1,2\n,3\n'))",
        r"gomap.compare(written('ids.csv', 'id,x\n1,\n2,3\n'), on_blank='error')",
        r"gomap.compare(written('ids.csv', 'id,x,y\n1,,2\n3,4,\n'), on_blank='skip')",
        r"gomap.compare(written('ids.csv', 'id,x\n1,2\n'), key_column='y')",
        r"gomap.compare(written('ids.csv', 'id,x\n1,2\n3\n'))",
        r"""gomap.compare(written('ids.csv', 'id,x\n1,"2\n3,4\n'))""",
        r"""gomap.compare(written('ids.csv', 'id,x\n1,"a" b\n'))""",
        r"gomap.compare(written('ids.csv', 'id,x\n1,\udcff\n'))",
        r"gomap.compare(written('ids.csv', ''))",
        r"gomap.compare(written('ids.csv.gz', 'id,x\n1,2\n'))",
    ],
    "Iterating": [
        "m = Map(int, int, {1: 1, 2: 2}); [m.update({k + 10: 0}) for k in m]",
        "s = Set(int, [1, 2]); [s.add(k + 10) for k in s]",
    ],
    "Unpickling what was not pickled here": [
        "f, a = Map(int, int, {1: 1}).__reduce__()[:2]; f(*a[:3], 2, *a[4:])",
        "f, a = Map(int, bool, {1: True}).__reduce__()[:2]; f(*a[:4], a[4][:-1] + b'2', a[5])",
        "f, a = Map(int, int, {1: 1}).__reduce__()[:2]; f(*a[:3], 2, a[4] * 2, a[5])",
        "f, a = Set(int, [1]).__reduce__()[:2]; f(*a[:2], 'int', 1, a[4] * 2, a[5])",
        "f, a = Map('date', None, {}).__reduce__()[:2]; f(*a[:3], 1, bytes([127] * 4), a[5])",
    ],
}


def outcome(case: str) -> Exception:
    """What a case raises."""
    *ready, last = ast.parse(case).body
    names: dict[str, Any] = dict(NAMES)
    exec(compile(ast.Module(ready, []), "<case>", "exec"), names)
    try:
        exec(compile(ast.Module([last], []), "<case>", "exec"), names)
    except Exception as error:
        return error
    raise AssertionError(f"nothing raised by {case}")


def row(case: str) -> str:
    """Markdown: the code, the exception, its message; addresses, directories and the allocator's bytes are left out."""
    error = outcome(case)
    message = str(error).replace(str(Path(DIRECTORY.name)) + os.sep, "")
    message = re.sub("0x[0-9a-f]{6,}", "0x...", message).replace("|", "\\|")
    message = re.sub("[0-9,]+ at least, which one entry takes", "... at least, which one entry takes", message)
    lines = f"{type(error).__name__}: {message}".split("\n    ")
    return f"| `` {case} `` | {'<br>'.join(f'`` {line} ``' for line in lines)} |"


def table() -> str:
    lines = []
    for title, cases in CASES.items():
        lines += [f"### {title}", "", "| | |", "|---|---|", *map(row, cases), ""]
    return "\n".join(lines)


def shown() -> str:
    """The table as the document has it."""
    text = DOCUMENT.read_text()
    return text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip()


def main() -> None:
    made = table()
    if "--write" in sys.argv:
        text = DOCUMENT.read_text()
        start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
        DOCUMENT.write_text(f"{text[:start]}\n\n{made}\n{text[end:]}")
    else:
        print(made)


if __name__ == "__main__":
    main()
