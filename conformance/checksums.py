"""CRC-32 over parts of a file, many of which may lie over each other.

Frame headers can be made to claim the same bytes over and over. Past a measure that no honest file reaches, a
checksum is computed from those of the whole blocks before its ends, so that each costs little however much it covers.
"""

import zlib

POLYNOMIAL = 0xEDB88320
BLOCK_BYTES = 8 << 10


def crc32(data) -> int:
    return zlib.crc32(data)


def times(one: int, other: int) -> int:
    """The product of two polynomials modulo the CRC's, in its reflected order of bits."""
    product = 0
    for bit in range(31, -1, -1):
        if one >> bit & 1:
            product ^= other
        other = other >> 1 ^ (POLYNOMIAL if other & 1 else 0)
    return product


def powers() -> list[int]:
    """x to the power of 8, 16, 32, …: what 1, 2, 4, … bytes behind others do to the checksum of these."""
    power = 1 << 30
    for _ in range(3):
        power = times(power, power)
    table = [power]
    while len(table) < 64:
        table.append(times(table[-1], table[-1]))
    return table


POWERS = powers()


def followed_by(crc: int, length_bytes: int) -> int:
    for bit, power in enumerate(POWERS):
        if length_bytes >> bit & 1:
            crc = times(power, crc)
    return crc


class Checksums:
    """Of parts of one file."""

    def __init__(self, data) -> None:
        self._data = data
        self._left_bytes = 2 * len(data)
        self._blocks = [0]

    def of(self, start: int, end: int) -> int:
        """Of the bytes from `start` to before `end`, which lie in the file."""
        if end - start <= max(self._left_bytes, BLOCK_BYTES):
            self._left_bytes -= end - start
            return self._direct(start, end)
        return self._from_start(end) ^ followed_by(self._from_start(start), end - start)

    def _direct(self, start: int, end: int, before: int = 0) -> int:
        # Without a copy. Nothing may hold on to a file that is mapped.
        with memoryview(self._data) as view, view[start:end] as part:
            return zlib.crc32(part, before)

    def _from_start(self, end: int) -> int:
        block = end // BLOCK_BYTES
        while len(self._blocks) <= block:
            at = (len(self._blocks) - 1) * BLOCK_BYTES
            self._blocks.append(self._direct(at, at + BLOCK_BYTES, self._blocks[-1]))
        return self._direct(block * BLOCK_BYTES, end, self._blocks[block])
