"""What the payload of each frame type holds: spec.md, HOST (1) to ORIGIN (9)."""

from kinds import (
    array,
    binary,
    boolean,
    count,
    fields,
    free_map,
    nullable,
    optional,
    raw,
    s32,
    text,
    u32,
    u64,
    word,
    word_or,
)

HOST, BTF, CLOCKS, INVENTORY, CHUNK, GAP, INDEX, SUMMARY, ORIGIN = range(1, 10)

_host = fields(
    hostname=text,
    sysname=text,
    release=text,
    version=text,
    machine=text,
    arch=word("x86_64", "arm64"),
    little_endian=boolean,
    page_size=u32,
    boot_id=nullable(text),
    cpus=u32,
    recorder=fields(name=word("msgtape"), version=text),
    synthetic=boolean,
    config=fields(
        events=array(text),
        snap_bytes=u32,
        buffer_bytes=u32,
        filters=free_map(array(text)),
        command=nullable(array(text)),
    ),
    recording=optional(fields(id=text, part=u32, first_record=u64)),
    redacted=optional(fields(kept=array(text))),
    sliced=optional(free_map(array(text))),
    attach_plan=array(
        fields(
            plane=word("syscall", "kernel", "libc", "task"),
            hook=text,
            mechanism=text,
            attached=boolean,
            why=nullable(text),
        )
    ),
)

_btf = fields(origin=word("recorder", "host"), sha256=text, data=raw)

_clocks = fields(
    clocks=array(
        fields(
            boottime_ns=u64,
            monotonic_ns=u64,
            realtime_ns=u64,
            uncertainty_ns=u64,
            reason=word_or("interval", "start", "step", "end"),
        )
    )
)

_inventory = fields(
    at_ns=u64,
    reason=word_or("interval", "start", "rotation", "end"),
    queues=array(
        fields(
            kind=word("posix", "sysv"),
            namespace_inum=nullable(u32),
            id=nullable(u64),
            name=nullable(text),
            fields=free_map(text),
            holders=array(fields(tgid=u32, fd=u32, tid=optional(u32))),
            generation=optional(u64),
            at_ns=optional(u64),
        )
    ),
    limits=free_map(text),
    namespaces=optional(
        array(
            fields(
                namespace_inum=u32,
                limits=free_map(text),
                # Other words may come, and mean nothing.
                whole=optional(array(text)),
            )
        )
    ),
    every_descriptor=optional(boolean),
    missing=array(fields(what=text, why=text)),
    in_flight=array(fields(tid=u32, start_ns=u64, event=u32, enter_ns=u64)),
)

_task = fields(
    tid=u32,
    start_ns=u64,
    tgid=u32,
    since_ns=u64,
    comm=binary,
    ppid=nullable(u32),
    uid=nullable(u32),
    gid=nullable(u32),
    namespace_pid=nullable(u32),
    namespace_tid=nullable(u32),
    exe=nullable(text),
    exe_name=nullable(binary),
    cmdline=nullable(binary),
    cgroup_id=nullable(u64),
    cgroup_path=nullable(text),
    process_start_ns=nullable(u64),
)

_queue = fields(
    kind=word("posix", "sysv", "socket"),
    namespace_inum=u32,
    id=u64,
    generation=u64,
    since_ns=u64,
    name=nullable(binary),
    key=nullable(s32),
    uid=nullable(u32),
    gid=nullable(u32),
    cuid=nullable(u32),
    cgid=nullable(u32),
    mode=nullable(u32),
    cookie=nullable(u64),
    family=nullable(u32),
    socket_type=nullable(u32),
    protocol=nullable(u32),
    local=nullable(binary),
    peer=nullable(binary),
)

_chunk = fields(records=raw, tasks=array(_task), queues=array(_queue), planes=optional(raw))

_gap = fields(
    cpu=nullable(u32),
    from_ns=nullable(u64),
    to_ns=nullable(u64),
    lost=u64,
    cause=word_or("unknown", "ring_full", "recursion", "no_scratch", "damage", "output"),
    plane=optional(word_or("syscall", "planes")),
    at_least=optional(boolean),
)

_index = fields(
    frames=array(fields(type=u32, flags=u32, offset=u64, stored_bytes=u32, raw_bytes=u32, context=raw))
)

_summary = fields(
    start_ns=u64,
    end_ns=u64,
    records=u64,
    lost=u64,
    lost_by_event=array(fields(event=u32, entries=u64, exits=u64)),
    gaps=count,
    chunks=count,
    counts=array(fields(event=u32, entries=count, exits=count)),
    x32_calls=u64,
    planes_lost=optional(u64),
    # Other words may come.
    ended=text,
)

_origin = fields(
    made_by=word_or("unknown", "recover", "slice", "merge", "redact"),
    version=text,
    options=free_map(array(text)),
    problems=array(fields(code=text, offset=count, frame=nullable(count), message=text)),
    **{"from": array(text)},
)

PAYLOADS = {
    HOST: _host,
    BTF: _btf,
    CLOCKS: _clocks,
    INVENTORY: _inventory,
    CHUNK: _chunk,
    GAP: _gap,
    INDEX: _index,
    SUMMARY: _summary,
    ORIGIN: _origin,
}
