import { suite } from "uvu";
import * as assert from "uvu/assert";
import { calls } from "../../src/replay/calls.js";
import { EVERYTHING } from "../../src/replay/filter.js";
import { outline, outlines } from "./outline.js";
import {
  ARGS_UNKNOWN,
  argsItem,
  ENTRY_LOST,
  LAST,
  makeCapture,
  NO_ENTRY,
  NO_NUMBER,
  queueItem,
  START,
  Tape,
  taskEntry,
} from "./tape.js";

const test = suite("calls");

test("tells everything of a complete call", () => {
  const tape = new Tape();
  const records = [
    tape.entry({ at: 1000, call: 7, args: [3n, 2n ** 64n - 1n], items: [queueItem(9, 3)] }),
    tape.exit({ at: 3500, call: 7, ret: 5, cpu: 1, items: [queueItem(9, 2)] }),
  ];
  const lines = [
    ...calls(makeCapture({ chunks: [{ records }] }), EVERYTHING, {
      decode: (evidence) => ({
        event: evidence.event.name,
        raw: (evidence.args ?? []).join(","),
        items: `${evidence.entryItems?.length}/${evidence.exitItems?.length}`,
      }),
    }),
  ];
  assert.equal(lines, [
    {
      capture: "c1",
      task: "100:77",
      call: 7,
      event: "mq_timedreceive",
      abi: "x86_64",
      via: null,
      cpu: 1,
      tid: 100,
      tgid: 100,
      comm: "worker",
      enter_ns: 1000,
      exit_ns: 3500,
      duration_ns: 2500,
      wall: "2026-11-21T10:00:00.000001001Z",
      ret: 5,
      errno: null,
      state: "complete",
      restart_of: null,
      args: { event: "mq_timedreceive", raw: "3,18446744073709551615,0,0,0,0", items: "1/1" },
      queue: { kind: "posix", key: "posix:4026531839:9:abc", name: "/q", depth_before: 3, depth_after: 2 },
    },
  ]);
});

test("orders by exit, and what never ends by entry", () => {
  const tape = new Tape();
  const records = [
    tape.entry({ at: 10, call: 1, tid: 1 }),
    tape.entry({ at: 20, call: 1, tid: 2 }),
    tape.entry({ at: 30, call: 1, tid: 3 }),
    tape.entry({ at: 40, call: 1, tid: 4 }),
    tape.exit({ at: 60, call: 1, tid: 2, ret: 0, cpu: 1 }),
    tape.exit({ at: 50, call: 1, tid: 3, ret: 0 }), // its cpu was late
  ];
  assert.equal(outlines({ chunks: [{ records }] }), [
    "3#1 mq_timedreceive complete 30..50 ret=0",
    "2#1 mq_timedreceive complete 20..60 ret=0",
    "1#1 mq_timedreceive in_flight 10..? ret=?",
    "4#1 mq_timedreceive in_flight 40..? ret=?",
  ]);
});

test("pairs by call number while records are lost elsewhere", () => {
  const tape = new Tape();
  const before = tape.entry({ at: 10, call: 4 });
  tape.lose(500);
  const after = tape.exit({ at: 20, call: 4, ret: -11 });
  assert.equal(outlines({ chunks: [{ records: [before, after] }], lost: 500n }), [
    "100#4 mq_timedreceive complete 10..20 ret=-11",
  ]);
});

test("a later entry proves that an exit was lost", () => {
  const tape = new Tape();
  const records = [tape.entry({ at: 10, call: 4 })];
  tape.lose(1);
  records.push(tape.entry({ at: 30, call: 5 }), tape.exit({ at: 40, call: 5, ret: 0 }));
  assert.equal(outlines({ chunks: [{ records }], lost: 1n }), [
    "100#4 mq_timedreceive uncertain 10..? ret=?",
    "100#5 mq_timedreceive complete 30..40 ret=0",
  ]);
});

