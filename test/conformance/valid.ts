/** Files in which nothing is wrong, but for the example. */
import { exampleParts } from "../format/example.js";
import { join, le } from "../format/support.js";
import {
  btf,
  CHUNKS,
  CLOCK,
  CLOCKS,
  CONTEXTS,
  context,
  GAP,
  HOST,
  INVENTORY,
  open,
  QUEUE,
  RECORDS,
  SUMMARY,
  sample,
  TASK,
} from "./sample.js";
import { msgpack, Pairs, Raw, Tape } from "./spell.js";
import { btfOf, recordsIn } from "./structs.js";
import { stored, zstdFrame } from "./zstd-frame.js";

export type Corpus = Readonly<Record<string, () => Uint8Array>>;

const NONE = { ...SUMMARY, records: 0, lost: 0, gaps: 0, chunks: 0, counts: [] };
const begun = (tape = new Tape(), data?: Uint8Array): Tape =>
  tape
    .frame("HOST", { type: 1, flags: 1, payload: msgpack(HOST) })
    .frame("CLOCKS", { type: 3, flags: 1, payload: msgpack(CLOCKS) })
    .frame("BTF", { type: 2, flags: 1, payload: msgpack(btf(data)) });

export const VALID: Corpus = {
  // Its BTF is four bytes, so it has one problem: btf_invalid.
  example: () => join(...exampleParts().map(([, bytes]) => bytes)),
  sample: () => sample().bytes,
  "nothing-recorded": () => begun().end(NONE).bytes,
  "no-chunk-no-metadata": () => new Tape().end(NONE).bytes,
  "empty-chunk": () =>
    begun()
      .frame("CHUNK", {
        type: 5,
        flags: 1,
        context: context({}),
        payload: msgpack({ records: new Uint8Array(0), tasks: [], queues: [] }),
      })
      .end({ ...NONE, chunks: 1 }).bytes,
  "no-index": () => open().end(SUMMARY, null).bytes,
  "no-summary": () => open().end(null).bytes,
  "no-index-no-summary": () => open().end(null, null).bytes,
  "metadata-in-another-order": () =>
    new Tape()
      .frame("INVENTORY", { type: 4, payload: msgpack(INVENTORY) })
      .frame("BTF", { type: 2, flags: 1, payload: msgpack(btf(btfOf({}), "host")) })
      .frame("BTF 2", { type: 2, flags: 1, payload: msgpack(btf()) })
      .frame("CLOCKS", { type: 3, flags: 1, payload: msgpack(CLOCKS) })
      .frame("HOST", { type: 1, flags: 1, payload: msgpack(HOST) })
      .frame("CHUNK", { type: 5, flags: 1, context: CONTEXTS[0], payload: msgpack(CHUNKS[0]) })
      .end({ ...SUMMARY, records: 2, chunks: 1 }).bytes,
  "metadata-twice": () =>
    begun(begun())
      .frame("CLOCKS", {
        type: 3,
        payload: msgpack({
          clocks: [
            { ...CLOCK, boottime_ns: 2_000_000_000n, reason: "step" },
            { ...CLOCK, reason: "end" },
          ],
        }),
      })
      .frame("HOST", { type: 1, payload: msgpack({ ...HOST, hostname: "other" }) })
      .end(NONE).bytes,
  everything: () => everything(),
  "integers-of-every-width": () => widths(),
  "nil-for-what-may-be-absent": () =>
    sample({
      host: { ...HOST, recording: null, redacted: null },
      inventory: { ...INVENTORY, namespaces: null, every_descriptor: null },
      gap: { ...GAP, plane: null, at_least: null },
      summary: { ...SUMMARY, planes_lost: null },
      chunk2: { ...CHUNKS[1], planes: null },
    }).bytes,
  "missing-keys-that-may-be-nil": () => {
    const { boot_id: _, config, ...host } = HOST;
    const { command: __, ...rest } = config;
    return sample({
      host: { ...host, config: rest },
      gap: { lost: 1, cause: "unknown" },
      chunk: {
        records: CHUNKS[0].records,
        tasks: [{ tid: 1, start_ns: 2, tgid: 3, since_ns: 4, comm: new Uint8Array(0) }],
        queues: [{ kind: "posix", namespace_inum: 1, id: 2, generation: 3, since_ns: 4 }],
      },
    }).bytes;
  },
  "zstd-without-checksum": () => zstdChunk((payload) => stored(payload)),
  "zstd-of-three-blocks": () =>
    zstdChunk((payload) =>
      zstdFrame({
        blocks: [payload.subarray(0, 7), payload.subarray(7, 60), payload.subarray(60)],
        content: payload.length,
      }),
    ),
  "padding-not-zero": () =>
    begun()
      .frame("INVENTORY", { type: 4, payload: msgpack(INVENTORY), padding: 0x55 })
      .end(NONE).bytes,
  "context-of-another-frame": () =>
    begun()
      .frame("INVENTORY", { type: 4, context: Uint8Array.of(1, 2, 3), payload: msgpack(INVENTORY) })
      .end(NONE).bytes,
  "marker-inside-a-frame": () => markerInside(),
  "capture-inside-a-frame": () =>
    begun()
      .frame("private", { type: 0x8001, payload: sample({ number: 2 }).bytes })
      .end(NONE).bytes,
  "records-of-other-types": () => otherTypes(),
  "two-captures": () => join(sample().bytes, sample({ number: 2 }).bytes),
  "three-captures-of-one-recording": () =>
    join(...[1, 2, 3].map((part) => sample({ number: part, host: partOf(part) }).bytes)),
  "the-same-capture-twice": () => join(sample().bytes, sample().bytes),
};

