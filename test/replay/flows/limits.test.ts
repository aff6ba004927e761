/** What is kept of messages does not grow with the capture, whether they are received or not. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseBtf } from "../../../src/btf/index.js";
import { structsOf } from "../../../src/replay/arguments/structs.js";
import { lineMaker, namedCalls, requireRecorderBtf } from "../../../src/replay/calls.js";
import { EVERYTHING } from "../../../src/replay/filter.js";
import { alikeMessages } from "../../../src/replay/flows/alike.js";
import { queueDeed } from "../../../src/replay/flows/deeds.js";
import { heldReceives } from "../../../src/replay/flows/held.js";
import { openCalls } from "../../../src/replay/flows/open-calls.js";
import { queueTable } from "../../../src/replay/flows/queue-table.js";
import type { Flow, Party, Received, Sent } from "../../../src/replay/flows/types.js";
import { FlowTape } from "../flow-tape.js";

const test = suite("flows: limits");

const MOST_WAITING = 262_144;
/** All queues are looked through only so often. */
const SLACK = 4096;

function sentAt(ns: number, key: string): Sent {
  const party: Party = {
    task: "1:77",
    tid: 1,
    tgid: 1,
    comm: null,
    event: "mq_timedsend",
    call: ns,
    message: null,
    enterNs: ns,
    exitNs: ns + 1,
  };
  return {
    party,
    queue: { kind: "posix", key: "posix:1:2:3", name: "/q" },
    fromNs: ns,
    toNs: ns + 1,
    rank: { value: 1, text: "1" },
    identity: null,
    key,
    isWanted: true,
    sizeBytes: 4,
    prints: [],
    isSure: true,
    wasFull: false,
  };
}

for (const [what, keyOf] of [
  ["alike", () => "same"],
  ["that differ", (i: number) => `number ${i}`],
] as const) {
  test(`messages ${what}: the oldest are given up, as pending and unsure, and no more are kept`, () => {
    const given: Flow[] = [];
    let most = 0;
    const table = queueTable({
      losses: { between: () => false, after: () => false },
      sink: { flow: (flow) => given.push(flow), orphan: () => assert.unreachable() },
      excludes: () => false,
      isSurelyThere: () => false,
    });
    const model = table.make("posix:1:2:3");
    const count = MOST_WAITING + 5 * SLACK;
    for (let i = 0; i < count; i++) {
      const ns = 10 * i;
      const attempt = () => ({ does: "send", sent: null }) as const;
      model.enter({ fromNs: ns, tid: 1, does: "send", attempt }, { atNs: ns, readByNs: ns + 1 }, i);
      model.sent(sentAt(ns, keyOf(i)));
      const reading = { atNs: ns + 1, readByNs: ns + 10 };
      model.leave({ reading, tid: 1, depth: i + 1, isCounted: true, does: "send", change: 1 });
      table.tidy(model);
      most = Math.max(most, model.waiting);
    }
    assert.ok(most <= MOST_WAITING + SLACK, `${most} were kept`);
    assert.is(given.length + model.waiting, count);
    assert.ok(given.length >= 4 * SLACK);
    assert.ok(given.every((flow, i) => flow.sent.fromNs === 10 * i && flow.outcome === "pending"));
    assert.ok(given.every(({ match, candidates }) => match === "ambiguous" && candidates === null));
    table.finish();
    assert.is(given.length, count);
  });
}

test("messages that all differ, each received beside other calls, are forgotten when those have ended", () => {
  const open = openCalls();
  const held = heldReceives();
  const alike = alikeMessages({ open, held, isGoneBefore: () => false, contest: () => {} });
  const attempt = () => ({ does: "send", sent: null }) as const;
  let concluded = 0;
  let most = 0;
  const { party, queue, rank, identity, isWanted } = sentAt(0, "");
  for (let i = 0; i < 1000; i++) {
    const [ns, key] = [10 * i, `number ${i}`];
    // Its send ends when the receive is over and the next call has begun. One call at least is always under way.
    const sent = { ...sentAt(ns, key), toNs: ns + 15 };
    open.enter({ fromNs: ns, tid: i, does: "send", attempt });
    alike.add(sent);
    const end = { party, queue, rank, identity, isWanted, key, fromNs: ns + 1, toNs: ns + 2, sizeBytes: 4 };
    const received: Received = {
      ...end,
      isCut: false,
      print: null,
      selector: { kind: "priority" },
      result: "taken",
    };
    alike.pair(key, { sent, received, isContested: false, conclude: () => concluded++ });
    if (i > 0) open.leave(i - 1);
    alike.conclude(false);
    most = Math.max(most, alike.kinds);
  }
  assert.ok(concluded >= 998, `${concluded} were concluded`);
  assert.ok(most <= 3, `${most} kinds were kept`);
});

test("of a call no more is kept than what is said of its message: its evidence would keep a chunk", () => {
  const capture = new FlowTape()
    .send("hello", 7, { tid: 1, span: [10, 12] })
    .receive("hello", 7, { tid: 2, span: [50, 53] })
    .capture();
  const lines = lineMaker(capture, {});
  const btf = requireRecorderBtf(capture);
  const structs = structsOf(capture.hostBtf === null ? null : parseBtf(capture.hostBtf), btf);
  const { party, queue } = sentAt(0, "");
  const kept = [...namedCalls(capture, EVERYTHING, lines)].map(({ call }) => {
    const deed = queueDeed({ call, party, queue, isWanted: true }, { ...lines, structs });
    return Object.keys((deed?.did === "send" ? deed.sent : deed?.did === "receive" && deed.received) || {});
  });
  const both = ["party", "queue", "isWanted", "fromNs", "toNs", "rank", "identity", "key", "sizeBytes"];
  assert.equal(kept, [
    [...both, "prints", "isSure", "wasFull"],
    [...both, "isCut", "print", "selector", "result"],
  ]);
});

test.run();
