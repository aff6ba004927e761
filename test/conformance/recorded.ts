/** A small capture with these records in its chunk. */
import { join } from "../format/support.js";
import { btf, CLOCKS, context, HOST, SUMMARY } from "./sample.js";
import { msgpack, Tape } from "./spell.js";

export function recorded(
  data: Uint8Array,
  records: readonly Uint8Array[],
  planes?: readonly Uint8Array[],
): Uint8Array {
  return new Tape()
    .frame("HOST", { type: 1, flags: 1, payload: msgpack(HOST) })
    .frame("CLOCKS", { type: 3, flags: 1, payload: msgpack(CLOCKS) })
    .frame("BTF", { type: 2, flags: 1, payload: msgpack(btf(data)) })
    .frame("CHUNK", {
      type: 5,
      flags: 1,
      context: context({ records: records.length }),
      payload: msgpack({
        records: join(...records),
        planes: planes === undefined ? undefined : join(...planes),
        tasks: [],
        queues: [],
      }),
    })
    .end({ ...SUMMARY, records: records.length, chunks: 1 }).bytes;
}
