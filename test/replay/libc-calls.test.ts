/** LIBC records as calls of functions, and beside the system calls' times in `latency --by layer`. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LIBC_FUNCTIONS } from "../../src/catalog/libc.js";
import type { AttachedHook, Gap } from "../../src/format/types.js";
import { EVERYTHING } from "../../src/replay/filter.js";
import { latency } from "../../src/replay/latency.js";
import type { Dimension } from "../../src/replay/latency-groups.js";
import { type LibcCall, libcCalls } from "../../src/replay/libc-calls.js";
import type { LibcRecord } from "../../src/replay/planes.js";
import { type CaptureParts, makeCapture, START, Tape, taskEntry } from "./tape.js";

const test = suite("libc calls");

const ID = Object.fromEntries(LIBC_FUNCTIONS.map(({ id, name }) => [name, id]));
const NEVER = { lostBetween: (_from: number, _to: number) => false };

function record(
  phase: LibcRecord["phase"],
  name: string,
  sequence: number,
  timeNs: number,
  lastCall: number,
  more: Partial<LibcRecord> = {},
): LibcRecord {
  return {
    plane: "libc",
    timeNs,
    tid: 100,
    startLow: 77,
    startHigh: 0,
    tgid: 100,
    cpu: 0,
    lostBefore: 0n,
    function: ID[name] ?? 99,
    phase,
    sequence,
    ret: phase === "returned" ? 0 : null,
    lastCall,
    event: 0,
    ...more,
  };
}

function told(records: readonly LibcRecord[], state = NEVER, isWhole = true) {
  const found: LibcCall[] = [];
  const calls = libcCalls(state, (call) => found.push(call));
  for (const one of records) calls.see(one);
  calls.end(isWhole);
  return found.map((call) => {
    const name = LIBC_FUNCTIONS.find(({ id }) => id === call.function)?.name;
    return [name, call.state, call.enteredNs, call.endedNs, call.ret, call.calls?.join("-") ?? null];
  });
}

test("a call is its entry and its return, with the system calls in between", () => {
  const records = [
    record("entered", "msgsnd", 1, 10, 0),
    record("returned", "msgsnd", 1, 20, 1),
    record("entered", "msgrcv", 2, 30, 1),
    record("returned", "msgrcv", 2, 45, 3, { ret: 5 }),
  ];
  assert.equal(told(records), [
    ["msgsnd", "complete", 10, 20, 0, "0-1"],
    ["msgrcv", "complete", 30, 45, 5, "1-3"],
  ]);
});

test("an int is the low half of the register, a ssize_t all of it", () => {
  const all = 0xffff_ffff;
  const records = [
    record("entered", "mq_timedsend", 1, 10, 0),
    record("returned", "mq_timedsend", 1, 20, 1, { ret: all }),
    record("entered", "msgrcv", 2, 30, 1),
    record("returned", "msgrcv", 2, 40, 2, { ret: -1 }),
  ];
  assert.equal(
    told(records).map((call) => call[4]),
    [-1, -1],
  );
});

test("mq_send is one call, also where it is carried out by mq_timedsend and that by another", () => {
  const records = [
    record("entered", "mq_send", 1, 10, 4),
    record("entered", "mq_timedsend", 2, 11, 4),
    record("entered", "__mq_timedsend_time64", 3, 12, 4),
    record("returned", "__mq_timedsend_time64", 3, 20, 5),
    record("returned", "mq_timedsend", 2, 21, 5),
    record("returned", "mq_send", 1, 22, 5),
  ];
  assert.equal(told(records), [["mq_send", "complete", 10, 22, 0, "4-5"]]);
});

test("what a signal handler calls meanwhile is a call of its own, even of the same function", () => {
  const records = [
    record("entered", "mq_send", 1, 10, 0),
    record("entered", "mq_timedsend", 2, 11, 0),
    record("entered", "mq_timedsend", 3, 15, 1), // the system call has begun: this is a handler's
    record("returned", "mq_timedsend", 3, 18, 2),
    record("returned", "mq_timedsend", 2, 20, 3),
    record("returned", "mq_send", 1, 21, 3),
  ];
  assert.equal(told(records), [
    ["mq_timedsend", "complete", 15, 18, 0, "1-2"],
    ["mq_send", "complete", 10, 21, 0, "0-3"],
  ]);
});

test("tasks do not mix, nor do two of the same tid", () => {
  const records = [
    record("entered", "msgsnd", 1, 10, 0),
    record("entered", "msgsnd", 1, 11, 0, { tid: 200 }),
    record("returned", "msgsnd", 1, 12, 1, { tid: 200 }),
    record("returned", "msgsnd", 1, 13, 1, { startLow: 900 }),
    record("returned", "msgsnd", 1, 14, 1),
  ];
  assert.equal(told(records), [
    ["msgsnd", "complete", 11, 12, 0, "0-1"],
    ["msgsnd", "uncertain", null, 13, 0, null],
    ["msgsnd", "complete", 10, 14, 0, "0-1"],
  ]);
});

test("a call left by longjmp, and one whose task went on, are uncertain and never timed", () => {
  const records = [
    record("entered", "msgrcv", 1, 10, 0),
    record("entered", "msgsnd", 2, 15, 1), // from a handler, left by longjmp
    record("returned", "msgrcv", 1, 30, 3),
    record("entered", "mq_receive", 3, 40, 3), // left so too
    record("entered", "msgsnd", 4, 50, 4),
    record("returned", "msgsnd", 4, 51, 5),
  ];
  assert.equal(told(records), [
    ["msgsnd", "uncertain", 15, 30, null, null],
    ["msgrcv", "complete", 10, 30, 0, "0-3"],
    ["msgsnd", "complete", 50, 51, 0, "4-5"],
    ["mq_receive", "uncertain", 40, null, null, null],
  ]);
});

test("what never returns is in flight only where nothing can be missing", () => {
  const records = [record("entered", "mq_receive", 1, 10, 0), record("entered", "mq_timedreceive", 2, 11, 0)];
  assert.equal(told(records), [["mq_receive", "in_flight", 10, null, null, null]]);
  assert.equal(told(records, NEVER, false), [["mq_receive", "uncertain", 10, null, null, null]]);
  assert.equal(told(records, { lostBetween: () => true }), [
    ["mq_receive", "uncertain", 10, null, null, null],
  ]);
});

test("losses make the calls around them uncertain; a sequence seen again ends the one before", () => {
  const records = [
    record("entered", "msgsnd", 1, 10, 0),
    record("returned", "msgsnd", 1, 20, 1),
    record("entered", "msgsnd", 2, 30, 1),
    record("entered", "msgsnd", 2, 40, 2),
    record("returned", "msgsnd", 2, 50, 3),
  ];
  const lostBetween = (from: number, to: number) => from <= 15 && to >= 15;
  assert.equal(told(records, { lostBetween }), [
    ["msgsnd", "uncertain", 10, 20, 0, "0-1"],
    ["msgsnd", "uncertain", 30, 40, null, null],
    ["msgsnd", "complete", 40, 50, 0, "2-3"],
  ]);
});

test("the return of a part whose entry was lost is not a call of its own", () => {
  const records = [
    record("entered", "mq_send", 1, 10, 0),
    record("returned", "mq_timedsend", 2, 20, 1),
    record("returned", "mq_send", 1, 21, 1),
  ];
  assert.equal(told(records), [["mq_send", "complete", 10, 21, 0, "0-1"]]);
});

test("depth and number of tasks are bounded", () => {
  const deep = Array.from({ length: 100 }, (_, at) => record("entered", "msgsnd", at + 1, at, at));
  assert.is(told(deep).filter((call) => call[1] === "uncertain").length, 99); // the last may wait yet
  const wide = Array.from({ length: 65_537 }, (_, at) => record("entered", "msgsnd", 1, at, 0, { tid: at }));
  assert.equal(told(wide)[0], ["msgsnd", "uncertain", 0, 65_536, null, null]);
});

/** Two sends through libc, one by hand; the plan says what was hooked. */
function capture(more: Partial<CaptureParts> = {}) {
  const tape = new Tape();
  const send = (at: number, call: number, ret = 0) => [
    tape.entry({ at, call, event: 3 }),
    tape.exit({ at: at + 10, call, event: 3, ret }),
  ];
  const libc = (at: number, phase: number, sequence: bigint, call: bigint, ret = 0n) =>
    tape.libc({ at, call: 0 }, { function: ID.mq_send ?? 0, phase, sequence, call, ret });
  const planes = [
    libc(100, 1, 1n, 0n),
    libc(150, 2, 1n, 1n),
    libc(200, 1, 2n, 1n),
    libc(270, 2, 2n, 2n, 0xffff_ffffn),
  ];
  const hook = (name: string, attached: boolean): AttachedHook => ({
    plane: "libc",
    hook: name,
    mechanism: "uprobe",
    attached,
    why: attached ? null : "no such function",
  });
  return makeCapture({
    chunks: [{ records: [...send(110, 1), ...send(210, 2, -11), ...send(300, 3)], planes }],
    plan: [hook("mq_send", true), hook("mq_open", false)],
    ...more,
  });
}

