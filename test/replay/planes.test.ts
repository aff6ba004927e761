/** KERNEL and LIBC records: read, brought to their calls, and what is lost of them. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseBtf } from "../../src/btf/index.js";
import type { Gap } from "../../src/format/types.js";
import { heldKernelRecords } from "../../src/replay/kernel-records.js";
import { lossLedger } from "../../src/replay/losses.js";
import { nameTable } from "../../src/replay/names.js";
import type { PairedCall } from "../../src/replay/paired-call.js";
import { pairs } from "../../src/replay/pairs.js";
import { type KernelRecord, type LibcRecord, planesReader } from "../../src/replay/planes.js";
import { planesState } from "../../src/replay/planes-state.js";
import { recordLayouts } from "../../src/replay/records.js";
import type { ReplayCapture } from "../../src/replay/source.js";
import { type CaptureParts, item, makeCapture, RECORDER_BTF, START, Tape } from "./tape.js";

const test = suite("planes");
const btf = parseBtf(RECORDER_BTF);
const layouts = recordLayouts(btf);
const text = (words: string) => new TextEncoder().encode(words);

interface Replayed {
  readonly calls: readonly PairedCall[];
  readonly all: readonly (KernelRecord | LibcRecord)[];
  readonly problems: readonly string[];
  readonly state: ReturnType<typeof planesState>;
}

function replay(parts: CaptureParts, change: Partial<ReplayCapture> = {}): Replayed {
  const capture = { ...makeCapture(parts), ...change };
  const all: (KernelRecord | LibcRecord)[] = [];
  const problems: string[] = [];
  const state = planesState(capture, START);
  const calls = pairs(capture, {
    layouts,
    baseNs: START,
    losses: lossLedger(capture, START),
    names: nameTable(START),
    keep: () => ({ comm: null, queueName: null }),
    planes: { read: planesReader(btf, layouts, START), state, onRecord: (record) => all.push(record) },
    plan: () => "read",
    onProblem: ({ message }) => problems.push(message),
  });
  return { calls: [...calls], all, problems, state };
}

const told = ({ calls }: Replayed) =>
  calls.map(({ call, state, kernel }) => [call, state, kernel.map(({ hook }) => hook)]);

test("a load_msg record, whole", () => {
  const tape = new Tape();
  const copy = item({ kind: 12, addr: 0x1000n, wanted: 5 }, text("hello"));
  const planes = [
    tape.kernel({ at: 20, call: 1, event: 3, items: [copy] }, { hook: 1, message: 7n, m_ts: 5n }),
  ];
  const { all, problems } = replay({ chunks: [{ records: [], planes }] });
  assert.equal(problems, []);
  assert.equal(all, [
    {
      plane: "kernel",
      timeNs: 20,
      tid: 100,
      startLow: 77,
      startHigh: 0,
      tgid: 100,
      cpu: 0,
      lostBefore: 0n,
      hook: "load_msg",
      call: 1,
      event: 3,
      message: 7n,
      queueGeneration: null,
      type: null,
      sizeBytes: 5,
      errno: null,
      ownerPid: null,
      evidence: {
        kind: 12,
        arg: 0,
        status: "read",
        iovec: 0,
        message: 0,
        wanted: 5,
        captured: 5,
        addr: 0x1000n,
        bytes: text("hello"),
      },
    },
  ]);
});

test("a failed load, a notification, a libc function", () => {
  const tape = new Tape();
  const planes = [
    tape.kernel({ at: 1, call: 1 }, { hook: 1, m_ts: 9n, ret: -14n }),
    tape.kernel({ at: 2, call: 0, event: 0 }, { hook: 5, pid: 4242, queue: 0xabcn }),
    tape.libc({ at: 3, call: 0, seq: 2n }, { function: 3, phase: 2, sequence: 8n, ret: -1n, call: 6n }),
  ];
  const { all } = replay({ chunks: [{ records: [], planes }] });
  const facts = all.map((one) =>
    one.plane === "libc"
      ? [one.function, one.phase, one.sequence, one.ret, one.lastCall, one.lostBefore]
      : [one.hook, one.call, one.errno, one.message, one.type, one.queueGeneration, one.ownerPid],
  );
  assert.equal(facts, [
    ["load_msg", 1, 14, null, null, null, null],
    ["do_notify", null, null, null, 0n, 0xabcn, 4242],
    [3, "returned", 8, -1, 6, 2n],
  ]);
});

test("records come to the calls whose number they bear, also from earlier chunks and before the entry", () => {
  const tape = new Tape();
  const early = [
    tape.kernel({ at: 11, call: 1 }, { hook: 1, message: 1n }),
    tape.kernel({ at: 12, call: 1 }, { hook: 4, message: 1n }),
    tape.kernel({ at: 31, call: 2 }, { hook: 2, message: 1n }),
    tape.kernel({ at: 31, call: 2, tid: 200 }, { hook: 3, message: 9n }),
    tape.kernel({ at: 51, call: 3 }, { hook: 1, message: 2n }),
  ];
  const replayed = replay({
    chunks: [
      { records: [], planes: early },
      { records: [tape.entry({ at: 10, call: 1 }), tape.exit({ at: 20, call: 1, ret: 0 })] },
      { records: [tape.entry({ at: 30, call: 2 }), tape.exit({ at: 40, call: 2, ret: 0 })] },
      { records: [tape.entry({ at: 50, call: 3 })] },
      { records: [tape.exit({ at: 99, call: 2, tid: 200, flags: 3, ret: 0 })] },
    ],
  });
  assert.equal(told(replayed), [
    [1, "complete", ["load_msg", "msg_insert"]],
    [2, "complete", ["store_msg"]],
    [2, "no_entry", ["free_msg"]],
    [3, "in_flight", ["load_msg"]],
  ]);
});

test("another task of the same tid has other records", () => {
  const tape = new Tape();
  const planes = [
    tape.kernel({ at: 11, call: 1 }, { hook: 1 }),
    tape.kernel({ at: 61, call: 1, start: 900n }, { hook: 2 }),
  ];
  const records = [
    tape.entry({ at: 10, call: 1 }),
    tape.exit({ at: 20, call: 1, ret: 0 }),
    tape.entry({ at: 60, call: 1, start: 900n }),
    tape.exit({ at: 70, call: 1, start: 900n, ret: 0 }),
  ];
  assert.equal(told(replay({ chunks: [{ records, planes }] })), [
    [1, "complete", ["load_msg"]],
    [1, "complete", ["store_msg"]],
  ]);
});

test("what was lost of the planes is between the records around it, and makes no call uncertain", () => {
  const tape = new Tape();
  const ms = 1_000_000;
  const planes = [
    tape.kernel({ at: 10 * ms, call: 1 }, { hook: 1 }),
    tape.kernel({ at: 20 * ms, call: 2, seq: 3n }, { hook: 1 }),
    tape.kernel({ at: 30 * ms, call: 3, seq: 3n }, { hook: 1 }),
  ];
  const gap: Gap = {
    cpu: null,
    fromNs: START + 50_000_000n,
    toNs: null,
    lost: 2n,
    cause: "ring_full",
    plane: "planes",
  };
  const records = [
    tape.entry({ at: 12 * ms, call: 1, flags: 17 }),
    tape.exit({ at: 13 * ms, call: 1, flags: 17, ret: 0 }),
  ];
  const { state, calls } = replay({ chunks: [{ records, planes }], gaps: [gap], lost: 0n });
  const spans: [number, number][] = [
    [0, 5],
    [12, 13],
    [5, 9.5],
    [22, 40],
    [22, 60],
  ];
  assert.equal(
    spans.map(([from, to]) => state.lostBetween(from * ms, to * ms)),
    [false, true, true, false, true],
  );
  assert.equal(
    calls.map((call) => call.state),
    ["complete"],
  );
});

test("damaged planes are told, bounded, and unknown up to the next record", () => {
  const tape = new Tape();
  const short = tape.kernel({ at: 5, call: 1 }, { hook: 1 }).slice();
  new DataView(short.buffer).setUint32(0, 4096, true);
  const strange = tape.kernel({ at: 6, call: 1 }, { hook: 200 });
  const { problems, state } = replay({ chunks: [{ records: [], planes: [strange, short] }] });
  assert.equal(problems, [
    "planes record at byte 0: unknown hook",
    "planes record at byte 104: size 4096 with 104 bytes left",
  ]);
  assert.ok(state.lostBetween(1000, 2000));
});

test("evidence is held up to a limit in bytes, and what is given up is told", () => {
  let givenUp = 0;
  const held = heldKernelRecords(() => givenUp++);
  const bytes = new Uint8Array(1 << 26);
  const record = (call: number) =>
    ({
      tid: 1,
      startLow: 0,
      startHigh: 0,
      call,
      timeNs: call,
      evidence: { bytes },
    }) as unknown as KernelRecord;
  for (const call of [1, 2, 3]) held.hold(record(call));
  assert.is(givenUp, 1);
  const task = { tid: 1, startLow: 0, startHigh: 0 };
  assert.is(held.take(task, 1).length, 1);
  held.hold(record(4));
  assert.equal(
    [givenUp, held.take(task, 2).length, held.take(task, 3).length, held.take(task, 4).length],
    [1, 1, 0, 1],
  );
});

test("a hook tells by its silence only where it was attached", () => {
  const state = planesState(makeCapture({ chunks: [], kernelHooks: ["load_msg", "__do_notify"] }), START);
  assert.equal(state.inPlace, {
    load_msg: true,
    store_msg: false,
    free_msg: false,
    msg_insert: false,
    do_notify: true,
  });
  assert.not.ok(planesState(makeCapture({ chunks: [] }), START).inPlace.load_msg);
});

test.run();
