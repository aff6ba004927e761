import { suite } from "uvu";
import * as assert from "uvu/assert";
import { calls } from "../../src/replay/calls.js";
import { EVERYTHING } from "../../src/replay/filter.js";
import { decode } from "../support/evidence.js";
import { outline } from "./outline.js";
import { LAST, makeCapture, queueItem, Tape } from "./tape.js";

const test = suite("parts of entries and exits");

/** Outlines with the numbers of items at entry and exit, and whether both records were whole. */
function parts(chunks: Parameters<typeof makeCapture>[0]["chunks"], filter = EVERYTHING): string[] {
  const lines = calls(makeCapture({ chunks }), filter, {
    decode: (one) => ({
      items: `${one.entryItems?.length}/${one.exitItems?.length} ${one.isEntryWhole}/${one.isExitWhole}`,
    }),
  });
  return [...lines].map((line) => `${outline(line)} ${line.args?.items}`);
}

const items = [queueItem(9, 1)];

test("an exit may span any number of chunks", () => {
  const tape = new Tape();
  const chunks = [
    { records: [tape.entry({ at: 10, call: 1 }), tape.exit({ at: 20, call: 1, ret: 0, flags: 0, items })] },
    { records: [tape.exit({ at: 20, call: 1, ret: 0, flags: 0, part: 1, items })] },
    { records: [tape.exit({ at: 20, call: 1, ret: 0, flags: 0, part: 2, items })] },
    { records: [tape.exit({ at: 20, call: 1, ret: 0, flags: LAST, part: 3, items })] },
  ];
  assert.equal(parts(chunks), ["100#1 mq_timedreceive complete 10..20 ret=0 0/4 true/true"]);
});

test("a chunk with later parts of a wanted call is read, whatever else begins in it", () => {
  const tape = new Tape();
  const counts = (event: number, entries: number, exits: number) => ({ counts: [{ event, entries, exits }] });
  const chunks = [
    { records: [tape.entry({ at: 10, call: 1, flags: 0, items })], context: counts(4, 1, 0) },
    {
      records: [
        tape.entry({ at: 10, call: 1, flags: LAST, part: 1, items }),
        tape.entry({ at: 11, call: 1, tid: 7, event: 3 }),
      ],
      context: counts(3, 1, 0),
    },
    { records: [tape.exit({ at: 20, call: 1, ret: 0 })], context: counts(4, 0, 1) },
  ];
  assert.equal(parts(chunks, { ...EVERYTHING, events: new Set([4]) }), [
    "100#1 mq_timedreceive complete 10..20 ret=0 2/0 true/true",
  ]);
});

test("a part that is missing, at any place, makes its record less than whole", () => {
  const wholes = (entry: [number, number][], exit: [number, number][]) => {
    const tape = new Tape();
    const records = [
      ...entry.map(([part, flags]) => tape.entry({ at: 10, call: 1, part, flags })),
      ...exit.map(([part, flags]) => tape.exit({ at: 20, call: 1, ret: 0, part, flags })),
    ];
    return parts([{ records }]).map((line) => line.split(" ").slice(-1)[0]);
  };
  const whole: [number, number][] = [
    [0, 0],
    [1, LAST],
  ];
  assert.equal(wholes(whole, whole), ["true/true"]);
  assert.equal(wholes([[0, 0]], whole), ["false/true"], "the entry's last");
  assert.equal(wholes([[1, LAST]], whole), ["false/true"], "the entry's first");
  assert.equal(wholes(whole, [[0, 0]]), ["true/false"], "the exit's last");
  assert.equal(wholes(whole, [[1, LAST]]), ["true/false"], "the exit's first");
  const middle: [number, number][] = [
    [0, 0],
    [2, LAST],
  ];
  assert.equal(wholes(middle, middle), ["false/false"], "one between");
});

test("what a lost part may have held is unknown, not `not_kept`", () => {
  const addr = "0x1000";
  const bytes = { len: 5, captured: 0, bytes: null };
  const send = (isWhole: boolean) => decode("mq_timedsend", [3, 0x1000, 5, 0, 0], { isWhole })?.msg_ptr;
  assert.equal(send(true), { addr, ...bytes, status: "not_kept" });
  assert.equal(send(false), { addr, ...bytes, status: "unknown" });
  const receive = (isWhole: boolean) =>
    decode("mq_timedreceive", [3, 0x1000, 9, 0, 0], { isWhole, ret: 5 })?.msg_ptr;
  assert.equal(receive(true), { addr, ...bytes, status: "not_kept" });
  assert.equal(receive(false), { addr, ...bytes, status: "unknown" });
  const vector = (isWhole: boolean) => decode("sendmmsg", [3, 0x1000, 9, 0], { isWhole })?.msgvec;
  assert.equal(vector(true), { addr, status: "not_kept" });
  assert.equal(vector(false), { addr, status: "unknown" });
});

test.run();
