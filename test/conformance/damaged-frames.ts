/** Lies about places and lengths, with right checksums around them: file header, frames, contexts, index, summary, trailer. */
import { join, le } from "../format/support.js";
import { cut, flip, offsetOf, partOf, replace, splice } from "./change.js";
import {
  btf,
  CHUNKS,
  CLOCKS,
  CONTEXTS,
  context,
  GAP,
  HOST,
  INVENTORY,
  open,
  SUMMARY,
  sample,
} from "./sample.js";
import { type FrameSpelling, msgpack, Tape } from "./spell.js";
import type { Corpus } from "./valid.js";

const whole = sample();
const MiB = 1024 * 1024;
const gap = (lost: number): FrameSpelling => ({
  type: 6,
  flags: 1,
  payload: msgpack({ lost, cause: "output" }),
});

/** One odd frame between two good ones; no end. */
const around = (odd: FrameSpelling): Uint8Array =>
  new Tape().frame("before", gap(1)).frame("odd", odd).frame("after", gap(3)).bytes;

export const FILE_HEADERS: Corpus = {
  "header-length-short": () => new Tape(1, { length: 56 }).bytes,
  "header-length-odd": () => join(new Tape(1, { length: 68 }).bytes, new Uint8Array(100)),
  "header-length-beyond-limit": () => new Tape(1, { length: 4104 }).bytes,
  "header-length-beyond-file": () => new Tape(1, { length: 256 }).bytes.subarray(0, 255),
  "major-0": () => sample({ header: { major: 0 } }).bytes,
  "not-a-capture": () => new Uint8Array(Buffer.from("#!/bin/sh\necho this is no capture\n")),
  "not-a-capture-one-byte": () => Uint8Array.of(0x88),
};

