/**
 * Where a session's frames go: a file, a row of files (file-output.ts), or memory (flight-output.ts). Each decides when
 * a capture ends and the next begins, at a boundary that the session gives it.
 */
import type { ChunkBody, ChunkContext, ClockTriple, Gap, HostInfo, Inventory } from "../format/types.js";
import type { Boundary } from "./boundary.js";
import type { EventCounts, LossByCause } from "./losses.js";
import type { Sink, SinkError } from "./sink.js";
import type { EndReason } from "./stop.js";
import type { Written } from "./tally.js";
import type { CaptureWriter } from "./writer.js";

/** A batch, named and counted since the recording's start. Without records of any kind it has no chunk. */
export interface TakenBatch {
  readonly gaps: readonly Gap[];
  readonly chunk: { readonly context: ChunkContext; readonly body: ChunkBody } | null;
}

/** How things stand when the session asks whether a boundary is due. */
export interface Moment {
  readonly nowMs: number;
  /** Time of the last record taken; null: none was. */
  readonly lastNs: bigint | null;
  /** No batch is waiting. */
  readonly isIdle: boolean;
}

export interface RecordingEnd {
  readonly boundary: Boundary;
  readonly ended: EndReason;
  /** Of the whole recording. */
  readonly lost: LossByCause;
  readonly unwrittenCounts: ReadonlyMap<number, EventCounts>;
  /** Something failed before: nothing more is written but the end. */
  readonly failed: boolean;
}

/** A capture file that is there when the recording has ended. */
export interface OutputFile {
  readonly name: string;
  readonly captureId: string;
  readonly records: bigint;
  readonly bytes: number;
}

/** A file that is open, with nothing in it or its header alone. */
export interface OpenPart {
  readonly captureId: string;
  readonly sink: Sink;
  readonly writer: CaptureWriter;
}

/** Files one after the other. `next` throws SinkError. */
export interface PartSource {
  /** `number`: which part of the recording it will be, from 1. */
  next(number: number): OpenPart;
  /** It came to nothing. */
  takeBack(part: OpenPart): void;
  /** It is on the disk: the oldest may go. Gives how many are kept at most; null: all. */
  written(part: OpenPart): number | null;
}

/** The capture that goes on in the file. */
export interface NextSection {
  /** What is written of it is held in memory. */
  readonly part: OpenPart;
  /** The one before is ended: what is held is written. Throws SinkError. */
  taken(): Promise<void>;
}

/** Captures one behind the other in one file. */
export interface SectionSource {
  /** False: readers would not read another one. */
  readonly hasRoom: boolean;
  /** `number`: which part of the recording it will be. */
  next(number: number): NextSection;
}

/** What the HOST frame says but for the part, and the BTF of both sides. */
export interface FixedMetadata {
  readonly host: HostInfo;
  readonly btf: Parameters<CaptureWriter["begin"]>[0]["btf"];
}

/** Every method throws SinkError where nothing else is said. */
export interface Output {
  /** Everything that was taken and not lost here. */
  readonly written: Written;
  readonly bytes: number;
  /** How often it wants an inventory by now, besides those of boundaries; null: never. */
  readonly inventoryMs: number | null;
  begin(start: Boundary): Promise<void>;
  take(batch: TakenBatch): Promise<void>;
  clocks(triples: readonly ClockTriple[]): Promise<void>;
  inventory(inventory: Inventory): Promise<void>;
  sync(): Promise<void>;
  /** Whether it wants a boundary now. */
  isDue(moment: Moment): boolean;
  cross(boundary: Boundary, moment: Moment): Promise<void>;
  /** Throws nothing. */
  end(end: RecordingEnd): Promise<OutputEnd>;
}

export interface OutputEnd {
  /** False: a file has no summary and no trailer. */
  readonly finished: boolean;
  readonly failure: SinkError | null;
  readonly files: readonly OutputFile[];
  /** How short a time the flight recorder's memory lasted for at worst; null: never less than was asked for. */
  readonly heldNs: bigint | null;
}
