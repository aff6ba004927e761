/**
 * The files of a recording that has several: FILE.000001.mtape, FILE.000002.mtape, … Begins a new one, never over
 * another, and deletes the oldest beyond those that are to be kept: only files that it made itself. All in one directory,
 * which is held open.
 */
import { accessSync, constants } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type FileIdentity, OutputDirectory } from "./directory.js";
import { type DropUser, requireWritableBy } from "./drop.js";
import { errorCode, errorText, RecordError } from "./errors.js";
import { type OwnedSink, type Sink, SinkError, whyNotCreated } from "./sink.js";

/** A file of the row, open or closed. */
export interface PartSink extends OwnedSink {
  readonly identity: FileIdentity;
}

const EXTENSION = ".mtape";
const DIGITS = 6;
/** Names of others that are passed over, one after the other. */
const PASSED_MAX = 10_000;
/** NAME_MAX of Linux. */
const NAME_BYTES_MAX = 255;

/** Of a million files and more the names have more digits, and no longer the order of time. */
export function partName(output: string, number: number): string {
  const stem = output.endsWith(EXTENSION) ? output.slice(0, -EXTENSION.length) : output;
  return `${stem}.${String(number).padStart(DIGITS, "0")}${EXTENSION}`;
}

/**
 * The directory of a row of files. Throws RecordError when they could not be made there: one is there already, or
 * `user`, who will make them (null: we), may not.
 */
export function openRow(output: string, user: DropUser | null): OutputDirectory {
  requireFileName(output);
  const path = dirname(output);
  let directory: OutputDirectory | null = null;
  try {
    directory = OutputDirectory.open(path);
    requireFreeNames(directory, basename(output).replace(/\.mtape$/, ""));
    if (user === null) accessSync(path, constants.W_OK);
    else requireWritableBy(directory, user);
    return directory;
  } catch (error) {
    directory?.close();
    if (error instanceof RecordError) throw error;
    throw new RecordError(whyNotCreated(partName(output, 1), error), 1, { cause: error });
  }
}

/** dirname() and basename() take `d/` and `d/..` for names of files. */
function requireFileName(output: string): void {
  if (/(^|\/)\.{0,2}$/.test(output)) {
    throw new RecordError(`${output}: is a directory: name a file with -o`);
  }
  const name = basename(partName(output, 1));
  if (Buffer.byteLength(name) <= NAME_BYTES_MAX) return;
  throw new RecordError(
    `${output}: with their numbers the files' names have ${Buffer.byteLength(name)} bytes, at most ${NAME_BYTES_MAX} can be: choose a shorter one with -o`,
  );
}

function requireFreeNames(directory: OutputDirectory, stem: string): void {
  const there = directory
    .names()
    .find((name) => name.startsWith(`${stem}.`) && /^\.\d{6,}\.mtape$/.test(name.slice(stem.length)));
  if (there === undefined) return;
  throw new RecordError(
    `${join(directory.path, there)}: exists already, and a recording never writes over a file: choose another name with -o`,
  );
}

export interface PartFilesOptions {
  readonly output: string;
  readonly directory: OutputDirectory;
  /** Makes a new file in it. */
  readonly open: (path: string) => PartSink;
  /** How many of the newest are kept; null: all. */
  readonly keep: number | null;
  readonly say: (line: string) => void;
}

export class PartFiles {
  readonly #options: PartFilesOptions;
  #there: PartSink[] = [];
  readonly #written = new Set<Sink>();
  #begun = 0;
  #isDeletionTold = false;
  /** The last that was told. */
  #movedTo: string | null = null;

  constructor(options: PartFilesOptions) {
    this.#options = options;
  }

  /**
   * The next file. A name that is there already, of another recorder perhaps, is passed over: waiting for it to go would
   * lose all that comes. Throws SinkError when it cannot be made.
   */
  begin(): PartSink {
    for (let passed = 0; ; passed++) {
      const path = partName(this.#options.output, this.#begun + 1 + passed);
      try {
        const sink = this.#options.open(path);
        this.#begun += 1 + passed;
        this.#there.push(sink);
        this.#tellWhere();
        return sink;
      } catch (error) {
        if (!(error instanceof RecordError) || error instanceof SinkError) throw error;
        if (errorCode(error.cause) === "EEXIST" && passed < PASSED_MAX) continue;
        throw new SinkError(error.message, 1, { cause: error });
      }
    }
  }

  /** Files are named by the path that was asked for, and nobody would look for them elsewhere. */
  #tellWhere(): void {
    const { directory, say } = this.#options;
    const movedTo = directory.movedTo();
    if (movedTo === this.#movedTo) return;
    this.#movedTo = movedTo;
    const now = movedTo === null ? "is where it was again" : `was moved: the files go on in ${movedTo}`;
    say(`${directory.path}: ${now}`);
  }

  /** A file that was begun and came to nothing. Its number is free again. */
  takeBack(sink: Sink): void {
    sink.discard();
    const own = this.#there.find((one) => one === sink);
    this.#there = this.#there.filter((one) => one !== sink);
    this.#begun--;
    if (own !== undefined) this.#delete(own); // it may have been closed already
  }

  /** The file is on the disk. Deletes the oldest of those, beyond what is to be kept; gives how many that is. */
  written(sink: Sink): number | null {
    const { keep } = this.#options;
    if (keep === null) {
      // None of them is asked for again, and in weeks they are many.
      this.#there = this.#there.filter((one) => one !== sink);
      return null;
    }
    this.#written.add(sink);
    for (let oldest = this.#there[0]; oldest !== undefined; oldest = this.#there[0]) {
      if (this.#there.length <= keep || !this.#written.delete(oldest)) break;
      this.#there.shift();
      this.#delete(oldest);
    }
    return keep;
  }

  #delete({ name, identity }: PartSink): void {
    try {
      this.#options.directory.removeThat(basename(name), identity);
    } catch (error) {
      if (this.#isDeletionTold) return;
      this.#isDeletionTold = true;
      this.#options.say(`${name}: cannot be deleted: ${errorText(error)}`);
    }
  }
}
