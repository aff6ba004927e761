/** Changes to the msgpack values of a payload, known keys and all others alike. */
import { FrameType } from "../../src/format/types.js";
import type { Change } from "./change-frames.js";
import type { Model, ModelFrame } from "./model.js";
import {
  type Container,
  contentOf,
  encodeTree,
  leafOf,
  parseTree,
  placesOf,
  type Tree,
} from "./msgpack-tree.js";
import { oddNumber, oddText, type Random } from "./random.js";

/** Gives the change a random frame's values, and puts back what it made of them. Frames that hold none stay. */
function inTree(
  name: string,
  change: (tree: Container, random: Random) => void,
  wanted: (frame: ModelFrame) => boolean = () => true,
): Change {
  return {
    name,
    apply(model: Model, random: Random) {
      const frames = model.frames.filter((frame) => wanted(frame) && frame.payload.length < 1_000_000);
      if (frames.length === 0) return;
      const frame = random.pick(frames);
      const tree = treeOf(frame);
      if (tree === null || tree.kind === "leaf") return;
      change(tree, random);
      frame.payload = encodeTree(tree);
      if (frame.type === FrameType.INDEX) model.reindex = false;
    },
  };
}

/** null: its payload is no msgpack any more. */
export function treeOf(frame: ModelFrame): Tree | null {
  try {
    return parseTree(frame.payload);
  } catch {
    return null;
  }
}

export function oddLeaf(random: Random): Tree {
  switch (random.int(8)) {
    case 0:
      return leafOf.nil();
    case 1:
      return leafOf.bool(random.oneIn(2));
    case 2:
      return leafOf.signed(-oddNumber(random));
    case 3:
      return leafOf.float(random.pick([0.5, Number.NaN, Number.POSITIVE_INFINITY, -0, 2 ** 60]));
    case 4:
      return leafOf.text(oddText(random));
    case 5:
      return leafOf.bytes(random.oneIn(2) ? Buffer.from(oddText(random)) : random.bytes(random.int(200)));
    default:
      return leafOf.unsigned(oddNumber(random));
  }
}

/** A place, values more often than keys. */
function placeIn(tree: Container, random: Random): { parent: Container; at: number } | null {
  const places = placesOf(tree);
  if (places.length === 0) return null;
  const place = random.pick(places);
  if (place.parent.kind === "map" && place.at % 2 === 0 && !random.oneIn(6))
    return { ...place, at: place.at + 1 };
  return place;
}

/** As `was`, of the same type. */
function oddSame(was: Tree | undefined, random: Random): Tree {
  if (was === undefined || was.kind !== "leaf") return oddLeaf(random);
  const content = contentOf(was);
  const marker = was.bytes[0] ?? 0;
  if (content === null)
    return marker === 0xc2 || marker === 0xc3
      ? leafOf.bool(marker === 0xc2)
      : leafOf.unsigned(oddNumber(random));
  if (marker >= 0xc4 && marker <= 0xc6) {
    if (random.oneIn(2)) return leafOf.bytes(Buffer.from(oddText(random)));
    const bytes = content.slice();
    if (bytes.length > 0) bytes[random.int(bytes.length)] = random.int(256);
    return leafOf.bytes(random.oneIn(3) ? bytes.subarray(0, random.int(bytes.length)) : bytes);
  }
  return leafOf.text(random.oneIn(4) ? String(oddNumber(random)) : oddText(random));
}

export const VALUE_CHANGES: readonly Change[] = [
  inTree("another value of the same type", (tree, random) => {
    for (let i = random.int(4); i >= 0; i--) {
      const place = placeIn(tree, random);
      if (place) place.parent.children[place.at] = oddSame(place.parent.children[place.at], random);
    }
  }),
  inTree("another value", (tree, random) => {
    const place = placeIn(tree, random);
    if (place) place.parent.children[place.at] = oddLeaf(random);
  }),
  inTree("the same value throughout", (tree, random) => {
    const place = placeIn(tree, random);
    if (place?.parent.kind !== "map" || place.at % 2 === 0) return;
    const key = place.parent.children[place.at - 1];
    if (key?.kind !== "leaf") return;
    const value = oddSame(place.parent.children[place.at], random);
    for (const { parent, at } of placesOf(tree)) {
      const name = parent.children[at];
      if (parent.kind !== "map" || at % 2 !== 0 || name?.kind !== "leaf") continue;
      if (Buffer.compare(name.bytes, key.bytes) === 0) parent.children[at + 1] = value;
    }
  }),
  inTree("a value left out", (tree, random) => {
    const place = placeIn(tree, random);
    if (place === null) return;
    const isMap = place.parent.kind === "map";
    place.parent.children.splice(isMap ? place.at - (place.at % 2) : place.at, isMap ? 2 : 1);
  }),
  inTree("a value many times", (tree, random) => {
    const lists = placesOf(tree).filter(({ parent }) => parent.kind === "array");
    if (lists.length === 0) return;
    const { parent, at } = random.pick(lists);
    const times = random.oneIn(10) ? 20_000 : random.int(200);
    for (let i = 0; i < times; i++) parent.children.push(parent.children[at] as Tree);
  }),
  inTree("a key twice, or a new one", (tree, random) => {
    const maps = [tree, ...placesOf(tree).map(({ parent, at }) => parent.children[at] as Tree)].filter(
      (node): node is Container => node.kind === "map",
    );
    const map = random.pick(maps);
    const pair =
      random.oneIn(2) && map.children.length >= 2
        ? map.children.slice(0, 2)
        : [leafOf.text(oddText(random)), oddLeaf(random)];
    map.children.push(...pair);
  }),
  inTree("values exchanged", (tree, random) => {
    const one = placeIn(tree, random);
    const other = placeIn(tree, random);
    if (!one || !other) return;
    const value = one.parent.children[one.at] as Tree;
    const exchanged = other.parent.children[other.at] as Tree;
    if (holds(value, other.parent) || holds(exchanged, one.parent)) return;
    one.parent.children[one.at] = exchanged;
    other.parent.children[other.at] = value;
  }),
  inTree("nested", (tree, random) => {
    const place = placeIn(tree, random);
    if (place === null) return;
    let value = place.parent.children[place.at] as Tree;
    for (let depth = random.oneIn(2) ? 5 : random.int(3000); depth > 0; depth--) {
      value = { kind: "array", children: [value] };
    }
    place.parent.children[place.at] = value;
  }),
  inTree("a lying count", (tree, random) => {
    const nodes = [tree, ...placesOf(tree).map(({ parent, at }) => parent.children[at] as Tree)];
    const node = random.pick(nodes.filter((one): one is Container => one.kind !== "leaf"));
    node.lie = Number(BigInt.asUintN(32, oddNumber(random)));
  }),
  inTree(
    "a raw byte",
    (tree, random) => {
      const place = placeIn(tree, random);
      const leaf = place?.parent.children[place.at];
      if (leaf?.kind === "leaf" && leaf.bytes.length > 0)
        leaf.bytes[random.int(leaf.bytes.length)] = random.int(256);
    },
    (frame) => frame.type !== FrameType.BTF,
  ),
];

function holds(tree: Tree, part: Container): boolean {
  return tree === part || placesOf(tree).some(({ parent }) => parent === part);
}
