"""A reader of saved maps that has only docs/format.md to go by: it uses nothing of gomap.

    entries(path.read_bytes())       {key: value, ...}

It is written to be read beside the page, in its order, and checks all that the page says can be checked. Damaged bytes
raise ValueError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from struct import Struct, unpack_from
from typing import Any
from uuid import UUID

WORD = 2**64 - 1


def need(condition: object, what: str) -> None:
    if not condition:
        raise ValueError(what)


# ---- checksums: XXH64, seed 0 ---------------------------------------------------------------------------

P1, P2, P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
P4, P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def rotated(x: int, by: int) -> int:
    return (x << by | x >> (64 - by)) & WORD


def mixed(lane: int, word: int) -> int:
    return rotated((lane + word * P2) & WORD, 31) * P1 & WORD


def xxh64(data: bytes | memoryview) -> int:
    at, lanes = 0, [P1 + P2 & WORD, P2, 0, -P1 & WORD]
    for at in range(32, len(data) + 1, 32):
        lanes = [mixed(*pair) for pair in zip(lanes, unpack_from("<4Q", data, at - 32), strict=True)]
    if at:
        h = sum(map(rotated, lanes, (1, 7, 12, 18))) & WORD
        for lane in lanes:
            h = ((h ^ mixed(0, lane)) * P1 + P4) & WORD
    else:
        h = P5
    h = h + len(data) & WORD
    while at + 8 <= len(data):
        h = (rotated(h ^ mixed(0, *unpack_from("<Q", data, at)), 27) * P1 + P4) & WORD
        at += 8
    if at + 4 <= len(data):
        h = (rotated(h ^ unpack_from("<I", data, at)[0] * P1 & WORD, 23) * P2 + P3) & WORD
        at += 4
    for byte in data[at:]:
        h = rotated(h ^ byte * P5 & WORD, 11) * P1 & WORD
    h = (h ^ h >> 33) * P2 & WORD
    h = (h ^ h >> 29) * P3 & WORD
    return h ^ h >> 32


# ---- the head -------------------------------------------------------------------------------------------

HEAD = Struct("<8sIIQQQQQQIIIIIIIIII")
SECTION = Struct("<IIQQQQ")
TAGS, SLOTS, OVERFLOW, RECORDS, KEY_STRINGS, VALUE_STRINGS, KEY_TEXT, VALUE_TEXT = range(1, 9)
STRINGS, TEXT = (KEY_STRINGS, VALUE_STRINGS), (KEY_TEXT, VALUE_TEXT)
BITS8, BITS16, BITS32, BITS64, FLOAT32, FLOAT64, BYTES, STRING, OBJECT, STRUCT = range(10)


@dataclass
class Section:
    data: memoryview
    items: int


@dataclass
class Saved:
    count: int
    string_bytes: int
    a: int
    b: int
    buckets: int
    overflow: int
    key_kind: int
    in_records: int
    key: Type
    value: Type
    sections: dict[tuple[int, int], Section] = field(default_factory=dict)

    def section(self, what: int, of: int = 0) -> Section:
        return self.sections.get((what, of), Section(memoryview(b""), 0))


def read_head(data: bytes) -> Saved:
    view = memoryview(data)
    need(len(data) >= HEAD.size, "it ends within its head")
    magic, version, head_bytes, size, checksum, count, string_bytes, a, b, *rest = HEAD.unpack_from(data)
    buckets, overflow, _made_by, key_kind, key_size, value_size, in_records, *rest = rest
    sections, key_spelled, value_spelled = rest
    need(magic == b"\x89GMAP\r\n\x1a", "it is no saved map")
    need(version == 1, "it is of another version")
    table = HEAD.size + sections * SECTION.size
    need(head_bytes % 4096 == 0 and table + key_spelled + value_spelled <= head_bytes <= size, "the head's sizes")
    need(sections <= 256 and key_spelled + value_spelled <= 2**20, "the head's sizes")
    need(size <= len(data), "it is cut off")
    head = bytearray(view[:head_bytes])
    head[24:32] = bytes(8)
    need(xxh64(head) == checksum, "the head's checksum")
    value_at = table + key_spelled
    key = parse(data[table:value_at].decode())
    value = parse(data[value_at : value_at + value_spelled].decode())
    need((key.size, value.size) == (key_size, value_size), "the sizes are not those of the types")
    need(key_kind == kind_of(key), "the kind is not that of the key's type")
    need(in_records == stands_in_records(key, value), "entries stand elsewhere than the types say")
    need(b % 2, "an even seed")
    saved = Saved(count, string_bytes, a, b, buckets, overflow, key_kind, in_records, key, value)
    end = head_bytes
    for i in range(sections):
        what, of, at, length, items, checksum = SECTION.unpack_from(data, HEAD.size + i * SECTION.size)
        need(end <= at and 0 < length <= size - at, "a section is not within the file")
        need(at % (4096 if length >= 4096 else 64) == 0, "a section is not aligned")
        need(not any(view[end:at]), "there is something between sections")
        need(xxh64(view[at : at + length]) == checksum, "a section's checksum")
        need((what, of) not in saved.sections, "a section comes twice")
        saved.sections[what, of] = Section(view[at : at + length], items)
        end = at + length
    need(end == size, "the last section does not end where the file does")
    check_sizes(saved)
    return saved


def check_sizes(saved: Saved) -> None:
    if saved.count == 0:
        need(not saved.sections and saved.buckets == 0, "sections without entries")
        return
    most = 8 if saved.buckets == 1 else saved.buckets * 15 // 2
    need(0 < saved.buckets < 2**32 - 1 and saved.count <= most, "no room for the entries")
    need(saved.overflow <= saved.count, "more overflow places than entries")
    slot = slot_bytes(saved)
    sizes: dict[tuple[int, int], tuple[int | None, int]] = {
        (TAGS, 0): (saved.buckets, 8),
        (SLOTS, 0): (saved.buckets, 8 * slot),
        (OVERFLOW, 0): (saved.overflow, slot + 1),
        (RECORDS, 0): (saved.count if saved.in_records else 0, record_bytes(saved)),
    }
    for (what, of), (items, each) in sizes.items():
        section = saved.section(what, of)
        need(len(section.data) == (items or 0) * each, "a section's size")
    for (what, of), section in saved.sections.items():
        if (what, of) in sizes:
            continue
        need(what in STRINGS + TEXT, "an unknown section")
        if what in STRINGS:
            need(of <= LARGE and len(section.data) == section.items * class_bytes(of), "a section's size")


# ---- types ----------------------------------------------------------------------------------------------


@dataclass
class Type:
    size: int
    alignment: int
    name: str = ""
    pointer: bool = False
    fields: tuple[tuple[int, Type], ...] = ()

    def strings(self) -> list[int]:
        """Where strings stand in its bytes."""
        if self.fields:
            return [at + inner for at, each in self.fields for inner in each.strings()]
        return [0] if self.name in ("string", "bytes") else []


NUMBERS = {"bool": "?", "float32": "f", "float64": "d", "date": "i"}
NUMBERS |= {"int8": "b", "int16": "h", "int32": "i", "rune": "i", "int64": "q", "int": "q"}
NUMBERS |= {"uint8": "B", "byte": "B", "uint16": "H", "uint32": "I", "uint64": "Q", "uint": "Q"}
TIME = re.compile(r"(datetime64|timedelta64)\[(s|ms|us|ns)(, UTC)?\]")
TOKEN = re.compile(r"\s*((?:datetime64|timedelta64)\[[^\]]*\]|\[\d+\]byte|struct|[^\W\d]\w*|[*{};])")


def parse(spelling: str) -> Type:
    found, rest = parse_from(spelling)
    need(not rest.strip(), f"a type's spelling: {spelling!r}")
    return found


def token(text: str) -> tuple[str, str]:
    match = TOKEN.match(text)
    need(match, f"a type's spelling: {text!r}")
    assert match is not None
    return match[1], text[match.end() :]


def parse_from(text: str) -> tuple[Type, str]:
    word, rest = token(text)
    if word == "*":
        inner, rest = parse_from(rest)
        return Type(inner.size, inner.alignment, inner.name, pointer=True, fields=inner.fields), rest
    if word == "struct":
        return parse_struct(rest)
    if word.startswith("["):
        return Type(int(word[1:-5]), 1, "[N]byte"), rest
    if word in ("string", "bytes"):
        return Type(16, 8, word), rest
    if word == "uuid":
        return Type(16, 1, word), rest
    if TIME.fullmatch(word):
        return Type(8, 8, word), rest
    need(word in NUMBERS, f"a type's spelling: {word!r}")
    size = Struct("<" + NUMBERS[word]).size
    return Type(size, size, word), rest


def parse_struct(text: str) -> tuple[Type, str]:
    brace, rest = token(text)
    need(brace == "{", "a struct's spelling")
    fields: list[tuple[int, Type]] = []
    size, widest = 0, 1
    while True:
        word, rest = token(rest)
        if word == "}":
            break
        if word == ";":
            continue
        inner, rest = parse_from(rest)  # the word was the field's name
        size = -(-size // inner.alignment) * inner.alignment
        fields.append((size, inner))
        size += inner.size
        widest = max(widest, inner.alignment)
    return Type(-(-size // widest) * widest, widest, "struct", fields=tuple(fields)), rest


def kind_of(key: Type) -> int:
    if key.name in ("float32", "float64"):
        return FLOAT32 if key.name == "float32" else FLOAT64
    if key.strings():
        return STRING if key.size == 16 else STRUCT
    return {1: BITS8, 2: BITS16, 4: BITS32, 8: BITS64}.get(key.size, BYTES)


def stands_in_records(key: Type, value: Type) -> bool:
    return value.pointer or key.size > 128 or value.size > 128 or key.size + value.size > 64


def slot_bytes(saved: Saved) -> int:
    return 4 if saved.in_records else saved.key.size + saved.value.size


def record_bytes(saved: Saved) -> int:
    return max(4, saved.key.size + saved.value.size)


EPOCH = datetime(1970, 1, 1)
UNITS = {"s": timedelta(seconds=1), "ms": timedelta(milliseconds=1), "us": timedelta(microseconds=1)}


def decoded(type: Type, data: bytes | memoryview, string: Callable[[bytes], bytes]) -> Any:
    """The value that these bytes are. Nanoseconds are left as counts."""
    if type.name == "struct":
        return tuple([decoded(each, data[at : at + each.size], string) for at, each in type.fields]) or None
    if type.name in ("string", "bytes"):
        text = string(bytes(data))
        return text.decode() if type.name == "string" else text
    if type.name == "uuid":
        return UUID(bytes=bytes(data))
    if type.name == "[N]byte":
        return bytes(data)
    if match := TIME.fullmatch(type.name):
        (count,) = unpack_from("<q", data)
        if match[2] == "ns":
            return count
        if match[1] == "timedelta64":
            return count * UNITS[match[2]]
        return EPOCH.replace(tzinfo=UTC if match[3] else None) + count * UNITS[match[2]]
    (number,) = unpack_from("<" + NUMBERS[type.name], data)
    return date.fromordinal(EPOCH.toordinal() + number) if type.name == "date" else number


# ---- strings --------------------------------------------------------------------------------------------

LARGE = 54


def class_bytes(of: int) -> int:
    """The bytes of one record of a size class."""
    if of == LARGE:
        return 24
    if of < 14:
        return 24 + 8 * of
    doublings, eighth = divmod(of - 14, 8)
    return (9 + eighth) * 16 << doublings


CLASS_OF = [next(of for of in range(LARGE) if class_bytes(of) >= length + 8) for length in range(4089)]


class Strings:
    """The strings of keys or of values, and which of them an entry has named."""

    def __init__(self, saved: Saved, part: int) -> None:
        self.saved, self.part = saved, part
        self.named: set[tuple[int, int]] = set()
        self.bytes = 0

    def read(self, image: bytes, owner: int) -> bytes:
        last = image[15]
        need(last <= 0xD0, "an image's last byte")
        if last < 0xC0:
            text = image
        elif last < 0xD0:
            text = image[: last - 0xC0]
            need(not any(image[len(text) : 15]), "an image goes on behind its string")
        else:
            text = self.long(image, owner)
        self.bytes += len(text)
        return text

    def long(self, image: bytes, owner: int) -> bytes:
        hashed = int.from_bytes(image[:5], "little")
        length = int.from_bytes(image[5:8] + image[12:14], "little")
        number = int.from_bytes(image[8:12], "little")
        need(length >= 16 and image[14] == 0, "a long string's image")
        of = CLASS_OF[length] if length < len(CLASS_OF) else LARGE
        section = self.saved.section(STRINGS[self.part], of)
        need(0 < number <= section.items and (of, number) not in self.named, "a string's number")
        self.named.add((of, number))
        each = class_bytes(of)
        record = bytes(section.data[(number - 1) * each : number * each])
        need(int.from_bytes(record[:8], "little") == owner, "a string is another entry's")
        if of == LARGE:
            at, size = unpack_from("<QQ", record, 8)
            text = self.saved.section(TEXT[self.part]).data
            need(size == length and at + length <= len(text), "a large string is not within its section")
            found = bytes(text[at : at + length])
        else:
            found = record[8 : 8 + length]
            need(not any(record[8 + length :]), "something behind a string")
        need(hash_string(found, self.saved) >> 24 == hashed, "an image is not its string's")
        return found


# ---- hashes ---------------------------------------------------------------------------------------------

MIX = 0x9E3779B97F4A7C15


def fold(x: int, y: int) -> int:
    product = x * y
    return product >> 64 ^ product & WORD


def hash_word(word: int, saved: Saved) -> int:
    return fold(fold(word ^ saved.a, saved.b), MIX)


def hash_bytes(data: bytes, saved: Saved) -> int:
    n, h = len(data), saved.a
    if n >= 16:
        for at in range(0, n - 16, 16):
            x, y = unpack_from("<QQ", data, at)
            h = fold(x ^ saved.b, y ^ h)
        x, y = unpack_from("<QQ", data, n - 16)
    elif n >= 8:
        x, y = unpack_from("<Q", data)[0], unpack_from("<Q", data, n - 8)[0]
    elif n >= 4:
        x, y = unpack_from("<I", data)[0], unpack_from("<I", data, n - 4)[0]
    elif n:
        x, y = data[0], data[n // 2] << 8 | data[-1]
    else:
        x = y = 0
    h = fold(x ^ saved.b, y ^ h)
    return fold(h ^ saved.a, saved.b)


def hash_string(text: bytes, saved: Saved) -> int:
    return fold(hash_bytes(text, saved) ^ len(text), MIX)


def hash_image(image: bytes, saved: Saved) -> int:
    low, high = unpack_from("<QQ", image)
    if image[15] == 0xD0:
        return hash_word(low & (1 << 40) - 1, saved)
    return fold(fold(low ^ saved.b, high ^ saved.a) ^ saved.a, saved.b)


def hash_struct(key: bytes, saved: Saved) -> int:
    h, at = saved.a, 0
    for place in saved.key.strings():
        if place > at:
            h = fold(h ^ hash_bytes(key[at:place], saved), saved.b)
        h = fold(h ^ hash_image(key[place : place + 16], saved), saved.b)
        at = place + 16
    if at < len(key):
        h = fold(h ^ hash_bytes(key[at:], saved), saved.b)
    return fold(h, MIX)


def hash_key(key: bytes, saved: Saved) -> int:
    if saved.key_kind in (FLOAT32, FLOAT64):
        zero = unpack_from("<f" if saved.key_kind == FLOAT32 else "<d", key)[0] == 0
        return hash_word(0 if zero else int.from_bytes(key, "little"), saved)
    if saved.key_kind == STRING:
        return hash_image(key, saved)
    if saved.key_kind == STRUCT:
        return hash_struct(key, saved)
    if saved.key_kind == BYTES:
        return hash_bytes(key, saved)
    return hash_word(int.from_bytes(key, "little"), saved)


def address(half: int, buckets: int) -> int:
    mask = (1 << (buckets - 1).bit_length()) - 1
    return half & mask if half & mask < buckets else half & mask >> 1


# ---- entries --------------------------------------------------------------------------------------------


def places(saved: Saved) -> Iterator[tuple[int, int | None, memoryview]]:
    """Tag, bucket and slot of every entry; of no bucket in the overflow list."""
    tags, slots, slot = saved.section(TAGS).data, saved.section(SLOTS).data, slot_bytes(saved)
    for i, tag in enumerate(tags):
        if tag:
            yield tag, i // 8, slots[i * slot : (i + 1) * slot]
        else:
            need(not any(slots[i * slot : (i + 1) * slot]), "something in an empty slot")
    overflow = saved.section(OVERFLOW).data
    for at in range(0, len(overflow), slot + 1):
        need(overflow[at + slot], "an empty place in the overflow list")
        yield overflow[at + slot], None, overflow[at : at + slot]


def entries(data: bytes) -> dict[Any, Any]:
    """The entries of a saved map; a set's elements have None.

    :raises ValueError: it is damaged, or no saved map
    """
    saved = read_head(data)
    found: dict[Any, Any] = {}
    keys, values = Strings(saved, 0), Strings(saved, 1)
    numbers: set[int] = set()
    key_size, entry_size = saved.key.size, saved.key.size + saved.value.size
    for tag, bucket, slot in places(saved):
        entry = bytes(slot)
        if saved.in_records:
            (number,) = unpack_from("<I", slot)
            need(0 < number <= saved.count and number not in numbers, "a record's number")
            numbers.add(number)
            at = (number - 1) * record_bytes(saved)
            entry = bytes(saved.section(RECORDS).data[at : at + entry_size])
        h = hash_key(entry[:key_size], saved)
        need(tag == ((h >> 24 ^ h >> 56) & 0xFF or 0x80), "a tag is not its key's")
        ways = {address(half, saved.buckets) for half in (h & 0xFFFFFFFF, h >> 32)}
        need(bucket is None or bucket in ways, "an entry is in another bucket than its key's")
        key = decoded(saved.key, entry[:key_size], lambda image, h=h: keys.read(image, h))
        need(key not in found, "a key comes twice")
        found[key] = decoded(saved.value, entry[key_size:], lambda image, h=h: values.read(image, h))
    need(len(found) == saved.count, "not as many entries as counted")
    need(keys.bytes + values.bytes == saved.string_bytes, "not as many bytes of strings as counted")
    for (what, _), section in saved.sections.items():
        if what in STRINGS:
            named = (keys, values)[what == VALUE_STRINGS].named
            need(section.items == sum(1 for of, _ in named if saved.section(what, of) is section), "a string of nobody")
    return found
