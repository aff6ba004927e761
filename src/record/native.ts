/**
 * libmsgtape.so (native/msgtape.h) as two resources, Tape and Command, and two functions. The only file that
 * knows koffi, and it asks for it only when one of them is first used: reading captures needs neither.
 *
 * One foreign call a batch, never one a record.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { errnoName, errnoText } from "../catalog/errno.js";
import {
  type BatchBuffers,
  type BatchLayouts,
  batchSizes,
  parseBatch,
  parseElements,
  parseOpenCall,
  parseTotals,
  type StructLayout,
} from "./batch.js";
import type { CommandHandle } from "./command.js";
import { type FieldType, SIGNATURES, STRUCTS, type StructFields } from "./native-abi.js";
import type { Batch, OpenCall, TapeHandle, Totals } from "./tape.js";

type Koffi = typeof import("koffi");
type KoffiType = import("koffi").TypeObject;

/** From dist/src/record to the package. */
const LIBRARY_PATH = fileURLToPath(new URL("../../../build/libmsgtape.so", import.meta.url));
const MESSAGE_BYTES = 512;

/** Why the native half failed, in one line for users. `code`: an errno's name, or null when it was none. */
export class NativeError extends Error {
  readonly code: string | null;

  constructor(message: string, code: string | null, options?: ErrorOptions) {
    super(message, options);
    this.name = "NativeError";
    this.code = code;
  }
}

type Pointer = unknown;
type NativeFunction = ReturnType<import("koffi").LibraryHandle["func"]>;

interface Library {
  readonly call: Readonly<Record<keyof typeof SIGNATURES, NativeFunction>>;
  readonly clockGettime: NativeFunction;
  readonly fallocate: NativeFunction;
  readonly errno: () => number;
  readonly layouts: BatchLayouts & { readonly openCall: StructLayout; readonly totals: StructLayout };
}

let loaded: Library | null = null;

function library(): Library {
  loaded ??= loadLibrary();
  return loaded;
}

/** The layouts of the structs that travel, for tests. */
export function nativeLayouts(): Library["layouts"] {
  return library().layouts;
}

function loadLibrary(): Library {
  const koffi = loadKoffi();
  if (!existsSync(LIBRARY_PATH)) {
    throw new NativeError(`${LIBRARY_PATH} is not there: build it with npm run build`, "ENOENT");
  }
  try {
    const so = koffi.load(LIBRARY_PATH);
    const names = Object.keys(SIGNATURES) as (keyof typeof SIGNATURES)[];
    const call = Object.fromEntries(names.map((name) => [name, so.func(SIGNATURES[name])]));
    return {
      call: call as Library["call"],
      clockGettime: koffi.load("libc.so.6").func("int clock_gettime(int id, void *time)"),
      fallocate: koffi
        .load("libc.so.6")
        .func("int fallocate(int fd, int mode, int64_t offset, int64_t length)"),
      errno: () => koffi.errno(),
      layouts: structLayouts(koffi),
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new NativeError(
      `cannot load ${LIBRARY_PATH}: ${why}; it needs libbpf.so.1 (Debian: libbpf1), and may have to be built again (npm run build)`,
      null,
      { cause: error },
    );
  }
}

function loadKoffi(): Koffi {
  try {
    return createRequire(import.meta.url)("koffi") as Koffi;
  } catch (error) {
    throw new NativeError(
      "recording needs the package koffi, which is not installed: run npm install (without --omit=optional)",
      null,
      { cause: error },
    );
  }
}

/** Where koffi, by the C compiler's rules, places the fields of the structs that travel. */
function structLayouts(koffi: Koffi): Library["layouts"] {
  const build = (fields: StructFields): KoffiType =>
    koffi.struct(Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, fieldType(type)])));
  const fieldType = (type: FieldType): KoffiType | string => {
    if (typeof type === "string") return type;
    const [element, length] = type;
    return koffi.array(typeof element === "string" ? element : build(element), length);
  };
  return {
    batch: layoutOf(build(STRUCTS.mt_batch)),
    taskKey: layoutOf(build(STRUCTS.mt_task_key)),
    queueKey: layoutOf(build(STRUCTS.mt_queue_key)),
    openCall: layoutOf(build(STRUCTS.mt_open_call)),
    totals: layoutOf(build(STRUCTS.mt_totals)),
  };
}

function layoutOf(type: KoffiType): StructLayout {
  const fields = Object.entries(type.members ?? {}).map(([name, member]) => {
    const element = member.type.ref ?? member.type;
    return [
      name,
      {
        offsetBytes: member.offset,
        sizeBytes: member.type.size,
        length: member.type.length ?? null,
        struct: element.members === undefined ? null : layoutOf(element),
      },
    ] as const;
  });
  return { sizeBytes: type.size, fields: Object.fromEntries(fields) };
}

function messageIn(buffer: Buffer): string {
  const end = buffer.indexOf(0);
  return buffer.toString("utf8", 0, end < 0 ? buffer.length : end);
}

