"""File header, frames and trailer of a msgtape capture: format-spec/spec.md, "Reading without the index".

Finds the frames and says what is wrong with the container. Looks into no payload, and never fails on what it is
given: damage is a value. Positions here count from the file's first byte; what is said counts from the capture's.
"""

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

from checksums import Checksums, crc32

MAGIC = bytes.fromhex("894d54500d0a1a0a")
END_MAGIC = MAGIC[::-1]
MAJOR = 1
FILE_HEADER_MIN_BYTES = 64
FILE_HEADER_MAX_BYTES = 4096
FRAME_HEADER_BYTES = 40
TRAILER_BYTES = 56

CHUNK = 5
KNOWN_TYPES = range(1, 10)
CRITICAL = 1
ZSTD = 2
UNKNOWN_FLAGS = 0xFC

MAX_CONTEXT_BYTES = 64 << 10
MAX_CHUNK_BYTES = 16 << 20
MAX_PAYLOAD_BYTES = 64 << 20
MAX_SEQUENCE = 2**53 - 1
MAX_FRAMES = 4_194_304

FRAME_HEADER = struct.Struct("<8sHHIQIIII")
TRAILER = struct.Struct("<16sQQQII8s")


class Problem(NamedTuple):
    code: str
    offset: int
    frame: int | None


class Refusal(NamedTuple):
    code: str
    offset: int


class FileHeader(NamedTuple):
    at: int
    minor: int
    bytes: int
    capture_id: bytes
    marker: bytes


class Frame(NamedTuple):
    """A frame whose header is right. `at` counts from the file's first byte."""

    at: int
    type: int
    flags: int
    context_bytes: int
    sequence: int
    stored_bytes: int
    raw_bytes: int
    body_crc: int

    @property
    def end(self) -> int:
        body = self.context_bytes + self.stored_bytes
        return self.at + FRAME_HEADER_BYTES + (body + 7) // 8 * 8

    @property
    def is_known(self) -> bool:
        return self.type in KNOWN_TYPES and not self.flags & UNKNOWN_FLAGS

    @property
    def is_too_large(self) -> bool:
        limit = MAX_CHUNK_BYTES if self.type == CHUNK else MAX_PAYLOAD_BYTES
        return self.context_bytes > MAX_CONTEXT_BYTES or max(self.stored_bytes, self.raw_bytes) > limit


class Trailer(NamedTuple):
    at: int
    index_offset: int | None
    summary_offset: int | None
    file_bytes: int


def read_file_header(data, at: int) -> FileHeader | Refusal:
    """Or why a capture that is to begin here is refused: the first reason of the specification that holds."""
    head = data[at : at + FILE_HEADER_MIN_BYTES]
    if len(head) == 0:
        return Refusal("empty_file", 0)
    if head[:8] != MAGIC[: len(head)]:
        return Refusal("not_a_capture", 0)
    if len(head) < FILE_HEADER_MIN_BYTES:
        return Refusal("file_header_damaged", 0)
    major, minor, length, incompatible = struct.unpack_from("<HHIQ", head, 8)
    if major > MAJOR:
        return Refusal("newer_major", 8)
    if length % 8 != 0 or not FILE_HEADER_MIN_BYTES <= length <= FILE_HEADER_MAX_BYTES:
        return Refusal("file_header_damaged", 0)
    whole = data[at : at + length]
    if len(whole) < length or crc32(whole[:-4]) != int.from_bytes(whole[-4:], "little"):
        return Refusal("file_header_damaged", 0)
    if major == 0:
        return Refusal("not_a_capture", 8)
    if incompatible != 0:
        return Refusal("unknown_feature", 16)
    return FileHeader(at, minor, length, bytes(head[32:48]), bytes(head[48:56]))


def has_file_header(data, at: int) -> bool:
    """Whether a capture begins here, be it one that is refused."""
    if data[at : at + 8] != MAGIC:
        return False
    said = read_file_header(data, at)
    return isinstance(said, FileHeader) or said.offset != 0


class FileHeaders:
    """Where captures begin in a file. Asked for ever later places, it reads the file once."""

    def __init__(self, data) -> None:
        self._data = data
        self._asked = 0
        self._next = 0 if has_file_header(data, 0) else self._find(1)

    def _find(self, start: int) -> int:
        at = self._data.find(MAGIC, start)
        while at >= 0 and not has_file_header(self._data, at):
            at = self._data.find(MAGIC, at + 1)
        return len(self._data) if at < 0 else at

    def first_from(self, start: int) -> int:
        """The first place at `start` or behind where a file header is, or the end of the file."""
        if not self._asked <= start <= self._next:
            self._next = self._find(start)
        self._asked = start
        return self._next


@dataclass
class Walk:
    """What reading the frames of one capture found."""

    header: FileHeader
    frames: list[Frame] = field(default_factory=list)
    problems: set[Problem] = field(default_factory=set)
    trailer: Trailer | None = None
    # Where the next capture begins; None: there is none, or it is not read.
    next_at: int | None = None


