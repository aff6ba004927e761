/** A queue that nobody receives from: what is kept of it does not grow with the capture. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { queueTable } from "../../../src/replay/flows/queue-table.js";
import type { Flow, Party, Sent } from "../../../src/replay/flows/types.js";

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

test.run();
