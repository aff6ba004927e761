/** Changes to BTF blobs, with the hash made right: wrong kinds, references in circles, sizes and counts that lie. */
import { createHash } from "node:crypto";
import { parseBtf } from "../../src/btf/index.js";
import { FrameType } from "../../src/format/types.js";
import type { Change } from "./change-frames.js";
import { treeOf } from "./change-values.js";
import type { Model } from "./model.js";
import { contentOf, encodeTree, leafOf, valueUnder } from "./msgpack-tree.js";
import { oddNumber, type Random } from "./random.js";

function inBtf(name: string, change: (bytes: Uint8Array, random: Random) => Uint8Array | undefined): Change {
  return {
    name,
    apply(model: Model, random: Random) {
      const frames = model.frames.filter(({ type }) => type === FrameType.BTF);
      if (frames.length === 0) return;
      const frame = random.pick(frames);
      const tree = treeOf(frame);
      const data = tree && valueUnder(tree, "data");
      const hash = tree && valueUnder(tree, "sha256");
      const bytes = data ? contentOf(data.parent.children[data.at]) : null;
      if (!tree || !data || !hash || bytes === null || bytes.length < 24) return;
      const copy = bytes.slice();
      const changed = change(copy, random) ?? copy;
      data.parent.children[data.at] = leafOf.bytes(changed);
      hash.parent.children[hash.at] = leafOf.text(createHash("sha256").update(changed).digest("hex"));
      frame.payload = encodeTree(tree);
    },
  };
}

function typeOffsets(bytes: Uint8Array): readonly number[] {
  try {
    return [...parseBtf(bytes).typeOffsets].slice(1);
  } catch {
    return [];
  }
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const BTF_CHANGES: readonly Change[] = [
  inBtf("a number in BTF", (bytes, random) => {
    for (let i = random.int(4); i >= 0; i--) {
      const at = 4 * random.int(Math.floor(bytes.length / 4));
      const value = random.oneIn(2) ? BigInt(random.int(400)) : oddNumber(random);
      viewOf(bytes).setUint32(at, Number(BigInt.asUintN(32, value)), true);
    }
    return undefined;
  }),
  inBtf("a type in BTF", (bytes, random) => {
    const offsets = typeOffsets(bytes);
    if (offsets.length === 0) return undefined;
    for (let i = random.int(4); i >= 0; i--) {
      const at = random.pick(offsets);
      const view = viewOf(bytes);
      // The kind, with as many entries as before; or the size, or the type that it refers to.
      if (random.oneIn(2)) view.setUint8(at + 7, random.int(24) | (random.oneIn(4) ? 0x80 : 0));
      else view.setUint32(at + 8, random.int(offsets.length + 2), true);
    }
    return undefined;
  }),
  inBtf("a member in BTF", (bytes, random) => {
    const view = viewOf(bytes);
    const structs = typeOffsets(bytes).filter((at) => {
      const kind = view.getUint8(at + 7) & 0x1f;
      return (kind === 4 || kind === 5) && view.getUint16(at + 4, true) > 0;
    });
    if (structs.length === 0) return undefined;
    const at = random.pick(structs);
    const member = at + 12 + 12 * random.int(view.getUint16(at + 4, true));
    const field = random.int(3);
    const value = field === 2 ? BigInt(random.int(4096)) : BigInt(random.int(200));
    view.setUint32(
      member + 4 * field,
      Number(random.oneIn(6) ? BigInt.asUintN(32, oddNumber(random)) : value),
      true,
    );
    return undefined;
  }),
  inBtf("BTF cut short", (bytes, random) => bytes.slice(0, random.int(bytes.length))),
  inBtf("names in BTF", (bytes, random) => {
    const view = viewOf(bytes);
    const strings = view.getUint32(4, true) + view.getUint32(16, true);
    for (let i = random.int(6); i >= 0 && strings < bytes.length; i--) {
      bytes[strings + random.int(bytes.length - strings)] = random.oneIn(2)
        ? random.int(32)
        : random.int(256);
    }
    return undefined;
  }),
];