test("an exit of another call pairs with nothing", () => {
  const tape = new Tape();
  const records = [tape.entry({ at: 10, call: 4 })];
  tape.lose(2);
  records.push(tape.exit({ at: 40, call: 5, ret: 0, flags: LAST }));
  assert.equal(outlines({ chunks: [{ records }], lost: 2n }), [
    "100#4 mq_timedreceive uncertain 10..? ret=?",
    "100#5 mq_timedreceive uncertain ?..40 ret=0",
  ]);
});

test("the same number is not enough: event, ABI and what the program says of the entry count too", () => {
  for (const [name, exit] of Object.entries({
    event: { event: 3 },
    abi: { abi: 2 },
    mux: { mux: 1 },
    lost: { flags: LAST | ENTRY_LOST },
    earlier: { at: 5 },
  })) {
    const tape = new Tape();
    const records = [tape.entry({ at: 10, call: 4 }), tape.exit({ at: 40, call: 4, ret: 0, ...exit })];
    const states = outlines({ chunks: [{ records }] }).map((line) => line.split(" ").slice(2, 4).join(" "));
    assert.equal(states.sort(), ["uncertain 10..?", `uncertain ?..${name === "earlier" ? 5 : 40}`], name);
  }
});

test("an exit without entry is no_entry when the program says so, else uncertain with the arguments it brings", () => {
  const tape = new Tape();
  const records = [
    tape.exit({ at: 10, call: 1, ret: -13, flags: LAST | NO_ENTRY }),
    tape.exit({ at: 20, call: 2, ret: 0, flags: LAST | ENTRY_LOST, items: [argsItem([8n, 9n])] }),
    tape.exit({ at: 30, call: 3, ret: 0 }),
  ];
  const lines = calls(makeCapture({ chunks: [{ records }] }), EVERYTHING, {
    decode: ({ args, entryItems }) => ({
      args: args === null ? null : args.join(","),
      entry: `${entryItems}`,
    }),
  });
  assert.equal(
    [...lines].map((line) => [outline(line), line.args, line.wall]),
    [
      [
        "100#1 mq_timedreceive no_entry ?..10 ret=-13",
        { args: null, entry: "null" },
        "2026-11-21T10:00:00.000000011Z",
      ],
      [
        "100#2 mq_timedreceive uncertain ?..20 ret=0",
        { args: "8,9,0,0,0,0", entry: "null" },
        "2026-11-21T10:00:00.000000021Z",
      ],
      [
        "100#3 mq_timedreceive uncertain ?..30 ret=0",
        { args: null, entry: "null" },
        "2026-11-21T10:00:00.000000031Z",
      ],
    ],
  );
});

test("a call open at the end is in flight only if no loss can hide its exit", () => {
  const entry = () => [new Tape().entry({ at: 100, call: 1 })];
  const gap = (fromNs: number | null, toNs: number | null) => ({
    cpu: 0,
    fromNs: fromNs === null ? null : START + BigInt(fromNs),
    toNs: toNs === null ? null : START + BigInt(toNs),
    lost: 1n,
    cause: "ring_full" as const,
  });
  const state = (parts: object) => outlines({ chunks: [{ records: entry() }], ...parts })[0]?.split(" ")[2];
  assert.is(state({}), "in_flight");
  assert.is(state({ gaps: [gap(null, 90)] }), "in_flight", "a loss before it");
  assert.is(state({ gaps: [gap(50, 110)] }), "uncertain", "a loss after it");
  assert.is(state({ gaps: [gap(200, null)] }), "uncertain", "a loss at the end");
  assert.is(state({ lost: 1n }), "uncertain", "a loss that no gap places");
  assert.is(state({ complete: false }), "uncertain", "the file was cut short");
  const damaged = [{ records: entry() }, { records: [], damaged: "bad checksum" }];
  assert.is(state({ chunks: damaged }), "uncertain", "a damaged chunk after it");
  const tape = new Tape();
  const jump = [tape.entry({ at: 100, call: 1 })];
  tape.lose(1);
  jump.push(tape.exit({ at: 120, call: 1, tid: 2, ret: 0, flags: LAST | NO_ENTRY }));
  assert.is(
    outlines({ chunks: [{ records: jump }] }).at(-1),
    "100#1 mq_timedreceive uncertain 100..? ret=?",
    "a jump of the sequence",
  );
});

