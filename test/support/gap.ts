/** A capture as it would be had records been lost in the middle of it. */
import { parseBtf } from "../../src/btf/index.js";
import { openCapture } from "../../src/format/capture.js";
import type { Gap } from "../../src/format/types.js";
import { fileSource } from "../../src/replay/open.js";
import { recordLayouts } from "../../src/replay/records.js";
import type { ChunkItem, ReplayCapture } from "../../src/replay/source.js";
import { concat } from "../replay/tape.js";

/** Without the entries and exits between these shares of its records' time, and with the gap that tells of it. */
export function withGap(file: string, from: number, to: number): ReplayCapture {
  const capture = openCapture(fileSource(file));
  const { recorderBtf } = capture;
  if (recorderBtf === null) throw new Error(`${file}: no layouts`);
  const { size, time_ns: time } = recordLayouts(parseBtf(recorderBtf)).record;
  const times = capture.index.flatMap(({ context }) => [context.firstTimeNs ?? 0n, context.lastTimeNs ?? 0n]);
  const first = times[0] ?? 0n;
  const span = Number((times.at(-1) ?? 0n) - first);
  const fromNs = first + BigInt(Math.round(from * span));
  const toNs = first + BigInt(Math.round(to * span));
  const kept = (records: Uint8Array) => {
    const parts: Uint8Array[] = [];
    const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    for (let at = 0; at < records.length; ) {
      const bytes = view.getUint32(at + size, true);
      const atNs = view.getBigUint64(at + time, true);
      if (atNs < fromNs || atNs > toNs) parts.push(records.subarray(at, at + bytes));
      at += bytes;
    }
    return concat(parts);
  };
  const gap: Gap = { cpu: null, fromNs, toNs, lost: 1n, cause: "ring_full" };
  return {
    ...capture,
    recorderBtf,
    hostBtf: capture.hostBtf,
    gaps: [gap],
    *chunks(wanted): Generator<ChunkItem> {
      for (const item of capture.chunks(wanted)) {
        yield "problem" in item
          ? item
          : { ...item, body: { ...item.body, records: kept(item.body.records) } };
      }
    },
  };
}