export const FRAMES: Corpus = {
  "stored-length-beyond-limit": () =>
    around({ ...gap(2), storedBytes: 64 * MiB + 1, rawBytes: 64 * MiB + 1 }),
  "chunk-length-beyond-limit": () =>
    around({ type: 5, flags: 1, context: context({}), storedBytes: 16 * MiB + 1, rawBytes: 16 * MiB + 1 }),
  "raw-length-beyond-limit": () => around({ ...gap(2), flags: 3, rawBytes: 64 * MiB + 1 }),
  "context-length-beyond-limit": () => around({ ...gap(2), contextBytes: 65_537 }),
  "all-lengths-all-ones": () =>
    around({
      ...gap(2),
      flags: 3,
      contextBytes: 0xffff_ffff,
      storedBytes: 0xffff_ffff,
      rawBytes: 0xffff_ffff,
    }),
  "too-large-at-the-end": () =>
    new Tape().frame("before", gap(1)).frame("odd", { ...gap(2), storedBytes: 0xffff_ffff }).bytes,
  "length-past-the-end": () => around({ ...gap(2), storedBytes: 1_000_000, rawBytes: 1_000_000 }),
  "length-past-the-end-at-the-end": () =>
    new Tape().frame("before", gap(1)).frame("odd", { ...gap(2), storedBytes: 1000, rawBytes: 1000 }).bytes,
  "length-past-the-end-before-a-trailer": () =>
    open()
      .frame("odd", { ...gap(2), storedBytes: 100_000, rawBytes: 100_000 })
      .end(SUMMARY, null).bytes,
  "length-shorter": () => {
    const { payload = new Uint8Array(0) } = gap(2);
    const tape = new Tape();
    const short = tape.spell({ ...gap(2), payload: payload.subarray(0, 8), sequence: 1 });
    return join(
      tape.frame("a", gap(1)).bytes,
      short,
      payload.subarray(8),
      tape.spell({ ...gap(3), sequence: 2 }),
    );
  },
  "length-past-the-end-and-sequences-behind-it": () =>
    new Tape()
      .frame("before", gap(1))
      .frame("odd", { ...gap(2), storedBytes: 1_000_000, rawBytes: 1_000_000 })
      .frame("5", { ...gap(3), sequence: 5 }).bytes,
  "chunk-length-beyond-limit-of-an-unknown-flag": () =>
    around({ type: 5, flags: 0x40, storedBytes: 16 * MiB + 1, rawBytes: 16 * MiB + 1 }),
  "length-swallows-the-next-frame": () => {
    const tape = open();
    const chunk = partOf(tape, "CHUNK");
    const payload = join(msgpack(CHUNKS[0]), partOf(tape, "GAP"));
    const swallowing = tape.spell({ type: 5, flags: 1, context: CONTEXTS[0], payload, sequence: 4 });
    return join(
      cut(tape, "CHUNK", 0),
      swallowing,
      tape.bytes.subarray(offsetOf(tape, "CHUNK") + chunk.length + partOf(tape, "GAP").length),
    );
  },
  "raw-length-of-what-is-not-compressed": () => around({ ...gap(2), rawBytes: 3 }),
  "sequence-jumps": () => around({ ...gap(2), sequence: 9 }),
  "sequence-jumps-back": () =>
    new Tape()
      .frame("0", gap(1))
      .frame("5", { ...gap(2), sequence: 5 })
      .frame("3", { ...gap(3), sequence: 3 }).bytes,
  "sequence-does-not-begin-with-0": () => new Tape().frame("7", { ...gap(1), sequence: 7 }).bytes,
  "sequence-at-its-limit": () => around({ ...gap(2), sequence: 2n ** 53n - 1n }),
  "sequence-beyond-its-limit": () =>
    join(
      new Tape().frame("before", gap(1)).bytes,
      new Tape().spell({ ...gap(2), sequence: 2n ** 53n }),
      new Tape().spell({ ...gap(3), sequence: 2 }),
    ),
  "sequence-jumps-at-a-damaged-frame": () => around({ ...gap(2), sequence: 4, bodyCrc: 1 }),
  "damaged-frame-out-of-order": () => around({ ...gap(2), sequence: 0, bodyCrc: 1 }),
  "unknown-critical-frame-out-of-order": () =>
    new Tape()
      .frame("0", gap(1))
      .frame("1", gap(2))
      .frame("odd", { type: 99, flags: 1, sequence: 0 })
      .frame("2", { ...gap(3), sequence: 2 }).bytes,
  "unknown-critical-frame-damaged": () => around({ type: 99, flags: 1, bodyCrc: 1 }),
  "header-crc-wrong": () => around({ ...gap(2), headerCrc: 1 }),
  "body-crc-wrong": () => around({ ...gap(2), bodyCrc: 1 }),
  "body-crc-wrong-of-nothing": () => around({ type: 0x8000, bodyCrc: 1 }),
  "frame-inside-a-damaged-frame": () => {
    const inner = new Tape().spell({ ...gap(66), sequence: 2 });
    return around({ type: 0x8000, payload: join(inner, inner), bodyCrc: 1 });
  },
  "frame-inside-a-damaged-frame-whose-end-is-lost": () => {
    const inner = new Tape().spell({ ...gap(66), sequence: 2 });
    const tape = new Tape()
      .frame("0", gap(1))
      .frame("1", { type: 0x8000, payload: join(inner, new Uint8Array(50)) });
    return splice(tape.frame("3", { ...gap(3), sequence: 3 }), "1", 40 + inner.length + 9, 13);
  },
  "capture-inside-a-damaged-chunk": () =>
    flip(
      new Tape()
        .frame("CHUNK", { type: 5, flags: 1, context: context({}), payload: sample({ number: 2 }).bytes })
        .frame("GAP", gap(1)),
      "CHUNK",
      3000,
    ),
  "capture-inside-a-damaged-chunk-whose-end-is-lost": () => {
    const inner = sample({ number: 2 }).bytes;
    const tape = new Tape().frame("CHUNK", { type: 5, flags: 1, context: context({}), payload: inner });
    return splice(tape.frame("GAP", gap(1)), "CHUNK", 40 + 48 + inner.length - 10, 3);
  },
  "headers-that-claim-the-same-bytes": () => claims(12),
  "many-frames-of-nothing": () => {
    const tape = new Tape();
    for (let i = 0; i < 20; i++) tape.frame(`${i}`, { type: 0x8000 });
    return tape.bytes;
  },
};

/** Headers one after the other, each with a wrong body that reaches to the end of the file. */
function claims(count: number): Uint8Array {
  const tape = new Tape();
  for (let i = 0; i < count; i++) {
    const left = 40 * (count - i - 1);
    tape.junk(
      `${i}`,
      tape.spell({ type: 0x8000, sequence: i, storedBytes: left, rawBytes: left, bodyCrc: 1 }),
    );
  }
  return tape.bytes;
}

const twoChunks = (of: Uint8Array, second?: Uint8Array): Uint8Array =>
  sample({ context: of, ...(second === undefined ? {} : { context2: second }) }).bytes;

