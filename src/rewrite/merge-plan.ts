/**
 * In which order captures are put one behind the other, and how sure that order is. Captures stay apart: nothing of them is
 * changed, and their times are told by their own clocks.
 */
import type { Section } from "../format/sections.js";
import { isBetterCopy } from "../replay/better-copy.js";

/** One capture of the output, with what aligns it. */
export interface Source {
  readonly section: Section;
  readonly name: string;
  readonly hostname: string | null;
  /** CLOCK_REALTIME at its start; null: it has no clock readings. */
  readonly startRealNs: bigint | null;
  /** Of that reading: how far apart the clocks around it were read. */
  readonly uncertaintyNs: bigint | null;
  /** An earlier one of the same boot, to which CLOCK_BOOTTIME places it exactly; null: there is none. */
  readonly sameBootAs: string | null;
  /** CLOCK_REALTIME was set meanwhile, by so much. */
  readonly steppedNs: bigint;
}

export interface MergePlan {
  /** By their start in wall time; parts of one recording follow each other. */
  readonly sources: readonly Source[];
  /** Left out, since another of the same id is there. */
  readonly duplicates: readonly { readonly name: string; readonly of: string }[];
}

/** `isDamaged` helps to decide between two captures of one id. */
export function mergePlan(sections: readonly Section[], isDamaged: (section: Section) => boolean): MergePlan {
  const byId = new Map<string, Section>();
  const duplicates: { name: string; of: string }[] = [];
  for (const section of sections) {
    const { captureId, name } = section.capture;
    const before = byId.get(captureId);
    const isBetter = before !== undefined && isBetterSection(section, before, isDamaged);
    if (before === undefined || isBetter) byId.set(captureId, section);
    if (before === undefined) continue;
    duplicates.push(isBetter ? { name: before.capture.name, of: name } : { name, of: before.capture.name });
  }
  const groups = new Map<string, Section[]>();
  for (const section of byId.values()) {
    const { host, captureId } = section.capture;
    const id = host?.recording?.id ?? captureId;
    groups.set(id, [...(groups.get(id) ?? []), section]);
  }
  const partOf = ({ capture }: Section) => capture.host?.recording?.part ?? 0;
  const ordered = [...groups.values()]
    .map((group) => group.sort((a, b) => partOf(a) - partOf(b)))
    .sort((a, b) => compareStarts(a[0], b[0]))
    .flat();
  return { sources: sourcesOf(ordered), duplicates };
}

function isBetterSection(one: Section, other: Section, isDamaged: (section: Section) => boolean): boolean {
  return isBetterCopy(one.capture, other.capture, (copy) => isDamaged(copy === one.capture ? one : other));
}

function compareStarts(one: Section | undefined, other: Section | undefined): number {
  const a = one?.capture.createdNs ?? null;
  const b = other?.capture.createdNs ?? null;
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return a < b ? -1 : a > b ? 1 : 0;
}

function sourcesOf(ordered: readonly Section[]): Source[] {
  const boots = new Map<string, string>();
  return ordered.map((section) => {
    const { name, host, clocks } = section.capture;
    const boot = host?.bootId ?? null;
    const sameBootAs = boot === null ? null : (boots.get(boot) ?? null);
    if (boot !== null && sameBootAs === null) boots.set(boot, name);
    const offsets = clocks.map(({ realtimeNs, boottimeNs }) => realtimeNs - boottimeNs);
    const isStepped = clocks.some(({ reason }) => reason === "step");
    const [first = 0n, last = first] = [offsets[0], offsets.at(-1)];
    return {
      section,
      name,
      hostname: host?.hostname ?? null,
      startRealNs: clocks[0]?.realtimeNs ?? null,
      uncertaintyNs: clocks[0]?.uncertaintyNs ?? null,
      sameBootAs,
      steppedNs: isStepped ? last - first : 0n,
    };
  });
}
