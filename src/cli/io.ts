/**
 * What a command may touch of the outside, and how it writes much of it. Commands get an `Io` and never see
 * `process`: tests give them another one.
 */
import type { Writable } from "node:stream";

export interface Io {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  /** Characters in a terminal's line; null when stdout is none. */
  readonly columns: number | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Exit statuses, as DESIGN and README give them. */
export const ExitStatus = { DONE: 0, FAILED: 1, USAGE: 2, LOSS: 3 } as const;

/** The command line is wrong. One line, without the program's name. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** Standard output could not be written: the disk behind it is full, say. */
export class OutputError extends Error {
  constructor(cause: NodeJS.ErrnoException) {
    super(`standard output: cannot be written (${cause.code ?? cause.message})`, { cause });
    this.name = "OutputError";
  }
}

const BLOCK_CHARACTERS = 64 * 1024;

/**
 * Text to a stream in blocks, waiting until each is taken: a slow reader slows the command down and fills no
 * memory. A reader that went away (`| head`) is no error: `isClosed` tells the command to stop.
 */
export class Output {
  readonly #stream: Writable;
  #pending: string[] = [];
  #pendingCharacters = 0;
  #isClosed = false;

  constructor(stream: Writable) {
    this.#stream = stream;
    // The write's callback gets the same error; without a listener Node would end the process.
    stream.on("error", () => {});
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Adds a line. A promise when the block is full: await it before the next line. */
  line(text: string): Promise<void> | undefined {
    this.#pending.push(text, "\n");
    this.#pendingCharacters += text.length + 1;
    return this.#pendingCharacters >= BLOCK_CHARACTERS ? this.flush() : undefined;
  }

  /** @throws OutputError, but not for a reader that went away. */
  async flush(): Promise<void> {
    const block = this.#pending.join("");
    this.#pending = [];
    this.#pendingCharacters = 0;
    if (block === "" || this.#isClosed) return;
    const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
      this.#stream.write(block, (wrong) => resolve(wrong ?? null));
    });
    if (error === null) return;
    this.#isClosed = true;
    if (!CLOSED.has(error.code ?? "")) throw new OutputError(error);
  }
}

/** The second and third: the stream had been closed by an earlier error, or by Node. */
const CLOSED: ReadonlySet<string> = new Set(["EPIPE", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"]);

/** Colours only on a terminal, and not where the user wants none (https://no-color.org). */
export function wantsColour(io: Io): boolean {
  return io.stdoutIsTerminal && (io.env.NO_COLOR ?? "") === "" && io.env.TERM !== "dumb";
}
