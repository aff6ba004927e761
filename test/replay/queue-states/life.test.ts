/** Queues that come and go: creation, removal, ids that recur, namespaces; owners, times, notifications. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkModel } from "../../../src/replay/queue-states/model-check.js";
import { HOST } from "../../rewrite/support.js";
import { type Call, NAMESPACE, type Parts, queuesAt, stateCapture, sysvListed } from "../queue-tape.js";
import { START } from "../tape.js";

const test = suite("queue states: lives");

const empty = { depth: 0, max_bytes: 16384n };
const IPC_CREAT = 0o1000n;
const get = (at: number, more: Partial<Call> = {}): Call => ({
  tid: 1,
  span: [at, at + 10],
  event: "msgget",
  ret: 5,
  args: [1234n, IPC_CREAT | 0o640n],
  at: [null, empty],
  ...more,
});
const rmid = (at: number, depth = 0): Call => ({
  tid: 2,
  span: [at, at + 10],
  event: "msgctl",
  args: [5n, 0n, 0n],
  at: [{ ...empty, depth }, null],
});
/** Another queue makes the namespace known to the inventory. */
const elsewhere = { queues: [sysvListed({ msqid: "1" })] };

function lives(parts: Parts, at: number | "end"): readonly string[] {
  return queuesAt(parts, at)
    .filter(({ msqid }) => msqid === 5)
    .map(({ exists, dropped, perms }) => `${exists} ${perms} ${dropped ?? "-"}`);
}

test("made, used and removed: the messages in it are dropped", () => {
  const send: Call = {
    tid: 1,
    span: [200, 210],
    event: "msgsnd",
    at: [empty, { ...empty, depth: 1, bytes: 10n, last_send_pid: 1 }],
  };
  const parts = { start: elsewhere, calls: [get(100), send, rmid(300, 1)] };
  assert.equal(lives(parts, 50), []);
  assert.equal(lives(parts, 150), ["named 640 -"]);
  assert.equal(lives(parts, 305), ["unknown 640 -"]);
  assert.equal(lives(parts, "end"), ["removed 640 1"]);
});

test("an id that recurs with the same generation is another queue", () => {
  const parts = { start: elsewhere, calls: [get(100), rmid(200), get(300), rmid(400, 0)] };
  assert.equal(lives(parts, 350), ["removed 640 0", "named 640 -"]);
  const queues = queuesAt(parts, "end").filter(({ msqid }) => msqid === 5);
  assert.equal(
    queues.map(({ created_ns }) => created_ns),
    [110_000, 310_000],
  );
});

test("where no inventory tells, IPC_CREAT may have found the queue", () => {
  assert.equal(lives({ calls: [get(100)] }, 50), ["unknown null -"]);
  const exclusive = get(100, { args: [1234n, 0o3640n] });
  assert.equal(lives({ calls: [exclusive] }, 50), []);
});

test("the same id in two namespaces", () => {
  const parts = { start: elsewhere, calls: [get(100), get(200, { tid: 3, namespace: 7 })] };
  const found = queuesAt(parts, "end").filter(({ msqid }) => msqid === 5);
  assert.equal(
    found.map(({ namespace }) => namespace),
    [NAMESPACE, 7],
  );
  assert.is(new Set(found.map(({ key }) => key)).size, 2);
});

test("gone without a call: its namespace was, or the call is not in the capture", () => {
  const parts = { start: { queues: [sysvListed({})] }, end: elsewhere, calls: [] };
  assert.equal(lives(parts, 50), ["unknown 600 -"]);
  assert.equal(lives(parts, "end"), ["removed 600 -"]);
});

test("the end is the last reading of the inventory there: what it lacks is gone by then", () => {
  const late = { ...sysvListed({ msqid: "1" }), atNs: START + 1_005_000_000n };
  const parts = { start: { queues: [sysvListed({})] }, end: { queues: [late] }, calls: [] };
  assert.equal(lives(parts, "end"), ["removed 600 -"]);
});

test("an mq_unlink shows that the queue was there until then", () => {
  const parts: Parts = {
    calls: [
      { tid: 1, span: [10, 20], event: "send", id: 9, at: [{ depth: 0 }, { depth: 1 }] },
      { tid: 2, span: [100, 110], event: "unlink", name: "q" },
    ],
    start: { queues: [], namespaces: [{ namespaceInum: NAMESPACE, limits: {}, whole: ["posix"] }] },
    end: {
      queues: [],
      namespaces: [{ namespaceInum: NAMESPACE, limits: {}, whole: ["posix"] }],
      everyDescriptor: true,
    },
  };
  const exists = (at: number) => queuesAt(parts, at).map((queue) => queue.exists);
  assert.equal([exists(50), exists(99), exists(200)], [["named"], ["named"], ["unknown"]]);
});

test("a notification: there while readings agree, unsure between those that do not", () => {
  const look = (at: number, pid: number): Call => {
    const seen = { depth: 0, max_messages: 4, max_bytes: 64n, notify_pid: pid };
    return { tid: 1, span: [at, at + 10], event: "look", args: [3n, 0n, 0n], at: [seen, seen] };
  };
  const parts = { calls: [look(100, 0), look(2000, 42), look(4000, 42), look(6000, 0)] };
  const told = (at: number) =>
    queuesAt(parts, at).map((one) => [one.notify?.pid ?? null, one.unsure.includes("notify")]);
  assert.equal(told(1000), [[null, true]]);
  assert.equal(told(3000), [[42, false]]);
  assert.equal(told(5000), [[42, true]]);
  assert.equal(told(7000), [[null, false]]);
});

test("verify: what the calls come to against the inventory at the end", () => {
  const calls: Call[] = [
    {
      tid: 9,
      span: [100, 110],
      event: "msgsnd",
      at: [empty, { ...empty, depth: 1, bytes: 10n, last_send_pid: 9 }],
    },
  ];
  const check = (fields: Record<string, string>) => {
    const capture = stateCapture({
      start: { queues: [sysvListed({})] },
      end: { queues: [sysvListed(fields)] },
      calls,
    });
    return checkModel(capture);
  };
  const right = { qnum: "1", cbytes: "10", lspid: "9", stime: "1795255200" };
  assert.equal(check(right), { problems: [], queues: 1, unsure: 0 });
  const messages = check({ ...right, qnum: "2", lspid: "8" }).problems.map(
    ({ code, message }) => `${code}: ${message}`,
  );
  assert.equal(messages, [
    "model: 0x000004d2 (5): its depth is 1 by its calls and 2 in the inventory at the end",
    "model: 0x000004d2 (5): its last sender is 9 by its calls and 8 in the inventory at the end",
  ]);
});

test("verify: a queue that no call made, and one that no call removed", () => {
  const capture = stateCapture({ start: { queues: [sysvListed({})] }, end: elsewhere, calls: [] });
  const host = { ...HOST, sliced: { event: ["msgsnd"] } };
  assert.equal(checkModel({ ...capture, host }), { problems: [], queues: null, unsure: 0 }, "of a slice");
  const messages = checkModel(capture).problems.map(({ message }) => message);
  assert.equal(messages, [
    "0x000004d2 (5): by its calls it is there, in the inventory at the end it is not",
    "System V queue 0x000004d2 (1) is in the inventory at the end, and no call and no inventory before tells of it",
  ]);
});

test.run();
