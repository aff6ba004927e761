/**
 * A capture as one that a slice can be made of: gaps stand where files of its recording are missing, and for records with
 * numbers that the format does not have. Readers take both for losses, and so does whoever reads the slice.
 *
 * Refuses to hide any other damage: `recover` looks what is left of that.
 */
import { atMostU64 } from "../../format/bytes.js";
import type { Capture, ChunkStep } from "../../format/capture.js";
import type { RecordLayouts } from "../../replay/records.js";
import { holeGaps, isHole, type MadeGap } from "./holes.js";
import { lostIn } from "./metadata.js";
import { type OddRecords, oddRecords } from "./odd-records.js";

export interface Gapped {
  readonly capture: Capture;
  readonly made: readonly MadeGap[];
}

const NO_ODD: OddRecords = { made: [], without: (_, body) => body };

/** `hasOdd`: there may be records with numbers that the format does not have; without, they are not looked for. */
export function withGaps(capture: Capture, layouts: RecordLayouts, baseNs: bigint, hasOdd: boolean): Gapped {
  const holes = capture.problems.some(isHole) ? holeGaps(capture, layouts) : [];
  const odd = hasOdd ? oddRecords(capture, layouts, baseNs) : NO_ODD;
  const made = [...holes, ...odd.made];
  if (made.length === 0) return { capture, made };
  const found = new Set(holes.map((one) => one.found));
  const gaps = made.flatMap((one) => one.gaps);
  const { summary } = capture;
  const gapped = Object.create(capture, {
    gaps: { value: [...capture.gaps, ...gaps] },
    problems: { get: () => capture.problems.filter((one) => !found.has(one)) },
    summary: {
      // Of which events they were is not known.
      value: summary && {
        ...summary,
        lost: atMostU64(summary.lost + lostIn(gaps, "syscall")),
        lostByEvent: [],
      },
    },
    chunks: {
      *value(...wanted: Parameters<Capture["chunks"]>): Generator<ChunkStep> {
        for (const step of capture.chunks(...wanted)) {
          if (step.body !== undefined) yield { entry: step.entry, body: odd.without(step.entry, step.body) };
          else if (!found.has(step.problem)) yield step;
        }
      },
    },
  }) as Capture;
  return { capture: gapped, made };
}