const LAYERS: readonly Dimension[] = ["event", "layer"];

const rows = (result: ReturnType<typeof latency>) =>
  result.groups.map(({ key, count, errors, min_ns, max_ns, uncertain }) => [
    key.event,
    key.layer,
    count,
    errors,
    min_ns,
    max_ns,
    uncertain,
  ]);

test("by layer: what callers waited beside what the kernel took", () => {
  const result = latency([capture()], EVERYTHING, LAYERS);
  assert.equal(rows(result), [
    ["mq_timedsend", "libc", 2, { unknown: 1 }, 50, 70, 0],
    ["mq_timedsend", "kernel", 3, { EAGAIN: 1 }, 10, 10, 0],
  ]);
  assert.equal(result.libc, [
    {
      capture: "c1",
      recorded: true,
      functions: ["mq_send"],
      missing: [{ function: "mq_open", why: "no such function" }],
      lost: 0,
    },
  ]);
});

test("a call is counted under the system call that it made, where the function may make it", () => {
  const tape = new Tape();
  const events = (made: number) => {
    const libc = (phase: number) =>
      tape.libc(
        { at: 10 * phase, call: 0, event: made },
        { function: ID.mq_send ?? 0, phase, sequence: 1n, call: 1n },
      );
    const hand = makeCapture({ chunks: [{ records: [], planes: [libc(1), libc(2)] }] });
    return latency([hand], EVERYTHING, LAYERS).groups.map(({ key }) => key.event);
  };
  assert.equal(
    [events(7), events(11), events(0)],
    [
      ["mq_timedsend_time32"],
      ["mq_timedsend"], // a handler's msgrcv was the last
      ["mq_timedsend"],
    ],
  );
});

