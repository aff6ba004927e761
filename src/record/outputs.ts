/**
 * The files of a recording on this host: which there are to be, by the options, and the output that writes them.
 *
 * Every file is made by one function, `openFile`.
 */
import { randomBytes } from "node:crypto";
import { createEncoder } from "../format/encoder.js";
import { captureIdText } from "../format/file-header.js";
import { LIMITS, type Limits } from "../format/limits.js";
import { BlockStore } from "./block-store.js";
import type { OutputDirectory } from "./directory.js";
import type { DropUser } from "./drop.js";
import { FileOutput } from "./file-output.js";
import { FlightOutput, type FlightParts } from "./flight-output.js";
import { reserveSpace } from "./native.js";
import type { FlightOptions, RecordOptions } from "./options.js";
import type { FixedMetadata, OpenPart, Output, PartSource } from "./output.js";
import { openRow, PartFiles } from "./part-files.js";
import { PipeSink } from "./pipe.js";
import { FileSections, type OpenSection, sectionLimits } from "./sections.js";
import { FileSink, type OwnedSink, type Sink } from "./sink.js";
import { CaptureWriter } from "./writer.js";

/** What only a flight recorder needs. */
export type FlightHooks = Pick<FlightParts, "requests" | "done" | "short" | "chunkWritten">;

export interface PreparedOutput {
  /** The capture id of the first file. */
  readonly recordingId: string;
  /** The file that is there from the start. A flight recorder has none. */
  readonly first: Pick<OwnedSink, "giveTo" | "place">;
  /** Where the host and the hooks are known. `flight`: for options that ask for it. */
  output(metadata: FixedMetadata, flight: FlightHooks): Output;
  /** For a start that failed: what is there goes away. */
  discard(): void;
  /** Whatever is still open, however the recording ended. */
  close(): void;
}

/** A new file, for its owner's eyes alone. `directory`: where it is known, the one of its path. */
function openFile(path: string, directory: OutputDirectory | null): FileSink {
  return directory === null
    ? FileSink.create(path, reserveSpace)
    : FileSink.create(path, reserveSpace, () => directory.again());
}

/**
 * Opens the first file, if there is one from the start; `path`: a path, or "-". Throws RecordError when it cannot be
 * made, or when `user`, who will make the later ones (null: we), could not. `limits`: of a recording into one file.
 */
export async function prepareOutput(
  options: Pick<RecordOptions, "rotation" | "flight">,
  path: string,
  user: DropUser | null,
  say: (line: string) => void,
  limits: Limits = sectionLimits(),
): Promise<PreparedOutput> {
  const { rotation, flight } = options;
  if (rotation === null && flight === null) return oneFile(path, limits);
  const directory = openRow(path, user);
  const parts = new Parts(directory);
  const open = (name: string) => openFile(name, directory);
  const files = new PartFiles({
    output: path,
    directory,
    open,
    keep: (rotation ?? flight)?.maxFiles ?? null,
    say,
  });
  const source = sourceOf(files, parts);
  if (flight !== null) return flightRecorder(flight, source, parts);
  const sink = files.begin();
  const first = parts.open(1, sink);
  await opened(parts, first);
  const { maxBytes = null, maxAgeMs = null } = rotation ?? {};
  const output = (metadata: FixedMetadata) => new FileOutput(first, metadata, { maxBytes, maxAgeMs, source });
  return { ...parts.prepared, first: sink, output };
}

async function oneFile(path: string, limits: Limits): Promise<PreparedOutput> {
  const parts = new Parts(null);
  const sink = path === "-" ? PipeSink.open(1) : openFile(path, null);
  const open: OpenSection = (number, section, own) => parts.open(number, section, own);
  const sections = new FileSections(sink, open, limits);
  const { first } = sections;
  // Not into a pipe, which cannot be taken back when the start fails.
  if (path !== "-") await opened(parts, first);
  const output = (metadata: FixedMetadata) => new FileOutput(first, metadata, null, sections);
  return { ...parts.prepared, first: sink, output };
}

const NO_FILE: PreparedOutput["first"] = { giveTo() {}, place: null };

function flightRecorder(flight: FlightOptions, source: PartSource, parts: Parts): PreparedOutput {
  const { prepared } = parts;
  const { memoryBytes: limitBytes } = flight;
  const windowNs = BigInt(Math.round(flight.windowMs * 1e6));
  const { recordingId } = prepared;
  const output = (metadata: FixedMetadata, hooks: FlightHooks) => {
    const store = new BlockStore(limitBytes);
    return new FlightOutput({ ...hooks, windowNs, limitBytes, recordingId, source, metadata, store });
  };
  return { ...prepared, first: NO_FILE, output };
}

async function opened(parts: Parts, first: OpenPart): Promise<void> {
  try {
    await first.writer.open();
  } catch (error) {
    parts.discard();
    throw error;
  }
}

function sourceOf(files: PartFiles, parts: Parts): PartSource {
  return {
    next: (number) => parts.open(number, files.begin()),
    takeBack: ({ sink }) => files.takeBack(sink),
    written: ({ sink }) => files.written(sink),
  };
}

/** More than are ever open at once. */
const OPEN_MAX = 16;

/** Captures that are begun, with ids and writers of their own. */
class Parts {
  readonly #firstId = randomBytes(16);
  readonly #directory: OutputDirectory | null;
  #sinks: Sink[] = [];

  /** `directory`: closed with what is in it. */
  constructor(directory: OutputDirectory | null) {
    this.#directory = directory;
  }

  get prepared(): Pick<PreparedOutput, "recordingId" | "discard" | "close"> {
    return {
      recordingId: captureIdText(this.#firstId),
      discard: () => this.discard(),
      close: () => this.#close(),
    };
  }

  open(number: number, sink: Sink, limits: Limits = LIMITS): OpenPart {
    const captureId = number === 1 ? this.#firstId : randomBytes(16);
    this.#sinks = [...this.#sinks.slice(-OPEN_MAX), sink];
    const writer = new CaptureWriter(sink, createEncoder({ captureId, limits }));
    return { captureId: captureIdText(captureId), sink, writer };
  }

  discard(): void {
    for (const sink of this.#sinks) sink.discard();
    this.#directory?.close();
  }

  #close(): void {
    for (const sink of this.#sinks) void sink.close().catch(() => {});
    this.#directory?.close();
  }
}