export const CONTEXT_LIES: Corpus = {
  "context-empty": () => twoChunks(new Uint8Array(0)),
  "context-too-short": () => twoChunks(CONTEXTS[0].subarray(0, 47)),
  "context-claims-a-count": () => twoChunks(context({ records: 2, claims: [1, 0] })),
  "context-claims-a-loss": () => twoChunks(context({ records: 2, claims: [0, 1] })),
  "context-claims-everything": () => twoChunks(context({ records: 2, claims: [0xffff, 0xffff] })),
  "first-record-jumps": () => twoChunks(CONTEXTS[0], context({ first: 1000, records: 1 })),
  "first-record-jumps-further-than-a-gap": () =>
    sample({ gap: { ...GAP, cause: "damage", lost: 97 }, context2: context({ first: 100, records: 1 }) })
      .bytes,
  "first-record-jumps-over-a-gap-of-planes": () =>
    sample({ gap: { ...GAP, cause: "damage", plane: "planes" }, context2: context({ first: 3, records: 1 }) })
      .bytes,
  "first-record-jumps-over-a-gap-of-another-cause": () =>
    sample({ gap: { ...GAP, at_least: true }, context2: context({ first: 3, records: 1 }) }).bytes,
  "first-record-goes-back-over-a-gap": () =>
    sample({ gap: { ...GAP, cause: "damage", at_least: true }, context2: context({ first: 1, records: 1 }) })
      .bytes,
  "first-record-goes-back": () => twoChunks(CONTEXTS[0], context({ first: 1, records: 1 })),
  "first-record-at-its-limit": () =>
    twoChunks(context({ first: 2n ** 64n - 1n, records: 2 }), context({ first: 1, records: 1 })),
  "first-record-behind-a-damaged-context": () =>
    twoChunks(context({ records: 2, claims: [9, 9] }), CONTEXTS[1]),
};

const beginning = (
  names: readonly ("HOST" | "CLOCKS" | "BTF" | "CHUNK")[],
  change: { clocks?: unknown } = {},
) => {
  const tape = new Tape();
  for (const name of names) {
    if (name === "HOST") tape.frame(name, { type: 1, flags: 1, payload: msgpack(HOST) });
    if (name === "CLOCKS") tape.frame(name, { type: 3, flags: 1, payload: msgpack(change.clocks ?? CLOCKS) });
    if (name === "BTF") tape.frame(name, { type: 2, flags: 1, payload: msgpack(btf()) });
    if (name === "CHUNK")
      tape.frame(name, { type: 5, flags: 1, context: CONTEXTS[0], payload: msgpack(CHUNKS[0]) });
  }
  return tape.end({ ...SUMMARY, records: 2, chunks: 1 }).bytes;
};

export const METADATA: Corpus = {
  "no-host": () => beginning(["CLOCKS", "BTF", "CHUNK"]),
  "no-clocks": () => beginning(["HOST", "BTF", "CHUNK"]),
  "no-clock-in-clocks": () => beginning(["HOST", "CLOCKS", "BTF", "CHUNK"], { clocks: { clocks: [] } }),
  "no-btf": () => beginning(["HOST", "CLOCKS", "CHUNK"]),
  "btf-of-the-host-only": () =>
    new Tape()
      .frame("HOST", { type: 1, flags: 1, payload: msgpack(HOST) })
      .frame("CLOCKS", { type: 3, flags: 1, payload: msgpack(CLOCKS) })
      .frame("BTF", { type: 2, flags: 1, payload: msgpack(btf(undefined, "host")) })
      .frame("CHUNK", { type: 5, flags: 1, context: CONTEXTS[0], payload: msgpack(CHUNKS[0]) }).bytes,
  "no-metadata": () => beginning(["CHUNK"]),
  "metadata-after-the-first-chunk": () => beginning(["HOST", "CHUNK", "CLOCKS", "BTF"]),
};

type Line = Record<string, unknown>;

/** The sample with another index. */
function index(change: (lines: Line[]) => unknown): Uint8Array {
  const tape = open();
  const lines = tape.lines();
  const changed = change(lines);
  return tape.end(SUMMARY, { frames: Array.isArray(changed) ? changed : lines }).bytes;
}

const line = (number: number, values: Line): Uint8Array =>
  index((lines) => lines.map((one, i) => (i === number ? { ...one, ...values } : one)));

