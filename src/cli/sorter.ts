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
  /** UTF-8. Where it is held, only until the next one is asked for. */
  readonly text: Buffer;
}

/** Where a run lies in the file. */
interface Run {
  readonly start: number;
  readonly end: number;
}

/** A line in a run: its key as a double, its length in bytes, its UTF-8. */
const HEAD_BYTES = 12;
const DEFAULT_MEMORY = 32 * 1024 * 1024;
/** What one line costs beside its bytes. */
const LINE_OVERHEAD = 32;
const FIRST_BYTES = 64 * 1024;
const WRITE_BYTES = 256 * 1024;
const READ_BYTES = 64 * 1024;

export class LineSorter {
  readonly #memoryBytes: number;
  readonly #runs: Run[] = [];
  readonly #held = new HeldLines();
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
    this.#held.add(key, text);
    if (this.#held.bytes >= this.#memoryBytes) this.#writeRun();
  }

  /** Every line, by key. Once. */
  *sorted(): Generator<string> {
    const spill = this.#spill;
    if (spill === null) {
      for (const line of this.#held.sorted()) yield textOf(line);
      return;
    }
    // Earlier runs hold earlier lines, so that of equal keys the lower run comes first.
    const sources: Iterator<Line>[] = this.#runs.map((run) => readRun(spill.fd, run));
    sources.push(this.#held.sorted());
    yield* mergeLines(sources);
  }

  /** Removes the temporary file. Idempotent. */
  close(): void {
    if (this.#spill === null) return;
    closeSync(this.#spill.fd);
    rmSync(this.#spill.directory, { recursive: true, force: true });
    this.#spill = null;
  }

  #writeRun(): void {
    const start = this.#end;
    let parts: Uint8Array[] = [];
    let bytes = 0;
    for (const { key, text } of this.#held.sorted()) {
      const head = Buffer.alloc(HEAD_BYTES);
      head.writeDoubleLE(key, 0);
      head.writeUInt32LE(text.length, 8);
      parts.push(head, text);
      bytes += HEAD_BYTES + text.length;
      if (bytes >= WRITE_BYTES) {
        this.#append(Buffer.concat(parts));
        parts = [];
        bytes = 0;
      }
    }
    this.#append(Buffer.concat(parts));
    this.#held.clear();
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

/** Lines as bytes, one behind the other: strings that were put together of many pieces take ten times as much. */
class HeldLines {
  #bytes = Buffer.alloc(FIRST_BYTES);
  readonly #keys: number[] = [];
  readonly #ends: number[] = [];

  get bytes(): number {
    return this.#end + LINE_OVERHEAD * this.#keys.length;
  }

  get #end(): number {
    return this.#ends.at(-1) ?? 0;
  }

  add(key: number, text: string): void {
    const start = this.#end;
    const end = start + Buffer.byteLength(text);
    if (end > this.#bytes.length) {
      const longer = Buffer.alloc(Math.max(2 * this.#bytes.length, end));
      this.#bytes.copy(longer, 0, 0, start);
      this.#bytes = longer;
    }
    this.#bytes.write(text, start);
    this.#keys.push(key);
    this.#ends.push(end);
  }

  *sorted(): Generator<Line> {
    const keys = this.#keys;
    const order = keys.map((_, at) => at);
    for (const at of order.sort((one, other) => (keys[one] ?? 0) - (keys[other] ?? 0))) {
      yield { key: keys[at] ?? 0, text: this.#bytes.subarray(this.#ends[at - 1] ?? 0, this.#ends[at]) };
    }
  }

  clear(): void {
    this.#keys.length = 0;
    this.#ends.length = 0;
  }
}

const textOf = ({ text }: Line) => text.toString("utf8");

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
    yield { key, text: buffer.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length) };
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
    yield textOf(found.value);
    heads[least] = source.next();
  }
}