/** An error for a negative errno; `message` may be empty. */
function nativeError(result: number, message: string): NativeError {
  const code = errnoName(-result);
  return new NativeError(message || (code && errnoText(code)) || `error ${-result}`, code);
}

export type TapeState = "open" | "attached" | "running" | "stopped" | "closed";

/** The kernel programs of one recording, and the thread that drains what they write. */
export class Tape implements TapeHandle {
  readonly #library: Library;
  readonly #pointer: Pointer;
  #state: TapeState = "open";
  #buffers: BatchBuffers;
  #waiting: Promise<unknown> | null = null;

  private constructor(lib: Library, pointer: Pointer) {
    this.#library = lib;
    this.#pointer = pointer;
    this.#buffers = allocate({ records: 0, names: 0, tasks: 0, queues: 0 }, lib.layouts.batch);
  }

  /**
   * Loads an object of kernel programs with its configuration (struct mt_config, encoded) and a ring buffer of
   * `ringBytes`, a power of two. Throws NativeError: no rights, no BTF, the verifier's refusal.
   */
  static open(objectPath: string, config: Uint8Array, ringBytes: number): Tape {
    const lib = library();
    const message = Buffer.alloc(MESSAGE_BYTES);
    const out: [Pointer] = [null];
    const result: number = lib.call.mt_open(
      objectPath,
      config,
      config.length,
      ringBytes,
      out,
      message,
      message.length,
    );
    if (result < 0) throw nativeError(result, messageIn(message));
    return new Tape(lib, out[0]);
  }

  get state(): TapeState {
    return this.#state;
  }

  /** Attaches all programs; at its end they begin to record, all at one moment. */
  attach(): void {
    this.#expect("open");
    this.#check(this.#library.call.mt_attach(this.#pointer));
    this.#state = "attached";
  }

  /** Adds a process and what it forks from now on to those that are recorded. */
  track(tgid: number): void {
    this.#expect("open", "attached", "running");
    this.#check(this.#library.call.mt_track(this.#pointer, tgid));
  }

  /** Tracked processes that live. */
  tracked(): bigint {
    this.#expect("open", "attached", "running", "stopped");
    const count = Buffer.alloc(8);
    this.#check(this.#library.call.mt_tracked(this.#pointer, count));
    return count.readBigUInt64LE();
  }

  /** Starts the drain thread. A batch closes at `batchBytes`, or `batchMs` after its first record. */
  start(batchBytes: number, batchMs: number, pollMs: number): void {
    this.#expect("attached");
    this.#check(this.#library.call.mt_start(this.#pointer, batchBytes, batchMs, pollMs));
    this.#state = "running";
    // A batch ends with the record that passes its limit; larger ones make the buffers grow.
    const sizes = { records: batchBytes + 65536, names: 65536, tasks: 16384, queues: 16384 };
    this.#buffers = allocate(sizes, this.#library.layouts.batch);
  }

  /** The next batch; null when none came in time, "end" when the final one was taken. One caller at a time. */
  async nextBatch(timeoutMs: number): Promise<Batch | null | "end"> {
    this.#expect("running", "stopped");
    if (this.#waiting !== null) throw new Error("nextBatch is under way already");
    const result = this.#take(timeoutMs);
    this.#waiting = result.catch(() => {});
    try {
      return await result;
    } finally {
      this.#waiting = null;
    }
  }

  async #take(timeoutMs: number): Promise<Batch | null | "end"> {
    const { layouts } = this.#library;
    for (;;) {
      const result = await this.#nativeNextBatch(timeoutMs);
      const code = errnoName(-result);
      if (result === 1) return parseBatch(this.#buffers, layouts);
      if (result === 0) return null;
      if (code === "ENODATA") return "end";
      if (code !== "ENOSPC") throw this.#error(result);
      this.#buffers = allocate(batchSizes(this.#buffers.batch, layouts), layouts.batch);
    }
  }

  #nativeNextBatch(timeoutMs: number): Promise<number> {
    const { batch, records, names, tasks, queues } = this.#buffers;
    const { taskKey, queueKey } = this.#library.layouts;
    return new Promise((resolve, reject) => {
      this.#library.call.mt_next_batch.async(
        this.#pointer,
        timeoutMs,
        batch,
        records,
        records.length,
        names,
        names.length,
        tasks,
        Math.floor(tasks.length / taskKey.sizeBytes),
        queues,
        Math.floor(queues.length / queueKey.sizeBytes),
        (error: unknown, result: number) => (error ? reject(error) : resolve(result)),
      );
    });
  }

  /** Calls in flight, as far as the records drained until now tell. */
  openCalls(): readonly OpenCall[] {
    this.#expect("attached", "running", "stopped");
    const { openCall } = this.#library.layouts;
    for (let max = 1024; ; max *= 4) {
      const calls = Buffer.alloc(max * openCall.sizeBytes);
      const count = this.#check(this.#library.call.mt_open_calls(this.#pointer, calls, max));
      if (count < max) return parseElements(calls, openCall, count, parseOpenCall);
    }
  }

  totals(): Totals {
    this.#expect("open", "attached", "running", "stopped");
    const { totals } = this.#library.layouts;
    const bytes = Buffer.alloc(totals.sizeBytes);
    this.#check(this.#library.call.mt_totals(this.#pointer, bytes));
    return parseTotals(bytes, totals);
  }

  /** Ends recording at once; nextBatch goes on until "end". */
  stop(): void {
    if (this.#state === "stopped" || this.#state === "closed") return;
    this.#check(this.#library.call.mt_stop(this.#pointer));
    this.#state = "stopped";
  }

  /** From any state, any number of times. A nextBatch under way comes back first, on its own thread. */
  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    if (this.#waiting === null) {
      this.#library.call.mt_close(this.#pointer);
      return;
    }
    this.#library.call.mt_interrupt(this.#pointer);
    this.#waiting.then(() => this.#library.call.mt_close(this.#pointer));
  }

  #expect(...states: readonly TapeState[]): void {
    if (!states.includes(this.#state)) {
      throw new Error(`the tape is ${this.#state}: expected ${states.join(" or ")}`);
    }
  }

  #check(result: number): number {
    if (result < 0) throw this.#error(result);
    return result;
  }

  #error(result: number): NativeError {
    return nativeError(result, String(this.#library.call.mt_error(this.#pointer)));
  }
}