function partOf(part: number) {
  const id = "10111213-1415-1617-1819-1a1b1c1d1e1f";
  return { ...HOST, recording: { id, part, first_record: 3 * (part - 1) } };
}

function zstdChunk(compress: (payload: Uint8Array) => Uint8Array): Uint8Array {
  const payload = msgpack(CHUNKS[0]);
  return begun()
    .frame("CHUNK", {
      type: 5,
      flags: 3,
      context: CONTEXTS[0],
      payload: compress(payload),
      rawBytes: payload.length,
    })
    .end({ ...SUMMARY, records: 2, chunks: 1, gaps: 0 }).bytes;
}

/** A whole frame whose payload holds this capture's own marker, frames and trailer. */
function markerInside(): Uint8Array {
  const inner = sample();
  return begun()
    .frame("private", { type: 0x8000, payload: inner.bytes.subarray(64) })
    .end(NONE).bytes;
}

function otherTypes(): Uint8Array {
  const { record, kernel, entry } = recordsIn();
  const task = record(3, { time_ns: 5n }, new Uint8Array(120));
  const later = record(77, { time_ns: 6n }, new Uint8Array(3));
  const misplaced = kernel({ time_ns: 7n }, { hook: 1 });
  const planes = join(kernel({ time_ns: 8n }, { hook: 3 }), entry({ time_ns: 9n, call: 1 }, [1n]), later);

  return begun(new Tape(), btfOf())
    .frame("CHUNK", {
      type: 5,
      flags: 1,
      context: context({ records: 5 }),
      payload: msgpack({
        records: join(RECORDS[0], task, later, misplaced, RECORDS[1]),
        planes,
        tasks: [],
        queues: [],
      }),
    })
    .end({ ...SUMMARY, records: 5, chunks: 1 }).bytes;
}

/** An integer in every width that msgpack has for it. */
function widths(): Uint8Array {
  const raw = (...bytes: readonly number[]): Raw => new Raw(...bytes);
  const ones = [
    raw(1),
    raw(0xcc, 1),
    raw(0xcd, 0, 1),
    raw(0xce, 0, 0, 0, 1),
    raw(0xcf, 0, 0, 0, 0, 0, 0, 0, 1),
    raw(0xd0, 1),
    raw(0xd1, 0, 1),
    raw(0xd2, 0, 0, 0, 1),
    raw(0xd3, 0, 0, 0, 0, 0, 0, 0, 1),
  ];
  const minusFives = [
    raw(0xfb),
    raw(0xd0, 0xfb),
    raw(0xd1, 0xff, 0xfb),
    raw(0xd2, 0xff, 0xff, 0xff, 0xfb),
    raw(0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfb),
  ];
  const texts = [raw(0xa1, 0x71), raw(0xd9, 1, 0x71), raw(0xda, 0, 1, 0x71), raw(0xdb, 0, 0, 0, 1, 0x71)];
  return sample({
    inventory: {
      ...INVENTORY,
      in_flight: ones.map((one) => ({ tid: one, start_ns: one, event: one, enter_ns: one })),
      missing: texts.map((what) => ({ what, why: "" })),
    },
    chunk: {
      records: CHUNKS[0].records,
      tasks: [],
      queues: [
        ...minusFives.map((key) => ({ ...QUEUE, key })),
        { ...QUEUE, key: -0x8000_0000, namespace_inum: 0xffff_ffff, id: 0xffff_ffff_ffff_ffffn },
        { ...QUEUE, key: raw(0xce, 0x7f, 0xff, 0xff, 0xff) },
      ],
    },
    summary: { ...SUMMARY, gaps: raw(0xcf, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff) },
  }).bytes;
}

