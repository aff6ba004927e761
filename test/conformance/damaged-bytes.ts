/** Damage as it happens to files: cuts, flipped bits, lost, added, repeated and moved bytes. Checksums are not repaired. */
import { join } from "../format/support.js";
import { cut, flip, names, offsetOf, order, partOf, splice, without } from "./change.js";
import { open, SUMMARY, sample } from "./sample.js";
import { Tape } from "./spell.js";
import type { Corpus } from "./valid.js";

const whole = sample();
const zeros = (count: number): Uint8Array => new Uint8Array(count);
/** Bytes that are no marker and no magic. */
const junk = (count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => (i * 37 + 11) & 0xff);

export const CUTS: Corpus = {
  "cut-to-nothing": () => zeros(0),
  "cut-in-magic": () => cut(whole, "file header", 4),
  "cut-in-file-header": () => cut(whole, "file header", 63),
  "cut-after-file-header": () => cut(whole, "HOST", 0),
  "cut-in-marker": () => cut(whole, "CHUNK", 4),
  "cut-in-frame-header": () => cut(whole, "CHUNK", 39),
  "cut-after-frame-header": () => cut(whole, "CHUNK", 40),
  "cut-in-context": () => cut(whole, "CHUNK", 60),
  "cut-in-payload": () => cut(whole, "CHUNK", 200),
  "cut-in-padding": () => cut(whole, "HOST", -1),
  "cut-between-frames": () => cut(whole, "GAP", 0),
  "cut-before-index": () => cut(whole, "INDEX", 0),
  "cut-in-index": () => cut(whole, "INDEX", 100),
  "cut-after-index": () => cut(whole, "SUMMARY", 0),
  "cut-in-summary": () => cut(whole, "SUMMARY", 41),
  "cut-before-trailer": () => cut(whole, "trailer", 0),
  "cut-in-trailer": () => cut(whole, "trailer", 39),
  "cut-in-trailer-later": () => cut(whole, "trailer", 41),
  "cut-in-end-magic": () => cut(whole, "trailer", -1),
  "cut-in-the-metadata": () => cut(whole, "BTF", 300),
};

const HEADER_FIELDS: readonly (readonly [string, number])[] = [
  ["magic", 0],
  ["magic-later", 7],
  ["major", 8],
  ["minor", 10],
  ["header-length", 12],
  ["incompatible-features", 16],
  ["compatible-features", 24],
  ["capture-id", 32],
  ["sync-marker", 48],
  ["reserved", 56],
  ["header-crc", 60],
];

const FRAME_FIELDS: readonly (readonly [string, number])[] = [
  ["marker", 0],
  ["type", 8],
  ["flags", 10],
  ["context-length", 12],
  ["sequence", 16],
  ["stored-length", 24],
  ["raw-length", 28],
  ["body-crc", 32],
  ["header-crc", 36],
  ["context", 41],
  ["payload", 150],
];

const TRAILER_FIELDS: readonly (readonly [string, number])[] = [
  ["capture-id", 0],
  ["index-offset", 16],
  ["summary-offset", 24],
  ["file-length", 32],
  ["flags", 40],
  ["crc", 44],
  ["end-magic", 48],
];

function flips(
  what: string,
  part: string,
  fields: readonly (readonly [string, number])[],
): Record<string, () => Uint8Array> {
  return Object.fromEntries(
    fields.map(([field, at]) => [`flip-${what}-${field}`, () => flip(whole, part, at)]),
  );
}

export const FLIPS: Corpus = {
  ...flips("file-header", "file header", HEADER_FIELDS),
  ...flips("chunk", "CHUNK", FRAME_FIELDS),
  ...flips("trailer", "trailer", TRAILER_FIELDS),
  "flip-file-header-major-high": () => flip(whole, "file header", 9),
  "flip-host-header": () => flip(whole, "HOST", 26),
  "flip-host-payload": () => flip(whole, "HOST", 60),
  "flip-clocks-payload": () => flip(whole, "CLOCKS", 60),
  "flip-btf-payload": () => flip(whole, "BTF", 400),
  "flip-inventory-payload": () => flip(whole, "INVENTORY", 44),
  "flip-gap-payload": () => flip(whole, "GAP", 44),
  "flip-last-chunk-header": () => flip(whole, "CHUNK 2", 9),
  "flip-last-chunk-payload": () => flip(whole, "CHUNK 2", 180),
  "flip-index-header": () => flip(whole, "INDEX", 16),
  "flip-index-payload": () => flip(whole, "INDEX", 60),
  "flip-summary-header": () => flip(whole, "SUMMARY", 30),
  "flip-summary-payload": () => flip(whole, "SUMMARY", 60),
  "flip-padding": () => flip(whole, "HOST", -1),
  "flip-in-two-chunks": () => {
    const bytes = flip(whole, "CHUNK", 180);
    const other = flip(whole, "CHUNK 2", 180);
    return bytes.map((byte, i) => byte ^ (other[i] ?? 0) ^ (whole.bytes[i] ?? 0));
  },
  "flip-payload-of-a-cut-file": () => cut(whole, "INDEX", 0).map((byte, i) => (i === 2000 ? byte ^ 1 : byte)),
};

