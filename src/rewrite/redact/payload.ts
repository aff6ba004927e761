/**
 * Payloads: every content is replaced by as many bytes that say nothing of it. Equal contents become equal bytes, and
 * different ones different bytes; that is all that can be seen of them.
 *
 * Three refinements, each only where an analysis compares more than wholes:
 * - Contents that are known in part only (a cut receive, a page that was not there) are compared up to their lengths. At
 *   these lengths, and at no other, it can be seen whether contents begin alike.
 * - Copies of one message that changed under its call are compared byte by byte. Contents that are joined for it are
 *   equal in each place where they were: each place has a permutation of its own.
 * - Of fewer than 8 bytes random ones might come out alike: they are permuted as one number. Not so where copies are
 *   joined: of one byte, one in 256 others comes out like one of them.
 */
import type { RedactKey } from "./key.js";
import { newUnion, type Union } from "./union.js";

export interface PayloadCipher {
  replace(content: Uint8Array): Uint8Array;
}

/** Beyond so many lengths beginnings are not compared at further ones. */
export const MOST_CHECKPOINTS = 256;
/** From so many bytes on no two random contents come out alike. */
const LONG_BYTES = 8;

/** A message is met several times within a short time: at both ends of its send, and of its receive. */
const MOST_RECENT = 4096;
const MOST_REMEMBERED = 1024;

/** Bytes of two contents, each from its place on, that are to come out alike. Both contents are among the joined ones. */
export interface Alias {
  readonly one: Uint8Array;
  readonly at: number;
  readonly other: Uint8Array;
  readonly otherAt: number;
  readonly lengthBytes: number;
}

interface Node {
  readonly end: number;
  readonly id: string;
}

/** `checkpoints`: the lengths up to which contents are compared. */
export function payloadCipher(
  key: RedactKey,
  checkpoints: Iterable<number>,
  joined: readonly (readonly Uint8Array[])[],
  aliases: readonly Alias[] = [],
): PayloadCipher {
  const lengths = [...new Set(checkpoints)].filter((one) => one > 0).sort((one, other) => one - other);
  const ends = lengths.slice(0, MOST_CHECKPOINTS);
  const nodesOf = (content: Uint8Array): Node[] => {
    const running = key.running("content");
    const nodes: Node[] = [];
    let from = 0;
    const add = (end: number) => {
      running.add(content.subarray(from, end));
      nodes.push({ end, id: `${end}:${running.read().toString("base64")}` });
      from = end;
    };
    for (const end of ends) {
      if (end >= content.length) break;
      add(end);
    }
    add(content.length);
    return nodes;
  };
  const groups = joinedNodes(joined, nodesOf);
  const permute = permutations(key, joinedPlaces(aliases, nodesOf, groups));
  const recent = new Map<string, Uint8Array>();
  return {
    replace(content) {
      const name = content.length > MOST_REMEMBERED ? null : Buffer.from(content).toString("latin1");
      const known = name === null ? undefined : recent.get(name);
      if (known !== undefined) return known;
      const out = new Uint8Array(content.length);
      let from = 0;
      let before = "";
      for (const { end, id } of nodesOf(content)) {
        const group = groups.get(id);
        const part = content.subarray(from, end);
        if (group !== undefined) {
          for (let at = from; at < end; at++) out[at] = permute(group, at)[content[at] ?? 0] ?? 0;
        } else if (part.length < LONG_BYTES) out.set(shortPart(key, part, `${before} ${from} ${end}`), from);
        else out.set(key.stream("payload", part.length, id), from);
        from = end;
        before = group ?? id;
      }
      if (name !== null) {
        if (recent.size >= MOST_RECENT) recent.clear();
        recent.set(name, out);
      }
      return out;
    },
  };
}

/** By node: the group of those that are joined; absent: it is none's. Copies are joined in each length that both reach. */
function joinedNodes(
  joined: readonly (readonly Uint8Array[])[],
  nodesOf: (content: Uint8Array) => readonly Node[],
): ReadonlyMap<string, string> {
  const union = newUnion();
  for (const contents of joined) {
    const byEnd = new Map<number, string>();
    for (const content of contents) {
      for (const { end, id } of nodesOf(content)) {
        union.join(id, byEnd.get(end) ?? id);
        byEnd.set(end, id);
      }
    }
  }
  return new Map([...union.texts].map((id) => [id, union.nameOf(id)]));
}

function joinedPlaces(
  aliases: readonly Alias[],
  nodesOf: (content: Uint8Array) => readonly Node[],
  groups: ReadonlyMap<string, string>,
): Union {
  const union = newUnion();
  for (const { one, at, other, otherAt, lengthBytes } of aliases) {
    const [nodes, otherNodes] = [nodesOf(one), nodesOf(other)];
    for (let i = 0; i < lengthBytes; i++) {
      union.join(placeName(nodes, at + i, groups), placeName(otherNodes, otherAt + i, groups));
    }
  }
  return union;
}

function placeName(nodes: readonly Node[], at: number, groups: ReadonlyMap<string, string>): string {
  const id = nodes.find(({ end }) => at < end)?.id ?? "";
  return `${groups.get(id) ?? id} ${at}`;
}

/** Tables kept; they follow from the key. */
const MOST_TABLES = 16_384;

function permutations(key: RedactKey, places: Union): (group: string, at: number) => Uint8Array {
  const tables = new Map<string, Uint8Array>();
  return (group, at) => {
    const name = places.nameOf(`${group} ${at}`);
    let table = tables.get(name);
    if (table === undefined) {
      table = permutation(key.stream("place", 512, name));
      if (tables.size >= MOST_TABLES) tables.clear();
      tables.set(name, table);
    }
    return table;
  };
}

function permutation(random: Uint8Array): Uint8Array {
  const table = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  for (let i = 255; i > 0; i--) {
    const other = ((random[2 * i] ?? 0) * 256 + (random[2 * i + 1] ?? 0)) % (i + 1);
    const value = table[i] ?? 0;
    table[i] = table[other] ?? 0;
    table[other] = value;
  }
  return table;
}

const ROUNDS = 8;

/** A Feistel network over two halves of 4 bits a byte: a permutation of all contents of this length. */
function shortPart(key: RedactKey, part: Uint8Array, where: string): Uint8Array {
  const halfBits = 4 * part.length;
  const size = 2 ** halfBits;
  let number = 0n;
  for (const byte of part) number = (number << 8n) | BigInt(byte);
  let left = Number(number >> BigInt(halfBits));
  let right = Number(number & BigInt(size - 1));
  for (let round = 0; round < ROUNDS; round++) {
    const mixed = key.digest("short", where, round, right).readUInt32LE(0) % size;
    [left, right] = [right, (left ^ mixed) >>> 0];
  }
  const out = new Uint8Array(part.length);
  number = (BigInt(left) << BigInt(halfBits)) | BigInt(right);
  for (let i = part.length - 1; i >= 0; i--) {
    out[i] = Number(number & 0xffn);
    number >>= 8n;
  }
  return out;
}
