/**
 * What an inventory would have listed had it been there: only of that its absence says something. Recorders before format
 * 1.2 told in words alone what they could not look at.
 */
import type { Inventory } from "../format/types.js";

type Kind = "posix" | "sysv";

/** The ipc namespaces of which it lists every queue of a kind; POSIX: every one that has a name. */
export function coveredNamespaces(
  inventory: Inventory,
  kind: Kind,
  all: readonly Inventory[],
): ReadonlySet<number> {
  const { namespaces } = inventory;
  if (namespaces !== undefined) {
    const isWhole = (whole: readonly string[] | undefined) => whole?.includes(kind) === true;
    return new Set(namespaces.flatMap(({ namespaceInum, whole }) => (isWhole(whole) ? namespaceInum : [])));
  }
  const isMissing = inventory.missing.some(({ what }) =>
    kind === "sysv"
      ? /^(System V|the ipc namespace)/.test(what)
      : /^(POSIX|open descriptors|the ipc)/.test(what),
  );
  if (isMissing) return new Set();
  // A namespace that one inventory of a recording lists was looked at by all: where it has none, there were none.
  return new Set(all.flatMap(({ queues }) => queues.flatMap((queue) => queue.namespaceInum ?? [])));
}

/** A POSIX queue of this namespace that is not listed is not there, with a name or without. */
export function showsEveryQueueOf(inventory: Inventory, namespaceInum: number): boolean {
  if (!areDescriptorsCovered(inventory)) return false;
  if (inventory.namespaces === undefined) return inventory.missing.length === 0;
  return coveredNamespaces(inventory, "posix", []).has(namespaceInum);
}

/** Every open descriptor was looked at: a queue without a name that is not listed was not there. */
export function areDescriptorsCovered(inventory: Inventory): boolean {
  if (inventory.everyDescriptor !== undefined) return inventory.everyDescriptor;
  return !inventory.missing.some(({ what }) => what.startsWith("open descriptors"));
}