/** Every key that there is, with values at their limits. */
function everything(): Uint8Array {
  const u64 = 0xffff_ffff_ffff_ffffn;
  const text = new Uint8Array(Buffer.from("\u001b[31mred\u0000\u0007 \u00fc"));
  const { entry, exit, item, kernel, libc, record, of } = recordsIn();
  const records = [
    entry(
      {
        time_ns: u64,
        seq: u64,
        call: u64,
        tid: 0xffff_ffff,
        tgid: 0x8000_0000,
        cpu: 0xffff_ffff,
        abi: 2,
        mux: 1,
        flags: 0,
      },
      [u64, 0n, 1n << 63n, 5n, 6n, 7n],
      item({ kind: 1, arg: 5, status: 1, wanted: 0xffff_ffff, addr: u64 }, text),
      item({ kind: 2, arg: 1, message: 0xffff }, new Uint8Array(64)),
      item({ kind: 3, status: 4 }),
      item({ kind: 4, status: 2, wanted: 16 }, new Uint8Array(8)),
      item({ kind: 5, iovec: 255, message: 3 }, Uint8Array.of(1)),
      item({ kind: 6 }),
      item({ kind: 7 }, new Uint8Array(32)),
      item({ kind: 8, status: 3, wanted: 16 }),
      item({ kind: 11, wanted: 1000 }),
    ),
    entry({ time_ns: u64, seq: 2, call: u64, part: 1, flags: 1 }, [u64, 0n, 1n << 63n, 5n, 6n, 7n]),
    exit(
      { time_ns: 7n, seq: 3, call: 3, flags: 1 | 4 },
      -0x8000_0000_0000_0000n,
      item({ kind: 10 }, of("mt_entry", { args: [9n] })),
    ),
    exit({ time_ns: 8n, seq: 4, flags: 1 | 16, abi: 3, mux: 2, event: 31 }, 0x7fff_ffff_ffff_ffffn),
    record(
      2,
      { time_ns: 9n, seq: 5, flags: 0xff, event: 255, abi: 255, mux: 255 },
      of("mt_exit", { ret: -512n }),
    ),
  ];
  const planes = [
    kernel(
      { time_ns: 7n, seq: 3, call: 3 },
      { hook: 1, message: 5n, m_ts: 5n, ret: 0n },
      item({ kind: 12, addr: 9n }, text),
    ),
    kernel({ time_ns: 7n, event: 0 }, { hook: 5, pid: -1, queue: u64, m_type: -1n, ret: -12n }),
    kernel({ time_ns: 7n, event: 0 }, { hook: 200, pid: 77 }),
    libc({ time_ns: 6n }, { function: 4, phase: 1, sequence: u64, call: 2n }),
    libc({ time_ns: 8n }, { function: 0xffff_ffff, phase: 2, sequence: 1n, ret: -1n, call: 3n }),
  ];
  const inventory = {
    at_ns: u64,
    reason: "rotation",
    queues: [
      {
        kind: "posix",
        namespace_inum: null,
        id: null,
        name: "/q\u0007",
        fields: { QSIZE: "0", __x: "" },
        holders: [],
      },
      {
        kind: "sysv",
        namespace_inum: 1,
        id: u64,
        name: "0x00000000",
        fields: {},
        holders: [
          { tgid: 1, fd: 2 },
          { tgid: 1, fd: 3, tid: 4 },
        ],
        generation: u64,
        at_ns: 0,
      },
    ],
    limits: { "": "", "kernel.msgmax": "1" },
    namespaces: [
      { namespace_inum: 1, limits: { a: "b" }, whole: ["posix", "sysv"] },
      { namespace_inum: 2, limits: {} },
    ],
    every_descriptor: false,
    missing: [{ what: "\u00fc", why: "\ud83d\ude00" }],
    in_flight: [{ tid: 1, start_ns: 2, event: 3, enter_ns: u64 }],
  };
  const host = {
    ...HOST,
    boot_id: "00000000-0000-4000-8000-000000000000",
    arch: "arm64",
    little_endian: false,
    config: {
      events: [],
      snap_bytes: 0,
      buffer_bytes: 0xffff_ffff,
      filters: { pid: ["1", "2"], someKey: [], "": [""] },
      command: ["a", ""],
    },
    attach_plan: [
      { plane: "syscall", hook: "sys_enter", mechanism: "tp_btf", attached: true },
      { plane: "kernel", hook: "load_msg", mechanism: "fexit", attached: false, why: "no" },
      { plane: "libc", hook: "mq_send", mechanism: "uprobe", attached: true, why: null },
      { plane: "task", hook: "fork", mechanism: "tp", attached: true, why: null },
    ],
    recording: { id: "10111213-1415-1617-1819-1a1b1c1d1e1f", part: 2, first_record: u64 },
    redacted: { kept: ["queue names"] },
  };
  const socket = {
    kind: "socket",
    namespace_inum: 1,
    id: 2,
    generation: 3,
    since_ns: 4,
    name: text,
    cookie: u64,
    family: 1,
    socket_type: 2,
    protocol: 3,
    local: Uint8Array.of(1, 0),
    peer: new Uint8Array(0),
  };
  return new Tape()
    .frame("HOST", { type: 1, flags: 1, payload: msgpack(host) })
    .frame("CLOCKS", { type: 3, flags: 1, payload: msgpack(CLOCKS) })
    .frame("BTF", { type: 2, flags: 1, payload: msgpack(btf(btfOf())) })
    .frame("BTF 2", { type: 2, flags: 1, payload: msgpack(btf(btfOf({}), "host")) })
    .frame("ORIGIN", {
      type: 9,
      payload: msgpack({
        made_by: "recover",
        version: "0.1.0",
        from: ["10111213-1415-1617-1819-1a1b1c1d1e1f"],
        options: { pid: ["7"] },
        problems: [
          { code: "truncated", offset: 9_007_199_254_740_991n, frame: null, message: "m" },
          { code: "x", offset: 1, frame: 2, message: "" },
        ],
      }),
    })
    .frame("ORIGIN 2", {
      type: 9,
      payload: msgpack({ made_by: "redact", version: "", from: [], options: {}, problems: [] }),
    })
    .frame("INVENTORY", { type: 4, payload: msgpack(inventory) })
    .frame("CHUNK", {
      type: 5,
      flags: 1,
      context: join(
        context({
          first: 77n,
          records: records.length,
          times: [7n, u64],
          oldestOpen: 6n,
          openCalls: 4_000_000_000,
          counts: [
            [1, 2, 3],
            [31, 0xffff_ffff, 0],
          ],
          losses: [
            [0, u64],
            [5, 1],
          ],
        }),
        le(5, 4),
      ),
      payload: msgpack({
        records: join(...records),
        planes: join(...planes),
        tasks: [{ ...TASK, comm: text }],
        queues: [QUEUE, socket],
      }),
    })
    .frame("GAP", {
      type: 6,
      flags: 1,
      payload: msgpack({ ...GAP, plane: "planes", at_least: true, lost: u64 }),
    })
    .frame("GAP 2", {
      type: 6,
      flags: 1,
      payload: msgpack(
        new Pairs(
          ["cause", "output"],
          ["lost", 0],
          ["to_ns", 5],
          ["from_ns", null],
          ["cpu", null],
          ["at_least", false],
        ),
      ),
    })
    .end({
      ...SUMMARY,
      records: records.length,
      chunks: 1,
      gaps: 2,
      lost_by_event: [{ event: 10, entries: u64, exits: 0 }],
      planes_lost: u64,
      ended: "recovered",
    }).bytes;
}
