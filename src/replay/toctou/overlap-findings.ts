/** Overlaps as findings: what the watch found, with the evidence of the memory that both calls met in. */
import type { CallContext } from "../arguments/evidence.js";
import { base64, hexAddress } from "../arguments/values.js";
import type { NamedCall } from "../call-line.js";
import { judge, without } from "./compare.js";
import { callRef, type FindingList, newFinding, type OpenFinding } from "./findings.js";
import type { InputFindings } from "./input-findings.js";
import { itemBytes, outputsOf } from "./inputs.js";
import { type Overlap, overlapWatch, type ReadPlace, type Side } from "./overlap.js";
import { coveredRanges, ownWrites } from "./own-writes.js";

export interface OverlapFinder {
  see(context: CallContext, named: NamedCall, inputs: InputFindings, isWanted: boolean): void;
  readonly unchecked: number;
}

interface Tag {
  readonly named: Pick<NamedCall, "call" | "comm" | "queue">;
  readonly isWanted: boolean;
  /** Of the call's own changed inputs: an overlap tells who did it. */
  readonly mutated: readonly OpenFinding[];
}

/** Bytes of evidence kept of each piece, for overlaps that are yet to come. */
const KEPT_BYTES = 4096;

export function overlapFinder(captureId: string, findings: FindingList): OverlapFinder {
  const watch = overlapWatch<Tag>();
  return {
    get unchecked() {
      return watch.unchecked;
    },
    see(context, named, inputs, isWanted) {
      for (const overlap of watch.see(sideOf(context, named, inputs, isWanted))) {
        const { reader } = overlap;
        if (!reader.tag.isWanted) continue;
        const finding = overlapFinding(overlap, captureId);
        if (overlap.isCertain) {
          const own = reader.tag.mutated.find(({ place }) => place === overlap.read.place);
          if (own !== undefined) own.by ??= finding.by;
        }
        if (!overlap.isAfterRead) findings.add(finding);
      }
    },
  };
}

function sideOf(
  context: CallContext,
  named: NamedCall,
  { inputs, read, findings }: InputFindings,
  isWanted: boolean,
): Side<Tag> {
  const { call, comm, queue } = named;
  const enterNs = call.enterNs ?? 0;
  const endNs = call.exitNs ?? Number.POSITIVE_INFINITY;
  const own = ownWrites(context);
  const reads = inputs.flatMap((input) =>
    input.pieces.flatMap((piece): ReadPlace[] => {
      const item = piece.entry ?? piece.exit;
      if (item === null || item.addr === 0n || item.wanted === 0) return [];
      return [
        {
          arg: input.name,
          place: piece.place,
          addr: item.addr,
          lengthBytes: item.wanted === UNKNOWN_LENGTH ? item.bytes.length : item.wanted,
          ranges: piece.ranges,
          covered: coveredRanges(own, piece),
          entry: kept(itemBytes(piece.entry)),
          exit: kept(itemBytes(piece.exit)),
        },
      ];
    }),
  );
  const stored = call.kernel.find((record) => record.hook === "store_msg");
  const writes = outputsOf(context).map(({ arg, addr, lengthBytes, bytes }) => ({
    arg: context.call.event.args[arg]?.name ?? "?",
    addr,
    lengthBytes,
    bytes: kept(bytes),
  }));
  return {
    tgid: call.tgid,
    task: call.task,
    enterNs,
    endNs,
    readNs: read?.timeNs ?? endNs,
    writeNs: stored?.timeNs ?? enterNs,
    reads,
    writes,
    tag: {
      // Without its records: they would keep their chunk in memory.
      named: { call: { ...call, entry: null, exit: null, kernel: [] }, comm, queue },
      isWanted,
      mutated: findings.map(({ finding }) => finding),
    },
  };
}

/** Of a string whose end was not seen. */
const UNKNOWN_LENGTH = 0xffffffff;

function kept(bytes: Uint8Array | null): Uint8Array | null {
  return bytes === null ? null : bytes.slice(0, KEPT_BYTES);
}

function overlapFinding(overlap: Overlap<Tag>, captureId: string): OpenFinding {
  const { reader, read, writer, written, fromBytes, toBytes, isCertain } = overlap;
  const copies = {
    wantedBytes: toBytes,
    ranges: without([[fromBytes, toBytes]], toBytes, read.covered),
    entry: read.entry === null ? null : { bytes: read.entry, atBytes: 0 },
    exit: read.exit === null ? null : { bytes: read.exit, atBytes: 0 },
    kernel: null,
  };
  const judged = judge(copies);
  return {
    ...newFinding("overlap", reader.tag.named, captureId),
    arg: read.arg,
    window_ns: [reader.enterNs, Number.isFinite(reader.readNs) ? reader.readNs : null],
    verdict: isCertain ? "changed" : "unknown",
    first_diff_offset: judged.verdict === "changed" ? judged.firstDiffBytes : null,
    entry: read.entry === null ? null : base64(read.entry),
    exit: read.exit === null ? null : base64(read.exit),
    by: {
      ...callRef(writer.tag.named),
      arg: written.arg,
      addr: hexAddress(written.addr),
      len: written.lengthBytes,
    },
    place: read.place,
    addr: hexAddress(read.addr),
    len: read.lengthBytes,
    compared: copies.ranges,
  };
}

/** An overlap that has a changed input beside it shares what is known of the value that the kernel used. */
export function shareUsed(findings: readonly OpenFinding[]): void {
  const keyOf = ({ capture, task, call, place }: OpenFinding) => `${capture} ${task} ${call} ${place}`;
  const mutated = new Map<string, OpenFinding>();
  for (const one of findings) if (one.kind === "mutated") mutated.set(keyOf(one), one);
  for (const one of findings) {
    const known = one.kind === "overlap" ? mutated.get(keyOf(one)) : undefined;
    if (known === undefined) continue;
    one.kernel_used = known.kernel_used;
    one.kernel = known.kernel;
    one.kernel_from = known.kernel_from;
    one.kernel_offset = known.kernel_offset;
  }
}