/** Fresh buffers of these sizes. From the C side they are written by another thread, so none may be pooled. */
function allocate(
  sizes: { records: number; names: number; tasks: number; queues: number },
  batch: StructLayout,
): BatchBuffers {
  return {
    batch: new Uint8Array(batch.sizeBytes),
    records: new Uint8Array(sizes.records),
    names: new Uint8Array(sizes.names),
    tasks: new Uint8Array(sizes.tasks),
    queues: new Uint8Array(sizes.queues),
  };
}

/** A command that exists as a process, and waits for `release` before its first instruction. */
export class Command implements CommandHandle {
  readonly #library: Library;
  #pointer: Pointer;
  readonly pid: number;

  private constructor(lib: Library, pointer: Pointer) {
    this.#library = lib;
    this.#pointer = pointer;
    this.pid = lib.call.mt_command_pid(pointer);
  }

  /** `user`: a name to run it as, with that user's groups; null: as we are. Throws NativeError: no such user. */
  static prepare(argv: readonly string[], user: string | null): Command {
    const lib = library();
    const message = Buffer.alloc(MESSAGE_BYTES);
    const out: [Pointer] = [null];
    const result: number = lib.call.mt_command_prepare([...argv, null], user, out, message, message.length);
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

  signal(signal: number): void {
    const result: number = this.#library.call.mt_command_signal(this.#open(), signal);
    if (result < 0 && errnoName(-result) !== "ESRCH") throw nativeError(result, "");
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

export interface ProbeResult {
  /** null: it could not be tried, so nothing is known. */
  readonly available: boolean | null;
  /** Why not, or what was found; may be empty. */
  readonly message: string;
}

export const PROBES = [
  "caps",
  "lockdown",
  "btf",
  "tp_btf",
  "raw_tp",
  "ringbuf",
  "task_storage",
  "bpf_rdonly_cast",
  "bpf_loop",
  "fentry",
  "fexit",
  "kprobe",
  "uprobe",
  "iter/task_file",
] as const;

/** Tries one mechanism of this kernel for real. */
export function probe(name: (typeof PROBES)[number]): ProbeResult {
  const message = Buffer.alloc(MESSAGE_BYTES);
  const result: number = library().call.mt_probe(name, message, message.length);
  const isUnknown = errnoName(-result) === "EACCES";
  return { available: isUnknown ? null : result === 0, message: messageIn(message) };
}

/** A clock's reading in ns. `id` as in linux/time.h: 0 realtime, 1 monotonic, 7 boottime. Throws NativeError. */
export function clockGettime(id: number): bigint {
  const time = Buffer.alloc(16);
  if (library().clockGettime(id, time) !== 0) {
    throw new NativeError(`the kernel has no clock ${id}`, "EINVAL");
  }
  return time.readBigInt64LE(0) * 1_000_000_000n + time.readBigInt64LE(8);
}

/**
 * A descriptor of this ipc namespace's mqueue file system, to be closed by the caller. Throws NativeError (ENOSYS
 * before 5.2; EPERM without CAP_SYS_ADMIN).
 */
export function openMqueue(): number {
  const result: number = library().call.mt_mqueue_open();
  if (result < 0) throw nativeError(result, "");
  return result;
}

const FALLOC_FL_KEEP_SIZE = 1;

/** Allocates blocks behind a file's end and leaves its size as it is. 0 or a negative errno. */
export function fallocateKeepSize(fd: number, offsetBytes: number, lengthBytes: number): number {
  const lib = library();
  return lib.fallocate(fd, FALLOC_FL_KEEP_SIZE, offsetBytes, lengthBytes) === 0 ? 0 : -lib.errno();
}
