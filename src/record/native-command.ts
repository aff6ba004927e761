/**
 * A process that waits to become a command: so that it is recorded from its first instruction.
 */
import { errnoName } from "../catalog/errno.js";
import type { CommandHandle } from "./command.js";
import { type Library, library, MESSAGE_BYTES, messageIn, nativeError, type Pointer } from "./native.js";

/** A command that exists as a process, and waits for `release` before its first instruction. */
export class Command implements CommandHandle {
  readonly #library: Library;
  #pointer: Pointer;
  readonly pid: number;
  #sendSignal: (signal: number) => number;

  private constructor(lib: Library, pointer: Pointer) {
    this.#library = lib;
    this.#pointer = pointer;
    this.pid = lib.call.mt_command_pid(pointer);
    this.#sendSignal = (signal) => lib.call.mt_command_signal(this.#open(), signal);
  }

  /**
   * `user`: a name to run it as, with that user's groups; null: as we are. `output`: the descriptor that is to be
   * its standard output. Throws NativeError: no such user.
   */
  static prepare(argv: readonly string[], user: string | null, output = 1): Command {
    const lib = library();
    const message = Buffer.alloc(MESSAGE_BYTES);
    const out: [Pointer] = [null];
    const result: number = lib.call.mt_command_prepare(
      [...argv, null],
      user,
      output,
      out,
      message,
      message.length,
    );
    if (result < 0) throw nativeError(result, messageIn(message));
    return new Command(lib, out[0]);
  }

  /** Lets it go. Throws NativeError when it cannot be executed: `code` says why (ENOENT, EACCES, …). */
  release(): void {
    const message = Buffer.alloc(MESSAGE_BYTES);
    const result: number = this.#library.call.mt_command_release(this.#open(), message, message.length);
    if (result < 0) throw nativeError(result, messageIn(message));
  }

  poll(): number | null {
    const status = Buffer.alloc(4);
    const result: number = this.#library.call.mt_command_poll(this.#open(), status);
    if (result < 0) throw nativeError(result, "");
    return result === 0 ? null : status.readInt32LE();
  }

  signal(signal: number): boolean {
    const result = this.#sendSignal(signal);
    return result >= 0 || errnoName(-result) === "ESRCH";
  }

  /** From now on somebody else sends it signals: 0, or a negative errno. */
  signalThrough(send: (signal: number) => number): void {
    this.#sendSignal = send;
  }

  /** For other native calls. */
  get pointer(): Pointer {
    return this.#open();
  }

  /** A command that was not let go is ended; a running one goes on. */
  close(): void {
    if (this.#pointer === null) return;
    this.#library.call.mt_command_close(this.#pointer);
    this.#pointer = null;
  }

  #open(): Pointer {
    if (this.#pointer === null) throw new Error("the command is closed");
    return this.#pointer;
  }
}
