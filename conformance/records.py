"""The records of a chunk, read by the capture's own BTF: records.md."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from btf import Btf, Numbers, Struct, Unusable

ENTRY, EXIT, TASK, QUEUE, KERNEL, LIBC = range(1, 7)
IN_RECORDS = (ENTRY, EXIT)
IN_PLANES = (KERNEL, LIBC)
ITEM_KINDS = range(1, 13)
ITEM_STATUSES = range(5)
ARGS = 6

_RECORD = {
    "size": 4,
    "type": 1,
    "flags": 1,
    "part": 2,
    "time_ns": 8,
    "task_start_ns": 8,
    "tid": 4,
    "tgid": 4,
    "seq": 8,
    "call": 8,
    "cpu": 4,
    "event": 1,
    "abi": 1,
    "mux": 1,
}
_ENTRY = {"args": Numbers(ARGS)}
_EXIT = {"ret": 8}
_ITEM = {
    "kind": 1,
    "arg": 1,
    "status": 1,
    "iovec": 1,
    "message": 2,
    "wanted": 4,
    "captured": 4,
    "addr": 8,
}
_QUEUE = {
    "kind": 1,
    "flags": 1,
    "namespace_inum": 4,
    "id": 8,
    "generation": 8,
    "bytes": 8,
    "max_bytes": 8,
    "depth": 4,
    "max_messages": 4,
    "notify_pid": 4,
    "last_send_pid": 4,
    "last_receive_pid": 4,
}
_KERNEL = {"hook": 1, "pid": 4, "message": 8, "queue": 8, "m_type": 8, "m_ts": 8, "ret": 8}
_LIBC = {"function": 4, "phase": 1, "sequence": 8, "ret": 8, "call": 8}
# mt_queue has none of them.
_SIGNED = frozenset(["ret", "m_type", "pid"])


class Layout(NamedTuple):
    """Of one struct: its size, and of each field name, offset, width and whether it is signed."""

    bytes: int
    fields: tuple[tuple[str, int, int, bool], ...]

    def read(self, data, at: int) -> dict[str, Any]:
        """As conformance.md has it: what is 8 bytes wide is text."""
        said: dict[str, Any] = {}
        for name, offset, width, is_signed in self.fields:
            start = at + offset
            number = int.from_bytes(data[start : start + width], "little", signed=is_signed)
            said[name] = str(number) if width == 8 else number
        return said


def _layout(found: Struct, widths: dict[str, int]) -> Layout:
    fields = tuple((name, found.offsets[name], width, name in _SIGNED) for name, width in widths.items())
    return Layout(found.bytes, fields)


class Layouts(NamedTuple):
    record: Layout
    # `args`, one after another.
    entry: Layout
    exit: Layout
    item: Layout
    # None: not there, or not as it should be.
    kernel: Layout | None
    libc: Layout | None


def layouts_of(blob: bytes) -> Layouts:
    """Raises Unusable when no record can be read by this BTF."""
    btf = Btf(blob)
    entry = btf.struct("mt_entry", _ENTRY)
    args = tuple((f"{number}", entry.offsets["args"] + 8 * number, 8, False) for number in range(ARGS))
    # Its fields are asked for, though nothing here looks into a queue's item.
    btf.struct("mt_queue", _QUEUE)
    # Records are told apart before any BTF is read.
    if btf.struct("mt_record", _RECORD).offsets["size"] != 0:
        raise Unusable("size is not the first field of mt_record")

    def needed(name: str, widths: dict[str, int]) -> Layout:
        return _layout(btf.struct(name, widths), widths)

    def may_lack(name: str, widths: dict[str, int]) -> Layout | None:
        try:
            return needed(name, widths)
        except Unusable:
            return None

    return Layouts(
        record=needed("mt_record", _RECORD),
        entry=Layout(entry.bytes, args),
        exit=needed("mt_exit", _EXIT),
        item=needed("mt_item", _ITEM),
        kernel=may_lack("mt_kernel", _KERNEL),
        libc=may_lack("mt_libc", _LIBC),
    )


def split(data: bytes) -> list[tuple[int, int]] | None:
    """Where records begin and how long they are; None: they do not fill the bytes."""
    places = []
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "little")
        if at + 4 > len(data) or size < 8 or size % 8 != 0 or at + size > len(data):
            return None
        places.append((at, size))
        at += size
    return places


class NotWhole(Exception):
    """A record that is passed over."""


def read_records(
    layouts: Layouts, data: bytes, types: tuple[int, ...], not_whole: Callable[[], None]
) -> Iterator[dict[str, Any]]:
    """Those of these types. `not_whole` is called for each record or item that is not."""
    view = memoryview(data)
    for at, size in split(data) or []:
        try:
            said = _record(layouts, view[at : at + size], types, not_whole)
        except NotWhole:
            not_whole()
            continue
        if said is not None:
            yield said


def _record(layouts: Layouts, record, types: tuple[int, ...], not_whole) -> dict[str, Any] | None:
    if len(record) < layouts.record.bytes:
        raise NotWhole
    said = layouts.record.read(record, 0)
    kind = said["type"]
    if kind not in types:
        return None
    layout = {ENTRY: layouts.entry, EXIT: layouts.exit, KERNEL: layouts.kernel, LIBC: layouts.libc}[kind]
    body = layouts.record.bytes
    if layout is None or len(record) < body + layout.bytes:
        raise NotWhole
    own = layout.read(record, body)
    if kind == ENTRY:
        said["args"] = list(own.values())
    elif kind == EXIT:
        said.update(own)
    else:
        said["kernel" if kind == KERNEL else "libc"] = own
    if kind != LIBC:
        said["items"] = _items(layouts.item, record[body + layout.bytes :], not_whole)
    return said


def _items(layout: Layout, items, not_whole) -> list[dict[str, Any]]:
    found = []
    at = 0
    while at < len(items):
        start = at + layout.bytes
        item = layout.read(items, at) if start <= len(items) else None
        if item is None or start + item["captured"] > len(items):
            not_whole()
            break
        end = start + item["captured"]
        if item["kind"] in ITEM_KINDS and item["status"] in ITEM_STATUSES:
            found.append(item | {"bytes": items[start:end].hex()})
        at = start + (item["captured"] + 7) // 8 * 8
    return found
