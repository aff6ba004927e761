import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DEFAULT_EVENTS, EVENTS, eventsOfGroup } from "../../src/catalog/events.js";
import type { EventRow } from "../../src/catalog/types.js";
import { parseDuration } from "../../src/cli/units.js";
import { RecordError } from "../../src/record/errors.js";
import { parseTriggers, type Trigger } from "../../src/record/triggers.js";

const test = suite("record/triggers");

/** Events as their names, so that whole answers can be compared. */
function parsed(text: string, events: readonly EventRow[] = DEFAULT_EVENTS): unknown {
  const [trigger, ...others] = parseTriggers([text], { events, parseDuration });
  assert.equal([trigger?.text, others.length], [text, 0]);
  const { text: _, ...rest } = trigger as Trigger;
  return "events" in rest ? { ...rest, events: rest.events.map(({ name }) => name) } : rest;
}

function refused(text: string, events: readonly EventRow[] = DEFAULT_EVENTS): string {
  try {
    parseTriggers([text], { events, parseDuration });
  } catch (error) {
    assert.instance(error, RecordError);
    assert.is((error as RecordError).exitStatus, 2);
    const start = `--trigger ${JSON.stringify(text)}: at character `;
    const { message } = error as RecordError;
    assert.ok(message.startsWith(start), message);
    return message.slice(start.length);
  }
  throw new Error(`${text} was understood`);
}

const names = (events: readonly EventRow[]) => events.map(({ name }) => name);
const ALL_RECORDED = names(DEFAULT_EVENTS);

test("latency", () => {
  const latency = (events: readonly string[], overNs: number) => ({ kind: "latency", events, overNs });
  assert.equal(parsed("latency(mq_timedsend) > 50ms"), latency(["mq_timedsend"], 50e6));
  assert.equal(parsed("  latency ( mq_timedsend )>50 ms "), latency(["mq_timedsend"], 50e6));
  assert.equal(parsed("latency(mq_timedsend) >= 1.5us"), latency(["mq_timedsend"], 1499));
  assert.equal(parsed("latency(mq_timedsend) > 0ns"), latency(["mq_timedsend"], 0));
  assert.equal(parsed("latency(*) > 2min"), latency(ALL_RECORDED, 120e9));
  assert.equal(parsed("latency(sysv-msg) > 1s"), latency(names(eventsOfGroup("sysv-msg")), 1e9));
  assert.equal(parsed("latency(msgsnd, mq_timedsend) > 1s"), latency(["mq_timedsend", "msgsnd"], 1e9));
  assert.equal(
    parsed("latency(*) > 1s", EVENTS),
    latency(names(EVENTS), 1e9),
    "of what is recorded, and that is more here",
  );
});

test("depth", () => {
  const depth = (queue: unknown, over: number) => ({ kind: "depth", queue, over });
  const posix = (name: string) => ({ kind: "posix", name: new Uint8Array(Buffer.from(name)) });
  const sysv = (isKey: boolean, value: number) => ({ kind: "sysv", isKey, value });
  assert.equal(parsed("depth(/orders) > 100"), depth(posix("orders"), 100));
  assert.equal(parsed("depth( /orders )>=100"), depth(posix("orders"), 99));
  assert.equal(parsed("depth(/o(1) > 2) > 0"), depth(posix("o(1) > 2"), 0));
  assert.equal(parsed("depth(/größe) > 4294967295"), depth(posix("größe"), 4294967295));
  assert.equal(parsed("depth(0xffffffff) > 1"), depth(sysv(true, -1), 1));
  assert.equal(parsed("depth(key:12) > 1"), depth(sysv(true, 12), 1));
  assert.equal(parsed("depth(32769) > 1"), depth(sysv(false, 32769), 1));
  assert.equal(parsed("depth(*) > 1"), depth(null, 1));
});

test("errno", () => {
  const errno = (errno: number, events: readonly string[], over: number, windowNs: number) => ({
    kind: "errno",
    errno,
    events,
    over,
    windowNs,
  });
  assert.equal(parsed("EIDRM"), errno(43, ALL_RECORDED, 0, 1e9));
  assert.equal(parsed(" errno(EIDRM) "), errno(43, ALL_RECORDED, 0, 1e9));
  assert.equal(parsed("errno(EAGAIN, mq_timedreceive)"), errno(11, ["mq_timedreceive"], 0, 1e9));
  assert.equal(parsed("errno(EWOULDBLOCK) > 100"), errno(11, ALL_RECORDED, 100, 1e9));
  assert.equal(parsed("errno(EAGAIN)>=100 in 250ms"), errno(11, ALL_RECORDED, 99, 250e6));
  assert.equal(
    parsed("errno(EAGAIN,msgsnd,mq_timedsend) > 65536 in 2min"),
    errno(11, ["mq_timedsend", "msgsnd"], 65536, 120e9),
  );
  assert.equal(parsed("ERESTARTSYS"), errno(512, ALL_RECORDED, 0, 1e9));
});

