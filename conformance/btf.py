"""Structs of a BTF blob: as much of the kernel's Documentation/bpf/btf.rst as records.md asks for.

A blob that is none, or a struct that has not the fields asked for, is `Unusable`.
"""

import struct
from array import array
from typing import NamedTuple

MAGIC = 0xEB9F
HEADER = struct.Struct("<HBBIIIII")
TYPE = struct.Struct("<III")
MEMBER = struct.Struct("<III")
ELEMENTS = struct.Struct("<III")

INT, ARRAY, STRUCT, ENUM, ENUM64 = 1, 3, 4, 6, 19
TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG = 8, 9, 10, 11, 18
PASSED_THROUGH = (TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG)
MAX_PASSED_THROUGH = 64

# Bytes behind the three words that each type starts with: so many, and so many for each of its elements.
TAIL_BYTES = {
    1: (4, 0),  # int
    2: (0, 0),  # pointer
    3: (12, 0),  # array
    4: (0, 12),  # struct
    5: (0, 12),  # union
    6: (0, 8),  # enum
    7: (0, 0),  # forward declaration
    8: (0, 0),  # typedef
    9: (0, 0),  # volatile
    10: (0, 0),  # const
    11: (0, 0),  # restrict
    12: (0, 0),  # function
    13: (0, 8),  # function prototype
    14: (4, 0),  # variable
    15: (0, 12),  # data section
    16: (0, 0),  # float
    17: (4, 0),  # declaration tag
    18: (0, 0),  # type tag
    19: (0, 12),  # 64-bit enum
}


class Unusable(Exception):
    """The BTF, or the struct that was asked for."""


class Type(NamedTuple):
    name: int
    kind: int
    # The highest bit of info.
    flag: bool
    # A size or a type, by kind.
    size: int
    tail: bytes


class Struct(NamedTuple):
    bytes: int
    offsets: dict[str, int]


class Numbers(NamedTuple):
    """Of a field that is an array of so many integers of 8 bytes, or more."""

    at_least: int


def _section(blob: bytes, start: int, length: int) -> bytes:
    if start + length > len(blob):
        raise Unusable("a section is not inside the blob")
    return blob[start : start + length]


class Btf:
    """The types of a blob, by id; 0 is void. Kept as they are, since a blob may have millions."""

    def __init__(self, blob: bytes) -> None:
        if len(blob) < HEADER.size:
            raise Unusable("no header")
        magic, version, _, header, type_start, type_bytes, text_start, text_bytes = HEADER.unpack_from(blob)
        if magic != MAGIC or version != 1 or not HEADER.size <= header <= len(blob):
            raise Unusable("no BTF of version 1")
        self._types = _section(blob, header + type_start, type_bytes)
        self._texts = _section(blob, header + text_start, text_bytes)
        if not self._texts.endswith(b"\0"):
            raise Unusable("the strings do not end with a NUL")
        self._places = array("I", [0])
        at = 0
        while at < len(self._types):
            self._places.append(at)
            at += self._type_bytes(at)

    def _type_bytes(self, at: int) -> int:
        if at + TYPE.size > len(self._types):
            raise Unusable("a type is cut")
        name, info, _ = TYPE.unpack_from(self._types, at)
        kind = info >> 24 & 0x1F
        if kind not in TAIL_BYTES or name >= len(self._texts):
            raise Unusable("a type of no known kind, or with a name outside the strings")
        once, each = TAIL_BYTES[kind]
        length = TYPE.size + once + each * (info & 0xFFFF)
        if at + length > len(self._types):
            raise Unusable("a type is cut")
        return length

    def _type(self, number: int) -> Type:
        if not 0 < number < len(self._places):
            raise Unusable("a type that is not there, or void")
        at = self._places[number]
        name, info, size = TYPE.unpack_from(self._types, at)
        tail = self._types[at + TYPE.size : at + self._type_bytes(at)]
        return Type(name, info >> 24 & 0x1F, info >> 31 == 1, size, tail)

    def _is_called(self, offset: int, name: str) -> bool:
        return self._texts.startswith(name.encode() + b"\0", offset)

    def struct(self, name: str, widths: dict[str, int | Numbers]) -> Struct:
        """The first struct of this name; its fields are of these widths."""
        for number in range(1, len(self._places)):
            found = self._type(number)
            if found.kind == STRUCT and self._is_called(found.name, name):
                offsets = {field: self._offset(found, field, width) for field, width in widths.items()}
                return Struct(found.size, offsets)
        raise Unusable(f"no struct {name}")

    def _offset(self, of: Type, field: str, width: int | Numbers) -> int:
        for name, number, place in MEMBER.iter_unpack(of.tail):
            if not self._is_called(name, field):
                continue
            bits, bit_field = (place & 0xFFFFFF, place >> 24) if of.flag else (place, 0)
            if bit_field != 0 or bits % 8 != 0:
                raise Unusable(f"{field} is a bit field, or does not begin at a byte")
            size = self._numbers(number, width) if isinstance(width, Numbers) else self._number(number)
            if isinstance(width, int) and size != width:
                raise Unusable(f"{field} is not of {width} bytes")
            if bits // 8 + size > of.size:
                raise Unusable(f"{field} reaches past the end of its struct")
            return bits // 8
        raise Unusable(f"no field {field}")

    def _behind_names(self, number: int) -> Type:
        """What typedefs, qualifiers and type tags lead to."""
        found = self._type(number)
        for _ in range(MAX_PASSED_THROUGH):
            if found.kind not in PASSED_THROUGH:
                break
            found = self._type(found.size)
        return found

    def _number(self, number: int) -> int:
        """The bytes of the number that a type leads to."""
        found = self._behind_names(number)
        if found.kind == INT:
            encoding = int.from_bytes(found.tail, "little")
            bits, offset_bits = encoding & 0xFF, encoding >> 16 & 0xFF
            if bits != 8 * found.size or offset_bits != 0:
                raise Unusable("an integer that does not fill its bytes")
        elif found.kind not in (ENUM, ENUM64):
            raise Unusable("no number")
        return found.size

    def _numbers(self, number: int, wanted: Numbers) -> int:
        """The bytes of the array that a type leads to."""
        found = self._behind_names(number)
        if found.kind != ARRAY:
            raise Unusable("no array")
        element, _, length = ELEMENTS.unpack(found.tail)
        if length < wanted.at_least or self._number(element) != 8:
            raise Unusable("no array of enough numbers of 8 bytes")
        return 8 * length
