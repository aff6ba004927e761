/**
 * Calls of one process that write into memory which another of its calls, in flight, is to read. Calls come in order of
 * exit; each is compared with those before it that it ran beside. Memory: the last calls of each process; what was
 * dropped before a call that ran beside it ended is told.
 */
import { type Range, without } from "./compare.js";

export interface Place {
  readonly arg: string;
  readonly addr: bigint;
  readonly lengthBytes: number;
}

/** Memory that the call reads; `entry` and `exit` are null where they could not be read or were not kept. */
export interface ReadPlace extends Place {
  readonly place: string;
  readonly ranges: readonly Range[] | null;
  /** Bytes that the call's own outputs cover, so that its copy at exit says nothing of others' writes. */
  readonly covered: readonly Range[];
  readonly entry: Uint8Array | null;
  readonly exit: Uint8Array | null;
}

export interface WrittenPlace extends Place {
  readonly bytes: Uint8Array | null;
}

/** A call that ended, or that never did. */
export interface Side<Tag> {
  readonly tgid: number;
  readonly task: string;
  readonly enterNs: number;
  /** Infinite: it did not end. */
  readonly endNs: number;
  /** When the kernel had read all it was to read; at the latest at the end. */
  readonly readNs: number;
  /** Since when it can have written: its entry, or later where that is known. */
  readonly writeNs: number;
  readonly reads: readonly ReadPlace[];
  readonly writes: readonly WrittenPlace[];
  readonly tag: Tag;
}

export interface Overlap<Tag> {
  readonly reader: Side<Tag>;
  readonly read: ReadPlace;
  readonly writer: Side<Tag>;
  readonly written: WrittenPlace;
  /** Bytes behind `read.addr`. */
  readonly fromBytes: number;
  readonly toBytes: number;
  /** The write began when the kernel had read all: what changed was changed by it, and the call did not mind. */
  readonly isAfterRead: boolean;
  /** The write lies in the reader's window whatever the order inside; else it may have come before or after. */
  readonly isCertain: boolean;
}

export interface OverlapWatch<Tag> {
  /** The overlaps of this call with the calls seen before. */
  see(side: Side<Tag>): Overlap<Tag>[];
  /** Calls that ran beside some that were forgotten. */
  readonly unchecked: number;
}

export interface OverlapLimits {
  /** Calls kept of each process; of all together; bytes of evidence in them. Of what is beyond, the older half goes. */
  readonly ofProcess: number;
  readonly calls: number;
  readonly evidenceBytes: number;
}

const LIMITS: OverlapLimits = { ofProcess: 2048, calls: 32_768, evidenceBytes: 32 * 1024 * 1024 };
/** Processes kept, the latest. */
const MAX_PROCESSES = 256;
/** Overlaps told of one call: beyond, they say nothing new. */
const MAX_OVERLAPS = 16;

interface Process<Tag> {
  readonly calls: Side<Tag>[];
  /** A call that began before this ran beside some that were dropped. */
  droppedNs: number;
}

export function overlapWatch<Tag>(limits: OverlapLimits = LIMITS): OverlapWatch<Tag> {
  const processes = new Map<number, Process<Tag>>();
  let forgottenNs = Number.NEGATIVE_INFINITY;
  let unchecked = 0;
  let calls = 0;
  let bytes = 0;
  const forgetHalf = (own: Process<Tag>) => {
    for (const one of own.calls.splice(0, Math.ceil(own.calls.length / 2))) {
      own.droppedNs = Math.max(own.droppedNs, one.endNs);
      calls--;
      bytes -= evidenceOf(one);
    }
  };
  const keep = (own: Process<Tag>, side: Side<Tag>) => {
    own.calls.push(side);
    calls++;
    bytes += evidenceOf(side);
    if (own.calls.length > limits.ofProcess) forgetHalf(own);
    if (calls > limits.calls || bytes > limits.evidenceBytes) processes.forEach(forgetHalf);
  };
  const processOf = (tgid: number): Process<Tag> => {
    const known = processes.get(tgid);
    if (known !== undefined) return known;
    if (processes.size >= MAX_PROCESSES) {
      // The one that came first; whoever comes back after that may have been it.
      const [oldest] = processes;
      if (oldest !== undefined) {
        while (oldest[1].calls.length > 0) forgetHalf(oldest[1]);
        forgottenNs = Math.max(forgottenNs, oldest[1].droppedNs);
        processes.delete(oldest[0]);
      }
    }
    const made = { calls: [], droppedNs: forgottenNs };
    processes.set(tgid, made);
    return made;
  };
  return {
    get unchecked() {
      return unchecked;
    },
    see(side) {
      const own = processOf(side.tgid);
      const found: Overlap<Tag>[] = [];
      for (let i = own.calls.length - 1; i >= 0; i--) {
        const other = own.calls[i];
        if (other === undefined || other.endNs < side.enterNs) break;
        if (other.task === side.task) continue;
        if (found.length < MAX_OVERLAPS) between(side, other, found);
        if (found.length < MAX_OVERLAPS) between(other, side, found);
      }
      if (side.reads.length + side.writes.length > 0) {
        if (side.enterNs <= own.droppedNs) unchecked++;
        keep(own, side);
      }
      return found;
    },
  };
}

function evidenceOf({ reads, writes }: Side<unknown>): number {
  let sum = 0;
  for (const { entry, exit } of reads) sum += (entry?.length ?? 0) + (exit?.length ?? 0);
  for (const { bytes } of writes) sum += bytes?.length ?? 0;
  return sum;
}

/** What `writer` wrote of what `reader` was to read. */
function between<Tag>(reader: Side<Tag>, writer: Side<Tag>, found: Overlap<Tag>[]): void {
  if (writer.writes.length === 0 || writer.writeNs > reader.endNs || writer.endNs < reader.enterNs) return;
  const isAfterRead = writer.writeNs > reader.readNs;
  for (const read of reader.reads) {
    for (const written of writer.writes) {
      // Exact where it counts: addresses that are far apart share no byte.
      const shift = Number(written.addr - read.addr);
      const fromBytes = Math.max(shift, 0);
      const toBytes = Math.min(shift + written.lengthBytes, read.lengthBytes);
      if (toBytes <= fromBytes || !isInput(read, fromBytes, toBytes)) continue;
      const isInside = writer.writeNs >= reader.enterNs && writer.endNs <= reader.readNs;
      const isCertain = isInside || isSeen(read, written, fromBytes, toBytes);
      if (isAfterRead && !isCertain) continue;
      found.push({ reader, read, writer, written, fromBytes, toBytes, isAfterRead, isCertain });
    }
  }
}

function isInput({ ranges }: ReadPlace, fromBytes: number, toBytes: number): boolean {
  return ranges === null || ranges.some(([from, to]) => from < toBytes && to > fromBytes);
}

/** The reader's copy changed there, and became what the writer had put: the times alone cannot say so. */
function isSeen(read: ReadPlace, written: WrittenPlace, fromBytes: number, toBytes: number): boolean {
  const { entry, exit } = read;
  if (entry === null || exit === null || written.bytes === null) return false;
  const shift = Number(read.addr - written.addr);
  let isChanged = false;
  for (const [from, to] of without([[fromBytes, toBytes]], toBytes, read.covered) ?? []) {
    for (let at = from; at < to; at++) {
      const now = exit[at];
      if (now === undefined || entry[at] === undefined || now !== written.bytes[at + shift]) return false;
      if (entry[at] !== now) isChanged = true;
    }
  }
  return isChanged;
}
