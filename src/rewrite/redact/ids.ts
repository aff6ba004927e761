/**
 * Numbers that name something, each replaced by the same other number wherever it stands. Counters, in the order in
 * which the numbers are met: the new number says nothing of the old one. Numbers with a meaning of their own stay.
 */
import { randomUUID } from "node:crypto";
import type { Census, Kind } from "./kinds.js";

export interface Ids {
  /** 0, init and -1 stay. */
  pid(value: number): number;
  /** 0 (root), nobody and -1 stay. */
  uid(value: number): number;
  gid(value: number): number;
  /** System V: the index in the kernel's table stays, how often it was used does not. */
  msqid(value: number): number;
  /** The same in 64 bits, of which the kernel uses 32. */
  wideMsqid(value: bigint): bigint;
  /** IPC_PRIVATE stays. */
  key(value: number): number;
  /** The initial ipc namespace has the same number on every host. */
  namespace(value: number): number;
  posixInode(value: bigint): bigint;
  socketInode(value: bigint): bigint;
  generation(value: bigint): bigint;
  /** cgroup v2's root stays. */
  cgroup(value: bigint): bigint;
  cookie(value: bigint): bigint;
  bootId(value: string): string;
  /** Of captures and recordings, as text: always another. */
  capture(id: string): string;
}

/** Too much to keep apart in memory. One line, for users. */
export class RedactError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RedactError";
  }
}

/** Different ids of one kind. A capture of hours has some thousands. */
export const MOST_DIFFERENT = 4_000_000;

const FIRST = 1001;
const NOBODY = 65_534;
const NONE = 0xffffffff;
const WIDE_NONE = 0xffff_ffff_ffff_ffffn;
/** No id: the kernel takes it for a negative one. */
const FIRST_INVALID = 0x8000_0001;
const INITIAL_IPC = 0xefffffff;
const FIRST_NAMESPACE = 4_026_600_001;
const FIRST_KEY = 0x5200_0001;
/** Ids of one index are this far apart: the kernel's IPCMNI. */
const TABLE = 32_768;
const MOST_REUSES = 0xffff;

export function newIds(keeps: ReadonlySet<Kind>, census: Census): Ids {
  const counter = <T extends number | bigint>(kind: Kind, first: T, fixed: readonly T[], one: T) => {
    const known = new Map<T, T>(fixed.map((value) => [value, value]));
    let next = first;
    return (value: T): T => {
      if (fixed.includes(value)) return value;
      census.count(kind);
      if (keeps.has(kind)) return value;
      let found = known.get(value);
      if (found === undefined) {
        while (fixed.includes(next)) next = ((next as bigint) + (one as bigint)) as T;
        found = next;
        next = ((next as bigint) + (one as bigint)) as T;
        remember(known, value, found, kind);
      }
      return found;
    };
  };
  const number = (kind: Kind, first: number, fixed: readonly number[]) => counter(kind, first, fixed, 1);
  const big = (kind: Kind, fixed: readonly bigint[]) => counter(kind, 1001n, fixed, 1n);
  const msqid = msqids(keeps, census, number("object-ids", FIRST_INVALID, [NONE]));
  const tooWide = counter("object-ids", 1n << 32n, [WIDE_NONE], 1n);
  const uuids = new Map<string, string>();
  const uuid = (value: string): string => {
    let found = uuids.get(value);
    if (found === undefined) {
      found = randomUUID();
      remember(uuids, value, found, "boot-id");
    }
    return found;
  };
  return {
    pid: number("process-ids", FIRST, [0, 1, NONE]),
    uid: number("user-ids", FIRST, [0, NOBODY, NONE]),
    gid: number("user-ids", FIRST, [0, NOBODY, NONE]),
    msqid,
    wideMsqid: (value) => (value > BigInt(NONE) ? tooWide(value) : BigInt(msqid(Number(value)))),
    key: number("queue-names", FIRST_KEY, [0]),
    namespace: number("object-ids", FIRST_NAMESPACE, [0, INITIAL_IPC]),
    posixInode: big("object-ids", [0n]),
    socketInode: big("object-ids", [0n]),
    generation: big("object-ids", [0n]),
    cgroup: big("object-ids", [0n, 1n]),
    cookie: big("object-ids", [0n]),
    bootId(value) {
      census.count("boot-id");
      return keeps.has("boot-id") ? value : uuid(value);
    },
    capture: (id) => uuid(`capture ${id}`),
  };
}

function remember<A, B>(known: Map<A, B>, value: A, found: B, kind: Kind): void {
  if (known.size >= MOST_DIFFERENT) {
    throw new RedactError(`more than ${MOST_DIFFERENT} different ${kind}: cut the capture with slice first`);
  }
  known.set(value, found);
}

/** An id is index + 32768 times a counter of the index's reuses: both are needed, since msgctl takes indices too. */
function msqids(keeps: ReadonlySet<Kind>, census: Census, invalid: (value: number) => number): Ids["msqid"] {
  const known = new Map<number, number>();
  const reuses = new Map<number, number>();
  return (value) => {
    if (value > 0x7fffffff) return invalid(value);
    if (value < TABLE) return value;
    census.count("object-ids");
    if (keeps.has("object-ids")) return value;
    let found = known.get(value);
    if (found === undefined) {
      const index = value % TABLE;
      const count = (reuses.get(index) ?? 0) + 1;
      if (count > MOST_REUSES) throw new RedactError("more System V ids of one index than any kernel gives");
      reuses.set(index, count);
      found = count * TABLE + index;
      remember(known, value, found, "object-ids");
    }
    return found;
  };
}
