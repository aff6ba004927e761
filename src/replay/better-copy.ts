/** Of two captures with one id, the one that tells more: the same recording, once as it was and once cut or recovered. */
import type { Capture } from "../format/capture.js";

type Copy = Pick<Capture, "origins" | "index" | "complete">;

/**
 * What no `recover` went over is what the recorder wrote; then the one that is not damaged, where somebody looked, then the
 * one with more records, then the one with an end.
 */
export function isBetterCopy<T extends Copy>(one: T, other: T, isDamaged?: (copy: T) => boolean): boolean {
  const before = rankOf(other, isDamaged);
  for (const [i, rank] of rankOf(one, isDamaged).entries()) {
    if (rank !== before[i]) return rank > (before[i] ?? 0);
  }
  return false;
}

function rankOf<T extends Copy>(copy: T, isDamaged: (copy: T) => boolean = () => false): readonly number[] {
  const isRecovered = copy.origins.some(({ madeBy }) => madeBy === "recover");
  const records = copy.index.reduce((sum, { context }) => sum + context.records, 0);
  return [Number(!isRecovered), Number(!isDamaged(copy)), records, Number(copy.complete)];
}

/** Each id once, at the place of the first. */
export function withoutCopies<T extends Copy & Pick<Capture, "captureId">>(
  captures: readonly T[],
): readonly T[] {
  const best = new Map<string, T>();
  for (const capture of captures) {
    const before = best.get(capture.captureId);
    if (before === undefined || isBetterCopy(capture, before)) best.set(capture.captureId, capture);
  }
  return [...best.values()];
}

/** Those that `withoutCopies` leaves out, each with the one that counts. */
export function leftOutCopies<T extends Copy & Pick<Capture, "captureId">>(
  captures: readonly T[],
): readonly { readonly copy: T; readonly of: T }[] {
  const best = new Map(withoutCopies(captures).map((capture) => [capture.captureId, capture]));
  return captures.flatMap((copy) => {
    const of = best.get(copy.captureId);
    return of === undefined || of === copy ? [] : [{ copy, of }];
  });
}
