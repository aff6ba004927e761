/** Of which queues the absence from an inventory says something. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Inventory } from "../../src/format/types.js";
import {
  areDescriptorsCovered,
  coveredNamespaces,
  showsEveryQueueOf,
} from "../../src/replay/inventory-coverage.js";

const test = suite("replay: what inventories cover");

const BARE: Inventory = { atNs: 1n, reason: "end", queues: [], limits: {}, missing: [], inFlight: [] };

test("since 1.2 a namespace is covered where it is said to be whole, whatever else is missing", () => {
  const one: Inventory = {
    ...BARE,
    missing: [{ what: "the ipc namespaces of 1 process", why: "permission denied" }],
    namespaces: [
      { namespaceInum: 1, limits: {}, whole: ["posix", "sysv"] },
      { namespaceInum: 2, limits: {}, whole: ["sysv"] },
      { namespaceInum: 3, limits: {} },
    ],
    everyDescriptor: true,
  };
  assert.equal([...coveredNamespaces(one, "posix", [])], [1]);
  assert.equal([...coveredNamespaces(one, "sysv", [])], [1, 2]);
  assert.equal(
    [1, 2, 3, 4].map((inum) => showsEveryQueueOf(one, inum)),
    [true, false, false, false],
  );
  assert.is(showsEveryQueueOf({ ...one, everyDescriptor: false }, 1), false);
});

test("before, words alone tell what was not looked at", () => {
  const queue = { kind: "sysv", namespaceInum: 7, id: 0n, name: null, fields: {}, holders: [] } as const;
  const all = [{ ...BARE, queues: [queue] }];
  const lacking = (what: string): Inventory => ({ ...BARE, missing: [{ what, why: "x" }] });
  assert.equal([...coveredNamespaces(BARE, "sysv", all)], [7]);
  assert.equal([...coveredNamespaces(lacking("System V queues"), "sysv", all)], []);
  assert.equal([...coveredNamespaces(lacking("System V queues"), "posix", all)], [7]);
  assert.equal([...coveredNamespaces(lacking("open descriptors of 2 processes"), "posix", all)], []);
  assert.is(areDescriptorsCovered(lacking("open descriptors of 2 processes")), false);
  assert.is(showsEveryQueueOf(BARE, 7), true);
});

test.run();
