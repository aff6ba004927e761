/**
 * A capture as its readers see it: what the metadata says at once, chunks one by one. Holds at most one chunk.
 *
 * Refuses to mend anything: damage is reported, in `problems` and between the chunks, and left out.
 */
import { createHash } from "node:crypto";
import { btfBody, clocksBody, gapBody, hostBody, inventoryBody, originBody, summaryBody } from "./bodies.js";
import { contextFault, parseChunkContext } from "./chunk-context.js";
import { disagreements } from "./consistency.js";
import { captureIdText, readFileHeader } from "./file-header.js";
import { type FrameEntry, isCritical, isKnown } from "./frame.js";
import type { FrameTable } from "./frame-table.js";
import { type HeldBudget, heldBudget, LIMITS, type Limits } from "./limits.js";
import { type Located, locateFrames } from "./locate.js";
import { failed, type Outcome, parseChunk, parsePayload, readBody } from "./payload.js";
import { CaptureError, problem } from "./problem.js";
import { lazyRows, type Rows } from "./rows.js";
import type { Field } from "./schema.js";
import type { ByteSource } from "./source.js";
import {
  type BtfFrame,
  type ChunkBody,
  type ClockTriple,
  FrameType,
  type Gap,
  type HostInfo,
  type IndexEntry,
  type Inventory,
  type Origin,
  type Problem,
  type Summary,
} from "./types.js";

/** One step of a pass over the records; `entry` null: what was there is not even known to be one chunk. */
export type ChunkStep =
  | { readonly entry: IndexEntry; readonly body: ChunkBody; readonly problem?: undefined }
  | { readonly entry: IndexEntry | null; readonly problem: Problem; readonly body?: undefined };

export interface Capture {
  /** As the user gave it. */
  readonly name: string;
  /** UUID in its usual spelling. */
  readonly captureId: string;
  readonly format: { readonly major: number; readonly minor: number };
  readonly sizeBytes: number | null;
  /** Where another capture begins behind this one; null: this is its file's last one, as far as was looked. */
  readonly nextOffset: number | null;
  /** CLOCK_REALTIME of the first clock triple. */
  readonly createdNs: bigint | null;
  /** CLOCK_BOOTTIME of the first clock triple: what times are told from, in finished captures and others. */
  readonly startNs: bigint | null;
  readonly host: HostInfo | null;
  readonly recorderBtf: Uint8Array | null;
  readonly hostBtf: Uint8Array | null;
  readonly clocks: readonly ClockTriple[];
  inventories(): readonly Inventory[];
  readonly gaps: readonly Gap[];
  /** How it came to be, where no recorder wrote it; the last step last. */
  readonly origins: readonly Origin[];
  /** The chunks. */
  readonly index: Rows<IndexEntry>;
  readonly indexFrom: "index" | "scan";
  /** Every frame located, without INDEX and SUMMARY. */
  readonly frames: Rows<FrameEntry>;
  readonly summary: Summary | null;
  /** The recording ended as it should: trailer and summary are there. */
  readonly complete: boolean;
  /** What was found wrong so far: grows when BTF, inventories and chunks are read. */
  readonly problems: readonly Problem[];
  /**
   * In file order. Each call starts anew; damage is yielded where records may be missing. A chunk that is not
   * `wanted`, asked right before it would be read, is neither read nor yielded.
   */
  chunks(wanted?: (entry: IndexEntry) => boolean): Generator<ChunkStep>;
}

/**
 * Reads what a capture says of itself; of a finished one without touching its chunks. `useIndex` false: every frame is
 * read, as the spec's "Reading without the index" has it, and the index is held against them.
 *
 * @param held what the metadata may take that is kept; captures of one file share it.
 * @param told where problems are put: whoever gives it may add what is wrong behind the capture.
 * @throws CaptureError when it cannot be read at all; anything less is in `problems`.
 */
