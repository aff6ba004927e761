/** msgpack as a tree whose leaves are raw bytes: it can also say what no encoder would, such as a key twice. */

export type Tree =
  | { kind: "leaf"; bytes: Uint8Array }
  /** Of a map keys and values take turns. `lie`: another count than the true one. */
  | { kind: "array" | "map"; children: Tree[]; lie?: number };

export type Container = Extract<Tree, { children: Tree[] }>;

/** Of the markers 0xca to 0xd3. */
const NUMBER_BYTES = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8];

/** Throws for what is no msgpack. */
export function parseTree(bytes: Uint8Array): Tree {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const lengthOf = (width: number) =>
    width === 1 ? view.getUint8(at + 1) : width === 2 ? view.getUint16(at + 1) : view.getUint32(at + 1);
  const leaf = (length: number): Tree => {
    const start = at;
    at += length;
    return { kind: "leaf", bytes: bytes.slice(start, at) };
  };
  const container = (kind: "array" | "map", headBytes: number, count: number): Tree => {
    at += headBytes;
    const children: Tree[] = [];
    for (let i = 0; i < count * (kind === "map" ? 2 : 1); i++) children.push(value());
    return { kind, children };
  };
  const value = (): Tree => {
    const marker = view.getUint8(at);
    if (marker < 0x80 || marker >= 0xe0) return leaf(1);
    if (marker < 0x90) return container("map", 1, marker & 15);
    if (marker < 0xa0) return container("array", 1, marker & 15);
    if (marker < 0xc0) return leaf(1 + (marker & 31));
    if (marker <= 0xc3) return leaf(1);
    if (marker <= 0xc6) return leaf(1 + (1 << (marker - 0xc4)) + lengthOf(1 << (marker - 0xc4)));
    if (marker >= 0xca && marker <= 0xd3) return leaf(1 + (NUMBER_BYTES[marker - 0xca] ?? 0));
    if (marker >= 0xd9 && marker <= 0xdb)
      return leaf(1 + (1 << (marker - 0xd9)) + lengthOf(1 << (marker - 0xd9)));
    if (marker === 0xdc || marker === 0xdd)
      return container("array", marker === 0xdc ? 3 : 5, lengthOf(marker === 0xdc ? 2 : 4));
    if (marker === 0xde || marker === 0xdf)
      return container("map", marker === 0xde ? 3 : 5, lengthOf(marker === 0xde ? 2 : 4));
    throw new RangeError(`0x${marker.toString(16)} at ${at}`);
  };
  return value();
}

export function encodeTree(tree: Tree): Uint8Array {
  const parts: Uint8Array[] = [];
  const add = (node: Tree) => {
    if (node.kind === "leaf") {
      parts.push(node.bytes);
      return;
    }
    const head = new Uint8Array(5);
    head[0] = node.kind === "array" ? 0xdd : 0xdf;
    const count = node.lie ?? Math.floor(node.children.length / (node.kind === "map" ? 2 : 1));
    new DataView(head.buffer).setUint32(1, count);
    parts.push(head);
    for (const child of node.children) add(child);
  };
  add(tree);
  return new Uint8Array(Buffer.concat(parts));
}

export const leafOf = {
  nil: (): Tree => ({ kind: "leaf", bytes: Uint8Array.of(0xc0) }),
  bool: (value: boolean): Tree => ({ kind: "leaf", bytes: Uint8Array.of(value ? 0xc3 : 0xc2) }),
  /** Any 64 bits. */
  unsigned: (value: bigint): Tree => number(0xcf, (view) => view.setBigUint64(1, BigInt.asUintN(64, value))),
  signed: (value: bigint): Tree => number(0xd3, (view) => view.setBigInt64(1, BigInt.asIntN(64, value))),
  float: (value: number): Tree => number(0xcb, (view) => view.setFloat64(1, value)),
  text: (text: string): Tree => sized(0xdb, Buffer.from(text)),
  bytes: (bytes: Uint8Array): Tree => sized(0xc6, bytes),
};

function number(marker: number, set: (view: DataView) => void): Tree {
  const bytes = new Uint8Array(9);
  bytes[0] = marker;
  set(new DataView(bytes.buffer));
  return { kind: "leaf", bytes };
}

function sized(marker: number, content: Uint8Array): Tree {
  const bytes = new Uint8Array(5 + content.length);
  bytes[0] = marker;
  new DataView(bytes.buffer).setUint32(1, content.length);
  bytes.set(content, 5);
  return { kind: "leaf", bytes };
}

/** The content of a str or bin leaf; null for others. */
export function contentOf(tree: Tree | undefined): Uint8Array | null {
  if (tree?.kind !== "leaf") return null;
  const marker = tree.bytes[0] ?? 0;
  if (marker >= 0xa0 && marker < 0xc0) return tree.bytes.subarray(1);
  if (marker >= 0xc4 && marker <= 0xc6) return tree.bytes.subarray(1 + (1 << (marker - 0xc4)));
  if (marker >= 0xd9 && marker <= 0xdb) return tree.bytes.subarray(1 + (1 << (marker - 0xd9)));
  return null;
}

/** Every place in the tree that can be given another value. */
export function placesOf(tree: Tree): { parent: Container; at: number }[] {
  const places: { parent: Container; at: number }[] = [];
  // Not by recursion: what was nested may be nested again.
  const waiting: Tree[] = [tree];
  for (let parent = waiting.pop(); parent !== undefined; parent = waiting.pop()) {
    if (parent.kind === "leaf") continue;
    for (const [at, child] of parent.children.entries()) {
      places.push({ parent, at });
      if (child.kind !== "leaf") waiting.push(child);
    }
  }
  return places;
}

/** The value of a key of the outermost map; null: not there. */
export function valueUnder(tree: Tree, key: string): { parent: Container; at: number } | null {
  if (tree.kind !== "map") return null;
  for (let at = 0; at + 1 < tree.children.length; at += 2) {
    const name = contentOf(tree.children[at] as Tree);
    if (name !== null && Buffer.from(name).toString() === key) return { parent: tree, at: at + 1 };
  }
  return null;
}