const FRAMES = ["file header", "HOST", "CLOCKS", "BTF", "INVENTORY", "CHUNK", "GAP", "CHUNK 2"];
const END = ["INDEX", "SUMMARY", "trailer"];

export const MOVES: Corpus = {
  "frame-removed": () => without(whole, "GAP"),
  "chunk-removed": () => without(whole, "CHUNK"),
  "host-removed": () => without(whole, "HOST"),
  "clocks-removed": () => without(whole, "CLOCKS"),
  "btf-removed": () => without(whole, "BTF"),
  "index-removed": () => without(whole, "INDEX"),
  "summary-removed": () => without(whole, "SUMMARY"),
  "index-and-summary-removed": () => without(whole, "INDEX", "SUMMARY"),
  "all-frames-removed": () => order(whole, "file header", "trailer"),
  "last-frames-removed": () => without(whole, "CHUNK 2", "INDEX", "SUMMARY"),
  "chunk-repeated": () => order(whole, ...FRAMES.slice(0, 6), "CHUNK", ...FRAMES.slice(6), ...END),
  "host-repeated-at-the-end": () => order(whole, ...FRAMES, "HOST", ...END),
  "chunks-swapped": () => order(whole, ...FRAMES.slice(0, 5), "CHUNK 2", "GAP", "CHUNK", ...END),
  "frames-reversed": () => order(whole, "file header", ...FRAMES.slice(1).reverse(), ...END),
  "summary-before-index": () => order(whole, ...FRAMES, "SUMMARY", "INDEX", "trailer"),
  "trailer-in-the-middle": () => order(whole, ...FRAMES.slice(0, 6), "trailer", ...FRAMES.slice(6), ...END),
  "trailer-twice": () => order(whole, ...names(whole), "trailer"),
  "file-header-twice": () => order(whole, "file header", ...names(whole)),
  "bytes-lost-in-payload": () => splice(whole, "CHUNK", 200, 3),
  "eight-bytes-lost-in-payload": () => splice(whole, "CHUNK", 200, 8),
  "bytes-lost-in-frame-header": () => splice(whole, "CHUNK", 20, 4),
  "bytes-lost-over-two-frames": () => splice(whole, "CHUNK", 200, partOf(whole, "CHUNK").length - 180),
  "bytes-lost-in-the-last-frame": () => splice(whole, "SUMMARY", 60, 5),
  "bytes-added-in-payload": () => splice(whole, "CHUNK", 200, 0, junk(5)),
  "a-page-added-in-payload": () => splice(whole, "CHUNK", 200, 0, zeros(4096)),
  "byte-added-between-frames": () => splice(whole, "GAP", 0, 0, [0]),
  "bytes-added-between-frames": () => splice(whole, "GAP", 0, 0, junk(100)),
  "bytes-added-after-file-header": () => splice(whole, "HOST", 0, 0, junk(8)),
  "bytes-added-before-trailer": () => splice(whole, "trailer", 0, 0, junk(50)),
  "bytes-added-before-file-header": () => splice(whole, "file header", 0, 0, junk(8)),
  "marker-added-between-frames": () => splice(whole, "GAP", 0, 0, join(whole.sync, junk(60), whole.sync)),
  "frame-cut-off-and-begun-anew": () => splice(whole, "CHUNK", 0, 0, partOf(whole, "CHUNK").subarray(0, 160)),
  "zeros-over-a-frame": () => {
    const { length } = partOf(whole, "CHUNK");
    return splice(whole, "CHUNK", 0, length, zeros(length));
  },
  "zeros-over-all-frames": () => join(partOf(whole, "file header"), zeros(300)),
  "zeros-at-the-end-of-a-cut-file": () => join(cut(whole, "GAP", 20), zeros(300)),
  "zeros-after-the-last-frame": () => join(cut(whole, "INDEX", 0), zeros(4096)),
  "frame-removed-behind-a-damaged-header": () => {
    const changed = splice(whole, "HOST", 26, 1, [0xff]);
    const gap = partOf(whole, "GAP").length;
    const at = offsetOf(whole, "GAP");
    return join(changed.subarray(0, at), changed.subarray(at + gap));
  },
  "frame-swallows-the-beginning-of-the-trailer": () => {
    const tape = new Tape();
    tape.frame("last", { type: 0x8000, payload: tape.id.subarray(0, 8) });
    return tape.junk("trailer", tape.trailer({}).subarray(8)).bytes;
  },
  "trailing-byte": () => join(whole.bytes, [0]),
  "trailing-bytes": () => join(whole.bytes, junk(200)),
  "trailing-frames": () => join(whole.bytes, partOf(whole, "CHUNK"), partOf(whole, "GAP")),
  "line-ends-translated": () => {
    const bytes = [...whole.bytes].flatMap((byte) => (byte === 0x0a ? [0x0d, 0x0a] : [byte]));
    return Uint8Array.from(bytes);
  },
};

