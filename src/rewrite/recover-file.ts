/**
 * All captures of one file, or of several, recovered one behind the other. One of which nothing can be recovered is left
 * out; it, and bytes that could not be read as a capture, leave a mark in the capture beside them: a gap up to its end.
 *
 * Refuses when nothing of any of them can be recovered.
 */
import { CaptureError } from "../format/problem.js";
import { openSections, type Section, windowOf } from "../format/sections.js";
import type { ByteSource } from "../format/source.js";
import type { Problem } from "../format/types.js";
import { RewriteError } from "./error.js";
import { type Mended, mendedHeader } from "./file-header.js";
import { type Recovery, type RecoveryPlan, recoveryPlan } from "./recover.js";

export interface Damaged {
  /** Captures with the same are beside each other. */
  readonly file: string;
  readonly source: ByteSource;
  /** What is known to be wrong beside what verifying it finds: its file header was mended, what is behind it is refused. */
  readonly known: readonly Problem[];
}

/** Later headers that are mended in one file: each makes it necessary to look through all that is behind it. */
const MOST_MENDED = 16;

export function damagedOf({ file, source, behind }: Section): Damaged {
  return { file, source, known: behind === null ? [] : [behind] };
}

/** Also captures behind others whose file headers are damaged, as far as they can be made anew. */
export function damagedWithMended(sections: readonly Section[], most = MOST_MENDED): readonly Damaged[] {
  return sections.flatMap((section) => {
    const { capture, source, file } = section;
    const tail = capture.problems.find((one) => one.code === "trailing_bytes" && one !== section.behind);
    if (tail === undefined || most === 0) return [damagedOf(section)];
    const rest = windowOf(source, `${capture.name}, at ${tail.offset}`, tail.offset, source.sizeBytes);
    const mended = mendedHeader(rest);
    const found = mended === null ? [] : openMended(mended.source);
    if (mended === null || found.length === 0) return [damagedOf(section)];
    const [first, ...more] = damagedWithMended(found, most - 1);
    const known = [mendedProblem("file_header_damaged", mended), ...(first?.known ?? [])];
    const own = { ...damagedOf(section), source: windowOf(source, capture.name, 0, tail.offset) };
    return [own, ...(first === undefined ? [] : [{ ...first, known }]), ...more].map((one) => ({
      ...one,
      file,
    }));
  });
}

/** Empty: not even with a header that is right. */
function openMended(source: ByteSource): readonly Section[] {
  try {
    return openSections(source);
  } catch (error) {
    if (error instanceof CaptureError) return [];
    throw error;
  }
}

export function mendedProblem(code: string, { captureId }: Mended): Problem {
  const id = captureId === null ? "; its capture id is lost, and a new one is given" : "";
  const message = `the file header was damaged, and is made anew from the first frame${id}`;
  return { code, offset: 0, frame: null, message };
}

export interface RecoveredFile {
  /** Of those that were written; null: it was left out. */
  readonly recoveries: readonly (Recovery | null)[];
  /** Why. */
  readonly leftOut: readonly string[];
}

/** @throws CaptureError as a reader does, RewriteError when nothing of any can be recovered */
export function recoverAll(
  all: readonly Damaged[],
  write: (bytes: Uint8Array) => void,
  version: string,
): RecoveredFile {
  const failures: RewriteError[] = [];
  const plans = all.map(({ source, known }) => {
    try {
      return recoveryPlan(source, { version, known });
    } catch (error) {
      if (!(error instanceof RewriteError)) throw error;
      failures.push(error);
      return null;
    }
  });
  const [first] = failures;
  if (first !== undefined && plans.every((plan) => plan === null)) throw first;
  const lacking = lackingBeside(all, plans);
  return {
    recoveries: plans.map((plan, i) => plan?.run(write, lacking.get(i) ?? []) ?? null),
    leftOut: failures.map(({ message }) => message),
  };
}

/** What each capture that is written has to tell of others of its file that are not. */
function lackingBeside(
  all: readonly Damaged[],
  plans: readonly (RecoveryPlan | null)[],
): ReadonlyMap<number, readonly Problem[]> {
  const lacking = new Map<number, Problem[]>();
  for (const [i, plan] of plans.entries()) {
    if (plan !== null) continue;
    const isBeside = (_: unknown, at: number) => plans[at] !== null && all[at]?.file === all[i]?.file;
    const before = all.slice(0, i).findLastIndex(isBeside);
    const at = before === -1 ? all.findIndex(isBeside) : before;
    const size = all[at]?.source.sizeBytes ?? 0;
    const message = `nothing of the capture ${all[i]?.source.name} beside this one could be recovered`;
    const told = { code: "trailing_bytes", offset: size, frame: null, message };
    lacking.set(at, [...(lacking.get(at) ?? []), told]);
  }
  return lacking;
}
