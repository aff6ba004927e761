/** What later versions may write: what an older reader skips, ignores or reads as something else, and what it refuses. */
import { join, le } from "../format/support.js";
import { FUTURE_RECORDS } from "./future-records.js";
import {
  btf,
  CHUNKS,
  CLOCK,
  CONTEXTS,
  context,
  GAP,
  HOST,
  INVENTORY,
  open,
  QUEUE,
  SUMMARY,
  sample,
  TASK,
} from "./sample.js";
import { type FrameSpelling, msgpack, Pairs, Raw, Tape } from "./spell.js";
import type { Corpus } from "./valid.js";

const JUNK = {
  later: { deeper: [1, -1, null, true, "text", new Uint8Array(3), { again: 2n ** 64n - 1n }] },
  toString: "x",
  "": 5,
};

/** The sample with a frame between its chunks. */
const withFrame = (frame: FrameSpelling): Uint8Array => {
  const tape = new Tape()
    .frame("HOST", { type: 1, flags: 1, payload: msgpack(HOST) })
    .frame("CLOCKS", { type: 3, flags: 1, payload: msgpack({ clocks: [CLOCK] }) })
    .frame("BTF", { type: 2, flags: 1, payload: msgpack(btf()) })
    .frame("CHUNK", { type: 5, flags: 1, context: CONTEXTS[0], payload: msgpack(CHUNKS[0]) })
    .frame("odd", frame)
    .frame("CHUNK 2", { type: 5, flags: 1, context: CONTEXTS[1], payload: msgpack(CHUNKS[1]) });
  return tape.end({ ...SUMMARY, gaps: 0 }).bytes;
};
const alone = (frame: FrameSpelling): Uint8Array => new Tape().frame("odd", frame).end(null, null).bytes;
const bytes = Uint8Array.of(1, 2, 3);

const FRAMES: Corpus = {
  "frame-of-unknown-type": () => withFrame({ type: 10, context: bytes, payload: bytes }),
  "frame-of-unknown-type-compressed": () => withFrame({ type: 10, flags: 2, payload: bytes, rawBytes: 1000 }),
  "frame-of-type-0": () => withFrame({ type: 0 }),
  "frame-of-private-type": () => withFrame({ type: 0x8000, payload: bytes }),
  "frame-of-the-last-private-type": () => withFrame({ type: 0xffff, flags: 0x7f00 }),
  "frame-of-unknown-type-critical": () => withFrame({ type: 10, flags: 1, payload: bytes }),
  "frame-of-private-type-critical": () => withFrame({ type: 0x8000, flags: 1, payload: bytes }),
  "unknown-critical-frame-of-an-unfinished-capture": () =>
    open()
      .frame("odd", { type: 77, flags: 1 })
      .frame("last", { type: 6, flags: 1, payload: msgpack(GAP) }).bytes,
  "two-unknown-critical-frames": () =>
    open().frame("odd", { type: 77, flags: 1 }).frame("odd 2", { type: 78, flags: 1 }).bytes,
  "gap-with-an-unknown-low-flag": () => withFrame({ type: 6, flags: 0x80, payload: msgpack(GAP) }),
  "gap-with-an-unknown-low-flag-critical": () => withFrame({ type: 6, flags: 0x05, payload: msgpack(GAP) }),
  "gap-with-unknown-high-flags": () => withFrame({ type: 6, flags: 0xff01, payload: msgpack(GAP) }),
  "chunk-with-an-unknown-low-flag": () =>
    withFrame({ type: 5, flags: 0x40, context: context({ first: 2, records: 7 }), payload: bytes }),
  "summary-with-an-unknown-low-flag": () => {
    const tape = open();
    return tape.frame("odd", { type: 8, flags: 8, payload: msgpack({ ...SUMMARY, records: 9 }) }).end(SUMMARY)
      .bytes;
  },
  "host-with-an-unknown-low-flag-then-host": () =>
    new Tape()
      .frame("odd", { type: 1, flags: 4, payload: bytes })
      .frame("HOST", { type: 1, flags: 1, payload: msgpack(HOST) })
      .end(null, null).bytes,
  "frames-not-critical": () =>
    new Tape()
      .frame("HOST", { type: 1, payload: msgpack(HOST) })
      .frame("CLOCKS", { type: 3, payload: msgpack({ clocks: [CLOCK] }) })
      .frame("BTF", { type: 2, payload: msgpack(btf()) })
      .frame("CHUNK", { type: 5, context: CONTEXTS[0], payload: msgpack(CHUNKS[0]) })
      .end({ ...SUMMARY, records: 2, chunks: 1 }).bytes,
  "frames-critical-that-need-not-be": () =>
    new Tape().frame("INVENTORY", { type: 4, flags: 1, payload: msgpack(INVENTORY) }).end(null, null).bytes,
};

