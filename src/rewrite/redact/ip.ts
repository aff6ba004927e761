/** IP addresses and ports: each becomes another one, and what an address means stays. */
import { randomInt } from "node:crypto";
import { MOST_DIFFERENT, RedactError } from "./ids.js";

export interface IpAddresses {
  ip4(bytes: Uint8Array): Uint8Array;
  ip6(bytes: Uint8Array): Uint8Array;
  /** Big-endian; 0 is none, and stays. */
  port(bytes: Uint8Array): Uint8Array;
  /** Two that are copies of one: from now on they differ from the same byte on as they did. */
  join(field: "ip4" | "ip6" | "port", before: Uint8Array, after: Uint8Array): void;
}

export function newIpAddresses(): IpAddresses {
  const four = numbered((count) => [10, ...low(count, 3)]);
  const loopback = numbered((count) => [127, 1 + ((count >> 16) & 127), ...low(count, 2)]);
  const group = numbered((count) => [239, ...low(count, 3)]);
  const six = numbered((count) => [0xfd, ...new Array<number>(11).fill(0), ...low(count, 4)]);
  const link = numbered((count) => [0xfe, 0x80, ...new Array<number>(10).fill(0), ...low(count, 4)]);
  const many = numbered((count) => [...new Array<number>(12).fill(0), ...low(count, 4)]);
  const tableOf = (bytes: Uint8Array): Numbered | null => {
    if (bytes.length === 4) {
      if (isSpecial4(bytes)) return null;
      return bytes[0] === 127 ? loopback : (bytes[0] ?? 0) >> 4 === 14 ? group : four;
    }
    if (bytes.length !== 16 || isSpecial6(bytes)) return null;
    if (bytes[0] === 0xff) return many;
    return bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80 ? link : six;
  };
  const ports = portTable();
  const self: IpAddresses = {
    ip4: (bytes) => tableOf(bytes)?.find(bytes) ?? bytes,
    ip6(bytes) {
      if (isMapped(bytes)) return new Uint8Array([...bytes.subarray(0, 12), ...self.ip4(bytes.subarray(12))]);
      const made = tableOf(bytes)?.find(bytes) ?? bytes;
      // A group's reach and flags are in its second byte.
      return bytes[0] === 0xff ? new Uint8Array([0xff, bytes[1] ?? 0, ...made.subarray(2)]) : made;
    },
    port: ports.find,
    join(field, before, after) {
      if (field === "port") ports.join(before, after);
      else if (field === "ip6" && isMapped(before) && isMapped(after)) {
        self.join("ip4", before.subarray(12), after.subarray(12));
      } else {
        const table = tableOf(after);
        if (table === null || tableOf(before) !== table) return;
        const at = before.findIndex((byte, i) => byte !== after[i]);
        if (at >= 0) table.near(after, self[field](before), at);
      }
    },
  };
  return self;
}

/** 0.0.0.0, 127.0.0.1 and 255.255.255.255 say nothing of anybody. */
function isSpecial4(bytes: Uint8Array): boolean {
  return ["0.0.0.0", "127.0.0.1", "255.255.255.255"].includes(bytes.join("."));
}

/** `::` and `::1`. */
function isSpecial6(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 15).every((byte) => byte === 0) && (bytes[15] ?? 0) < 2;
}

function isMapped(bytes: Uint8Array): boolean {
  return (
    bytes.length === 16 &&
    bytes.subarray(0, 10).every((byte) => byte === 0) &&
    bytes[10] === 0xff &&
    bytes[11] === 0xff
  );
}

/** The last bytes of a number, big-endian. */
function low(count: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => (count >>> (8 * (bytes - 1 - i))) & 255);
}

interface Numbered {
  find(bytes: Uint8Array): Uint8Array;
  /** Gives this one what `like` is up to, and not including, that byte. */
  near(bytes: Uint8Array, like: Uint8Array, at: number): void;
}

function numbered(make: (count: number) => readonly number[]): Numbered {
  const known = new Map<string, Uint8Array>();
  const taken = new Set<string>();
  let count = 0;
  const put = (bytes: Uint8Array, made: Uint8Array) => {
    if (known.size >= MOST_DIFFERENT) throw new RedactError("too many different addresses");
    known.set(textOf(bytes), made);
    taken.add(textOf(made));
  };
  return {
    find(bytes) {
      let found = known.get(textOf(bytes));
      if (found === undefined) {
        do found = new Uint8Array(make(++count));
        while (taken.has(textOf(found)));
        put(bytes, found);
      }
      return found;
    },
    near(bytes, like, at) {
      if (known.has(textOf(bytes))) return;
      for (let attempt = 0; attempt < 64; attempt++) {
        const made = like.map((byte, i) =>
          i < at ? byte : i === at ? (byte + 1 + randomInt(99)) & 255 : byte,
        );
        if (taken.has(textOf(made))) continue;
        put(bytes, made);
        return;
      }
    },
  };
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

/** All ports shuffled. */
function portTable(): {
  find(bytes: Uint8Array): Uint8Array;
  join(before: Uint8Array, after: Uint8Array): void;
} {
  let table: Uint16Array | null = null;
  const joined = new Set<number>();
  const number = (bytes: Uint8Array) => ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  const find = (bytes: Uint8Array): Uint8Array => {
    const port = number(bytes);
    if (port === 0 || bytes.length !== 2) return bytes;
    table ??= shuffled();
    return new Uint8Array(low(table[port] ?? 0, 2));
  };
  return {
    find,
    join(before, after) {
      let [one, other] = [number(before), number(after)];
      if (one === other || one === 0 || other === 0) return;
      // One that others depend on stays what it is: so the new one is fitted to it.
      if (joined.has(other)) [one, other] = [other, one];
      if (joined.has(other)) return;
      table ??= shuffled();
      const like = table[one] ?? 0;
      const isSameHigh = one >> 8 === other >> 8;
      const fits = (value: number) => value !== like && (value >> 8 === like >> 8) === isSameHigh;
      const from = randomInt(65_536);
      for (let i = 0; i < 65_536 && !fits(table[other] ?? 0); i++) {
        const place = (from + i) & 0xffff;
        const value = table[place] ?? 0;
        if (place === 0 || place === one || joined.has(place) || !fits(value)) continue;
        table[place] = table[other] ?? 0;
        table[other] = value;
      }
      joined.add(one).add(other);
    },
  };
}

function shuffled(): Uint16Array {
  const table = Uint16Array.from({ length: 65_536 }, (_, port) => port);
  for (let i = 65_535; i > 1; i--) {
    const other = 1 + randomInt(i);
    const value = table[i] ?? 0;
    table[i] = table[other] ?? 0;
    table[other] = value;
  }
  return table;
}