test("without numbers, order pairs only where nothing was lost", () => {
  const flags = LAST | NO_NUMBER;
  const tape = new Tape();
  const whole = [tape.entry({ at: 10, call: 0, flags }), tape.exit({ at: 20, call: 0, flags, ret: 0 })];
  assert.equal(outlines({ chunks: [{ records: whole }] }), ["100#- mq_timedreceive complete 10..20 ret=0"]);
  const lossy = new Tape();
  const records = [lossy.entry({ at: 10, call: 0, flags })];
  lossy.lose(2);
  records.push(lossy.exit({ at: 20, call: 0, flags, ret: 0 }));
  assert.equal(outlines({ chunks: [{ records }] }), [
    "100#- mq_timedreceive uncertain 10..? ret=?",
    "100#- mq_timedreceive uncertain ?..20 ret=0",
  ]);
});

test("what the program says of the entry outweighs a number that fits, unless it knew of none", () => {
  const tape = new Tape();
  const numbered = [
    tape.entry({ at: 10, call: 4 }),
    tape.exit({ at: 20, call: 4, ret: 0, flags: LAST | NO_ENTRY }),
  ];
  assert.equal(outlines({ chunks: [{ records: numbered }] }), [
    "100#4 mq_timedreceive uncertain 10..? ret=?",
    "100#4 mq_timedreceive no_entry ?..20 ret=0",
  ]);
  const unnumbered = [
    tape.entry({ at: 10, call: 0, flags: LAST | NO_NUMBER }),
    tape.exit({ at: 20, call: 1, ret: 0, flags: LAST | NO_ENTRY }),
  ];
  assert.equal(outlines({ chunks: [{ records: unnumbered }] }), [
    "100#- mq_timedreceive uncertain 10..? ret=?",
    "100#1 mq_timedreceive uncertain ?..20 ret=0",
  ]);
});

test("an entry of which a part was lost still pairs", () => {
  const tape = new Tape();
  const records = [tape.entry({ at: 10, call: 4, flags: 0 })];
  tape.lose(1);
  records.push(tape.exit({ at: 20, call: 4, ret: 0, flags: LAST | ENTRY_LOST }));
  assert.equal(outlines({ chunks: [{ records }], lost: 1n }), [
    "100#4 mq_timedreceive complete 10..20 ret=0",
  ]);
});

test("arguments that could not be read are not known, and make no two calls alike", () => {
  const tape = new Tape();
  const records = [1, 2].flatMap((call) => [
    tape.entry({ at: 100 * call, call, args: [0n], flags: LAST | ARGS_UNKNOWN, abi: 2, mux: 2 }),
    tape.exit({ at: 100 * call + 50, call, ret: -512, abi: 2, mux: 2 }),
  ]);
  const lines = calls(makeCapture({ chunks: [{ records }] }), EVERYTHING, {
    decode: ({ args, via }) => ({ args: `${args}`, via }),
  });
  assert.equal(
    [...lines].map((line) => [line.args, line.via, line.restart_of]),
    [
      [{ args: "null", via: "socketcall" }, "socketcall", null],
      [{ args: "null", via: "socketcall" }, "socketcall", null],
    ],
  );
});

test("chunks left out are no loss", () => {
  const second = 10_000_000_000;
  const tape = new Tape();
  const records = [1, 2, 3].map((call) => [
    tape.entry({ at: call * second, call }),
    ...(call < 3 ? [tape.exit({ at: call * second + 1, call, ret: 0 })] : []),
  ]);
  const first = tape.entry({ at: 10, call: 1, tid: 5, seq: 0n });
  const early = { records: [first, ...(records[0] ?? [])], context: { oldestOpenNs: START + 10n } };
  const late = { records: records[2] ?? [], context: { oldestOpenNs: START + 10n } };
  const left = { records: records[1] ?? [], context: { counts: [{ event: 3, entries: 1, exits: 1 }] } };
  const capture = makeCapture({ chunks: [early, left, late] });
  const filter = { ...EVERYTHING, events: new Set([4]) };
  assert.equal([...calls(capture, filter, { decode: () => null })].map(outline), [
    "100#1 mq_timedreceive complete 10000000000..10000000001 ret=0",
    "5#1 mq_timedreceive in_flight 10..? ret=?",
    "100#3 mq_timedreceive in_flight 30000000000..? ret=?",
  ]);
});

