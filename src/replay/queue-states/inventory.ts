/**
 * Inventories as readings of all queues at once: what they list was there, and what they would have listed and do not
 * was not. A field that is absent is not known. They are read for a while, not in one moment.
 */
import type { Inventory, InventoryQueue } from "../../format/types.js";
import { areDescriptorsCovered, coveredNamespaces } from "../inventory-coverage.js";
import { methodName } from "./facts.js";
import type { Registry } from "./registry.js";
import type { Step } from "./steps.js";
import { readAttributes, readRegistration, type Track } from "./track.js";

/** From an inventory's time to its last reading, where it does not say when each was. */
const LATE_NS = 1_000_000_000;
const OWN_LATE_NS = 1_000_000;

/** Its queues one by one, then itself. */
export function inventorySteps(inventory: Inventory, baseNs: bigint): readonly Step[] {
  const fromNs = Number(inventory.atNs - baseNs);
  const listed = inventory.queues.map((queue) => {
    const ownNs = queue.atNs;
    return {
      kind: "listed" as const,
      atNs: ownNs === undefined ? fromNs : Number(ownNs - baseNs),
      lateNs: ownNs === undefined ? LATE_NS : OWN_LATE_NS,
      queue,
    };
  });
  return [...listed, { kind: "inventory", atNs: lastReadingNs(inventory, baseNs), fromNs, inventory }];
}

/** Only then does it tell what is not there. */
export function lastReadingNs({ atNs, queues }: Inventory, baseNs: bigint): number {
  return queues.reduce(
    (last, one) => Math.max(last, Number((one.atNs ?? atNs) - baseNs)),
    Number(atNs - baseNs),
  );
}

export function takeListed(queues: Registry, step: Step & { readonly kind: "listed" }): void {
  const { queue } = step;
  const track = trackOf(queues, queue);
  if (track === null) return;
  readListed(track, step);
  if (queue.name !== null) queues.name(track, queue.name);
}

/** What it would have listed and did not was not there. `all`: every inventory of the capture. */
export function takeInventory(
  queues: Registry,
  { inventory, atNs, fromNs }: Step & { readonly kind: "inventory" },
  all: readonly Inventory[],
): void {
  const areHoldersKnown = areDescriptorsCovered(inventory);
  for (const kind of ["posix", "sysv"] as const) {
    const covered = coveredNamespaces(inventory, kind, all);
    for (const namespace of covered) queues.cover(kind, namespace, fromNs);
    for (const track of queues.tracks) {
      const isCovered = track.namespaceInum !== null && covered.has(track.namespaceInum);
      if (track.kind !== kind || !isCovered || track.removed !== null) continue;
      // What came after the look began may have come after it was over.
      if (track.lastSeenNs >= fromNs) continue;
      const gone = { fromNs: track.lastSeenNs, toNs: atNs };
      if (kind === "posix") track.unlinked ??= gone;
      // Without a name it may be in a process that could not be looked at.
      if (kind === "sysv" || areHoldersKnown) track.removed = gone;
    }
  }
}

/** null: absent, or no number. */
export function fieldNumber(fields: InventoryQueue["fields"], name: string): number | null {
  const text = fields[name] ?? "";
  return /^-?\d+$/.test(text) ? Number(text) : null;
}

export function fieldOctal(fields: InventoryQueue["fields"], name: string): number | null {
  const text = fields[name] ?? "";
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : null;
}

/** Messages in the queue; of a POSIX queue whose file alone was read, not known. */
export function depthField(kind: "posix" | "sysv", fields: InventoryQueue["fields"]): number | null {
  return fieldNumber(fields, kind === "sysv" ? "qnum" : "mq_curmsgs");
}

function trackOf(queues: Registry, queue: InventoryQueue): Track | null {
  const { kind, namespaceInum, id, name } = queue;
  if (id === null) return null;
  const generation = queue.generation ?? null;
  return (
    queues.find(kind, namespaceInum, id, generation) ??
    queues.add({ kind, namespaceInum, id, generation, name })
  );
}

function readListed(track: Track, { queue, atNs, lateNs }: Step & { readonly kind: "listed" }): void {
  const { kind, fields } = queue;
  track.lastSeenNs = Math.max(track.lastSeenNs, atNs);
  track.balance.advance(atNs);
  const number = (name: string) => fieldNumber(fields, name);
  const depth = depthField(kind, fields);
  const bytes = number(kind === "sysv" ? "cbytes" : "QSIZE");
  const reading = { atNs, lateNs, tid: -1, isForeign: false };
  if (depth !== null) track.balance.read({ ...reading, depth, bytes });
  const mode = fieldOctal(fields, kind === "sysv" ? "perms" : "mode");
  const owner = { uid: number("uid"), gid: number("gid"), mode: mode === null ? null : mode & 0o777 };
  if (kind === "posix") {
    const limits = { maxMessages: number("mq_maxmsg"), maxMessageBytes: number("mq_msgsize") };
    readAttributes(track, { ...owner, ...limits }, atNs);
    if (fields.nlink === "0")
      track.unlinked ??= { fromNs: track.created?.toNs ?? Number.NEGATIVE_INFINITY, toNs: atNs };
    const pid = number("NOTIFY_PID");
    const method = number("NOTIFY");
    if (pid === null || method === null) return;
    const how = pid === 0 ? {} : { method: methodName(method), signo: method === 0 ? number("SIGNO") : null };
    readRegistration(track, pid, atNs, how);
    return;
  }
  readAttributes(track, owner, atNs);
  track.cuid ??= number("cuid");
  track.cgid ??= number("cgid");
  for (const [deed, pid, time] of [
    [track.sent, "lspid", "stime"],
    [track.received, "lrpid", "rtime"],
  ] as const) {
    if (track.balance.open.size > 0) continue;
    if (!deed.isPidKnown) deed.pid = number(pid) || null;
    deed.isPidKnown = true;
    setSeconds(deed.when, number(time));
  }
  setSeconds(track.attributes.changed, number("ctime"));
}

function setSeconds(
  when: { seconds: number | null; isKnown: boolean; atNs: number | null },
  seconds: number | null,
): void {
  if (seconds === null) return;
  when.seconds = seconds === 0 ? null : seconds;
  when.isKnown = true;
}
