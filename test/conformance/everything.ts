/** A capture with every frame, every key and every kind of record, with values at their limits. */
import { join, le } from "../format/support.js";
import { btf, CLOCKS, context, GAP, HOST, QUEUE, SUMMARY, TASK } from "./sample.js";
import { msgpack, Pairs, Tape } from "./spell.js";
import { btfOf, recordsIn } from "./structs.js";

export function everything(): Uint8Array {
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
