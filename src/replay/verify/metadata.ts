/** Whether what a capture says of itself can be true, and stands where it may: everything but chunks. */
import type { FrameEntry } from "../../format/frame.js";
import { type ProblemCode, problem } from "../../format/problem.js";
import type { ClockTriple, Gap, HostInfo, Inventory, Origin, Problem } from "../../format/types.js";
import type { FrameContent } from "./frames.js";

export interface MetadataCheck {
  /** What is wrong with this frame, after all frames before it. */
  see(entry: FrameEntry, content: FrameContent): readonly Problem[];
}

export function metadataCheck(): MetadataCheck {
  const once = new Set<string>();
  let hasChunk = false;
  let hasEnd = false;
  let lastBoottimeNs: bigint | null = null;
  let lastInventoryNs: bigint | null = null;

  /** BTF comes once of each origin. */
  const placeFault = (content: FrameContent): string | null => {
    const isEnd = content.kind === "index" || content.kind === "summary";
    if (hasEnd && content.kind !== "summary") return `a ${content.kind} frame behind the index or summary`;
    hasEnd ||= isEnd;
    hasChunk ||= content.kind === "chunk";
    if (content.kind !== "host" && content.kind !== "btf" && !isEnd) return null;
    const name = content.kind === "btf" ? `BTF of origin ${content.btf.origin}` : content.kind;
    if (once.has(name)) return `a second ${name} frame`;
    once.add(name);
    return hasChunk && !isEnd ? `a ${name} frame behind the first chunk` : null;
  };

  const clocksFault = (clocks: readonly ClockTriple[]): string | null => {
    for (const { boottimeNs, monotonicNs, uncertaintyNs } of clocks) {
      if (lastBoottimeNs !== null && boottimeNs < lastBoottimeNs) {
        return `clocks go back, from ${lastBoottimeNs} to ${boottimeNs}`;
      }
      // Both run alike until the host sleeps, and were not read in the same moment.
      if (monotonicNs > boottimeNs + uncertaintyNs)
        return `CLOCK_MONOTONIC ${monotonicNs} is ahead of CLOCK_BOOTTIME ${boottimeNs}`;
      lastBoottimeNs = boottimeNs;
    }
    return null;
  };

  const inventoryFault = ({ atNs }: Inventory): string | null => {
    const before = lastInventoryNs;
    lastInventoryNs = atNs;
    return before !== null && atNs < before ? `an inventory of ${atNs} behind one of ${before}` : null;
  };

  const valueFault = (content: FrameContent): string | null => {
    switch (content.kind) {
      case "host":
        return hostFault(content.host);
      case "clocks":
        return clocksFault(content.clocks);
      case "inventory":
        return inventoryFault(content.inventory);
      case "gap":
        return gapFault(content.gap);
      case "origin":
        return originFault(content.origin);
      default:
        return null;
    }
  };

  return {
    see(entry, content) {
      const found = (code: ProblemCode, what: string | null) =>
        what === null
          ? []
          : [problem(code, entry.offset, entry.sequence, `frame ${entry.sequence}: ${what}`)];
      return [
        ...found("metadata_misplaced", placeFault(content)),
        ...found("implausible", valueFault(content)),
      ];
    },
  };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function hostFault({ cpus, pageSize, littleEndian, recording }: HostInfo): string | null {
  if (cpus < 1) return "a host without a cpu";
  if (pageSize < 512 || (pageSize & (pageSize - 1)) !== 0) return `a page size of ${pageSize}`;
  if (!littleEndian) return "records of a big-endian host, which this version does not have";
  if (recording === undefined) return null;
  if (recording.part < 1) return `part ${recording.part} of a recording`;
  return UUID.test(recording.id) ? null : "the recording's id is no capture id";
}

function gapFault({ fromNs, toNs }: Gap): string | null {
  if (fromNs === null || toNs === null || fromNs <= toNs) return null;
  return `a gap from ${fromNs} to ${toNs}: it ends before it begins`;
}

function originFault({ from }: Origin): string | null {
  const wrong = from.find((id) => !UUID.test(id));
  return wrong === undefined ? null : "it names a capture by what is no capture id";
}
