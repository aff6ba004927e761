"""Payloads of frames: zstd and msgpack, no further than the specification allows (spec.md, "Payloads").

Both come from strangers. What a zstd frame will be is known before any of it is decompressed, and of msgpack each value
is looked at before it is read, so that no length, count or depth that is claimed makes this reader allocate or recurse.
Whatever is not as it should be is `Invalid`.
"""

import msgpack
import zstandard

MAX_NESTING = 16
MAX_VALUES = 8_388_608

ZSTD_MAGIC = bytes.fromhex("28b52ffd")
ZSTD_CHECKSUM_BYTES = 4
ZSTD_RLE_BLOCK = 1


class Invalid(Exception):
    """The payload is none, as a whole."""


def decompress(stored: bytes, raw_bytes: int) -> bytes:
    """Of exactly one zstd frame whose content size is `raw_bytes`."""
    try:
        parameters = zstandard.get_frame_parameters(stored)
        if stored[:4] != ZSTD_MAGIC or parameters.dict_id != 0:
            raise Invalid("no zstd frame without dictionary")
        # Unknown is the highest number of 64 bits.
        if parameters.content_size != raw_bytes:
            raise Invalid("the zstd frame has another content size")
        if zstd_frame_bytes(stored, parameters.has_checksum) != len(stored):
            raise Invalid("not exactly one zstd frame")
        # Of content size 0 it gives nothing without a look at the rest; a payload of nothing is none either way.
        raw = zstandard.ZstdDecompressor().decompress(stored, max_output_size=raw_bytes)
    except zstandard.ZstdError as error:
        raise Invalid(str(error)) from error
    if len(raw) != raw_bytes:
        raise Invalid("the zstd frame has another length than it says")
    return raw


def zstd_frame_bytes(stored: bytes, has_checksum: bool) -> int:
    """How long the frame is by its blocks' headers; more than there is, when it is cut."""
    at = zstandard.frame_header_size(stored)
    is_last = False
    while not is_last:
        if at + 3 > len(stored):
            raise Invalid("the zstd frame is cut")
        block = int.from_bytes(stored[at : at + 3], "little")
        is_last = block & 1 == 1
        is_rle = block >> 1 & 3 == ZSTD_RLE_BLOCK
        at += 3 + (1 if is_rle else block >> 3)
    return at + (ZSTD_CHECKSUM_BYTES if has_checksum else 0)


def is_array(byte: int) -> bool:
    return byte >> 4 == 0x9 or byte in (0xDC, 0xDD)


def is_map(byte: int) -> bool:
    return byte >> 4 == 0x8 or byte in (0xDE, 0xDF)


def is_str(byte: int) -> bool:
    return byte >> 5 == 0b101 or byte in (0xD9, 0xDA, 0xDB)


# 0xc1, extension types, floats, fixed extension types.
FORBIDDEN = frozenset([0xC1, 0xC7, 0xC8, 0xC9, 0xCA, 0xCB, *range(0xD4, 0xD9)])


class Values:
    """One msgpack value, read piece by piece: the library would make room for as much as an array claims to have."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._count = 0
        length = max(len(payload), 1)
        self._unpacker = msgpack.Unpacker(
            raw=False,
            unicode_errors="strict",
            max_buffer_size=length,
            max_str_len=length,
            max_bin_len=length,
            max_ext_len=0,
        )
        self._unpacker.feed(payload)

    def _begin(self) -> int:
        """The first byte of the next value."""
        self._count += 1
        if self._count > MAX_VALUES:
            raise Invalid("too many values")
        at = self._unpacker.tell()
        if at >= len(self._payload):
            raise Invalid("the payload is cut")
        return self._payload[at]

    def _announced(self, values: int) -> int:
        """So many are to follow. A value has a byte at least."""
        if values > min(MAX_VALUES - self._count, len(self._payload) - self._unpacker.tell()):
            raise Invalid("more values than may be, or than there are bytes")
        return values

    def value(self, depth: int = 0):
        byte = self._begin()
        if is_map(byte):
            return self._map(depth + 1)
        if is_array(byte):
            if depth == MAX_NESTING:
                raise Invalid("nested too deep")
            length = self._announced(self._unpacker.read_array_header())
            return [self.value(depth + 1) for _ in range(length)]
        if byte in FORBIDDEN:
            raise Invalid("a type that does not occur")
        return self._unpacker.unpack()

    def _map(self, depth: int) -> dict:
        if depth > MAX_NESTING:
            raise Invalid("nested too deep")
        found = {}
        length = self._unpacker.read_map_header()
        self._announced(2 * length)
        for _ in range(length):
            if not is_str(self._begin()):
                raise Invalid("a key that is no str")
            key = self._unpacker.unpack()
            if key in found or key == "__proto__":
                raise Invalid("a key twice, or one that does not occur")
            found[key] = self.value(depth)
        return found

    def end(self) -> None:
        if self._unpacker.tell() != len(self._payload):
            raise Invalid("bytes behind the value")


def decode(payload: bytes) -> dict:
    """The one map that a payload is."""
    try:
        values = Values(payload)
        decoded = values.value()
        values.end()
    except (ValueError, msgpack.UnpackException) as error:
        # ValueError: no UTF-8, or lengths beyond the payload.
        raise Invalid(str(error)) from error
    if not isinstance(decoded, dict):
        raise Invalid("no map")
    return decoded