class Walker:
    """Reads the frames of one capture. `step` and `frame` follow the numbered lists of the specification."""

    def __init__(self, data, header: FileHeader, headers: FileHeaders, checksums: Checksums) -> None:
        self.data = data
        self.header = header
        self.headers = headers
        self.checksums = checksums
        self.walk = Walk(header)
        self.next = 0
        self.skipped = False
        self.headers_seen = 0

    def run(self) -> Walk:
        at: int | None = self.header.at + self.header.bytes
        while at is not None:
            at = self.step(at)
        return self.walk

    def problem(self, code: str, at: int, frame: int | None = None) -> None:
        self.walk.problems.add(Problem(code, at - self.header.at, frame))

    def end_at(self, at: int) -> None:
        """The capture ends here: where the next one begins, or the file ends."""
        self.walk.next_at = at if at < len(self.data) else None

    def step(self, at: int) -> int | None:
        """Reads what is at a place; the place to go on at, None: the capture has ended."""
        frame = self.frame_header(at)
        if frame is not None:
            return self.frame(frame)
        trailer = self.trailer_at(at)
        if trailer is not None:
            self.walk.trailer = trailer
            return self.behind_trailer(at + TRAILER_BYTES)
        if self.headers.first_from(at) == at:
            self.problem("no_trailer", at)
            return self.end_at(at)
        place, end = self.search(at + 1)
        if place is None:
            self.problem("truncated", at)
            return self.end_at(end)
        self.problem("frame_header_damaged", at)
        self.skipped = True
        return place

    def behind_trailer(self, at: int) -> None:
        following = self.headers.first_from(at)
        if following != at:
            self.problem("trailing_bytes", at)
        self.end_at(following)

    def frame_header(self, at: int) -> Frame | None:
        head = self.data[at : at + FRAME_HEADER_BYTES]
        if len(head) < FRAME_HEADER_BYTES or head[:8] != self.header.marker:
            return None
        _, kind, flags, context, sequence, stored, raw, body_crc, crc = FRAME_HEADER.unpack(head)
        if crc32(head[:-4]) != crc or sequence > MAX_SEQUENCE:
            return None
        return Frame(at, kind, flags, context, sequence, stored, raw, body_crc)

    def trailer_at(self, at: int) -> Trailer | None:
        tail = self.data[at : at + TRAILER_BYTES]
        if len(tail) < TRAILER_BYTES:
            return None
        capture_id, index, summary, file_bytes, flags, crc, magic = TRAILER.unpack(tail)
        if magic != END_MAGIC or capture_id != self.header.capture_id or crc32(tail[:44]) != crc:
            return None
        return Trailer(at, index if flags & 1 else None, summary if flags & 2 else None, file_bytes)

    def search(self, start: int) -> tuple[int | None, int]:
        """The place found, if any, and where the search ended."""
        end = self.headers.first_from(start)
        # A marker may lie across the end, and may be what file headers begin with.
        at = self.data.find(self.header.marker, start, end + 8)
        while at >= 0:
            if self.frame_header(at) is not None:
                return at, at
            at = self.data.find(self.header.marker, at + 1, end + 8)
        last = end - TRAILER_BYTES
        if last >= start and self.trailer_at(last) is not None:
            return last, end
        return None, end

    def frame(self, frame: Frame) -> int | None:
        at, end, sequence = frame.at, frame.end, frame.sequence
        if self.headers_seen == MAX_FRAMES:
            self.problem("too_many_frames", at)
            return None
        self.headers_seen += 1
        if sequence > self.next and not self.skipped:
            self.problem("frames_missing", at, self.next)
        is_late = sequence < self.next
        if not is_late:
            self.next = sequence + 1
            self.skipped = False
        if frame.is_too_large:
            return self.after_damage(frame, "frame_too_large")
        if end > len(self.data):
            self.problem("truncated", at, sequence)
            place, search_end = self.search(at + FRAME_HEADER_BYTES)
            return self.end_at(search_end) if place is None else place
        if self.checksums.of(at + FRAME_HEADER_BYTES, end) != frame.body_crc:
            return self.after_damage(frame, "frame_body_damaged")
        if not frame.flags & ZSTD and frame.stored_bytes != frame.raw_bytes:
            self.problem("frame_invalid", at, sequence)
        elif is_late:
            self.problem("frame_out_of_order", at, sequence)
        else:
            self.walk.frames.append(frame)
        return end

    def after_damage(self, frame: Frame, code: str) -> int | None:
        at, end = frame.at, frame.end
        if self.is_landmark(end):
            self.problem(code, at, frame.sequence)
            return end
        place, search_end = self.search(at + FRAME_HEADER_BYTES)
        if place is not None:
            self.problem(code, at, frame.sequence)
            return place
        is_cut = code == "frame_body_damaged" and search_end < len(self.data) and search_end < end
        if is_cut:
            self.problem("truncated", at, frame.sequence)
            return self.end_at(search_end)
        self.problem(code, at, frame.sequence)
        return min(end, search_end)

    def is_landmark(self, at: int) -> bool:
        return (
            self.frame_header(at) is not None
            or self.trailer_at(at) is not None
            or has_file_header(self.data, at)
        )