const second = sample({ number: 2 });

/** Several captures in a file, not all of them whole. */
export const JOINED: Corpus = {
  "cut-between-frames-then-another": () => join(cut(whole, "GAP", 0), second.bytes),
  "cut-in-frame-header-then-another": () => join(cut(whole, "GAP", 20), second.bytes),
  "cut-in-payload-then-another": () => join(cut(whole, "CHUNK", 203), second.bytes),
  "cut-in-payload-then-another-cut": () => join(cut(whole, "CHUNK", 203), cut(second, "GAP", 3)),
  "cut-in-trailer-then-another": () => join(cut(whole, "trailer", 30), second.bytes),
  "cut-after-file-header-then-another": () => join(cut(whole, "HOST", 0), second.bytes),
  "cut-in-file-header-then-another": () => join(cut(whole, "file header", 40), second.bytes),
  "another-cut": () => join(whole.bytes, cut(second, "CHUNK", 100)),
  "another-cut-in-its-file-header": () => join(whole.bytes, cut(second, "file header", 63)),
  "another-with-a-damaged-file-header": () => join(whole.bytes, flip(second, "file header", 33)),
  "another-after-trailing-bytes": () => join(whole.bytes, junk(13), second.bytes),
  "another-of-a-higher-major": () => join(whole.bytes, new Tape(3, { major: 2 }).bytes),
  "another-of-a-higher-major-after-a-cut": () => join(cut(whole, "GAP", 30), new Tape(3, { major: 2 }).bytes),
  "another-with-an-unknown-feature": () =>
    join(whole.bytes, open({ number: 2, header: { needs: 1n } }).bytes),
  "another-refused-and-a-third": () =>
    join(whole.bytes, sample({ number: 2, header: { needs: 1n } }).bytes, sample({ number: 3 }).bytes),
  "another-refused-for-a-frame": () =>
    join(
      whole.bytes,
      open({ number: 2 }).frame("x", { type: 99, flags: 1 }).end(SUMMARY).bytes,
      second.bytes,
    ),
  "damaged-trailer-then-another": () => join(flip(whole, "trailer", 45), second.bytes),
  "magic-between-frames": () => splice(whole, "GAP", 0, 0, partOf(second, "file header").subarray(0, 48)),
  "file-header-between-frames": () => splice(whole, "GAP", 0, 0, partOf(second, "file header")),
  "too-large-before-another": () =>
    join(
      new Tape().frame("odd", { type: 0x8000, payload: junk(80), storedBytes: 0xffff_ff00 }).bytes,
      second.bytes,
    ),
  "wrong-body-and-bytes-before-another": () =>
    join(
      new Tape().frame("odd", { type: 0x8000, payload: junk(80), bodyCrc: 1 }).bytes,
      junk(33),
      second.bytes,
    ),
  "wrong-body-before-another": () =>
    join(new Tape().frame("odd", { type: 0x8000, payload: second.bytes, bodyCrc: 1 }).bytes, second.bytes),
  "wrong-body-with-a-frame-before-the-trailer": () => {
    const tape = new Tape();
    const inner = tape.spell({ type: 0x8001, sequence: 7 });
    return tape.frame("odd", { type: 0x8000, payload: inner, bodyCrc: 1 }).end(null, null).bytes;
  },
  "trailer-found-before-another": () =>
    join(cut(whole, "INDEX", 0), junk(77), partOf(whole, "trailer"), second.bytes),
};
