/**
 * A capture written to a pipe: `-o -`. Refuses terminals: binary never goes to one.
 */
import { write } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { isatty } from "node:tty";
import { promisify } from "node:util";
import { errorCode, errorText, RecordError } from "./errors.js";
import { type OwnedSink, SinkError } from "./sink.js";

const writeFd = promisify(write);

/** How long to wait when the other end made the pipe non-blocking and it is full. */
const RETRY_MS = 5;

export class PipeSink implements OwnedSink {
  readonly name = "-";
  readonly #fd: number;
  #writtenBytes = 0;
  #failure: SinkError | null = null;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Throws RecordError (wrong usage) when `fd` is a terminal. */
  static open(fd: number): PipeSink {
    if (isatty(fd)) {
      throw new RecordError(
        "-o -: standard output is a terminal: send the capture to a pipe, or name a file with -o FILE",
        2,
      );
    }
    return new PipeSink(fd);
  }

  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  async reserve(): Promise<void> {
    if (this.#failure) throw this.#failure;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#failure) throw this.#failure;
    for (let done = 0; done < bytes.length; ) {
      try {
        const { bytesWritten } = await writeFd(this.#fd, bytes, done, bytes.length - done, null);
        done += bytesWritten;
      } catch (error) {
        if (errorCode(error) !== "EAGAIN") throw this.#fail(error);
        await delay(RETRY_MS);
      }
    }
    this.#writtenBytes += bytes.length;
  }

  #fail(error: unknown): SinkError {
    const why =
      errorCode(error) === "EPIPE" ? "whoever read it has gone" : `cannot be written: ${errorText(error)}`;
    this.#failure = new SinkError(`-o -: standard output: ${why}`, 1, { cause: error });
    return this.#failure;
  }

  async sync(): Promise<void> {
    if (this.#failure) throw this.#failure;
  }

  async close(): Promise<void> {}

  discard(): void {}

  giveTo(): void {}

  readonly place = null;
}