export function openCapture(
  source: ByteSource,
  limits: Limits = LIMITS,
  useIndex = true,
  held: HeldBudget = heldBudget(limits),
  told: Problem[] = [],
): Capture {
  const header = readFileHeader(source, limits);
  const located = locateFrames(source, header, limits, useIndex);
  const problems = problemList(limits.problems, told);
  for (const trouble of located.problems) problems.add(trouble);
  const { frames } = located;
  refuseUnknown(frames, source.name);

  function value<T>(entry: FrameEntry, field: Field<T>): T | null {
    const body = readBody(source, header.sync, entry, limits);
    const parsed = body.problem
      ? failed<T>(body.problem)
      : parsePayload(entry, body.value.stored, field, limits, isHeld(entry) ? held : null);
    if (parsed.problem) problems.add(parsed.problem);
    return parsed.value;
  }
  const places = placesByType(frames);
  const ofType = (type: number) => (places.get(type) ?? []).map((place) => frames.entry(place));
  /** What the frames of a type say, each with the frame that says it. */
  function said<T>(type: number, field: Field<T>): Said<T>[] {
    return ofType(type).flatMap((entry) => {
      const parsed = value(entry, field);
      return parsed === null ? [] : [{ entry, value: parsed }];
    });
  }
  const values = <T>(type: number, field: Field<T>): T[] => said(type, field).map((one) => one.value);

  const hosts = said(FrameType.HOST, hostBody);
  const triples = said(FrameType.CLOCKS, clocksBody);
  const clocks = triples.flatMap(({ value }) => value.clocks);
  const summary = located.summary && value(located.summary, summaryBody);
  const chunks = chunkPlaces(located, places.get(FrameType.CHUNK) ?? [], problems);
  const chunkAt = (i: number) => chunkOf(frames, chunks.places[i] as number);
  const found = lazyRows(chunks.places.length, chunkAt);
  const index = lazyRows(chunks.places.length, (i) => chunkAt(i).index);
  /** The first BTF of each origin that is good; the others are checked and not kept. */
  const btf = once(() => {
    const good = new Map<BtfFrame["origin"], Said<BtfFrame>>();
    for (const entry of ofType(FrameType.BTF)) {
      const frame = value(entry, btfBody);
      if (frame === null || !hashMatches({ entry, value: frame }, problems)) continue;
      if (!good.has(frame.origin)) good.set(frame.origin, { entry, value: frame });
    }
    return good;
  });
  const metadata = {
    HOST: hosts[0]?.entry,
    // With an index it is read when it is asked for.
    BTF: located.from === "scan" ? btf().get("recorder")?.entry : ofType(FrameType.BTF)[0],
    CLOCKS: triples.find(({ value }) => value.clocks.length > 0)?.entry,
  };
  const gaps = said(FrameType.GAP, gapBody);
  const firstChunk = places.get(FrameType.CHUNK)?.[0];
  const first = firstChunk === undefined ? null : frames.entry(firstChunk);
  const agreeing = {
    firstChunk: first,
    chunks: found,
    metadata,
    summaryFrame: located.summary,
    summary,
    gaps,
  };
  for (const trouble of disagreements(agreeing)) problems.add(trouble);
  const inventories = once(() => values(FrameType.INVENTORY, inventoryBody));
  const origins = values(FrameType.ORIGIN, originBody);

  return {
    name: source.name,
    captureId: captureIdText(header.captureId),
    format: { major: header.major, minor: header.minor },
    sizeBytes: located.nextOffset ?? source.sizeBytes,
    nextOffset: located.nextOffset,
    createdNs: clocks[0]?.realtimeNs ?? null,
    startNs: clocks[0]?.boottimeNs ?? null,
    host: hosts[0]?.value ?? null,
    get recorderBtf() {
      return btf().get("recorder")?.value.data ?? null;
    },
    get hostBtf() {
      return btf().get("host")?.value.data ?? null;
    },
    clocks,
    inventories,
    gaps: gaps.map((one) => one.value),
    origins,
    index,
    indexFrom: located.from,
    frames: withoutEnd(frames),
    summary,
    complete: located.trailer !== null && summary !== null,
    problems: problems.all,
    *chunks(wanted = () => true) {
      let damaged = 0;
      const damageBefore = function* (i: number): Generator<ChunkStep> {
        for (let one = chunks.damage[damaged]; one !== undefined && one.behind <= i; ) {
          yield { entry: null, problem: one.problem };
          one = chunks.damage[++damaged];
        }
      };
      for (const [i, place] of chunks.places.entries()) {
        yield* damageBefore(i);
        const { frame, index: entry } = chunkAt(i);
        if (!wanted(entry)) continue;
        const read = readChunk(
          source,
          header.sync,
          frame,
          frames.context(place),
          entry.context.records,
          limits,
        );
        if (read.problem) problems.add(read.problem);
        yield read.problem ? { entry, problem: read.problem } : { entry, body: read.value };
      }
      yield* damageBefore(chunks.places.length);
    },
  };
}

/** Where the frames of each type are that are known. */
function placesByType(frames: FrameTable): ReadonlyMap<number, readonly number[]> {
  const places = new Map<number, number[]>();
  for (let i = 0; i < frames.length; i++) {
    const [type, flags] = [frames.type(i), frames.flags(i)];
    if (!isKnown({ type, flags })) continue;
    const before = places.get(type);
    if (before === undefined) places.set(type, [i]);
    else before.push(i);
  }
  return places;
}

/** Without INDEX and SUMMARY, which are few. */
function withoutEnd(frames: FrameTable): Rows<FrameEntry> {
  const left: number[] = [];
  for (let i = 0; i < frames.length; i++) {
    const type = frames.type(i);
    if (type !== FrameType.INDEX && type !== FrameType.SUMMARY) left.push(i);
  }
  return lazyRows(left.length, (i) => frames.entry(left[i] as number));
}

