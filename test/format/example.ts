/** The worked example of the spec: a whole capture, its bytes with a note at each part. */
import { createEncoder } from "../../src/format/encoder.js";
import { BTF, BTF_SHA256, CAPTURE_ID, CLOCK, HOST, join, le, SYNC, summaryOf } from "./support.js";

/** An exit of msgsnd that the programs saw no entry of: mt_record and mt_exit, no items. */
const RECORD = join(
  [...le(64, 4), 2, 1 | 2, ...le(0, 2)], // size, type EXIT, flags LAST and NO_ENTRY, part
  le(1_500_000_000n, 8), // time_ns
  le(900_000_000n, 8), // task_start_ns
  [...le(4711, 4), ...le(4711, 4)], // tid, tgid
  le(1, 8), // seq
  le(1, 8), // call
  [...le(0, 4), 10, 1, 0, 0], // cpu, event msgsnd, abi x86_64, no mux
  le(0, 8), // ret
);

const CONTEXT = {
  firstRecord: 0n,
  records: 1,
  counts: [{ event: 10, entries: 0, exits: 1 }],
  firstTimeNs: 1_500_000_000n,
  lastTimeNs: 1_500_000_000n,
  oldestOpenNs: null,
  openCalls: 0,
  lost: [],
};

/** Name and bytes of each part, in the order of the file. */
export function exampleParts(): readonly (readonly [string, Uint8Array])[] {
  const encoder = createEncoder({ captureId: CAPTURE_ID, sync: SYNC, compress: false });
  const parts: [string, Uint8Array][] = [
    ["file header", encoder.fileHeader()],
    ["HOST", encoder.host(HOST)],
    ["CLOCKS", encoder.clocks([CLOCK])],
    ["BTF", encoder.btf({ origin: "recorder", sha256: BTF_SHA256, data: BTF })],
    ["CHUNK", encoder.chunk(CONTEXT, { records: RECORD, tasks: [], queues: [] })],
  ];
  const summary = { ...summaryOf(1, 1), counts: CONTEXT.counts };
  const end = encoder.finish(summary);
  const view = new DataView(end.buffer, end.byteOffset, end.byteLength);
  const summaryAt = 40 + Math.ceil(view.getUint32(24, true) / 8) * 8;
  const trailerAt = end.length - 56;
  return [
    ...parts,
    ["INDEX", end.subarray(0, summaryAt)],
    ["SUMMARY", end.subarray(summaryAt, trailerAt)],
    ["trailer", end.subarray(trailerAt)],
  ];
}

/** The example as it stands in the spec, in Markdown. */
export function exampleText(): string {
  const lines: string[] = [];
  let offset = 0;
  for (const [name, bytes] of exampleParts()) {
    lines.push("", `${name}, ${bytes.length} bytes at ${offset}:`, "");
    const isFrame = name === name.toUpperCase();
    const cuts = isFrame ? [40, ...(name === "CHUNK" ? [100] : [])] : [];
    for (const [from, to] of stretches(bytes.length, cuts)) {
      for (let at = from; at < to; at += 16) {
        lines.push(dump(offset + at, bytes.subarray(at, Math.min(at + 16, to))) + note(name, isFrame, at));
      }
    }
    offset += bytes.length;
  }
  return lines.join("\n").trim();
}

function stretches(length: number, cuts: readonly number[]): [number, number][] {
  const edges = [0, ...cuts, length];
  return edges.slice(1).map((edge, i) => [edges[i] ?? 0, edge]);
}

function note(name: string, isFrame: boolean, at: number): string {
  if (!isFrame) return "";
  if (at === 0) return "  header";
  if (at === 40) return name === "CHUNK" ? "  context" : "  payload";
  return name === "CHUNK" && at === 100 ? "  payload" : "";
}

function dump(offset: number, bytes: Uint8Array): string {
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const text = [...bytes]
    .map((byte) => (byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "."))
    .join("");
  return `    ${offset.toString(16).padStart(4, "0")}  ${hex.padEnd(47)}  ${text}`;
}
