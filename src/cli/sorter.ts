/**
 * Sorts lines by a number in bounded memory: what does not fit goes, sorted, to a temporary file, and the runs there
 * are merged at the end. Lines of equal keys keep the order in which they came.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OutputError } from "./io.js";

interface Line {
  readonly key: number;
  readonly text: string;
}

/** Where a run lies in the file. */
interface Run {
  readonly start: number;
  readonly end: number;
}

/** A line in a run: its key as a double, its length in bytes, its UTF-8. */
const HEAD_BYTES = 12;
const DEFAULT_MEMORY = 32 * 1024 * 1024;
/** What one line costs beside its characters. */
const LINE_OVERHEAD = 64;
const WRITE_BYTES = 256 * 1024;
const READ_BYTES = 64 * 1024;

export class LineSorter {
  readonly #memoryBytes: number;
  readonly #runs: Run[] = [];
  #lines: Line[] = [];
  #held = 0;
  #spill: { readonly fd: number; readonly directory: string } | null = null;
  #end = 0;

  /** `memoryBytes`: about how much is held before a run is written out. */
  constructor(memoryBytes = DEFAULT_MEMORY) {
    this.#memoryBytes = memoryBytes;
  }

  /** How many runs went to the disk. */
  get runs(): number {
    return this.#runs.length;
  }

  add(key: number, text: string): void {
    this.#lines.push({ key, text });
    this.#held += text.length + LINE_OVERHEAD;
    if (this.#held >= this.#memoryBytes) this.#writeRun();
  }

  /** Every line, by key. Once. */
  *sorted(): Generator<string> {
    const last = this.#takeSorted();
    const spill = this.#spill;
    if (spill === null) {
      for (const line of last) yield line.text;
      return;
    }
    // Earlier runs hold earlier lines, so that of equal keys the lower run comes first.
    const sources: Iterator<Line>[] = this.#runs.map((run) => readRun(spill.fd, run));
    sources.push(last[Symbol.iterator]());
    yield* mergeLines(sources);
  }

  /** Removes the temporary file. Idempotent. */
  close(): void {
    if (this.#spill === null) return;
    closeSync(this.#spill.fd);
    rmSync(this.#spill.directory, { recursive: true, force: true });
    this.#spill = null;
  }

  #takeSorted(): Line[] {
    const lines = this.#lines.sort((one, other) => one.key - other.key);
    this.#lines = [];
    this.#held = 0;
    return lines;
  }

  #writeRun(): void {
    const start = this.#end;
    let parts: Uint8Array[] = [];
    let bytes = 0;
    for (const line of this.#takeSorted()) {
      const encoded = encodeLine(line);
      parts.push(encoded);
      bytes += encoded.length;
      if (bytes >= WRITE_BYTES) {
        this.#append(Buffer.concat(parts));
        parts = [];
        bytes = 0;
      }
    }
    this.#append(Buffer.concat(parts));
    this.#runs.push({ start, end: this.#end });
  }

  #append(bytes: Uint8Array): void {
    try {
      this.#spill ??= openSpill();
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#spill.fd, bytes, at);
    } catch (error) {
      throw new SpillError(error as NodeJS.ErrnoException);
    }
    this.#end += bytes.length;
  }
}

/** The temporary file could not be written. */
export class SpillError extends OutputError {
  constructor(cause: NodeJS.ErrnoException) {
    super(cause);
    this.name = "SpillError";
    this.message = `sorting needs space under ${tmpdir()}: ${cause.code ?? cause.message}; set TMPDIR to another place`;
  }
}

/**
 * In a directory of its own, that only this user can enter. Its name is taken away at once, so that nothing is left
 * when the command is killed; Windows does that only at the end.
 */
function openSpill(): { fd: number; directory: string } {
  const directory = mkdtempSync(join(tmpdir(), "msgtape-sort-"));
  const fd = openSync(join(directory, "runs"), "wx+", 0o600);
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch {
    // close() tries again.
  }
  return { fd, directory };
}

function encodeLine(line: Line): Uint8Array {
  const length = Buffer.byteLength(line.text);
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + length);
  bytes.writeDoubleLE(line.key, 0);
  bytes.writeUInt32LE(length, 8);
  bytes.write(line.text, HEAD_BYTES);
  return bytes;
}

function* readRun(fd: number, run: Run): Generator<Line> {
  let buffer = Buffer.alloc(0);
  let at = 0;
  let next = run.start;
  const need = (bytes: number) => {
    if (buffer.length - at >= bytes) return;
    const rest = buffer.subarray(at);
    const wanted = Math.min(Math.max(bytes - rest.length, READ_BYTES), run.end - next);
    const grown = Buffer.allocUnsafe(rest.length + wanted);
    rest.copy(grown);
    const got = readSync(fd, grown, rest.length, wanted, next);
    if (got < wanted) throw new SpillError(new Error("it was cut while it was read"));
    next += got;
    buffer = grown;
    at = 0;
  };
  while (at < buffer.length || next < run.end) {
    need(HEAD_BYTES);
    const key = buffer.readDoubleLE(at);
    const length = buffer.readUInt32LE(at + 8);
    need(HEAD_BYTES + length);
    yield { key, text: buffer.toString("utf8", at + HEAD_BYTES, at + HEAD_BYTES + length) };
    at += HEAD_BYTES + length;
  }
}

/** Linear in the number of runs for each line: they are few, and each line was decoded at a higher price. */
function* mergeLines(sources: readonly Iterator<Line>[]): Generator<string> {
  const heads = sources.map((source) => source.next());
  for (;;) {
    let least = -1;
    let leastKey = Number.POSITIVE_INFINITY;
    for (let i = 0; i < heads.length; i++) {
      const head = heads[i];
      if (head === undefined || head.done === true) continue;
      if (least < 0 || head.value.key < leastKey) {
        least = i;
        leastKey = head.value.key;
      }
    }
    const found = heads[least];
    const source = sources[least];
    if (found === undefined || found.done === true || source === undefined) return;
    yield found.value.text;
    heads[least] = source.next();
  }
}