const HEADERS: Corpus = {
  "higher-minor": () => sample({ header: { minor: 4 } }).bytes,
  "highest-minor": () => sample({ header: { minor: 0xffff } }).bytes,
  "minor-0": () => sample({ header: { minor: 0 } }).bytes,
  "longer-file-header": () => sample({ header: { minor: 9, length: 96 } }).bytes,
  "longest-file-header": () => sample({ header: { minor: 9, length: 4096 } }).bytes,
  "longer-file-header-joined": () =>
    join(sample({ header: { length: 72 } }).bytes, sample({ number: 2, header: { length: 200 } }).bytes),
  "higher-major": () => sample({ header: { major: 2, minor: 0 } }).bytes,
  "highest-major-of-another-header": () =>
    join(new Tape(1, { major: 0xffff }).bytes.subarray(0, 60), le(0, 4)),
  "higher-major-with-an-odd-header-length": () => new Tape(1, { major: 2, length: 68 }).bytes,
  "higher-major-cut": () => new Tape(1, { major: 2 }).bytes.subarray(0, 50),
  "compatible-features": () => sample({ header: { may: 2n ** 64n - 1n } }).bytes,
  "incompatible-feature": () => sample({ header: { needs: 1n } }).bytes,
  "incompatible-feature-63": () => sample({ header: { needs: 1n << 63n, minor: 9 } }).bytes,
  "higher-major-and-incompatible-feature": () => sample({ header: { major: 3, needs: 1n } }).bytes,
};

