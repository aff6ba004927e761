/**
 * What a recording says at its end: one line, or the same as a JSON object.
 */
import { type LossByCause, sum, total } from "./losses.js";
import { durationText, sizeText } from "./progress.js";
import type { SessionResult } from "./session.js";

/**
 * `recorded N records (M calls) in T, lost L, FILE (SIZE)`. `wantedCalls`: what --count said, if it did; calls are
 * counted between batches, so there may be more.
 */
export function closingText(result: SessionResult, isOneFile: boolean, wantedCalls: number | null): string {
  const written = result.written;
  const wanted = wantedCalls === null ? "" : `, --count asked for at least ${wantedCalls}`;
  return (
    `recorded ${written.records} records (${callsOf(result)} calls${wanted}) in ${durationText(result.durationNs)}, ` +
    `lost ${lossText(result.lost)}, ${filesText(result.files, isOneFile)}`
  );
}

function filesText(files: SessionResult["files"], isOneFile: boolean): string {
  const [first, last] = [files[0], files.at(-1)];
  if (first === undefined || last === undefined) return "no file written";
  const size = sizeText(bytesOf(files));
  if (isOneFile) return `${first.name === "-" ? "standard output" : first.name} (${size})`;
  if (first === last) return `1 file: ${first.name} (${size})`;
  return `${files.length} files: ${first.name} to ${last.name} (${size})`;
}

function bytesOf(files: SessionResult["files"]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Calls in the file: those that ended, and those that are open at the end. */
export function callsOf(result: SessionResult): bigint {
  return sum(result.written.counts.map(({ exits }) => BigInt(exits))) + BigInt(result.openCalls);
}

function lossText(lost: LossByCause): string {
  const causes = [
    { count: lost.ringFull, cause: "the buffer was full: give a larger --buffer" },
    { count: lost.noScratch, cause: "no scratch memory" },
    { count: lost.recursion, cause: "the kernel skipped the program" },
    { count: lost.output, cause: "could not be written" },
  ].filter(({ count }) => count > 0n);
  if (causes.length === 0) return "0";
  if (causes.length === 1) return `${total(lost)} (${causes[0]?.cause})`;
  return `${total(lost)} (${causes.map(({ count, cause }) => `${count} ${cause}`).join("; ")})`;
}

/** What could not be told in full, and makes no call uncertain. */
export function notesOf({ totals, lost, heldNs }: SessionResult): readonly string[] {
  const notes: string[] = [];
  if (heldNs !== null) {
    notes.push(`--last-memory did not last for --last: at worst it held ${durationText(heldNs)}`);
  }
  if (lost.planes > 0n) {
    notes.push(
      `${lost.planes} records of what happened inside calls were lost, which leaves those calls whole: give a larger --buffer`,
    );
  }
  if (totals.x32 > 0n) notes.push(`${totals.x32} calls of the x32 ABI were counted and not recorded`);
  if (totals.noTaskState > 0n) {
    notes.push(`${totals.noTaskState} calls have no number: the kernel had no memory for their tasks' state`);
  }
  return notes;
}

/**
 * Field by field as in `record --json`; a capture on standard output has no name. Of several files `capture_id` is the
 * recording's: that of the first, which may be gone.
 */
export function closingObject(result: SessionResult, isOneFile: boolean, captureId: string): object {
  const { lost, written, files } = result;
  const named = files.map((file) => ({ ...file, name: file.name === "-" ? null : file.name }));
  return {
    capture: isOneFile ? (named[0]?.name ?? null) : null,
    capture_id: captureId,
    files: named.map(({ name, captureId, records, bytes }) => ({
      capture: name,
      capture_id: captureId,
      records: Number(records),
      bytes,
    })),
    ended: result.ended,
    complete: result.finished,
    duration_ns: Number(result.durationNs),
    records: Number(written.records),
    calls: Number(callsOf(result)),
    lost: Number(total(lost)),
    lost_by_cause: {
      ring_full: Number(lost.ringFull),
      no_scratch: Number(lost.noScratch),
      recursion: Number(lost.recursion),
      output: Number(lost.output),
    },
    planes_lost: Number(lost.planes),
    x32_calls: Number(result.totals.x32),
    bytes: bytesOf(files),
    ...(result.heldNs === null ? {} : { held_ns: Number(result.heldNs) }),
  };
}
