/**
 * The keeper: a small process that stays root when the recorder gives root up, and does for it what still needs it
 * (native/keeper.c). Its answers may come too late, or not at all when somebody ended it: then they are errors.
 */
import { errnoName } from "../catalog/errno.js";
import { type Library, library, MESSAGE_BYTES, messageIn, nativeError, type Pointer } from "./native.js";
import { buildPath } from "./paths.js";
import type { ProcessFacts } from "./proc.js";
import type { OutputPlace } from "./sink.js";

export interface KeeperNeeds {
  /** The iterator for inventories. */
  readonly holders: Pointer | null;
  /** What it may signal. */
  readonly command: Pointer | null;
  /** What it may take away until it is kept. */
  readonly output: OutputPlace | null;
}

/** KEEPER_TEXT_MAX, three times. */
const FACTS_BYTES = 3 * 4096;

export class Keeper {
  readonly #library: Library;
  readonly pointer: Pointer;
  readonly pid: number;
  readonly #text = Buffer.alloc(FACTS_BYTES);
  readonly #lengths = new Uint32Array(3);
  #isKept = false;
  #isClosed = false;

  private constructor(lib: Library, pointer: Pointer) {
    this.#library = lib;
    this.pointer = pointer;
    this.pid = lib.call.mt_keeper_pid(pointer);
  }

  /** Throws NativeError. */
  static start({ holders, command, output }: KeeperNeeds): Keeper {
    const lib = library();
    const message = Buffer.alloc(MESSAGE_BYTES);
    const out: [Pointer] = [null];
    const result: number = lib.call.mt_keeper_start(
      buildPath("msgtape-keeper"),
      holders,
      command,
      output?.directoryFd ?? -1,
      output?.fileFd ?? -1,
      output?.name ?? "",
      out,
      message,
      message.length,
    );
    if (result < 0) throw nativeError(result, messageIn(message));
    return new Keeper(lib, out[0]);
  }

  /** As ReadProcess in proc.ts. Throws NativeError. */
  facts(tgid: number, startTicks: bigint): ProcessFacts {
    const text = this.#text;
    const { mt_keeper_facts } = this.#library.call;
    checkKeeper(mt_keeper_facts(this.pointer, tgid, startTicks, text, text.length, this.#lengths));
    const [exe = 0, cmdline = 0, cgroup = 0] = this.#lengths;
    return {
      exe: text.toString("utf8", 0, exe),
      cmdline: text.subarray(exe, exe + cmdline),
      cgroup: text.toString("utf8", exe + cmdline, exe + cmdline + cgroup),
    };
  }

  /** Before the tape is started: it asks the keeper where it has no right to come first. The tape is to be closed first. */
  pace(tape: Pointer): void {
    this.#library.call.mt_keep_pace(tape, this.pointer);
  }

  /** To the command: 0, or a negative errno. */
  signal(signal: number): number {
    return this.#library.call.mt_keeper_signal(this.pointer, signal);
  }

  /** From now on the output stays, whatever happens: one that has ended takes nothing away either. */
  keepOutput(): void {
    this.#isKept = true;
    this.#library.call.mt_keeper_keep(this.pointer);
  }

  /** Takes an output away that is not kept. Ends the keeper. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { mt_keeper_discard, mt_keeper_close } = this.#library.call;
    if (!this.#isKept) mt_keeper_discard(this.pointer);
    mt_keeper_close(this.pointer);
  }
}

const WHY: Readonly<Record<string, string>> = {
  EPIPE: "msgtape-keeper, which stayed root for this, has ended",
  ETIME: "msgtape-keeper, which stayed root for this, did not answer in time",
  EBUSY: "msgtape-keeper, which stayed root for this, has not yet answered what it was asked before",
};

/** The result of a call to the keeper; throws NativeError when it is none. */
export function checkKeeper(result: number): number {
  if (result < 0) throw nativeError(result, WHY[errnoName(-result) ?? ""] ?? "");
  return result;
}