const PAYLOADS: Corpus = {
  "keys-unknown-everywhere": () =>
    open({
      host: {
        ...JUNK,
        ...HOST,
        recorder: { ...HOST.recorder, ...JUNK },
        config: { ...HOST.config, ...JUNK },
        attach_plan: [{ plane: "task", hook: "h", mechanism: "m", attached: true, ...JUNK }],
        recording: { id: "i", part: 1, first_record: 0, ...JUNK },
        redacted: { kept: [], ...JUNK },
      },
      clocks: { clocks: [{ ...CLOCK, ...JUNK }], ...JUNK },
      btf: { ...btf(), ...JUNK },
      inventory: {
        ...INVENTORY,
        ...JUNK,
        queues: [
          {
            kind: "sysv",
            namespace_inum: 1,
            id: 2,
            name: "n",
            fields: { a: "b" },
            holders: [{ tgid: 1, fd: 2, ...JUNK }],
            ...JUNK,
          },
        ],
        namespaces: [{ namespace_inum: 1, limits: {}, ...JUNK }],
        missing: [{ what: "w", why: "y", ...JUNK }],
        in_flight: [{ tid: 1, start_ns: 2, event: 3, enter_ns: 4, ...JUNK }],
      },
      chunk: { ...CHUNKS[0], ...JUNK, tasks: [{ ...TASK, ...JUNK }], queues: [{ ...QUEUE, ...JUNK }] },
      gap: { ...GAP, ...JUNK },
    })
      .frame("ORIGIN", {
        type: 9,
        payload: msgpack({
          made_by: "slice",
          version: "9",
          from: [],
          options: {},
          problems: [{ code: "c", offset: 1, frame: null, message: "m", ...JUNK }],
          ...JUNK,
        }),
      })
      .end({ ...SUMMARY, ...JUNK, counts: [{ event: 1, entries: 2, exits: 3, ...JUNK }] }).bytes,
  "index-with-unknown-keys": () => {
    const tape = open();
    const frames = tape.lines().map((line) => ({ ...line, ...JUNK }));
    return tape.end(SUMMARY, { frames, ...JUNK }).bytes;
  },
  "nested-as-deep-as-allowed": () => {
    const nested = new Raw(...new Array<number>(15).fill(0x91), 0xc0);
    return alone({ type: 6, flags: 1, payload: msgpack({ ...GAP, later: nested }) });
  },
  "free-keys-that-languages-know": () =>
    sample({
      inventory: {
        ...INVENTORY,
        limits: new Pairs(
          ["constructor", "a"],
          ["toString", "b"],
          ["hasOwnProperty", "c"],
          ["10", "d"],
          ["9", "e"],
        ),
      },
    }).bytes,
  "words-unknown-in-marked-lists": () =>
    open({
      clocks: { clocks: [CLOCK, { ...CLOCK, reason: "leap" }, { ...CLOCK, reason: "" }] },
      inventory: { ...INVENTORY, reason: "curiosity" },
      gap: { ...GAP, cause: "cosmic_ray", plane: "astral" },
    })
      .frame("ORIGIN", {
        type: 9,
        payload: msgpack({ made_by: "translate", version: "9", from: [], options: {}, problems: [] }),
      })
      .end({ ...SUMMARY, ended: "boredom" }).bytes,
  "word-unknown-in-a-list-of-str": () =>
    sample({
      inventory: { ...INVENTORY, namespaces: [{ namespace_inum: 1, limits: {}, whole: ["posix", "dbus"] }] },
    }).bytes,
  "plane-of-a-hook-unknown": () =>
    sample({ host: { ...HOST, attach_plan: [{ plane: "user", hook: "h", mechanism: "m", attached: true }] } })
      .bytes,
  "kind-of-a-queue-unknown": () =>
    sample({ chunk: { ...CHUNKS[0], queues: [{ ...QUEUE, kind: "pipe" }] } }).bytes,
  "arch-unknown": () => sample({ host: { ...HOST, arch: "riscv64" } }).bytes,
  "btf-of-an-unknown-origin": () =>
    open()
      .frame("BTF 2", { type: 2, flags: 1, payload: msgpack({ ...btf(), origin: "module" }) })
      .end(SUMMARY).bytes,
  "context-with-appended-fields": () =>
    sample({
      context: join(CONTEXTS[0], new Uint8Array(20).fill(0xee)),
      context2: join(CONTEXTS[1], [1]),
    }).bytes,
  "context-with-unknown-flags": () => {
    const changed = CONTEXTS[0].slice();
    changed.set(le(0xfffd, 2), 40);
    changed.set(le(0xffff, 2), 46);
    return sample({ context: changed }).bytes;
  },
};

const ENDS: Corpus = {
  "trailer-with-unknown-flags": () => open().end(SUMMARY, undefined, { flags: 0xffff_ffff }).bytes,
  "frame-between-summary-and-trailer": () => {
    const tape = open();
    const index = tape.length;
    tape.frame("INDEX", { type: 7, payload: msgpack({ frames: tape.lines() }) });
    const summary = tape.length;
    return tape
      .frame("SUMMARY", { type: 8, payload: msgpack(SUMMARY) })
      .frame("later", { type: 12, payload: bytes })
      .end(null, null, { index, summary, flags: 3 }).bytes;
  },
  "unknown-frames-in-the-index": () => {
    const tape = open();
    for (let type = 10; type < 14; type++) tape.frame(`${type}`, { type, payload: bytes });
    return tape.end(SUMMARY).bytes;
  },
};

export const FUTURE: Corpus = { ...FRAMES, ...HEADERS, ...PAYLOADS, ...FUTURE_RECORDS, ...ENDS };
