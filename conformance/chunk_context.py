"""The context of a CHUNK: spec.md, "Chunk context"."""

import struct
from typing import Any

CONTEXT = struct.Struct("<QQQQIIHHHH")
COUNT = struct.Struct("<III")
LOSS = struct.Struct("<IQ")


def read_context(context: bytes) -> dict[str, Any] | None:
    """None: it is shorter than what it announces."""
    if len(context) < CONTEXT.size:
        return None
    first_record, first_ns, last_ns, oldest_ns, records, open_calls, flags, counts, losses, _ = (
        CONTEXT.unpack_from(context)
    )
    losses_at = CONTEXT.size + counts * COUNT.size
    end = losses_at + losses * LOSS.size
    if len(context) < end:
        return None
    has_times, has_oldest_open = flags & 1, flags & 2
    return {
        "first_record": str(first_record),
        "records": records,
        "first_time_ns": str(first_ns) if has_times else None,
        "last_time_ns": str(last_ns) if has_times else None,
        "oldest_open_ns": str(oldest_ns) if has_oldest_open else None,
        "open_calls": open_calls,
        "counts": [
            {"event": event, "entries": entries, "exits": exits}
            for event, entries, exits in COUNT.iter_unpack(context[CONTEXT.size : losses_at])
        ],
        "losses": [
            {"cpu": cpu, "records": str(lost)} for cpu, lost in LOSS.iter_unpack(context[losses_at:end])
        ],
    }
