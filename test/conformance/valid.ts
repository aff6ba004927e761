/** Files in which nothing is wrong, but for the example. */

import { exampleParts } from "../format/example.js";
import { join } from "../format/support.js";
import { everything } from "./everything.js";
import { sums } from "./recorded.js";
import {
  btf,
  CHUNKS,
  CLOCK,
  CLOCKS,
  CONTEXTS,
  context,
  GAP,
  HOST,
  INVENTORY,
  open,
  QUEUE,
  RECORDS,
  SUMMARY,
  sample,
} from "./sample.js";
import { msgpack, Raw, Tape } from "./spell.js";
import { btfOf, recordsIn } from "./structs.js";
import { stored, zstdFrame } from "./zstd-frame.js";

export type Corpus = Readonly<Record<string, () => Uint8Array>>;

const NONE = { ...SUMMARY, records: 0, lost: 0, gaps: 0, chunks: 0, counts: [] };
const begun = (tape = new Tape(), data?: Uint8Array): Tape =>
  tape
    .frame("HOST", { type: 1, flags: 1, payload: msgpack(HOST) })
    .frame("CLOCKS", { type: 3, flags: 1, payload: msgpack(CLOCKS) })
    .frame("BTF", { type: 2, flags: 1, payload: msgpack(btf(data)) });

export const VALID: Corpus = {
  // Its BTF is four bytes, so it has one problem: btf_invalid.
  example: () => join(...exampleParts().map(([, bytes]) => bytes)),
  sample: () => sample().bytes,
  "nothing-recorded": () => begun().end(NONE).bytes,
  "no-chunk-no-metadata": () => new Tape().end(NONE).bytes,
  "empty-chunk": () =>
    begun()
      .frame("CHUNK", {
        type: 5,
        flags: 1,
        context: context({}),
        payload: msgpack({ records: new Uint8Array(0), tasks: [], queues: [] }),
      })
      .end({ ...NONE, chunks: 1 }).bytes,
  "no-index": () => open().end(SUMMARY, null).bytes,
  "no-summary": () => open().end(null).bytes,
  "no-index-no-summary": () => open().end(null, null).bytes,
  "metadata-in-another-order": () =>
    new Tape()
      .frame("INVENTORY", { type: 4, payload: msgpack(INVENTORY) })
      .frame("BTF", { type: 2, flags: 1, payload: msgpack(btf(btfOf({}), "host")) })
      .frame("BTF 2", { type: 2, flags: 1, payload: msgpack(btf()) })
      .frame("CLOCKS", { type: 3, flags: 1, payload: msgpack(CLOCKS) })
      .frame("HOST", { type: 1, flags: 1, payload: msgpack(HOST) })
      .frame("CHUNK", { type: 5, flags: 1, context: CONTEXTS[0], payload: msgpack(CHUNKS[0]) })
      .end({ ...SUMMARY, records: 2, chunks: 1 }).bytes,
  "metadata-twice": () =>
    begun(begun())
      .frame("CLOCKS", {
        type: 3,
        payload: msgpack({
          clocks: [
            { ...CLOCK, boottime_ns: 2_000_000_000n, reason: "step" },
            { ...CLOCK, reason: "end" },
          ],
        }),
      })
      .frame("HOST", { type: 1, payload: msgpack({ ...HOST, hostname: "other" }) })
      .end(NONE).bytes,
  everything: () => everything(),
  "integers-of-every-width": () => widths(),
  "nil-for-what-may-be-absent": () =>
    sample({
      host: { ...HOST, recording: null, redacted: null },
      inventory: { ...INVENTORY, namespaces: null, every_descriptor: null },
      gap: { ...GAP, plane: null, at_least: null },
      summary: { ...SUMMARY, planes_lost: null },
      chunk2: { ...CHUNKS[1], planes: null },
    }).bytes,
  "missing-keys-that-may-be-nil": () => {
    const { boot_id: _, config, ...host } = HOST;
    const { command: __, ...rest } = config;
    return sample({
      host: { ...host, config: rest },
      gap: { lost: 1, cause: "unknown" },
      chunk: {
        records: CHUNKS[0].records,
        tasks: [{ tid: 1, start_ns: 2, tgid: 3, since_ns: 4, comm: new Uint8Array(0) }],
        queues: [{ kind: "posix", namespace_inum: 1, id: 2, generation: 3, since_ns: 4 }],
      },
    }).bytes;
  },
  "zstd-without-checksum": () => zstdChunk((payload) => stored(payload)),
  "zstd-of-three-blocks": () =>
    zstdChunk((payload) =>
      zstdFrame({
        blocks: [payload.subarray(0, 7), payload.subarray(7, 60), payload.subarray(60)],
        content: payload.length,
      }),
    ),
  "padding-not-zero": () =>
    begun()
      .frame("INVENTORY", { type: 4, payload: msgpack(INVENTORY), padding: 0x55 })
      .end(NONE).bytes,
  "context-of-another-frame": () =>
    begun()
      .frame("INVENTORY", { type: 4, context: Uint8Array.of(1, 2, 3), payload: msgpack(INVENTORY) })
      .end(NONE).bytes,
  "marker-inside-a-frame": () => markerInside(),
  "capture-inside-a-frame": () =>
    begun()
      .frame("private", { type: 0x8001, payload: sample({ number: 2 }).bytes })
      .end(NONE).bytes,
  "records-of-other-types": () => otherTypes(),
  "gap-of-damage-where-records-are-missing": () => afterDamage({ lost: 98 }),
  "gap-of-damage-of-at-least-so-many": () => afterDamage({ lost: 1, at_least: true }),
  "two-captures": () => join(sample().bytes, sample({ number: 2 }).bytes),
  "three-captures-of-one-recording": () =>
    join(...[1, 2, 3].map((part) => sample({ number: part, host: partOf(part), ...chunksOf(part) }).bytes)),
  "chosen-calls-of-another-capture": () =>
    sample({ host: { ...HOST, sliced: { event: ["msgsnd"], comm: ["a", "b"] } } }).bytes,
  "the-same-capture-twice": () => join(sample().bytes, sample().bytes),
};

