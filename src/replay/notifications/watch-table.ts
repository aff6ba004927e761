/**
 * The watches of all POSIX queues, with what the inventories at the start and the end add to them. Memory does not grow
 * with the file: beyond a number of queues the one met first is finished with.
 */
import type { FlowQueue } from "../flows/types.js";
import { type QueueKey, queueKeyText } from "../names.js";
import type { CallQueue } from "../types.js";
import type { Evidence, OpenCall } from "./ending.js";
import { type Look, queueIn, type SeenRegistration } from "./inventories.js";
import { type QueueWatch, queueWatch } from "./queue-watch.js";
import { registration } from "./registration.js";
import type { LineSink } from "./sink.js";
import type { Act, Firing, Reading, Registration } from "./types.js";

export interface WatchTable {
  enter(key: QueueKey, call: OpenCall, before: Reading | null): void;
  /** The task is in no call on a queue any more. */
  left(tid: number): void;
  leave(key: QueueKey, queue: CallQueue, act: Act): void;
  finish(): void;
}

export interface TableParts {
  readonly evidence: Evidence;
  readonly firingsOf: (generation: bigint) => Firing[];
  readonly start: Look | null;
  readonly end: Look | null;
  /** By then every recorded process was gone: the recording was of a command, and ended with it. null: not known. */
  readonly allGoneNs: number | null;
  readonly sink: LineSink;
}

interface Watched {
  readonly key: QueueKey;
  readonly watch: QueueWatch;
  queue: FlowQueue;
}

const MOST_QUEUES = 16_384;

export function watchTable({ evidence, firingsOf, start, end, allGoneNs, sink }: TableParts): WatchTable {
  const watches = new Map<string, Watched>();
  /** Inodes of queues that calls told of, by namespace. */
  const met = new Set<string>();
  /** Which queue each task is in a call on. */
  const inside = new Map<number, Watched>();

  const make = (key: QueueKey, atNs: number | null): Watched => {
    const text = queueKeyText(key);
    const known = watches.get(text);
    if (known !== undefined) return known;
    const watch = queueWatch({
      evidence,
      firings: firingsOf(key.generation),
      begun: sink.begun,
      settled: (reg) => sink.settled(reg, made.queue),
    });
    const made: Watched = { key, watch, queue: { kind: key.kind, key: text, name: null } };
    watches.set(text, made);
    met.add(placeOf(key));
    const seen = start === null || atNs === null || atNs < start.atNs ? null : queueIn(start, key);
    if (start !== null && seen?.isRegistered === true) {
      watch.inventory({ ...origin(seen), atNs: start.atNs });
    }
    if (watches.size > MOST_QUEUES) forgetOldest();
    return made;
  };

  const forgetOldest = () => {
    const [oldest] = watches;
    if (oldest === undefined) return;
    oldest[1].watch.finish();
    watches.delete(oldest[0]);
  };

  const finishOne = ({ key, watch }: Watched) => {
    const reg = watch.current();
    const seen = end === null ? null : queueIn(end, key);
    if (end !== null && reg !== null) endOf(reg, key, seen, end, sink);
    if (reg?.end === "unknown" && reg.goneNs === null && reg.call !== null) reg.goneNs = allGoneNs;
    if (end !== null && reg === null && seen?.isRegistered === true) {
      watch.inventory({ ...origin(seen), atNs: end.atNs });
      const late = watch.current();
      if (late !== null) endOf(late, key, seen, end, sink);
    }
    watch.finish();
  };

  /** Registrations on queues that no recorded call used. */
  const unused = () => {
    const isUnused = ({ id, namespaceInum, isRegistered }: SeenRegistration) =>
      isRegistered === true && !met.has(placeOf({ id, namespaceInum }));
    const first = start?.queues.filter(isUnused) ?? [];
    const isFirst = (one: SeenRegistration) =>
      first.some(({ id, namespaceInum }) => placeOf({ id, namespaceInum }) === placeOf(one));
    const later = end?.queues.filter((one) => isUnused(one) && !isFirst(one)) ?? [];
    for (const one of [...first, ...later]) {
      const reg = registration(origin(one));
      reg.lastSeenNs = (first.includes(one) ? start : end)?.atNs ?? null;
      sink.begun(reg);
      const last = end?.queues.find((other) => placeOf(other) === placeOf(one)) ?? null;
      if (end !== null && (last === null || last.isRegistered === true)) endOf(reg, one, last, end, sink);
      sink.settled(reg, { kind: "posix", key: null, name: one.name });
    }
  };

  return {
    enter(key, call, before) {
      const queue = make(key, call.enterNs);
      const other = inside.get(call.tid);
      if (other !== undefined && other !== queue) other.watch.left(call.tid);
      inside.set(call.tid, queue);
      queue.watch.enter(call, before);
    },
    left(tid) {
      inside.get(tid)?.watch.left(tid);
      inside.delete(tid);
    },
    leave(key, queue, act) {
      const atNs = Number.isFinite(act.toNs) ? act.toNs : null;
      const found = make(key, act.caller.enterNs ?? atNs);
      if (queue.name !== null && found.queue.name !== queue.name) {
        found.queue = { ...found.queue, name: queue.name };
      }
      found.watch.leave(act);
    },
    finish() {
      for (const one of watches.values()) finishOne(one);
      unused();
    },
  };
}

function origin({ tgid, method, signo }: SeenRegistration) {
  return { tgid, sinceNs: Number.NEGATIVE_INFINITY, method, signo };
}

function placeOf({ namespaceInum, id }: { namespaceInum: number | null; id: bigint | null }): string {
  return `${namespaceInum}:${id}`;
}

/** What the inventory at the end says of a registration that was in force as far as calls tell. */
function endOf(
  reg: Registration,
  { namespaceInum }: { readonly namespaceInum: number | null },
  seen: SeenRegistration | null,
  end: Look,
  sink: LineSink,
): void {
  if (seen === null) {
    if (namespaceInum === null || !end.isWholeFor(namespaceInum)) return;
    Object.assign(reg, { end: "queue_gone", match: "modelled", endedNs: end.atNs });
    return;
  }
  if (seen.isRegistered === null) return;
  const isSame = seen.tgid === null || reg.tgid === null || seen.tgid === reg.tgid;
  if (seen.isRegistered && isSame) {
    const isProved = seen.tgid !== null && seen.tgid === reg.tgid;
    Object.assign(reg, { end: "still", match: isProved ? "exact" : "modelled", lastSeenNs: end.atNs });
    return;
  }
  reg.goneNs = end.atNs;
  sink.endedUnseen(reg);
}
