/** Names that no chunk tells: out of the inventories, where they are sure. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Inventory, InventoryQueue, QueueEntry } from "../../src/format/types.js";
import { calls } from "../../src/replay/calls.js";
import { EVERYTHING } from "../../src/replay/filter.js";
import { flows } from "../../src/replay/flows/flows.js";
import { latency } from "../../src/replay/latency.js";
import { item, makeCapture, queueEntry, queueItem, START, Tape } from "./tape.js";

const test = suite("replay: names of the inventories");

const NAMESPACE = 4026531839;
const SYSV = { kind: 2 };

function posix(id: number, name: string | null, more: Partial<InventoryQueue> = {}): InventoryQueue {
  return { kind: "posix", namespaceInum: NAMESPACE, id: BigInt(id), name, fields: {}, holders: [], ...more };
}

function sysv(id: number, key: number): InventoryQueue {
  const name = `0x${(key >>> 0).toString(16).padStart(8, "0")}`;
  return { ...posix(id, name), kind: "sysv", fields: { key: String(key) } };
}

function inventory(...queues: readonly InventoryQueue[]): Inventory {
  return { atNs: START, reason: "start", queues, limits: {}, missing: [], inFlight: [] };
}

/** One call of a queue, of which the chunk knows these names. */
function captureOf(
  inventories: readonly Inventory[],
  queue: Parameters<typeof queueItem>[2] & { id?: bigint },
  queues: readonly QueueEntry[] = [],
) {
  const tape = new Tape();
  const records = [
    tape.entry({
      at: 1,
      call: 1,
      event: 3,
      args: [3n, 0x1000n, 1n, 0n, 0n],
      items: [queueItem(9, 0, queue), item({ kind: 1, arg: 1, wanted: 1, addr: 0x1000n }, Uint8Array.of(1))],
    }),
    tape.exit({ at: 2, call: 1, event: 3, ret: 0, items: [queueItem(9, 1, queue)] }),
  ];
  return makeCapture({ chunks: [{ records, queues }], inventories });
}

function nameOf(...parts: Parameters<typeof captureOf>): string | null | undefined {
  const [call] = calls(captureOf(...parts), EVERYTHING, { decode: () => null });
  return call?.queue?.name;
}

test("of a held queue, by its generation", () => {
  const one = inventory(
    posix(9, "/held", { generation: 0xabcn }),
    posix(9, "/before", { generation: 0xabdn }),
  );
  assert.is(nameOf([one], {}), "/held");
  assert.is(nameOf([one], { generation: 0xabdn }), "/before");
  assert.is(nameOf([one], { generation: 0xaben }), null);
  assert.is(nameOf([one], { namespace_inum: 5 }), null, "another namespace's");
  const gone = inventory(posix(9, "/gone", { generation: 0xabcn, namespaceInum: null }));
  assert.is(nameOf([gone], { namespace_inum: 0 }), "/gone");
});

test("of a queue that nobody held, by its id, unless the id is known twice", () => {
  const one = inventory(posix(9, "/q"));
  assert.is(nameOf([one], {}), "/q");
  assert.is(nameOf([one, one], {}), "/q");
  assert.is(nameOf([one], { namespace_inum: 5 }), null);
  assert.is(nameOf([one, inventory(posix(9, "/other"))], {}), null);
  assert.is(nameOf([one, inventory(posix(9, "/q", { generation: 1n }))], {}), null);
  assert.is(nameOf([inventory(posix(9, "/q", { namespaceInum: null }))], {}), null);
  assert.is(nameOf([inventory(posix(9, null))], {}), null);
  assert.is(nameOf([one], {}, [queueEntry({ generation: 77n })]), null, "the chunk knows another one");
});

test("of a System V queue its key", () => {
  const one = inventory(sysv(9, -2), posix(9, "/q"));
  assert.is(nameOf([one], SYSV), "0xfffffffe");
  assert.is(nameOf([one, inventory(sysv(9, 5))], SYSV), null);
  assert.is(nameOf([one], { kind: 3 }), null, "no socket");
});

test("what the kernel programs said counts first", () => {
  const one = inventory(posix(9, "/inventory", { generation: 0xabcn }));
  assert.is(nameOf([one], {}, [queueEntry()]), "/q");
});

test("latency and flows have it too", () => {
  const capture = captureOf([inventory(posix(9, "/held", { generation: 0xabcn }))], {});
  assert.equal(
    latency([capture], EVERYTHING, ["queue"]).groups.map(({ key }) => key),
    [{ queue: "/held" }],
  );
  assert.equal(
    [...flows(capture, EVERYTHING)].map(({ queue }) => queue.name),
    ["/held"],
  );
});

test("inventories are read only when a name is not there", () => {
  const capture = captureOf([], {}, [queueEntry()]);
  const unread = {
    ...capture,
    inventories: () => {
      throw new Error("read");
    },
  };
  assert.is([...calls(unread, EVERYTHING, { decode: () => null })].length, 1);
});

test.run();
