import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DEFAULT_EVENTS, eventByName } from "../../src/catalog/events.js";
import { parseDuration } from "../../src/cli/units.js";
import type { FiredTrigger, OpenCall } from "../../src/record/tape.js";
import { watchTriggers } from "../../src/record/trigger-watch.js";
import { parseTriggers } from "../../src/record/triggers.js";

const test = suite("record/trigger-watch");

function firing(index: number, timeNs: bigint): FiredTrigger {
  const call = { tid: 1, tgid: 1, startNs: 0n, call: 1n, event: 4 };
  return { ...call, index, timeNs, phase: "exit", value: 0n, met: 1n };
}

/** A tape that says what it is told to say at the next look. */
class Told {
  fired: FiredTrigger[] = [];
  open: OpenCall[] = [];
  rearmed: number[] = [];

  firedTriggers(): FiredTrigger[] {
    return this.fired.splice(0);
  }
  openCalls(): OpenCall[] {
    return this.open;
  }
  rearmTrigger(index: number): void {
    this.rearmed.push(index);
  }
}

test("each trigger is made ready again when it was held off long enough, and once", () => {
  const tape = new Told();
  const watch = watchTriggers(tape, [], 100n);
  const look = (nowNs: bigint, ...fired: FiredTrigger[]) => {
    tape.fired = fired;
    return [watch.look(nowNs), tape.rearmed.splice(0)];
  };
  const [zero, two, again] = [firing(0, 1000n), firing(2, 1050n), firing(0, 1101n)];
  assert.equal(look(990n), [[], []]);
  assert.equal(look(1010n, zero), [[zero], []]);
  assert.equal(look(1060n, two), [[two], []]);
  assert.equal(look(1099n), [[], []]);
  assert.equal(look(1100n), [[], [0]]);
  assert.equal(look(1149n, again), [[again], []]);
  assert.equal(look(1500n), [[], [2, 0]]);
  assert.equal(look(1600n), [[], []]);
});

const S = 1_000_000_000n;
const RECEIVE = eventByName("mq_timedreceive")?.id ?? 0;
const SEND = eventByName("mq_timedsend")?.id ?? 0;
const parse = (...texts: readonly string[]) =>
  parseTriggers(texts, { events: DEFAULT_EVENTS, parseDuration });

test("a call that has not ended fires a latency trigger when its time is over, once", () => {
  const tape = new Told();
  const triggers = parse("EIDRM", "latency(mq_timedreceive) > 5s", "latency(*) > 999ms", "latency(*) > 7s");
  const watch = watchTriggers(tape, triggers, 3n * S);
  const call = (tid: number, enterNs: bigint, event = RECEIVE) => ({ tid, startNs: 7n, event, enterNs });
  tape.open = [call(4, 89n * S), call(2, 100n * S + 1n), call(1, 100n * S), call(3, 100n * S, SEND)];
  const open = (index: number, tid: number, event: number, timeNs: bigint, value: bigint) => ({
    ...{ index, timeNs, tid, tgid: null, startNs: 7n, call: null, event },
    ...{ phase: "open", value, met: null },
  });
  assert.equal(watch.look(100n * S), []); // the fourth was over before anybody looked
  assert.equal(watch.look(105n * S), []); // not more than five seconds
  assert.equal(watch.look(105n * S + S / 4n), []); // too early for another look
  assert.equal(watch.look(106n * S), [open(1, 1, RECEIVE, 106n * S, 6n * S)]); // the oldest one
  tape.fired = [firing(1, 107n * S)]; // its end, while it is held off
  assert.equal(watch.look(107n * S), []);
  assert.equal(watch.look(108n * S), [open(3, 1, RECEIVE, 108n * S, 8n * S)]);
  assert.equal(tape.rearmed, []);
  assert.equal(watch.look(120n * S), []);
  assert.equal(tape.rearmed, [1, 3]);
});

test("one that the kernel tells of at the same time comes first", () => {
  const tape = new Told();
  const watch = watchTriggers(tape, parse("latency(*) > 1s"), S);
  watch.look(10n * S);
  tape.open = [{ tid: 1, startNs: 7n, event: RECEIVE, enterNs: 10n * S }];
  const fired = firing(0, 12n * S);
  tape.fired = [fired];
  assert.equal(watch.look(12n * S), [fired]);
});

test.run();
