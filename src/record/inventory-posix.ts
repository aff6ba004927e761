/**
 * The POSIX queues: those with a name in some namespace, and those that descriptors lead to. One that shows in both ways
 * is one queue; what its descriptor says of it counts, since that was read in one moment.
 */
import type { InventoryQueue } from "../format/types.js";
import type { FoundQueue } from "./inventory-found.js";
import type { Missing } from "./inventory-missing.js";
import { type HeldQueue, readScanned } from "./inventory-scan.js";
import type { NamespaceLook } from "./inventory-source.js";

/** Who holds queues: as the kernel lists it, or as /proc was scanned for it. */
export type Held = (
  | { readonly by: "kernel"; readonly queues: readonly FoundQueue[] }
  | { readonly by: "proc"; readonly queues: readonly HeldQueue[] }
) & {
  /** No descriptor was left out. */
  readonly isWhole: boolean;
};

type Building = Omit<InventoryQueue, "holders"> & { readonly holders: InventoryQueue["holders"][number][] };

/** All of them, those with a name first. */
export function posixQueues(
  looks: readonly NamespaceLook[],
  held: Held,
  missing: Missing[],
): readonly InventoryQueue[] {
  const table = new Map<string, Building>();
  for (const look of looks) for (const queue of look.queues) add(table, queue);
  if (held.by === "kernel") for (const queue of held.queues) add(table, queue);
  else for (const queue of held.queues) addScanned(table, queue, looks, missing);
  return [...table.values()];
}

function keyOf(namespaceInum: number | null, inode: bigint): string {
  return `${namespaceInum}:${inode}`;
}

function add(table: Map<string, Building>, found: FoundQueue): void {
  const { namespaceInum, inode, name, generation, atNs } = found;
  const key = keyOf(namespaceInum, inode);
  const before = table.get(key);
  const holders = before?.holders ?? [];
  if (found.holder !== null) holders.push(found.holder);
  table.set(key, {
    kind: "posix",
    namespaceInum,
    id: inode,
    name,
    fields: { ...before?.fields, ...found.fields },
    holders,
    ...(generation === null ? {} : { generation }),
    atNs,
  });
}

function addScanned(
  table: Map<string, Building>,
  held: HeldQueue,
  looks: readonly NamespaceLook[],
  missing: Missing[],
): void {
  const namespaceInum = looks.find(({ device }) => device === held.device)?.namespaceInum ?? null;
  const key = keyOf(namespaceInum, held.inode);
  const named = table.get(key);
  if (named !== undefined) {
    named.holders.push(...held.holders);
    return;
  }
  const queue = readScanned(held, namespaceInum, missing);
  if (queue !== null) table.set(key, { ...queue, holders: [...queue.holders] });
}
