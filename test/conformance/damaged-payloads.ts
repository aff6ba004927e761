/** Lies inside payloads whose checksums are right: zstd, msgpack, values, records, items. */
import { join, le } from "../format/support.js";
import { recorded } from "./recorded.js";
import { btf, CLOCK, context, GAP, HOST, INVENTORY, QUEUE, RECORDS, sample, TASK } from "./sample.js";
import { type FrameSpelling, msgpack, Pairs, Raw, Tape } from "./spell.js";
import { btfOf, recordsIn } from "./structs.js";
import type { Corpus } from "./valid.js";
import { runs, stored, zstdFrame } from "./zstd-frame.js";

const MiB = 1024 * 1024;
const raw = (...bytes: readonly number[]): Raw => new Raw(...bytes);

/** One frame, and the trailer. */
const alone = (frame: FrameSpelling): Uint8Array => new Tape().frame("odd", frame).end(null, null).bytes;
const gap = (payload: Uint8Array): Uint8Array => alone({ type: 6, flags: 1, payload });
const gapOf = (value: unknown): Uint8Array => gap(msgpack(value));
const inventory = (values: object): Uint8Array =>
  alone({ type: 4, payload: msgpack({ ...INVENTORY, ...values }) });
const host = (values: object): Uint8Array =>
  alone({ type: 1, flags: 1, payload: msgpack({ ...HOST, ...values }) });

const GAP_BYTES = msgpack(GAP);
const zstd = (payload: Uint8Array, rawBytes: number = GAP_BYTES.length): Uint8Array =>
  alone({ type: 6, flags: 3, payload, rawBytes });
const packed = (change: Partial<Parameters<typeof zstdFrame>[0]>): Uint8Array =>
  zstdFrame({ blocks: [GAP_BYTES], content: GAP_BYTES.length, ...change });
const SKIPPABLE = join([0x50, 0x2a, 0x4d, 0x18], le(4, 4), [1, 2, 3, 4]);

export const ZSTD: Corpus = {
  "zstd-is-none": () => zstd(GAP_BYTES),
  "zstd-of-nothing": () => zstd(new Uint8Array(0)),
  "zstd-empty-frame": () => zstd(zstdFrame({ blocks: [new Uint8Array(0)], content: 0 }), 0),
  "zstd-empty-frame-checksum-wrong": () =>
    zstd(zstdFrame({ blocks: [new Uint8Array(0)], content: 0, checksum: [1, 2, 3, 4] }), 0),
  "zstd-empty-frame-with-data": () => zstd(zstdFrame({ blocks: [GAP_BYTES], content: 0 }), 0),
  "zstd-bomb-declared-small": () => zstd(zstdFrame({ blocks: runs(0xc0, 64 * MiB), content: 100 }), 100),
  "zstd-bomb-declared-right": () =>
    zstd(zstdFrame({ blocks: runs(0xc0, 64 * MiB), content: 64 * MiB }), 64 * MiB),
  "zstd-bomb-in-a-chunk": () =>
    alone({
      type: 5,
      flags: 3,
      context: context({}),
      payload: zstdFrame({ blocks: runs(0, 64 * MiB), content: 64 * MiB }),
      rawBytes: 16 * MiB,
    }),
  "zstd-bomb-in-an-index": () => {
    const payload = zstdFrame({ blocks: runs(0, 32 * MiB), content: 32 * MiB });
    const tape = new Tape();
    return tape
      .frame("INDEX", { type: 7, flags: 2, payload, rawBytes: 32 * MiB })
      .end(null, null, { index: 64, flags: 1 }).bytes;
  },
  "zstd-declares-more-than-there-is": () => zstd(packed({ content: 1000 }), 1000),
  "zstd-declares-less-than-there-is": () =>
    zstd(packed({ content: GAP_BYTES.length - 1 }), GAP_BYTES.length - 1),
  "zstd-declares-another-length": () => zstd(packed({}), GAP_BYTES.length + 1),
  "zstd-declares-four-gigabytes": () => zstd(packed({ content: 0xffff_ffff }), 1000),
  "zstd-declares-no-length": () => zstd(packed({ content: null })),
  "zstd-two-frames": () => zstd(join(stored(GAP_BYTES.subarray(0, 9)), stored(GAP_BYTES.subarray(9)))),
  "zstd-frame-and-skippable": () => zstd(join(packed({}), SKIPPABLE)),
  "zstd-skippable-and-frame": () => zstd(join(SKIPPABLE, packed({}))),
  "zstd-skippable-alone": () => zstd(SKIPPABLE, 4),
  "zstd-and-a-byte": () => zstd(join(packed({}), [0])),
  "zstd-truncated": () => zstd(packed({}).subarray(0, -3)),
  "zstd-truncated-in-its-header": () => zstd(packed({}).subarray(0, 6)),
  "zstd-checksum-wrong": () => zstd(packed({ checksum: [1, 2, 3, 4] })),
  "zstd-of-a-dictionary": () => zstd(packed({ dictionary: 77 })),
  "zstd-reserved-block": () => {
    const bytes = packed({});
    bytes[9] = (bytes[9] ?? 0) | 6;
    return zstd(bytes);
  },
  "zstd-of-invalid-msgpack": () => zstd(stored(Uint8Array.of(0xc1)), 1),
};

