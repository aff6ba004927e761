"""What is said of one capture that is not refused: conformance.md, "The file" and "Chunks".

It is said piece by piece, since what a hostile file of some kilobytes says of itself may be gigabytes. Problems are
known when everything else has been said.
"""

import hashlib
import json
import math
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import frame_types
from btf import Unusable
from chunk_context import read_context
from container import FRAME_HEADER_BYTES, MAJOR, TRAILER_BYTES, ZSTD, Frame, Problem, Walk
from payloads import Invalid, decode, decompress
from records import IN_PLANES, IN_RECORDS, Layouts, layouts_of, read_records, split


def to_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def uuid(data: bytes) -> str:
    text = data.hex()
    return "-".join([text[:8], text[8:12], text[12:16], text[16:20], text[20:]])


def array(items: Iterable[Any]) -> Iterator[str]:
    yield "["
    for number, item in enumerate(items):
        yield ("," if number > 0 else "") + to_json(item)
    yield "]"


class Capture:
    """One that is not refused. The order of `say` matters: chunks need the BTF, the problems need everything."""

    def __init__(self, data, walk: Walk) -> None:
        self.data = data
        self.walk = walk
        self.header = walk.header
        self.problems = walk.problems
        self.layouts: Layouts | None = None
        self.btf: dict[str, dict[str, Any]] = {}
        # Where gaps of damage are, and of how many records.
        self.damage: deque[tuple[int, float]] = deque()
        # Payload and place in the file of what the first chunk needs, the first of each.
        self.host: dict[str, Any] | None = None
        self.needed_at: dict[int, int] = {}
        # Of the CHUNK frames with a valid context.
        self.chunk_count = 0
        self.record_count = 0

    def say(self) -> Iterator[str]:
        yield "{" + f'"at":{self.header.at},"format":[{MAJOR},{self.header.minor}]'
        yield f',"capture_id":"{uuid(self.header.capture_id)}"'
        self.read_hosts()
        self.read_btf()
        yield f',"host":{to_json(self.host)},"clocks":'
        yield from array(self.all_clocks())
        yield f',"btf":{to_json([self.btf[one] for one in ("recorder", "host") if one in self.btf])}'
        yield ',"inventories":'
        yield from array(said for _, said in self.valid(frame_types.INVENTORY))
        yield ',"gaps":'
        yield from array(self.gaps())
        yield ',"origins":'
        yield from array(said for _, said in self.valid(frame_types.ORIGIN))
        yield ',"frames":'
        yield from array(self.frame_said(frame) for frame in self.walk.frames)
        yield ',"chunks":'
        yield from self.chunks()
        summary = self.summary()
        self.judge_trailer()
        is_complete = self.walk.trailer is not None and summary is not None
        yield f',"summary":{to_json(summary)},"complete":{to_json(is_complete)},"problems":'
        yield from array(one._asdict() for one in sorted(self.problems, key=problem_order))
        yield "}"

    def offset(self, frame: Frame) -> int:
        return frame.at - self.header.at

    def problem(self, code: str, frame: Frame) -> None:
        self.problems.add(Problem(code, self.offset(frame), frame.sequence))

    def of_type(self, kind: int) -> list[Frame]:
        return [frame for frame in self.walk.frames if frame.type == kind and frame.is_known]

    def frame_said(self, frame: Frame) -> dict[str, int]:
        return {
            "type": frame.type,
            "flags": frame.flags,
            "sequence": frame.sequence,
            "offset": self.offset(frame),
            "context_bytes": frame.context_bytes,
            "stored_bytes": frame.stored_bytes,
            "raw_bytes": frame.raw_bytes,
        }

    def context(self, frame: Frame) -> bytes:
        start = frame.at + FRAME_HEADER_BYTES
        return self.data[start : start + frame.context_bytes]

    def payload(self, frame: Frame) -> Any:
        """Raises Invalid."""
        start = frame.at + FRAME_HEADER_BYTES + frame.context_bytes
        stored = self.data[start : start + frame.stored_bytes]
        raw = decompress(stored, frame.raw_bytes) if frame.flags & ZSTD else stored
        return frame_types.PAYLOADS[frame.type](decode(raw))

    def valid_payload(self, frame: Frame) -> Any:
        """None: it is not valid, and this is said."""
        try:
            return self.payload(frame)
        except Invalid:
            self.problem("body_invalid", frame)
            return None

    def valid(self, kind: int) -> Iterator[tuple[Frame, Any]]:
        for frame in self.of_type(kind):
            said = self.valid_payload(frame)
            if said is not None:
                yield frame, said

    def read_hosts(self) -> None:
        for frame, said in self.valid(frame_types.HOST):
            if self.host is None:
                self.host = said
                self.needed_at[frame_types.HOST] = frame.at

    def all_clocks(self) -> Iterator[Any]:
        for frame, said in self.valid(frame_types.CLOCKS):
            if said["clocks"]:
                self.needed_at.setdefault(frame_types.CLOCKS, frame.at)
            yield from said["clocks"]

    def read_btf(self) -> None:
        for frame, said in self.valid(frame_types.BTF):
            origin, blob = said["origin"], said["data"]
            if hashlib.sha256(blob).hexdigest() != said["sha256"]:
                self.problem("btf_hash", frame)
            elif origin not in self.btf:
                self.btf[origin] = {"origin": origin, "sha256": said["sha256"], "bytes": len(blob)}
                if origin == "recorder":
                    self.needed_at[frame_types.BTF] = frame.at
                    self.read_layouts(frame, blob)

    def read_layouts(self, frame: Frame, blob: bytes) -> None:
        try:
            self.layouts = layouts_of(blob)
        except Unusable:
            self.problem("btf_invalid", frame)

    def gaps(self) -> Iterator[Any]:
        for frame, said in self.valid(frame_types.GAP):
            if said["cause"] == "damage" and said.get("plane") != "planes":
                lost = math.inf if said.get("at_least") else int(said["lost"])
                self.damage.append((frame.at, lost))
            yield said

    def damage_before(self, frame: Frame) -> float:
        """How many records, at most, gaps say that damage took since the last time this was asked."""
        taken: float = 0
        while self.damage and self.damage[0][0] < frame.at:
            taken += self.damage.popleft()[1]
        return taken

    def chunks(self) -> Iterator[str]:
        """Also sums up what the summary is compared with."""
        expected: int | None = None
        frames = self.of_type(frame_types.CHUNK)
        needed = (frame_types.HOST, frame_types.BTF, frame_types.CLOCKS)
        if frames and not all(self.needed_at.get(one, frames[0].at) < frames[0].at for one in needed):
            self.problem("metadata_missing", frames[0])
        yield "["
        for frame in frames:
            context = read_context(self.context(frame))
            if context is None:
                self.problem("context_invalid", frame)
                continue
            first, records = int(context["first_record"]), context["records"]
            taken = self.damage_before(frame)
            if expected is not None and not 0 <= first - expected <= taken:
                self.problem("records_missing", frame)
            expected = first + records
            self.chunk_count += 1
            self.record_count += records
            yield "," if self.chunk_count > 1 else ""
            yield f'{{"offset":{self.offset(frame)},"context":{to_json(context)},"body":'
            yield from self.body(frame, records)
            yield "}"
        yield "]"

    def body(self, frame: Frame, records: int) -> Iterator[str]:
        chunk = self.valid_payload(frame)
        if chunk is None:
            yield "null"
            return
        planes = chunk.get("planes", b"")
        places = split(chunk["records"])
        if places is None or len(places) != records or split(planes) is None:
            self.problem("records_invalid", frame)
            yield "null"
            return
        yield f'{{"tasks":{to_json(chunk["tasks"])},"queues":{to_json(chunk["queues"])},"records":'
        yield from self.records(frame, chunk["records"], IN_RECORDS)
        if "planes" in chunk:
            yield ',"planes":'
            yield from self.records(frame, planes, IN_PLANES)
        yield "}"

    def records(self, frame: Frame, data: bytes, types: tuple[int, ...]) -> Iterator[str]:
        if self.layouts is None:
            yield "null"
            return
        yield from array(
            read_records(self.layouts, data, types, lambda: self.problem("record_invalid", frame))
        )

    def summary(self) -> Any:
        frames = self.of_type(frame_types.SUMMARY)
        if not frames:
            return None
        said = self.valid_payload(frames[-1])
        if said is None:
            return None
        if int(said["records"]) != self.record_count or said["chunks"] != self.chunk_count:
            self.problem("summary_mismatch", frames[-1])
        return said

    def judge_trailer(self) -> None:
        trailer = self.walk.trailer
        if trailer is None:
            return
        at = trailer.at - self.header.at
        summaries = [self.offset(frame) for frame in self.of_type(frame_types.SUMMARY)]
        lacks_summary = trailer.summary_offset is not None and trailer.summary_offset not in summaries
        if trailer.file_bytes != at + TRAILER_BYTES or lacks_summary:
            self.problems.add(Problem("trailer_mismatch", at, None))
        if trailer.index_offset is None:
            return
        indexes = self.of_type(frame_types.INDEX)
        index = next((frame for frame in indexes if self.offset(frame) == trailer.index_offset), None)
        if index is None:
            self.problems.add(Problem("index_damaged", at, None))
            return
        try:
            listed = self.payload(index)["frames"]
        except Invalid:
            self.problem("index_damaged", index)
            return
        if not self.index_fits(index, listed):
            self.problem("index_mismatch", index)

    def index_fits(self, index: Frame, listed: list[dict[str, Any]]) -> bool:
        place = self.header.bytes
        for one in listed:
            if int(one["offset"]) != place:
                return False
            body = len(one["context"]) + one["stored_bytes"]
            place += FRAME_HEADER_BYTES + (body + 7) // 8 * 8
        if place != self.offset(index) or len(listed) != index.sequence:
            return False
        before = (frame for frame in self.walk.frames if frame.at < index.at)
        return all(
            frame.sequence < len(listed) and self.is_listed(frame, listed[frame.sequence]) for frame in before
        )

    def is_listed(self, frame: Frame, one: dict[str, Any]) -> bool:
        return one == {
            "type": frame.type,
            "flags": frame.flags,
            "offset": str(self.offset(frame)),
            "stored_bytes": frame.stored_bytes,
            "raw_bytes": frame.raw_bytes,
            "context": self.context(frame),
        }


def problem_order(problem: Problem) -> tuple[int, bytes, int]:
    return problem.offset, problem.code.encode(), -1 if problem.frame is None else problem.frame
