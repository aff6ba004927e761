/**
 * What is left of a damaged capture: its good frames by their numbers, and what is known of those that are not there.
 * One pass; holds a line for each frame.
 */
import { parseChunkContext } from "../format/chunk-context.js";
import type { FileHeader } from "../format/file-header.js";
import { FRAME_HEADER_BYTES, frameBytes } from "../format/frame.js";
import type { FrameTable } from "../format/frame-table.js";
import type { Limits } from "../format/limits.js";
import type { ByteSource } from "../format/source.js";
import { type ChunkContext, FrameType, type Gap, type HostInfo, type Summary } from "../format/types.js";
import type { RecordLayouts } from "../replay/records.js";
import { type FrameContent, frameSteps } from "../replay/verify/frames.js";

/** A frame that is taken over. */
export interface GoodFrame {
  readonly sequence: number;
  readonly type: number;
  readonly offset: number;
  readonly bytes: number;
  /** Of a chunk. `firstRecordNs`: time of the record that comes first, which need not be the oldest. */
  readonly chunk: { readonly context: ChunkContext; readonly firstRecordNs: bigint | null } | null;
}

export interface LeftFrames {
  /** In order of their numbers. Without INDEX, SUMMARY and what comes behind them. */
  readonly frames: readonly GoodFrame[];
  /** Numbers from 0 up to here belong to frames before the index; null: not known how many there were. */
  readonly count: number | null;
  /** What is known of a frame that is missing: its type, and the context of a chunk. */
  missing(sequence: number): { readonly type: number | null; readonly context: ChunkContext | null };
  readonly host: HostInfo | null;
  readonly layouts: RecordLayouts | null;
  /** A clock reading is left before the first chunk. */
  readonly hasClock: boolean;
  readonly gaps: readonly Gap[];
  readonly summary: Summary | null;
}

/** Frames that may be missing in one place: more is no damage but a number that somebody made up. */
const MOST_MISSING = 16_384;

/** `isDistrusted`: of frames whose checksums are right, and that say what cannot be. */
export function leftFrames(
  source: ByteSource,
  header: FileHeader,
  isDistrusted: (sequence: number, type: number) => boolean,
  limits: Limits,
): LeftFrames {
  const frames: GoodFrame[] = [];
  const types = new Map<number, number>();
  const gaps: Gap[] = [];
  let host: HostInfo | null = null;
  let layouts: RecordLayouts | null = null;
  let hasClock = false;
  let hasChunk = false;
  let index: FrameTable | null = null;
  let end: { readonly sequence: number; readonly kind: "index" | "summary" } | null = null;
  let summary: Summary | null = null;
  let next = 0;
  for (const step of frameSteps(source, header, limits)) {
    if (step.kind === "bad") types.set(step.entry.sequence, step.entry.type);
    if (step.kind === "damage" && step.problem.frame !== null && step.type !== null) {
      types.set(step.problem.frame, step.type);
    }
    if (step.kind !== "good") continue;
    const { entry, content } = step;
    // Room for the last gap, and for what ends a capture.
    if (entry.sequence >= limits.frames - 4 || entry.sequence - next > MOST_MISSING) continue;
    next = entry.sequence + 1;
    const isTrusted = !isDistrusted(entry.sequence, entry.type);
    if (content.kind === "index" || content.kind === "summary") {
      end ??= { sequence: entry.sequence, kind: content.kind };
      if (isTrusted && content.kind === "index") index ??= content.lines;
      if (isTrusted && content.kind === "summary") summary ??= content.summary;
      continue;
    }
    if (!isTrusted) types.set(entry.sequence, entry.type);
    if (end !== null || !isTrusted) continue;
    if (content.kind === "host") host ??= content.host;
    if (content.kind === "btf") layouts ??= content.layouts;
    if (content.kind === "chunk") hasChunk = true;
    if (content.kind === "clocks") hasClock ||= !hasChunk && content.clocks.length > 0;
    if (content.kind === "gap") gaps.push(content.gap);
    frames.push({
      sequence: entry.sequence,
      type: entry.type,
      offset: entry.offset,
      bytes: frameBytes(entry),
      chunk: chunkOf(content, layouts),
    });
  }
  return {
    frames,
    count: countOf(end, frames, index, types),
    missing(sequence) {
      const said = index !== null && sequence < index.length ? index : null;
      const type = said?.type(sequence) ?? null;
      const context =
        said !== null && type === FrameType.CHUNK ? parseChunkContext(said.context(sequence)) : null;
      return {
        type: type ?? types.get(sequence) ?? null,
        context: typeof context === "string" ? null : context,
      };
    },
    host,
    layouts,
    hasClock,
    gaps,
    summary,
  };
}

function chunkOf(content: FrameContent, layouts: RecordLayouts | null): GoodFrame["chunk"] {
  if (content.kind !== "chunk") return null;
  const { context, body } = content;
  const { records } = body;
  const isThere = layouts !== null && records.byteLength >= layouts.record.sizeBytes;
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  return { context, firstRecordNs: isThere ? view.getBigUint64(layouts.record.time_ns, true) : null };
}

/**
 * The index is the frame before the summary. When it cannot be read, what is missing there is taken for the index:
 * the summary's own counts tell whether anything else is missing.
 */
function countOf(
  end: { readonly sequence: number; readonly kind: "index" | "summary" } | null,
  frames: readonly GoodFrame[],
  index: FrameTable | null,
  types: ReadonlyMap<number, number>,
): number | null {
  if (end === null) return index?.length ?? null;
  if (end.kind === "index") return end.sequence;
  const before = end.sequence - 1;
  if (before < 0 || frames.at(-1)?.sequence === before) return end.sequence;
  const type = types.get(before) ?? FrameType.INDEX;
  return type === FrameType.INDEX ? before : end.sequence;
}

/** The frame's bytes, as they are in the file. */
export function frameAt(source: ByteSource, { offset, bytes }: GoodFrame): Uint8Array {
  const found = source.read(offset, bytes);
  if (found.length < Math.max(bytes, FRAME_HEADER_BYTES))
    throw new RangeError("the file became shorter meanwhile");
  return found;
}