const nested = (depth: number): Raw => raw(...new Array<number>(depth).fill(0x91), 0xc0);

export const MSGPACK: Corpus = {
  "msgpack-nothing": () => gap(new Uint8Array(0)),
  "msgpack-array-of-33-million": () => gap(Uint8Array.of(0xdd, 2, 0, 0, 0)),
  "msgpack-map-of-4-billion": () => gap(Uint8Array.of(0xdf, 0xff, 0xff, 0xff, 0xff)),
  "msgpack-bin-of-4-billion": () => gapOf({ ...GAP, later: raw(0xc6, 0xff, 0xff, 0xff, 0xff) }),
  "msgpack-str-past-the-end": () => gapOf({ ...GAP, later: raw(0xd9, 200) }),
  "msgpack-cut": () => gap(GAP_BYTES.subarray(0, -1)),
  "msgpack-two-values": () => gap(join(GAP_BYTES, [0xc0])),
  "msgpack-no-map": () => gap(msgpack([GAP])),
  "msgpack-nested-too-deep": () => gapOf({ ...GAP, later: nested(16) }),
  "msgpack-nested-ten-thousand-deep": () => gapOf({ ...GAP, later: nested(10_000) }),
  "msgpack-too-many-values": () => {
    const count = 8 * MiB;
    const payload = zstdFrame({
      blocks: [
        join([0x82, 0xa1, 0x78, 0xdd], le(count, 4).reverse()),
        ...runs(0xc0, count),
        msgpack("y"),
        Uint8Array.of(1),
      ],
      content: 8 + count + 3,
    });
    return alone({ type: 6, flags: 3, payload, rawBytes: 8 + count + 3 });
  },
  "msgpack-key-twice": () => gapOf(new Pairs(["lost", 1], ["cause", "output"], ["lost", 1])),
  "msgpack-unknown-key-twice": () => gapOf({ ...GAP, later: new Pairs(["a", 1], ["b", 2], ["a", 1]) }),
  "msgpack-key-twice-in-two-widths": () =>
    gapOf({ ...GAP, later: new Pairs([raw(0xa1, 0x61), 1], [raw(0xd9, 1, 0x61), 2]) }),
  "msgpack-ext": () => gapOf({ ...GAP, later: raw(0xc7, 1, 5, 0) }),
  "msgpack-fixext": () => gapOf({ ...GAP, later: raw(0xd4, 5, 0) }),
  "msgpack-timestamp": () => gapOf({ ...GAP, later: raw(0xd6, 0xff, 0, 0, 0, 0) }),
  "msgpack-never-used-marker": () => gapOf({ ...GAP, later: raw(0xc1) }),
  "msgpack-float-in-an-unknown-key": () => gapOf({ ...GAP, later: raw(0xca, 0, 0, 0, 0) }),
  "msgpack-str-not-utf-8": () => gapOf({ ...GAP, later: raw(0xa2, 0xc3, 0x28) }),
  "msgpack-str-of-a-surrogate": () => gapOf({ ...GAP, later: raw(0xa3, 0xed, 0xa0, 0x80) }),
  "msgpack-str-overlong": () => gapOf({ ...GAP, later: raw(0xa2, 0xc0, 0x80) }),
  "msgpack-key-not-utf-8": () => gapOf(new Pairs([raw(0xa1, 0xff), 1], ["lost", 1], ["cause", "output"])),
  "msgpack-key-an-integer": () => gapOf({ ...GAP, later: new Pairs([1, 1]) }),
  "msgpack-key-nil": () => gapOf(new Pairs([null, 1], ["lost", 1], ["cause", "output"])),
  "msgpack-key-a-bin": () => gapOf(new Pairs([Uint8Array.of(1), 1], ["lost", 1], ["cause", "output"])),
  "msgpack-key-an-array": () => gapOf(new Pairs([[], 1], ["lost", 1], ["cause", "output"])),
  "msgpack-key-proto": () => gapOf(new Pairs(["__proto__", 1], ["lost", 1], ["cause", "output"])),
};