/** As after `recover`: a gap stands for chunks that were lost. */
function afterDamage(gap: object): Uint8Array {
  return sample({
    gap: { ...GAP, cpu: null, cause: "damage", ...gap },
    context2: context({ first: 100, records: 1 }),
  }).bytes;
}

function partOf(part: number) {
  const id = "10111213-1415-1617-1819-1a1b1c1d1e1f";
  return { ...HOST, recording: { id, part, first_record: 3 * (part - 1) } };
}

/** Offsets in mt_record. */
const [SEQ, CALL, CPU] = [32, 40, 48] as const;

/** The sample's records as those of a later part: sequences of cpus and calls of tasks go on. */
function chunksOf(part: number) {
  const [chunk, chunk2] = CHUNKS.map(({ records, ...names }) => {
    const later = records.slice();
    const view = new DataView(later.buffer);
    for (let at = 0; at < later.length; at += view.getUint32(at, true)) {
      // Of cpu 1 each part has lost seven.
      const steps = view.getUint32(at + CPU, true) === 0 ? 2n : 8n;
      const add = (offset: number, count: bigint) =>
        view.setBigUint64(at + offset, view.getBigUint64(at + offset, true) + count * BigInt(part - 1), true);
      add(SEQ, steps);
      add(CALL, 1n);
    }
    return { records: later, ...names };
  });
  return { chunk, chunk2 };
}

function zstdChunk(compress: (payload: Uint8Array) => Uint8Array): Uint8Array {
  const payload = msgpack(CHUNKS[0]);
  return begun()
    .frame("CHUNK", {
      type: 5,
      flags: 3,
      context: CONTEXTS[0],
      payload: compress(payload),
      rawBytes: payload.length,
    })
    .end({ ...SUMMARY, records: 2, chunks: 1, gaps: 0 }).bytes;
}

/** A whole frame whose payload holds this capture's own marker, frames and trailer. */
function markerInside(): Uint8Array {
  const inner = sample();
  return begun()
    .frame("private", { type: 0x8000, payload: inner.bytes.subarray(64) })
    .end(NONE).bytes;
}

function otherTypes(): Uint8Array {
  const { record, kernel, entry } = recordsIn();
  const counts = [[10, 1, 1]] as const;
  const task = record(3, { time_ns: 5n }, new Uint8Array(120));
  const later = record(77, { time_ns: 6n }, new Uint8Array(3));
  const misplaced = kernel({ time_ns: 7n }, { hook: 1 });
  const planes = join(kernel({ time_ns: 8n }, { hook: 3 }), entry({ time_ns: 9n, call: 1 }, [1n]), later);

  return begun(new Tape(), btfOf())
    .frame("CHUNK", {
      type: 5,
      flags: 1,
      context: context({ records: 5, times: [1_100_000_000n, 1_100_001_000n], counts }),
      payload: msgpack({
        records: join(RECORDS[0], task, later, misplaced, RECORDS[1]),
        planes,
        tasks: [],
        queues: [],
      }),
    })
    .end({ ...SUMMARY, records: 5, chunks: 1, ...sums(counts) }).bytes;
}

/** An integer in every width that msgpack has for it. */
function widths(): Uint8Array {
  const raw = (...bytes: readonly number[]): Raw => new Raw(...bytes);
  const ones = [
    raw(1),
    raw(0xcc, 1),
    raw(0xcd, 0, 1),
    raw(0xce, 0, 0, 0, 1),
    raw(0xcf, 0, 0, 0, 0, 0, 0, 0, 1),
    raw(0xd0, 1),
    raw(0xd1, 0, 1),
    raw(0xd2, 0, 0, 0, 1),
    raw(0xd3, 0, 0, 0, 0, 0, 0, 0, 1),
  ];
  const minusFives = [
    raw(0xfb),
    raw(0xd0, 0xfb),
    raw(0xd1, 0xff, 0xfb),
    raw(0xd2, 0xff, 0xff, 0xff, 0xfb),
    raw(0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfb),
  ];
  const texts = [raw(0xa1, 0x71), raw(0xd9, 1, 0x71), raw(0xda, 0, 1, 0x71), raw(0xdb, 0, 0, 0, 1, 0x71)];
  return sample({
    inventory: {
      ...INVENTORY,
      in_flight: ones.map((one) => ({ tid: one, start_ns: one, event: one, enter_ns: one })),
      missing: texts.map((what) => ({ what, why: "" })),
    },
    chunk: {
      records: CHUNKS[0].records,
      tasks: [],
      queues: [
        ...minusFives.map((key) => ({ ...QUEUE, key })),
        { ...QUEUE, key: -0x8000_0000, namespace_inum: 0xffff_ffff, id: 0xffff_ffff_ffff_ffffn },
        { ...QUEUE, key: raw(0xce, 0x7f, 0xff, 0xff, 0xff) },
      ],
    },
    summary: { ...SUMMARY, gaps: raw(0xcf, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff) },
  }).bytes;
}
