/** The libc calls of a capture file, as replay has them. */
import { parseBtf } from "../../src/btf/index.js";
import { libcFunctionById } from "../../src/catalog/libc.js";
import { openCapture } from "../../src/format/capture.js";
import { type LibcCall, libcCalls } from "../../src/replay/libc-calls.js";
import { fileSource } from "../../src/replay/open.js";
import { type LibcRecord, planesReader } from "../../src/replay/planes.js";
import { planesState } from "../../src/replay/planes-state.js";
import { recordLayouts } from "../../src/replay/records.js";
import { timeline } from "../../src/replay/time.js";

export interface FoundLibc {
  readonly records: readonly LibcRecord[];
  /** In the order in which they were over. */
  readonly calls: readonly (LibcCall & { readonly name: string })[];
}

/** Times as in the lines of `calls`. */
export function libcCallsOf(file: string): FoundLibc {
  const source = fileSource(file);
  try {
    const capture = openCapture(source);
    if (capture.recorderBtf === null) throw new Error(`${file} has no layouts`);
    const btf = parseBtf(capture.recorderBtf);
    const baseNs = timeline([capture])[0]?.baseNs ?? 0n;
    const state = planesState(capture, baseNs);
    const read = planesReader(btf, recordLayouts(btf), baseNs);
    const records: LibcRecord[] = [];
    const found: (LibcCall & { name: string })[] = [];
    const calls = libcCalls(state, (call) =>
      found.push({ ...call, name: libcFunctionById(call.function)?.name ?? "" }),
    );
    for (const item of capture.chunks()) {
      if (item.body === undefined) throw new Error(`${file}: a chunk is damaged`);
      if (item.body.planes === undefined) continue;
      const onProblem = (message: string) => {
        throw new Error(message);
      };
      read(
        item.body.planes,
        (record) => {
          state.see(record);
          if (record.plane !== "libc") return;
          records.push(record);
          calls.see(record);
        },
        onProblem,
      );
    }
    calls.end(capture.complete);
    return { records, calls: found };
  } finally {
    source.close();
  }
}
