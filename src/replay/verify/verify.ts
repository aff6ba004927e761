/**
 * Whether a capture is what its recorder wrote, as far as a file can prove that. Every frame is read from the start and
 * held against its checksums, its schema, the spec's numbers and the other frames; then index, summary and trailer
 * against what was found. Holds one frame, and a line for each.
 *
 * A loss that the capture tells of is no problem: it was not hidden.
 */

import { parseBtf } from "../../btf/index.js";
import { type Capture, openCapture } from "../../format/capture.js";
import { type FileHeader, MINOR, readFileHeader } from "../../format/file-header.js";
import type { FrameEntry } from "../../format/frame.js";
import { frameTable } from "../../format/frame-table.js";
import { LIMITS, type Limits } from "../../format/limits.js";
import { splitBody } from "../../format/payload.js";
import type { Section } from "../../format/sections.js";
import type { ByteSource } from "../../format/source.js";
import type { HostInfo, Problem, Summary } from "../../format/types.js";
import { planesReader } from "../planes.js";
import { at, type FrameContent, type FrameStep, frameSteps } from "./frames.js";
import { metadataCheck } from "./metadata.js";
import { type RecordCheck, recordCheck } from "./records.js";
import { indexFaults, totals, trailerFaults } from "./totals.js";

export interface Verification {
  /** The first thousand; numbers that readers pass by give way to other problems. */
  readonly problems: readonly Problem[];
  /** In the chunks that are good. */
  readonly records: number;
  /** Tasks and queues that records refer to and whose names nobody knows; no problem. */
  readonly unnamed: { readonly tasks: number; readonly queues: number };
}

/** Problems that are told; a damaged file may have millions. */
const MOST_PROBLEMS = 1000;

/** @throws CaptureError when it cannot be read at all. */
export function verifyCapture(source: ByteSource, limits: Limits = LIMITS): Verification {
  return verifySection({ source, capture: openCapture(source, limits) }, limits);
}

/** The same of a capture that is open: opening it again would take the time, and the memory, twice. */
export function verifySection(
  { source, capture }: Pick<Section, "source" | "capture">,
  limits: Limits = LIMITS,
): Verification {
  const header = readFileHeader(source, limits);
  const problems = problemList();
  const pass = verifyPass(header, capture);
  for (const step of frameSteps(source, header, limits)) problems.add(pass.take(step));
  problems.add(pass.finish());
  // What reading meets by the index, and could not be seen frame by frame.
  void capture.recorderBtf;
  capture.inventories();
  problems.addNew(capture.problems);
  return { problems: problems.all, records: pass.records, unnamed: pass.unnamed };
}

function problemList() {
  const all: Problem[] = [];
  const places = new Set<string>();
  let odd = 0;
  const isOdd = ({ code }: Problem) => code === "implausible";
  const makeRoom = () => {
    if (all.length < MOST_PROBLEMS) return;
    all.splice(all.findLastIndex(isOdd), 1);
    odd--;
  };
  const add = (more: readonly Problem[]) => {
    for (const one of more) {
      if (all.length >= MOST_PROBLEMS && (isOdd(one) || odd === 0)) continue;
      makeRoom();
      all.push(one);
      if (isOdd(one)) odd++;
      places.add(`${one.code} ${one.offset}`);
    }
  };
  return {
    all,
    add,
    /** But not what was found already, in other words. */
    addNew(more: readonly Problem[]) {
      for (const one of more) {
        const isOfAll = one.code === "summary_mismatch" && all.some(({ code }) => code === one.code);
        if (!places.has(`${one.code} ${one.offset}`) && !isOfAll) add([one]);
      }
    },
  };
}

interface VerifyPass {
  take(step: FrameStep): readonly Problem[];
  finish(): readonly Problem[];
  readonly records: number;
  readonly unnamed: Verification["unnamed"];
}

