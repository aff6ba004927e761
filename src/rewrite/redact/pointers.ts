/**
 * Memory addresses, moved by whole pages: each process by its own distance. So what overlaps still overlaps, what lies
 * at the end of a page still does, and nobody learns where anything lay.
 */

import type { RedactKey } from "./key.js";
import type { Census, Kind } from "./kinds.js";

export interface Pointers {
  /** Null and small numbers stay, addresses of the kernel become others of the kernel. */
  move(tgid: number, address: bigint): bigint;
}

/** Below, no program may map anything; what is given there is a number. */
const LEAST = 0x1_0000n;
const IN_32_BITS = 1n << 32n;
/** x86_64 with four levels of page tables; on arm64 programs live below 2^48. */
const USER_END = 1n << 48n;
const KERNEL = 0xffff_8000_0000_0000n;
const MINUS_ONE = 0xffff_ffff_ffff_ffffn;
const PAGE = 4096n;

interface Distance {
  readonly low: bigint;
  readonly high: bigint;
}

export function newPointers(keeps: ReadonlySet<Kind>, key: RedactKey, census: Census): Pointers {
  const distances = new Map<number, Distance>();
  const distanceOf = (tgid: number): Distance => {
    let found = distances.get(tgid);
    if (found === undefined) {
      const bytes = key.digest("pages", tgid);
      const pages = (at: number, room: bigint) => (bytes.readBigUInt64LE(at) % (room / PAGE)) * PAGE;
      found = { low: pages(0, IN_32_BITS - LEAST), high: pages(8, USER_END - IN_32_BITS) };
      if (distances.size > MOST_PROCESSES) distances.clear(); // they follow from the key
      distances.set(tgid, found);
    }
    return found;
  };
  return {
    move(tgid, address) {
      if (address < LEAST || address === MINUS_ONE) return address;
      census.count("addresses");
      if (keeps.has("addresses")) return address;
      if (address < IN_32_BITS) return turned(address, LEAST, IN_32_BITS, distanceOf(tgid).low);
      if (address < USER_END) return turned(address, IN_32_BITS, USER_END, distanceOf(tgid).high);
      const digest = key.digest("kernel address", address.toString(16)).readBigUInt64LE(0);
      return KERNEL | (digest & 0x7fff_ffff_f000n) | (address & (PAGE - 1n));
    },
  };
}

const MOST_PROCESSES = 100_000;

/** `from` to `end` as a ring, turned by this distance. */
function turned(address: bigint, from: bigint, end: bigint, distance: bigint): bigint {
  return from + ((address - from + distance) % (end - from));
}
