import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EVERYTHING } from "../../src/replay/filter.js";
import { latency } from "../../src/replay/latency.js";
import {
  ENTRY_LOST,
  LAST,
  makeCapture,
  NO_ENTRY,
  queueEntry,
  queueItem,
  REAL_START,
  START,
  Tape,
  taskEntry,
  triple,
} from "./tape.js";

const test = suite("latency");

function call(tape: Tape, at: number, durationNs: number, more: object = {}, ret = 0): Uint8Array[] {
  const call = at;
  return [tape.entry({ at, call, ...more }), tape.exit({ at: at + durationNs, call, ret, ...more })];
}

test("gives the whole answer of DESIGN, and what is not timed beside it", () => {
  const tape = new Tape();
  const records = [
    ...call(tape, 1000, 10),
    ...call(tape, 2000, 20, {}, -11),
    ...call(tape, 3000, 60, {}, -512),
    tape.exit({ at: 4000, call: 9, ret: 0, flags: LAST | NO_ENTRY }),
    tape.exit({ at: 4100, call: 10, ret: 0, flags: LAST | ENTRY_LOST }),
    tape.entry({ at: 5000, call: 11 }), // its exit was lost
    tape.entry({ at: 6000, call: 13 }),
    ...call(tape, 7000, 5, { tid: 7, event: 3 }),
  ];
  const gap = { cpu: 0, fromNs: START + 4000n, toNs: START + 5500n, lost: 3n, cause: "ring_full" as const };
  const lostByEvent = [{ event: 4, entries: 1n, exits: 2n }];
  const result = latency([makeCapture({ chunks: [{ records }], gaps: [gap], lostByEvent })], EVERYTHING);
  assert.equal(result, {
    groups: [
      {
        key: { event: "mq_timedreceive" },
        count: 3,
        errors: { EAGAIN: 1, ERESTARTSYS: 1 },
        min_ns: 10,
        mean_ns: 30,
        p50_ns: 20,
        p90_ns: 60,
        p99_ns: 60,
        p999_ns: 60,
        max_ns: 60,
        histogram: [
          [10, 12, 1],
          [20, 24, 1],
          [56, 64, 1],
        ],
        uncertain: 2,
        in_flight: 1,
        no_entry: 1,
      },
      {
        key: { event: "mq_timedsend" },
        count: 1,
        errors: {},
        min_ns: 5,
        mean_ns: 5,
        p50_ns: 5,
        p90_ns: 5,
        p99_ns: 5,
        p999_ns: 5,
        max_ns: 5,
        histogram: [[5, 6, 1]],
        uncertain: 0,
        in_flight: 0,
        no_entry: 0,
      },
    ],
    lost: 3,
    lost_at_least: 3,
    lost_by_event: { mq_timedreceive: { entries: 1, exits: 2 } },
  });
});

test("a group without complete calls has no times", () => {
  const records = [new Tape().entry({ at: 10, call: 1 })];
  const [group] = latency([makeCapture({ chunks: [{ records }] })], EVERYTHING).groups;
  assert.equal(
    [group?.count, group?.min_ns, group?.mean_ns, group?.p50_ns, group?.max_ns, group?.in_flight],
    [0, null, null, null, null, 1],
  );
});

test("groups by any of event, comm, pid and queue", () => {
  const tape = new Tape();
  const on = (id: number) => ({ items: [queueItem(id, 0)] });
  const records = [
    ...call(tape, 100, 1, on(9)),
    ...call(tape, 200, 2, on(8)),
    ...call(tape, 300, 3, { ...on(9), tid: 101 }),
    ...call(tape, 400, 4, { tid: 200, tgid: 200, event: 2 }),
  ];
  const tasks = [
    taskEntry(),
    taskEntry({ tid: 101 }),
    taskEntry({ tid: 100, sinceNs: START + 150n, comm: new TextEncoder().encode("renamed") }),
  ];
  const queues = [queueEntry(), queueEntry({ id: 8n, name: new TextEncoder().encode("other") })];
  const capture = makeCapture({ chunks: [{ records, tasks, queues }] });
  const counts = (...by: ("event" | "comm" | "pid" | "queue")[]) =>
    latency([capture], EVERYTHING, by).groups.map(({ key, count, max_ns }) => [key, count, max_ns]);
  assert.equal(counts("comm"), [
    [{ comm: "worker" }, 2, 3],
    [{ comm: "renamed" }, 1, 2],
    [{ comm: null }, 1, 4],
  ]);
  assert.equal(counts("pid"), [
    [{ pid: 100 }, 3, 3],
    [{ pid: 200 }, 1, 4],
  ]);
  assert.equal(counts("queue"), [
    [{ queue: "/q" }, 2, 3],
    [{ queue: "/other" }, 1, 2],
    [{ queue: null }, 1, 4],
  ]);
  assert.equal(
    counts("queue", "event", "pid", "comm"),
    [
      [{ event: "mq_timedreceive", comm: "renamed", pid: 100, queue: "/other" }, 1, 2],
      [{ event: "mq_timedreceive", comm: "worker", pid: 100, queue: "/q" }, 2, 3],
      [{ event: "mq_unlink", comm: null, pid: 200, queue: null }, 1, 4],
    ].sort((a, b) => Number(b[1]) - Number(a[1])),
  );
});