function verifyPass(header: FileHeader, capture: Capture): VerifyPass {
  const metadata = metadataCheck();
  const sums = totals();
  const found = frameTable();
  const seen: Seen = { host: null, check: null, isDamaged: false };
  let records = 0;
  let index: { entry: FrameEntry; problems: Problem[] } | null = null;
  let summary: { entry: FrameEntry; value: Summary } | null = null;
  let trailer: Extract<FrameStep, { kind: "trailer" }> | null = null;

  const good = (entry: FrameEntry, body: Uint8Array, content: FrameContent): Problem[] => {
    const problems = [...metadata.see(entry, content)];
    if (content.kind === "index") {
      index = { entry, problems: [...indexFaults(content.lines, entry, found)] };
    } else if (content.kind === "summary") {
      summary = { entry, value: content.summary };
    } else {
      found.add(entry, splitBody(entry, body).context);
    }
    if (content.kind === "host") seen.host ??= content.host;
    if (content.kind === "gap") sums.gap(content.gap);
    if (content.kind === "btf" && content.layouts !== null) {
      seen.check ??= checkOf(content, header, capture, seen);
    }
    if (content.kind === "chunk") {
      if (seen.check === null && !seen.isDamaged && records === 0 && content.context.records > 0) {
        problems.push(at(entry, "metadata_missing", "no BTF of origin recorder before the first record"));
      }
      records += content.context.records;
      problems.push(...sums.chunk(entry, content.context));
      const faults = seen.check?.chunk(content.context, content.body) ?? [];
      problems.push(...faults.map(({ code, what }) => at(entry, code, what)));
    }
    return problems;
  };

  const missing = (): void => {
    seen.isDamaged = true;
    seen.check?.missing();
  };

  return {
    get records() {
      return records;
    },
    get unnamed() {
      return seen.check?.unnamed ?? { tasks: 0, queues: 0 };
    },
    take(step) {
      switch (step.kind) {
        case "good":
          return good(step.entry, step.body, step.content);
        case "bad":
          found.add(step.entry, splitBody(step.entry, step.body).context);
          missing();
          return [step.problem];
        case "damage":
          missing();
          return [step.problem];
        case "trailer":
          trailer = step;
          return [];
      }
    },
    finish() {
      const problems = [...(index?.problems ?? [])];
      if (trailer !== null) {
        problems.push(
          ...trailerFaults(trailer.trailer, trailer.offset, index?.entry ?? null, summary?.entry ?? null),
        );
      }
      // What is missing of a damaged capture was told of already; all that it changes in the sums says no more.
      if (summary !== null && !seen.isDamaged) {
        const { check } = seen;
        const jumped = isSliced(seen.host) ? null : (check?.jumped ?? null);
        const [first] = capture.clocks;
        const startNs = first?.reason === "start" ? first.boottimeNs : null;
        const isPart = !isFirstPart(seen.host);
        const ends = { isPart, startNs, lastNs: check?.lastNs ?? null, jumped };
        problems.push(...sums.compare(summary.value, summary.entry, ends));
      }
      return problems;
    },
  };
}

interface Seen {
  host: HostInfo | null;
  check: RecordCheck | null;
  /** Frames are missing. */
  isDamaged: boolean;
}

function checkOf(
  { btf, layouts }: Extract<FrameContent, { kind: "btf" }>,
  { minor }: FileHeader,
  capture: Capture,
  { host, isDamaged }: Seen,
): RecordCheck | null {
  if (layouts === null) return null;
  const baseNs = capture.startNs ?? capture.index.at(0)?.context.firstTimeNs ?? 0n;
  // HOST may come behind the BTF.
  const known = host ?? capture.host;
  return recordCheck({
    layouts,
    baseNs,
    cpus: known?.cpus ?? null,
    isLater: minor > MINOR,
    isFromStart: !isDamaged && isFirstPart(known) && capture.index.at(0)?.context.firstRecord === 0n,
    isSliced: isSliced(known),
    planes: planesReader(parseBtf(btf.data), layouts, baseNs),
  });
}

/** It begins where the recording does. */
function isFirstPart(host: HostInfo | null): boolean {
  const { part, firstRecord } = host?.recording ?? { part: 1, firstRecord: 0n };
  return part === 1 && firstRecord === 0n;
}

function isSliced(host: HostInfo | null): boolean {
  return host?.sliced !== undefined;
}