const chunkOf = (values: object): Uint8Array =>
  alone({
    type: 5,
    flags: 1,
    context: context({}),
    payload: msgpack({ records: new Uint8Array(0), tasks: [], queues: [], ...values }),
  });

export const VALUES: Corpus = {
  "value-float-for-u64": () => gapOf({ ...GAP, lost: raw(0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0) }),
  "value-u32-too-large": () => gapOf({ ...GAP, cpu: 2n ** 32n }),
  "value-u32-negative": () => gapOf({ ...GAP, cpu: -1 }),
  "value-u64-negative": () => gapOf({ ...GAP, lost: -1n }),
  "value-s32-too-large": () => chunkOf({ queues: [{ ...QUEUE, key: 2n ** 31n }] }),
  "value-s32-too-small": () => chunkOf({ queues: [{ ...QUEUE, key: -(2n ** 31n) - 1n }] }),
  "value-count-too-large": () =>
    alone({
      type: 9,
      payload: msgpack({
        made_by: "slice",
        version: "",
        from: [],
        options: {},
        problems: [{ code: "", offset: 2n ** 53n, frame: null, message: "" }],
      }),
    }),
  "value-str-for-int": () => gapOf({ ...GAP, lost: "7" }),
  "value-int-for-str": () => gapOf({ ...GAP, cause: 7 }),
  "value-int-for-bool": () => gapOf({ ...GAP, at_least: 1 }),
  "value-bool-for-int": () => gapOf({ ...GAP, lost: true }),
  "value-nil-for-int": () => gapOf({ ...GAP, lost: null }),
  "value-str-for-bin": () => chunkOf({ records: "" }),
  "value-bin-for-str": () => host({ hostname: Uint8Array.of(0x68) }),
  "value-map-for-array": () => chunkOf({ tasks: {} }),
  "value-array-for-map": () => inventory({ limits: [] }),
  "value-nil-for-array": () => chunkOf({ tasks: null }),
  "value-bin-for-array": () => chunkOf({ tasks: new Uint8Array(0) }),
  "value-int-in-an-array-of-maps": () => chunkOf({ tasks: [TASK, 1] }),
  "value-int-in-a-map-of-str": () => inventory({ limits: { a: "1", b: 2 } }),
  "value-missing": () => gapOf({ cause: "output" }),
  "value-missing-inside": () => chunkOf({ tasks: [{ tid: 1 }] }),
  "word-unknown-in-arch": () => host({ arch: "riscv64" }),
  "word-unknown-in-recorder": () => host({ recorder: { name: "other", version: "1" } }),
  "word-unknown-in-plane-of-a-hook": () =>
    host({ attach_plan: [{ plane: "moon", hook: "h", mechanism: "m", attached: true }] }),
  "word-unknown-in-kind": () => chunkOf({ queues: [{ ...QUEUE, kind: "dbus" }] }),
  "word-unknown-in-kind-of-the-inventory": () =>
    inventory({
      queues: [{ kind: "socket", namespace_inum: 1, id: 2, name: null, fields: {}, holders: [] }],
    }),
  "word-unknown-in-origin": () =>
    alone({ type: 2, flags: 1, payload: msgpack({ ...btf(Uint8Array.of(1)), origin: "moon" }) }),
  "invalid-host": () => sample({ host: { ...HOST, cpus: "2" } }).bytes,
  "invalid-clocks": () => sample({ clocks: { clocks: [{ ...CLOCK, reason: 5 }] } }).bytes,
  "invalid-btf": () => sample({ btf: { origin: "recorder", data: new Uint8Array(0) } }).bytes,
  "invalid-inventory": () => sample({ inventory: {} }).bytes,
  "invalid-chunk": () => sample({ chunk: { tasks: [], queues: [] } }).bytes,
  "invalid-gap": () => sample({ gap: { ...GAP, lost: null } }).bytes,
  "invalid-origin": () => alone({ type: 9, payload: msgpack({ made_by: "slice" }) }),
};