/** Of BTF one frame of each origin is kept, and they are small: without them nothing else would be of use. */
function isHeld(entry: FrameEntry): boolean {
  return entry.type !== FrameType.BTF;
}

interface Said<T> {
  readonly entry: FrameEntry;
  readonly value: T;
}

interface Problems {
  readonly all: readonly Problem[];
  add(problem: Problem): void;
}

/** Each problem once, also when its frame is read again. Behind the first `most` the last says that there are more. */
function problemList(most: number, all: Problem[]): Problems {
  const seen = new Set<string>();
  return {
    all,
    add(one) {
      if (all.length > most) return;
      const key = `${one.code} ${one.offset} ${one.message}`;
      if (seen.has(key)) return;
      seen.add(key);
      const what = `more than ${most} problems: from here on they are not told one by one`;
      all.push(all.length < most ? one : problem("more_problems", one.offset, one.frame, what));
    },
  };
}

function refuseUnknown(frames: FrameTable, name: string): void {
  let place = 0;
  const isRefused = (head: { type: number; flags: number }) => !isKnown(head) && isCritical(head);
  while (place < frames.length && !isRefused({ type: frames.type(place), flags: frames.flags(place) }))
    place++;
  if (place === frames.length) return;
  const { type, flags, offset, sequence } = frames.entry(place);
  const what = `frame ${sequence} at offset ${offset} has type ${type} and flags 0x${flags.toString(16)}, which this msgtape does not know`;
  throw new CaptureError(
    "unknown_critical_frame",
    `${name}: ${what}, and it may not be skipped: use a newer msgtape`,
    { offset, frame: sequence },
  );
}

interface FoundChunks {
  /** Of the frames, those that are chunks with a context that can be read. */
  readonly places: readonly number[];
  /** In which records may have been. `behind`: so many of these chunks are before it. */
  readonly damage: readonly { readonly behind: number; readonly problem: Problem }[];
}

/** The chunks, and the damage in which records may have been: none comes after the summary. */
function chunkPlaces(located: Located, chunks: readonly number[], problems: Problems): FoundChunks {
  const { frames } = located;
  const recordsEnd = located.summary?.offset ?? Number.POSITIVE_INFINITY;
  const told = located.damage.filter(({ type, problem: { code, offset } }) => {
    const mayHoldRecords = type === null || type === FrameType.CHUNK;
    return mayHoldRecords && !HARMLESS.has(code) && offset <= recordsEnd;
  });
  const places: number[] = [];
  const damage: { readonly behind: number; readonly problem: Problem }[] = [];
  let next = 0;
  const damageBefore = (place: number) => {
    for (let one = told[next]; one !== undefined && one.behind <= place; one = told[++next]) {
      damage.push({ behind: places.length, problem: one.problem });
    }
  };
  for (const place of chunks) {
    damageBefore(place);
    const fault = contextFault(frames.context(place));
    if (fault === null) {
      places.push(place);
      continue;
    }
    const { offset, sequence } = frames.entry(place);
    const trouble = problem("context_invalid", offset, sequence, `frame ${sequence}: ${fault}`);
    problems.add(trouble);
    damage.push({ behind: places.length, problem: trouble });
  }
  damageBefore(frames.length);
  return { places, damage };
}

function chunkOf(
  frames: FrameTable,
  place: number,
): { readonly frame: FrameEntry; readonly index: IndexEntry } {
  const frame = frames.entry(place);
  const context = parseChunkContext(frames.context(place));
  if (typeof context === "string") throw new RangeError(`a context was read once, and not again: ${context}`);
  const { offset, storedBytes, rawBytes } = frame;
  return { frame, index: { offset: BigInt(offset), storedBytes, rawBytes, context } };
}

/** Found by a scan, but no records are missing where they are. */
const HARMLESS: ReadonlySet<string> = new Set(["no_trailer", "trailing_bytes", "frame_out_of_order"]);

function readChunk(
  source: ByteSource,
  sync: Uint8Array,
  frame: FrameEntry,
  context: Uint8Array,
  records: number,
  limits: Limits,
): Outcome<ChunkBody> {
  const body = readBody(source, sync, frame, limits);
  if (body.problem) return failed(body.problem);
  if (Buffer.compare(body.value.context, context) !== 0) {
    const what = `frame ${frame.sequence}: its context is not the one in the index`;
    return failed(problem("index_mismatch", frame.offset, frame.sequence, what));
  }
  return parseChunk(frame, body.value.stored, records, limits);
}

function hashMatches({ entry, value }: Said<BtfFrame>, problems: Problems): boolean {
  const found = createHash("sha256").update(value.data).digest("hex");
  if (found === value.sha256) return true;
  const what = `the ${value.origin} BTF has SHA-256 ${found}, not ${value.sha256}; it is not used`;
  problems.add(problem("btf_hash", entry.offset, entry.sequence, what));
  return false;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