test("errors name the place", () => {
  const forms =
    "expected latency(EVENTS) > TIME, depth(QUEUE) > N, errno(NAME) > N in TIME, or an error's name";
  const cases: readonly (readonly [string, string])[] = [
    ["", `1: ${forms}, found the end`],
    ["  > 5", `3: ${forms}, found "> 5"`],
    ["lost(x) > 5", `1: ${forms}, found "lost"`],
    ["latency", `1: ${forms}, found "latency"`],
    ["LATENCY(*) > 5ms", `1: ${forms}, found "LATENCY"`],
    ["EIDRMS", `1: there is no error "EIDRMS": expected a name such as EAGAIN`],
    ["EIDRM > 5", `7: expected the end, found "> 5"`],
    ["errno(43)", `7: there is no error "43": expected a name such as EAGAIN`],
    ["errno()", `7: expected an error's name, such as EAGAIN, found ")"`],
    ["errno(EAGAIN", "13: expected ) or a comma and events, found the end"],
    ["errno(EAGAIN,)", `14: expected an event, a group, or *, found ")"`],
    ["errno(EAGAIN) < 5", `15: expected > or >=, found "< 5"`],
    ["errno(EAGAIN) > 5s", `17: expected a number from 0 to 65536, found "5s"`],
    ["errno(EAGAIN) > 65537", "17: expected a number from 0 to 65536, found 65537"],
    ["errno(EAGAIN) >= 0", "18: expected a number from 1 to 65536, found 0"],
    ["errno(EAGAIN) > 5 within 1s", `19: expected in and a time, or nothing more, found "within 1s"`],
    ["errno(EAGAIN) > 5 in", "21: expected a time with its unit, such as 50ms, found the end"],
    ["errno(EAGAIN) > 5 in 0s", `22: expected a time above 0, found "0s"`],
    ["errno(EAGAIN) > 5 in 1s or", `25: expected the end, found "or"`],
    ["latency(mq_timedsend) > 50", `25: expected a time with its unit, such as 50ms, found "50"`],
    ["latency(mq_timedsend) > 5e3ms", `25: expected a time with its unit, such as 50ms, found "5e"`],
    [
      "latency(mq_timedsend) > 50 parsecs",
      `25: expected a time with its unit, such as 50ms, found "50 parsecs"`,
    ],
    ["latency(*) >= 0ms", `15: expected a time above 0, found "0ms"`],
    ["latency(mq_send) > 5ms", `9: there is no event "mq_send": did you mean mq_timedsend?`],
    ["latency(msgsnd, quux) > 5ms", `17: there is no event "quux"`],
    ["latency() > 5ms", `9: expected an event, a group, or *, found ") > 5ms"`],
    ["latency(msgsnd mq_open) > 5ms", `16: expected ) or a comma, found "mq_open) > 5ms"`],
    ["latency(sendmsg) > 5ms", "9: sendmsg is not recorded: add it to --events"],
    ["depth(orders) > 5", "7: expected /NAME (POSIX), 0xKEY, or an id as ipcs -q shows it (System V)"],
    ["depth(/a/b) > 5", "7: expected /NAME with 1 to 255 bytes and no further slash"],
    ["depth(/a > 5", `7: expected a queue: /NAME, 0xKEY, an id, or *, and then ), found "/a > 5"`],
    ["depth(/a) > 4294967296", "13: expected a number from 0 to 4294967295, found 4294967296"],
    ["depth(/a) > 1.5", `14: expected the end, found ".5"`],
    ["depth(/a) 5", `11: expected > or >=, found "5"`],
  ];
  for (const [text, message] of cases) assert.is(refused(text), message, text);
});

test("what is not recorded cannot trigger", () => {
  const [posix, sysv] = [eventsOfGroup("posix-mq"), eventsOfGroup("sysv-msg")];
  const nothing = "7: no event of such queues is recorded: add some to --events";
  assert.is(refused("depth(/a) > 5", sysv), nothing);
  assert.is(refused("depth(0x1) > 5", posix), nothing);
  assert.is(refused("depth(*) > 5", eventsOfGroup("socket-msg")), nothing);
  assert.equal(parsed("depth(*) > 5", sysv), { kind: "depth", queue: null, over: 5 });
  assert.is(
    refused("latency(msgsnd, posix-mq) > 5ms", sysv),
    "17: posix-mq is not recorded: add it to --events",
  );
  assert.is(refused("errno(EAGAIN, mq_open)", sysv), "15: mq_open is not recorded: add it to --events");
});

test("several, in their order", () => {
  const triggers = parseTriggers(["EIDRM", "depth(*) > 1"], { events: DEFAULT_EVENTS, parseDuration });
  assert.equal(
    triggers.map(({ kind, text }) => [kind, text]),
    [
      ["errno", "EIDRM"],
      ["depth", "depth(*) > 1"],
    ],
  );
});

test.run();
