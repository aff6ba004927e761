/**
 * Names of queues out of the inventories: for calls whose QUEUE record was lost, or came later than they. An inventory
 * tells an id, and of what was held also the generation; it never outweighs what the kernel programs said.
 *
 * Refuses to guess: where two queues might be meant, there is no name.
 */
import { HELD_LIMITS } from "../format/limits.js";
import type { Inventory, InventoryQueue, QueueEntry } from "../format/types.js";
import type { QueueKey } from "./names.js";

export interface InventoryNames {
  /** `others`: generations under which the same id is known. null: no inventory tells, or not surely. */
  find(key: QueueKey, others: Iterable<bigint>): QueueEntry | null;
}

interface Candidate {
  readonly namespaceInum: number | null;
  /** null: not known. */
  readonly generation: bigint | null;
  readonly name: string;
  readonly entry: QueueEntry;
}

/** Reads the inventories when a name is first asked for. */
export function inventoryNames(capture: { inventories(): readonly Inventory[] }): InventoryNames {
  let table: ReadonlyMap<string, readonly Candidate[]> | null = null;
  return {
    find(key, others) {
      if (key.kind === "socket") return null;
      table ??= candidates(capture.inventories());
      return choose(table.get(idKey(key.kind, key.id)) ?? [], key, others);
    },
  };
}

function idKey(kind: string, id: bigint): string {
  return `${kind}:${id}`;
}

function choose(all: readonly Candidate[], key: QueueKey, others: Iterable<bigint>): QueueEntry | null {
  const exact = all.find(({ generation, namespaceInum }) => {
    const isThere = namespaceInum === null || namespaceInum === key.namespaceInum;
    return generation === key.generation && isThere;
  });
  if (exact !== undefined) return exact.entry;
  const there = all.filter(({ namespaceInum }) => namespaceInum === key.namespaceInum);
  const [first] = there;
  // An id recurs: what is known of another generation, or by two names, is not surely this one.
  const isSure =
    there.every(({ generation, name }) => generation === null && name === first?.name) &&
    [...others].every((generation) => generation === key.generation);
  return isSure ? (first?.entry ?? null) : null;
}

/**
 * By an id, more than any recording has. Beyond, those that are kept already say that the id alone tells nothing; one
 * whose generation is told is then not found.
 */
const MOST_OF_AN_ID = HELD_LIMITS.namesOfAnId;

/** Each queue once, in however many inventories it is. */
function candidates(inventories: readonly Inventory[]): ReadonlyMap<string, readonly Candidate[]> {
  const table = new Map<string, Candidate[]>();
  const known = new Set<string>();
  for (const { queues, atNs } of inventories) {
    for (const queue of queues) {
      const { kind, namespaceInum, id, name, generation = null } = queue;
      if (id === null || name === null) continue;
      const identity = `${kind}:${namespaceInum}:${id}:${generation}:${name}`;
      if (known.has(identity)) continue;
      known.add(identity);
      const entry = entryOf(queue, { id, name, generation: generation ?? 0n, atNs });
      const candidate = { namespaceInum, generation, name, entry };
      const list = table.get(idKey(kind, id));
      if (list === undefined) table.set(idKey(kind, id), [candidate]);
      else if (list.length < MOST_OF_AN_ID) list.push(candidate);
    }
  }
  return table;
}

/** Only its name is asked of it. */
function entryOf(
  { kind, namespaceInum, fields }: InventoryQueue,
  known: { readonly id: bigint; readonly name: string; readonly generation: bigint; readonly atNs: bigint },
): QueueEntry {
  const key = kind === "sysv" ? Number(fields.key ?? Number.NaN) : Number.NaN;
  return {
    kind,
    namespaceInum: namespaceInum ?? 0,
    id: known.id,
    generation: known.generation,
    sinceNs: known.atNs,
    name: kind === "posix" ? new TextEncoder().encode(known.name.replace(/^\//, "")) : null,
    key: Number.isInteger(key) ? key : null,
    uid: null,
    gid: null,
    cuid: null,
    cgid: null,
    mode: null,
    cookie: null,
    family: null,
    socketType: null,
    protocol: null,
    local: null,
    peer: null,
  };
}
