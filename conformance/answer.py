"""What a conforming reader says of a file: conformance.md."""

from collections.abc import Iterator

from capture import Capture, to_json
from checksums import Checksums
from container import CRITICAL, FileHeaders, Refusal, Walker, read_file_header

MAX_CAPTURES = 4096


def answer(data) -> Iterator[str]:
    """Of a whole file, as pieces of JSON text. `data`: bytes, or a file mapped into memory."""
    yield '{"captures":['
    headers = FileHeaders(data)
    checksums = Checksums(data)
    at: int | None = 0
    number = 0
    while at is not None:
        yield "," if number > 0 else ""
        header = Refusal("too_many_captures", 0) if number == MAX_CAPTURES else read_file_header(data, at)
        number += 1
        if isinstance(header, Refusal):
            yield refused(at, header)
            break
        walk = Walker(data, header, headers, checksums).run()
        unknown = next((one for one in walk.frames if one.flags & CRITICAL and not one.is_known), None)
        if unknown is not None:
            yield refused(at, Refusal("unknown_critical_frame", unknown.at - at))
            break
        yield from Capture(data, walk).say()
        at = walk.next_at
    yield "]}"


def refused(at: int, refusal: Refusal) -> str:
    return to_json({"at": at, "refusal": refusal._asdict()})
