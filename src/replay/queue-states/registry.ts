/**
 * All queues of a capture, by what identifies them: kind, ipc namespace, id and generation. Ids recur and names are
 * used again: a key leads to the queue that had it last, and queues that are gone stay in the list.
 */
import { queueKeyText } from "../names.js";
import type { SeenNamed } from "./steps.js";
import { makeTrack, snapshot, type Track } from "./track.js";

export interface Registry {
  readonly tracks: readonly Track[];
  /** Queues beyond the limit, of which nothing is told. */
  readonly omitted: number;
  /** The queue of a record; made when it is not known. null: there are too many. */
  of(queue: SeenNamed, atNs: number): Track | null;
  /** A new queue in place of the one that had this key. */
  replace(queue: SeenNamed, atNs: number): Track | null;
  /** By what an inventory knows; `generation` null: not known. */
  find(
    kind: "posix" | "sysv",
    namespaceInum: number | null,
    id: bigint,
    generation: bigint | null,
  ): Track | null;
  add(parts: Pick<Track, "kind" | "namespaceInum" | "id" | "generation" | "name">): Track | null;
  /** POSIX queues that have this name now. */
  named(name: string): readonly Track[];
  name(track: Track, name: string): void;
  /** An inventory has all queues of that kind and namespace: those it lacks came later. */
  cover(kind: "posix" | "sysv", namespaceInum: number, atNs: number): void;
  /** When the queue that had its id before was gone; -Infinity: none is known. */
  freeSince(track: Track): number;
  /** A moment that was asked for has come. */
  mark(): void;
}

const MOST_QUEUES = 65_536;

export function registry(mayHaveLost: (fromNs: number, toNs: number) => boolean): Registry {
  const tracks: Track[] = [];
  const byKey = new Map<string, Track>();
  const byId = new Map<string, Track[]>();
  const byName = new Map<string, Track[]>();
  const coveredNs = new Map<string, number>();
  let marks = 0;
  let omitted = 0;

  const name = (track: Track, text: string) => {
    track.name = text;
    if (track.kind !== "posix") return;
    const all = byName.get(text);
    if (all === undefined) byName.set(text, [track]);
    else if (!all.includes(track)) all.push(track);
  };

  const add: Registry["add"] = (parts) => {
    if (tracks.length >= MOST_QUEUES) {
      omitted++;
      return null;
    }
    const key = keyText(parts);
    const track = makeTrack({ ...parts, key }, mayHaveLost);
    for (let i = 0; i < marks; i++) track.snapshots.push(snapshot(track));
    tracks.push(track);
    byKey.set(key, track);
    if (parts.name !== null) name(track, parts.name);
    const id = `${parts.kind}:${parts.id}`;
    const all = byId.get(id);
    if (all === undefined) byId.set(id, [track]);
    else all.push(track);
    return track;
  };

  const find: Registry["find"] = (kind, namespaceInum, id, generation) => {
    const fits = (track: Track) =>
      track.removed === null &&
      (namespaceInum === null || track.namespaceInum === null || track.namespaceInum === namespaceInum) &&
      (generation === null || track.generation === null || track.generation === generation);
    return (byId.get(`${kind}:${id}`) ?? []).findLast(fits) ?? null;
  };

  const fresh = ({ seen: { key }, name }: SeenNamed, atNs: number): Track | null => {
    const { kind, namespaceInum, id, generation } = key;
    if (kind === "socket") return null;
    const track = add({ kind, namespaceInum, id, generation, name });
    const sinceNs = coveredNs.get(`${kind}:${namespaceInum}`);
    if (track !== null && sinceNs !== undefined) track.created = { fromNs: sinceNs, toNs: atNs };
    return track;
  };

  return {
    tracks,
    get omitted() {
      return omitted;
    },
    find,
    add,
    name,
    cover(kind, namespaceInum, atNs) {
      const key = `${kind}:${namespaceInum}`;
      if (!coveredNs.has(key)) coveredNs.set(key, atNs);
    },
    of(queue, atNs) {
      const { key } = queue.seen;
      const text = queueKeyText(key);
      const known = byKey.get(text);
      if (known !== undefined && known.removed === null) return known;
      const listed = key.kind === "socket" ? null : find(key.kind, key.namespaceInum, key.id, key.generation);
      if (listed === null || listed.generation !== null) return fresh(queue, atNs);
      // An inventory told of it, and now a call shows which one it is.
      listed.generation = key.generation;
      listed.key = text;
      byKey.set(text, listed);
      return listed;
    },
    replace: fresh,
    named(text) {
      const all = (byName.get(text) ?? []).filter((one) => one.unlinked === null && one.removed === null);
      if (all.length > 0) byName.set(text, all);
      return all;
    },
    freeSince(track) {
      const before = (byId.get(`${track.kind}:${track.id}`) ?? []).findLast(
        (one) => one !== track && one.namespaceInum === track.namespaceInum,
      );
      return before?.removed?.toNs ?? Number.NEGATIVE_INFINITY;
    },
    mark() {
      marks++;
      for (const track of tracks) track.snapshots.push(snapshot(track));
    },
  };
}

/** As calls have it; without a generation, one that no call can have. */
function keyText({ kind, namespaceInum, id, generation }: Parameters<Registry["add"]>[0]): string {
  return `${kind}:${namespaceInum ?? "?"}:${id}:${generation === null ? "?" : generation.toString(16)}`;
}