test("without the libc plane only the kernel's rows, and that nothing is known of the rest", () => {
  const tape = new Tape();
  const records = [tape.entry({ at: 10, call: 1 }), tape.exit({ at: 20, call: 1, ret: 0 })];
  const result = latency([capture({ plan: [], chunks: [{ records }] })], EVERYTHING, LAYERS);
  assert.equal(result.libc, [{ capture: "c1", recorded: false, functions: [], missing: [], lost: 0 }]);
  assert.equal(rows(result), [["mq_timedreceive", "kernel", 1, {}, 10, 10, 0]]);
  assert.not.ok("libc" in latency([capture()], EVERYTHING));
});

test("the filters hold for both layers", () => {
  const count = (filter: object, by = LAYERS) =>
    rows(latency([capture()], { ...EVERYTHING, ...filter }, by)).map(([, layer, calls]) => [layer, calls]);
  const both = (libc: number, kernel: number) => [
    ["libc", libc],
    ["kernel", kernel],
  ];
  assert.equal(count({ events: new Set([3]) }), both(2, 3));
  assert.equal(count({ events: new Set([4]) }), []);
  assert.equal(count({ pids: new Set([100]) }), both(2, 3));
  assert.equal(count({ tids: new Set([9]) }), []);
  assert.equal(count({ comms: new Set(["worker"]) }), both(2, 3));
  assert.equal(count({ comms: new Set(["other"]) }), []);
  assert.equal(count({ failed: true }), both(1, 1));
  assert.equal(count({ minDurationNs: 60 }), [["libc", 1]]);
  assert.equal(count({ fromNs: 160, toNs: 250 }), both(1, 1));
  assert.equal(count({}, ["event", "comm", "layer"]), both(2, 3));
});

test("lost records of the planes make the calls around them uncertain in their layer alone", () => {
  const gap: Gap = {
    cpu: null,
    fromNs: START + 120n,
    toNs: START + 130n,
    lost: 1n,
    cause: "ring_full",
    plane: "planes",
  };
  assert.equal(
    rows(latency([capture({ gaps: [gap], lost: 0n })], EVERYTHING, LAYERS)),
    [["mq_timedsend", "kernel", 3, { EAGAIN: 1 }, 10, 10, 0]].flatMap((kernel) => [
      ["mq_timedsend", "libc", 0, {}, null, null, 2],
      kernel,
    ]),
  );
});

test("recorded with --queue, calls of which nothing is in the capture may be of other queues", () => {
  const tape = new Tape();
  const libc = (phase: number, call: bigint) =>
    tape.libc({ at: 10 * phase, call: 0 }, { function: ID.msgsnd ?? 0, phase, sequence: 1n, call });
  const made = makeCapture({
    chunks: [{ records: [], planes: [libc(1, 4n), libc(2, 4n)], tasks: [taskEntry()] }],
    plan: [{ plane: "libc", hook: "msgsnd", mechanism: "uprobe", attached: true, why: null }],
  });
  assert.is(latency([made], EVERYTHING, LAYERS).groups.length, 1);
  const host = made.host;
  if (host === null) throw new Error("no host");
  const config = { ...host.config, filters: { queue: ["/q"] } };
  assert.is(latency([{ ...made, host: { ...host, config } }], EVERYTHING, LAYERS).groups.length, 0);
});

test.run();