test("a tid used again is another task", () => {
  const tape = new Tape();
  const records = [
    tape.entry({ at: 10, call: 1, start: 77n }),
    tape.exit({ at: 20, call: 1, start: 78n, ret: 0, flags: LAST | NO_ENTRY }),
  ];
  const tasks = [taskEntry(), taskEntry({ startNs: 78n, comm: new TextEncoder().encode("other") })];
  const lines = [...calls(makeCapture({ chunks: [{ records, tasks }] }), EVERYTHING, { decode: () => null })];
  assert.equal(
    lines.map((line) => [line.task, line.comm, line.state]),
    [
      ["100:77", "worker", "uncertain"],
      ["100:78", "other", "no_entry"],
    ],
  );
});

test("joins the parts of an entry and of an exit", () => {
  const tape = new Tape();
  const records = [
    tape.entry({ at: 10, call: 1, flags: 0, items: [queueItem(9, 1)] }),
    tape.entry({ at: 10, call: 1, part: 1, flags: LAST, items: [queueItem(9, 1)] }),
    tape.exit({ at: 20, call: 1, ret: 0, flags: 0 }),
    tape.entry({ at: 21, call: 1, tid: 5 }),
    tape.exit({ at: 20, call: 1, ret: 0, part: 1, flags: LAST, items: [queueItem(9, 0)] }),
    tape.exit({ at: 30, call: 1, tid: 5, ret: 0, flags: 0 }), // its last part never comes
  ];
  const lines = calls(makeCapture({ chunks: [{ records }] }), EVERYTHING, {
    decode: (one) => ({ items: `${one.entryItems?.length}/${one.exitItems?.length}` }),
  });
  assert.equal(
    [...lines].map((line) => [outline(line), line.args]),
    [
      ["100#1 mq_timedreceive complete 10..20 ret=0", { items: "2/1" }],
      ["5#1 mq_timedreceive complete 21..30 ret=0", { items: "0/0" }],
    ],
  );
});

test("calls and their names go across chunks", () => {
  const tape = new Tape();
  const first = [tape.entry({ at: 10, call: 1, items: [queueItem(9, 3)] })];
  const second = [tape.entry({ at: 20, call: 1, tid: 6 })];
  const third = [tape.exit({ at: 30, call: 1, tid: 6, ret: 0 })];
  const capture = makeCapture({
    chunks: [
      { records: first },
      { records: second, tasks: [taskEntry({ tid: 6 })], queues: [] },
      { records: third, tasks: [taskEntry({ tid: 6 })], queues: [] },
    ],
  });
  const lines = [...calls(capture, EVERYTHING, { decode: () => null })];
  assert.equal(
    lines.map((line) => [outline(line), line.comm, line.queue?.name ?? null]),
    [
      ["6#1 mq_timedreceive complete 20..30 ret=0", "worker", null],
      ["100#1 mq_timedreceive in_flight 10..? ret=?", "worker", "/q"],
    ],
  );
});

test("takes the name that a task had at the time", () => {
  const tape = new Tape();
  const records = [1, 2].flatMap((call) => [
    tape.entry({ at: 100 * call, call }),
    tape.exit({ at: 100 * call + 1, call, ret: 0 }),
  ]);
  const renamed = taskEntry({ sinceNs: START + 150n, comm: new TextEncoder().encode("renamed\0") });
  const capture = makeCapture({ chunks: [{ records, tasks: [renamed, taskEntry()] }] });
  const lines = [...calls(capture, EVERYTHING, { decode: () => null })];
  assert.equal(
    lines.map((line) => line.comm),
    ["worker", "renamed"],
  );
});

test.run();
