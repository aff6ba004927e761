/** How many messages are in a queue at a moment, and when that is sure. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Call, depthWords, type Parts, queuesAt, sysvListed } from "../queue-tape.js";
import { START } from "../tape.js";

const test = suite("queue states: depth");

/** System V state: so many messages of ten bytes. */
const deep = (depth: number, more: object = {}) => ({
  depth,
  bytes: BigInt(10 * depth),
  max_bytes: 16384n,
  ...more,
});
const send = (tid: number, from: number, to: number | null, depths: readonly [number, number]): Call => ({
  tid,
  span: [from, to],
  event: "msgsnd",
  at: [deep(depths[0]), deep(depths[1])],
});
const receive = (tid: number, from: number, to: number | null, depths: readonly [number, number]): Call => ({
  tid,
  span: [from, to],
  event: "msgrcv",
  ret: 10,
  args: [5n, 0x1000n, 99n, 0n, 0n],
  at: [deep(depths[0]), deep(depths[1])],
});
const listed = (depth: number, more: Record<string, string> = {}) => ({
  queues: [sysvListed({ qnum: `${depth}`, cbytes: `${10 * depth}`, ...more })],
});

function at(parts: Parts, moment: number | "end"): string {
  return depthWords(queuesAt(parts, moment)[0]);
}

test("counted from the inventory at the start", () => {
  const parts = { start: listed(2), calls: [send(1, 100, 110, [2, 3]), receive(2, 200, 210, [3, 2])] };
  assert.is(at(parts, 50), "2 of 20 bytes, 0+0 waiting");
  assert.is(at(parts, 150), "3 of 30 bytes, 0+0 waiting");
  assert.is(at(parts, 250), "2 of 20 bytes, 0+0 waiting");
  assert.is(at(parts, "end"), "2 of 20 bytes, 0+0 waiting");
});

test("without an inventory: by what the first call saw, before it too", () => {
  const parts = { calls: [send(1, 100, 110, [4, 5])] };
  assert.is(at(parts, 50), "4 of 40 bytes, 0+0 waiting");
  assert.is(at(parts, 150), "5 of 50 bytes, 0+0 waiting");
});

test("a queue that no call touches, whose depth no inventory tells: not known, and nobody waits", () => {
  const { qnum: _, cbytes: __, ...fields } = sysvListed({}).fields;
  const parts = { start: { queues: [{ ...sysvListed({}), fields }] }, calls: [] };
  assert.is(at(parts, 50), "~? of ~? bytes, 0+0 waiting");
});

test("a call under way makes it unsure by so much, unless it is impossible", () => {
  const parts = { start: listed(1), calls: [send(1, 100, 200, [1, 2]), send(2, 300, 310, [2, 3])] };
  assert.is(at(parts, 120), "~1 of ~10 bytes, ~0+0 waiting");
  const empty = { start: listed(0), calls: [receive(1, 100, 500, [0, 0]), send(2, 400, 410, [0, 0])] };
  assert.is(at(empty, 300), "0 of 0 bytes, 0+1 waiting");
  const alone = { start: listed(0), calls: [receive(1, 100, null, [0, 0])] };
  assert.is(at(alone, 300), "0 of 0 bytes, 0+1 waiting", "no reading comes after it");
});

test("a receiver that was handed its message has it, though its call goes on", () => {
  const calls = [receive(1, 100, 5000, [0, 1]), send(2, 400, 410, [0, 0]), send(2, 500, 510, [0, 1])];
  const parts = { start: listed(0), calls };
  assert.is(
    at(parts, 450),
    "~0 of ~0 bytes, 0+~0 waiting",
    "the depth after the send may have been read later",
  );
  assert.is(at(parts, 505), "~1 of ~10 bytes, ~0+0 waiting");
  assert.is(at(parts, 600), "1 of 10 bytes, 0+0 waiting");
});

test("a receiver that waits for another type has nothing, by the depths that others see", () => {
  const calls = [receive(1, 100, 9000, [3, 2]), send(2, 5000, 5010, [3, 3])];
  const parts = { start: listed(3), calls };
  assert.is(at(parts, 3000), "3 of 30 bytes, 0+1 waiting");
});

test("a sender that finds no room has sent nothing", () => {
  const full = { ...deep(2), max_bytes: 25n };
  const calls: Call[] = [{ tid: 1, span: [100, null], event: "msgsnd", at: [full, null] }];
  assert.is(at({ start: listed(2), calls }, 300), "2 of 20 bytes, 1+0 waiting");
});

test("a depth that no call explains: not sure from the last that was explained", () => {
  const parts = { start: listed(0), calls: [send(1, 100, 110, [0, 1]), send(1, 9000, 9010, [4, 5])] };
  assert.is(at(parts, 90), "0 of 0 bytes, 0+0 waiting");
  assert.is(at(parts, 5000), "~1 of ~10 bytes, 0+0 waiting");
  assert.is(at(parts, 9500), "5 of 50 bytes, 0+0 waiting");
});

test("another's pid as the last sender gives him away, though the depth is as it was", () => {
  const seen = deep(1, { last_send_pid: 1 });
  const other = deep(1, { last_send_pid: 77, last_receive_pid: 78 });
  const calls: Call[] = [
    { tid: 1, span: [100, 110], event: "msgsnd", at: [deep(0), seen] },
    { tid: 2, span: [9000, 9010], event: "msgctl", args: [5n, 2n, 0n], at: [other, other] },
  ];
  const parts = { start: listed(0), calls };
  assert.is(at(parts, 5000), "~1 of ~10 bytes, 0+0 waiting");
  assert.is(queuesAt(parts, "end")[0]?.last_send_pid, 77);
});

test("a gap: not sure until a depth was seen behind it", () => {
  const gap = {
    cpu: 0,
    fromNs: START + 400_000n,
    toNs: START + 500_000n,
    lost: 3n,
    cause: "ring_full",
  } as const;
  const calls = [send(1, 100, 110, [0, 1]), send(1, 9000, 9010, [1, 2]), send(1, 20_000, 20_010, [2, 3])];
  const parts = { start: listed(0), calls, gaps: [gap] };
  assert.is(at(parts, 50), "0 of 0 bytes, 0+0 waiting");
  assert.is(at(parts, 1000), "~1 of ~10 bytes, ~0+~0 waiting");
  assert.is(at(parts, 15_000), "2 of 20 bytes, 0+0 waiting");
});

test("with a filter, only between readings that agree", () => {
  const parts = { start: listed(0), calls: [send(1, 100, 110, [0, 1])], isFiltered: true };
  assert.is(at(parts, 5000), "~1 of ~10 bytes, 0+0 waiting");
  assert.is(at({ ...parts, end: listed(1) }, 5000), "1 of 10 bytes, 0+0 waiting");
  assert.is(at({ ...parts, end: listed(2) }, 5000), "~1 of ~10 bytes, 0+0 waiting");
});

test("the moment just after a call, by its thread and number", () => {
  const parts = { start: listed(0), calls: [send(1, 100, 110, [0, 1]), send(1, 200, 210, [1, 2])] };
  const after = (task: string, call: number) => queuesAt(parts, { kind: "call", task, call }).map(depthWords);
  assert.equal(after("1", 1), ["1 of 10 bytes, 0+0 waiting"]);
  assert.equal(after("1:77", 2), ["2 of 20 bytes, 0+0 waiting"]);
  assert.equal(after("1", 3), []);
});

test.run();