const chunk = (records: Uint8Array, count: number, planes?: Uint8Array): Uint8Array =>
  alone({
    type: 5,
    flags: 1,
    context: context({ records: count }),
    payload: msgpack({ records, planes, tasks: [], queues: [] }),
  });
const sized = (size: number, bytes = 16): Uint8Array => join(le(size, 4), new Uint8Array(bytes - 4));

export const RECORD_LENGTHS: Corpus = {
  "record-of-size-0": () => chunk(sized(0), 1),
  "record-of-size-4": () => chunk(sized(4), 1),
  "record-of-size-12": () => chunk(join(sized(12, 12), sized(12, 12)), 2),
  "record-of-size-17": () => chunk(sized(17, 17), 1),
  "record-past-the-end": () => chunk(sized(24), 1),
  "record-of-size-4-billion": () => chunk(sized(0xffff_fff8), 1),
  "records-leave-bytes": () => chunk(join(sized(16), [16, 0, 0]), 1),
  "records-fewer-than-said": () => chunk(sized(16), 2),
  "records-more-than-said": () => chunk(join(sized(16), sized(16)), 1),
  "records-none-but-said": () => chunk(new Uint8Array(0), 1),
  "planes-leave-bytes": () => chunk(sized(16), 1, join(sized(16), [0])),
  "planes-of-size-0": () => chunk(sized(16), 1, sized(0)),
};

const { entry, exit, item, kernel, libc, record } = recordsIn();

const five = new Uint8Array(Buffer.from("hello"));
const good = item({ kind: 1, arg: 1 }, five);
const withItem = (...items: readonly Uint8Array[]): Uint8Array =>
  recorded(btfOf(), [entry({ call: 1, time_ns: 1n }, [1n, 2n], ...items), RECORDS[1]]);

export const RECORD_CONTENTS: Corpus = {
  "record-shorter-than-its-head": () => recorded(btfOf(), [RECORDS[0], sized(16), RECORDS[1]]),
  "record-shorter-than-an-entry": () =>
    recorded(btfOf(), [record(1, { time_ns: 3n }, new Uint8Array(40)), RECORDS[1]]),
  "record-shorter-than-an-exit": () => recorded(btfOf(), [record(2, { time_ns: 3n }), RECORDS[1]]),
  "planes-record-too-short": () =>
    recorded(
      btfOf(),
      [RECORDS[1]],
      [record(5, { time_ns: 3n }, new Uint8Array(40)), record(6, {}), libc({}, { phase: 1 })],
    ),
  "item-past-its-record": () => withItem(good, item({ kind: 1, captured: 9 }, five)),
  "item-of-4-billion": () => withItem(item({ kind: 1, captured: 0xffff_ffff }, five), good),
  "item-head-cut": () => withItem(good, new Uint8Array(16)),
  "item-past-its-record-in-planes": () =>
    recorded(
      btfOf(),
      [RECORDS[1]],
      [kernel({ time_ns: 3n }, { hook: 1 }, item({ kind: 12, captured: 9 }, five))],
    ),
  "two-records-with-bad-items": () =>
    recorded(btfOf(), [
      entry({}, [1n], new Uint8Array(8)),
      exit({ time_ns: 1n }, 5n, good, new Uint8Array(8)),
    ]),
};