export const ENDS: Corpus = {
  "index-of-nothing": () => index(() => []),
  "index-lacks-a-frame": () => index((lines) => lines.filter((_, i) => i !== 3)),
  "index-lacks-the-last-frame": () => index((lines) => lines.slice(0, -1)),
  "index-has-a-frame-twice": () => index((lines) => [...lines, lines[0]]),
  "index-reversed": () => index((lines) => lines.reverse()),
  "index-says-another-type": () => line(4, { type: 0x8000 }),
  "index-says-other-flags": () => line(4, { flags: 0 }),
  "index-says-another-offset": () => line(4, { offset: 64 }),
  "index-says-an-offset-beyond-any-file": () => line(4, { offset: 2n ** 64n - 8n }),
  "index-says-another-stored-length": () => line(4, { stored_bytes: 5 }),
  "index-says-another-raw-length": () => line(4, { raw_bytes: 5 }),
  "index-says-another-context": () => line(4, { context: context({ records: 77 }) }),
  "index-lies-so-that-lengths-add-up": () =>
    index((lines) => {
      // 8 bytes of the payload are said to be context: the frame is as long as before.
      const { context: of, stored_bytes, ...rest } = lines[4] ?? {};
      const longer = join(of as Uint8Array, new Uint8Array(8));
      lines[4] = { ...rest, context: longer, stored_bytes: (stored_bytes as number) - 8 };
    }),
  "index-says-another-context-as-long": () =>
    line(4, {
      context: context({
        first: 0,
        records: 3,
        times: [1_100_000_000n, 1_100_001_000n],
        counts: [[10, 1, 1]],
      }),
    }),
  "index-says-another-type-of-a-damaged-chunk": () => {
    const bytes = line(4, { type: 6 });
    const at = offsetOf(whole, "CHUNK") + 180;
    return bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
  },
  "index-of-a-sequence-that-jumps": () => {
    const tape = open();
    const at = tape.length;
    const payload = msgpack({ frames: tape.lines() });
    return tape.frame("INDEX", { type: 7, payload, sequence: 8 }).end(SUMMARY, null, { index: at, flags: 3 })
      .bytes;
  },
  "index-invalid": () => open().end(SUMMARY, { frames: 5 }).bytes,
  "index-line-invalid": () => line(2, { type: "BTF" }),
  "index-of-a-damaged-chunk": () => flip(whole, "CHUNK", 180),
  "index-offset-wrong": () => open().end(SUMMARY, undefined, { index: 64 }).bytes,
  "index-offset-beyond-any-file": () => open().end(SUMMARY, undefined, { index: 2n ** 63n }).bytes,
  "index-offset-of-no-frame": () => open().end(SUMMARY, undefined, { index: 65 }).bytes,
  "index-is-an-unknown-frame": () => {
    const tape = open();
    const payload = msgpack({ frames: tape.lines() });
    const at = tape.length;
    return tape.frame("INDEX", { type: 7, flags: 4, payload }).end(SUMMARY, null, { index: at, flags: 3 })
      .bytes;
  },
  "index-twice": () => {
    const tape = open();
    const payload = msgpack({ frames: tape.lines() });
    return tape.frame("INDEX 1", { type: 7, payload: payload.subarray(0, -1) }).end(SUMMARY).bytes;
  },
  "frame-between-index-and-summary": () => {
    const tape = open();
    const at = tape.length;
    return tape
      .frame("INDEX", { type: 7, payload: msgpack({ frames: tape.lines() }) })
      .frame("GAP 2", { type: 6, flags: 1, payload: msgpack(GAP) })
      .end(SUMMARY, null, { index: at, flags: 3 }).bytes;
  },
  "summary-counts-other-records": () => sample({ summary: { ...SUMMARY, records: 4 } }).bytes,
  "summary-counts-other-chunks": () => sample({ summary: { ...SUMMARY, chunks: 3 } }).bytes,
  "summary-counts-nothing": () => sample({ summary: { ...SUMMARY, records: 0, chunks: 0 } }).bytes,
  "summary-invalid": () => sample({ summary: { records: 3 } }).bytes,
  "summary-offset-wrong": () => open().end(SUMMARY, undefined, { summary: 64 }).bytes,
  "summary-twice": () =>
    open()
      .frame("SUMMARY 1", { type: 8, payload: msgpack({ ...SUMMARY, records: 9 }) })
      .end({ ...SUMMARY, ended: "rotation" }).bytes,
  "summary-valid-then-invalid": () =>
    open()
      .frame("SUMMARY 1", { type: 8, payload: msgpack(SUMMARY) })
      .end({}).bytes,
  "summary-is-not-there": () => open().end(null, undefined, { summary: 64, flags: 3 }).bytes,
  "chunk-after-the-summary": () =>
    open()
      .frame("SUMMARY", { type: 8, payload: msgpack(SUMMARY) })
      .frame("CHUNK 3", {
        type: 5,
        flags: 1,
        context: context({ first: 3, records: 1 }),
        payload: msgpack(CHUNKS[1]),
      })
      .end(null, null).bytes,
  "trailer-file-length-less": () => open().end(SUMMARY, undefined, { file: 1000 }).bytes,
  "trailer-file-length-more": () => open().end(SUMMARY, undefined, { file: 1_000_000 }).bytes,
  "trailer-file-length-beyond-any-file": () => open().end(SUMMARY, undefined, { file: 2n ** 64n - 1n }).bytes,
  "trailer-of-another-capture": () => open().end(SUMMARY, undefined, { id: new Tape(2).id }).bytes,
  "trailer-without-flags": () => open().end(SUMMARY, undefined, { flags: 0 }).bytes,
  "trailer-without-end-magic": () => {
    const trailer = partOf(whole, "trailer").slice();
    trailer.set(le(0, 8), 48);
    return replace(whole, "trailer", trailer);
  },
  "inventory-of-unknown-reason-is-no-damage": () =>
    sample({ inventory: { ...INVENTORY, reason: "curiosity" } }).bytes,
};