test("filters as calls does", () => {
  const tape = new Tape();
  const on = (id: number) => ({ items: [queueItem(id, 0)] });
  const records = [
    ...call(tape, 100, 1, on(9)),
    ...call(tape, 200, 2, { ...on(8), tid: 101 }, -11),
    ...call(tape, 300, 30, { tid: 200, tgid: 200, event: 3 }, -110),
    tape.entry({ at: 400, call: 1, tid: 300 }),
  ];
  const capture = makeCapture({ chunks: [{ records, tasks: [taskEntry()] }] });
  const counted = (filter: object) => {
    const { groups } = latency([capture], { ...EVERYTHING, ...filter });
    const sum = (field: "count" | "in_flight") => groups.reduce((total, group) => total + group[field], 0);
    return `${sum("count")}+${sum("in_flight")}`;
  };
  assert.is(counted({}), "3+1");
  assert.is(counted({ events: new Set([3]) }), "1+0");
  assert.is(counted({ pids: new Set([100]) }), "2+1");
  assert.is(counted({ tids: new Set([101, 200]) }), "2+0");
  assert.is(counted({ comms: new Set(["worker"]) }), "1+0");
  assert.is(counted({ queues: new Set(["q"]) }), "1+0");
  assert.is(counted({ failed: true }), "2+0");
  assert.is(counted({ errnos: new Set([110]) }), "1+0");
  assert.is(counted({ minDurationNs: 2 }), "2+1", "the open one lasted until the end");
  assert.is(counted({ minDurationNs: 999_600 }), "0+1");
  assert.is(counted({ minDurationNs: 999_601 }), "0+0");
  assert.is(counted({ fromNs: 202 }), "2+1");
  assert.is(counted({ toNs: 300 }), "2+0");
});

test("several captures make one answer", () => {
  const later = [triple(START + 5000n, REAL_START + 5000n)];
  const captures = [
    makeCapture({ chunks: [{ records: call(new Tape(), 10, 4) }], lost: 2n }),
    makeCapture({ chunks: [{ records: call(new Tape(), 6000, 8) }], clocks: later, lost: 3n }),
  ];
  const whole = latency(captures, EVERYTHING);
  assert.equal([whole.groups[0]?.count, whole.groups[0]?.mean_ns, whole.lost], [2, 6, 5]);
  const second = latency(captures, { ...EVERYTHING, fromNs: 6000 });
  assert.equal([second.groups[0]?.count, second.groups[0]?.mean_ns], [1, 8]);
});

test("counts a call once, however many parts its records have", () => {
  const tape = new Tape();
  const records = [
    tape.entry({ at: 10, call: 1, flags: 0 }),
    tape.entry({ at: 10, call: 1, part: 1 }),
    tape.exit({ at: 30, call: 1, ret: 0, flags: 0 }),
    tape.exit({ at: 30, call: 1, ret: 0, part: 1 }),
  ];
  const { groups } = latency([makeCapture({ chunks: [{ records }] })], EVERYTHING);
  assert.equal(
    groups.map(({ count, uncertain, no_entry }) => [count, uncertain, no_entry]),
    [[1, 0, 0]],
  );
});

test("a call that goes across chunks keeps its names", () => {
  const tape = new Tape();
  const capture = makeCapture({
    chunks: [
      { records: [tape.entry({ at: 10, call: 1, items: [queueItem(9, 3)] })] },
      { records: [tape.exit({ at: 30, call: 1, ret: 0 })], tasks: [], queues: [] },
    ],
  });
  assert.equal(
    latency([capture], EVERYTHING, ["comm", "queue"]).groups.map(({ key, count }) => [key, count]),
    [[{ comm: "worker", queue: "/q" }, 1]],
  );
});

test("damage is told and the rest is counted", () => {
  const tape = new Tape();
  const later = tape.entry({ at: 50, call: 2 });
  later[4] = 9; // a type of a later recorder
  const bad = tape.exit({ at: 55, call: 2, ret: 0 });
  bad[4] = 1; // too short for an entry
  const cut = tape.entry({ at: 90, call: 4 });
  cut[0] = 255; // a size beyond the chunk
  const records = [
    ...call(tape, 10, 4),
    later,
    bad,
    ...call(tape, 60, 4),
    cut,
    ...call(tape, 100, 4), // cannot be found any more
  ];
  const capture = makeCapture({ chunks: [{ records }, { records: [], damaged: "bad checksum" }] });
  const messages: string[] = [];
  const result = latency([capture], EVERYTHING, ["event"], {
    onProblem: (_, problem) => messages.push(`${problem.code}: ${problem.message}`),
  });
  assert.is(result.groups[0]?.count, 2);
  assert.equal(messages, [
    "record_invalid: record at byte 272 of the chunk: size 64, type 1, with 504 bytes left, is no entry or exit",
    "record_invalid: record at byte 504 of the chunk: size 255, type 1, with 272 bytes left, is no entry or exit",
    "crc: bad checksum",
  ]);
});

test("losses are not known as soon as one capture is cut or damaged", () => {
  const gaps = [{ cpu: 0, fromNs: START, toNs: START + 5n, lost: 3n, cause: "ring_full" as const }];
  const records = () => call(new Tape(), 100, 10);
  const whole = makeCapture({ chunks: [{ records: records() }], gaps });
  const cut = makeCapture({ chunks: [{ records: records() }], gaps, complete: false });
  const damaged = makeCapture({ chunks: [{ records: records() }, { records: [], damaged: "bad" }] });
  const lostOf = (...captures: ReturnType<typeof makeCapture>[]) => {
    const { lost, lost_at_least } = latency(captures, EVERYTHING);
    return [lost, lost_at_least];
  };
  assert.equal(lostOf(whole, whole), [6, 6]);
  assert.equal(lostOf(whole, cut), [null, 6]);
  assert.equal(lostOf(whole, damaged), [null, 3]);
});

test.run();
