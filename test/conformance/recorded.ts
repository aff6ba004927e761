/** A small capture with these records in its chunk. */
import { join } from "../format/support.js";
import { btf, CLOCKS, type Context, context, HOST, SUMMARY } from "./sample.js";
import { msgpack, Tape } from "./spell.js";

export function recorded(
  data: Uint8Array,
  records: readonly Uint8Array[],
  planes?: readonly Uint8Array[],
  /** As the records are, where it matters; nothing by itself. */
  counted?: Required<Pick<Context, "times" | "counts">>,
): Uint8Array {
  const summary = { ...SUMMARY, records: records.length, chunks: 1 };
  return new Tape()
    .frame("HOST", { type: 1, flags: 1, payload: msgpack(HOST) })
    .frame("CLOCKS", { type: 3, flags: 1, payload: msgpack(CLOCKS) })
    .frame("BTF", { type: 2, flags: 1, payload: msgpack(btf(data)) })
    .frame("CHUNK", {
      type: 5,
      flags: 1,
      context: context({ records: records.length, ...counted }),
      payload: msgpack({
        records: join(...records),
        planes: planes === undefined ? undefined : join(...planes),
        tasks: [],
        queues: [],
      }),
    })
    .end(counted === undefined ? summary : { ...summary, ...sums(counted.counts) }).bytes;
}

/** What a summary says of one chunk, where nothing was lost. */
export function sums(counts: NonNullable<Context["counts"]>) {
  return {
    lost: 0,
    lost_by_event: [],
    gaps: 0,
    counts: counts.map(([event, entries, exits]) => ({ event, entries, exits })),
  };
}
