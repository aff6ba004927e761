/**
 * The kernel programs of one recording and the thread that drains them, as a resource with states.
 *
 * One foreign call a batch, never one a record.
 */
import { errnoName } from "../catalog/errno.js";
import {
  type BatchBuffers,
  type BatchSizes,
  batchSizes,
  parseBatch,
  parseElements,
  parseFiredTrigger,
  parseOpenCall,
  parseTotals,
} from "./batch.js";
import type { LibcPlace } from "./libc-plane.js";
import {
  type Library,
  library,
  MESSAGE_BYTES,
  messageIn,
  type NativeError,
  nativeError,
  type Pointer,
} from "./native.js";
import type { StructLayout } from "./struct-view.js";
import type { Batch, FiredTrigger, OpenCall, TapeHandle, Totals } from "./tape.js";

export type TapeState = "open" | "attached" | "running" | "stopped" | "closed";

/** MT_TRIGGERS in bpf/trigger-config.h; with fewer places the rest would come at the next look. */
const TRIGGERS = 8;

/** The kernel programs of one recording, and the thread that drains what they write. */
export class Tape implements TapeHandle {
  readonly #library: Library;
  readonly #pointer: Pointer;
  /** Of each cpu's ring. */
  readonly ringBytes: number;
  #state: TapeState = "open";
  #buffers: BatchBuffers;
  #waiting: Promise<unknown> | null = null;

  private constructor(lib: Library, pointer: Pointer, ringBytes: number) {
    this.#library = lib;
    this.#pointer = pointer;
    this.ringBytes = ringBytes;
    this.#buffers = allocate({ records: 0, names: 0, planes: 0, tasks: 0, queues: 0 }, lib.layouts.batch);
  }

  /**
   * Loads an object of kernel programs with its configuration (struct mt_config, encoded for rings of the same
   * `ringBytes`, a power of two, a cpu). Throws NativeError: no rights, no BTF, the verifier's refusal; ENOSPC where
   * the kernel refuses rings of that size.
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
    return new Tape(lib, out[0], ringBytes);
  }

  /** For other native calls. */
  get pointer(): Pointer {
    return this.#pointer;
  }

  get state(): TapeState {
    return this.#state;
  }

  /** Makes the ring of the kernel and the libc plane: before addHooks and start. */
  planes(ringBytes: number): void {
    this.#expect("open");
    this.#check(this.#library.call.mt_planes(this.#pointer, ringBytes));
  }

  /**
   * Loads and attaches hooks of these planes, all or none: the object's programs whose names begin with one of `names`
   * and two underscores. Throws NativeError, and then nothing has changed.
   */
  addHooks(objectPath: string, names: readonly string[], config: Uint8Array): void {
    this.#expect("open");
    const words = names.join(",");
    this.#check(this.#library.call.mt_add_hook(this.#pointer, objectPath, words, config, config.length));
  }

  /**
   * Loads the programs of the libc plane: after planes. `oneByOne`: one link a probe, though the kernel may have better.
   * Throws NativeError, and then nothing has changed.
   */
  libc(objectPath: string, config: Uint8Array, oneByOne: boolean): void {
    this.#expect("open");
    const { call } = this.#library;
    this.#check(call.mt_libc(this.#pointer, objectPath, config, config.length, oneByOne ? 1 : 0));
  }

  /**
   * Probes the functions that begin at these offsets of a file, in every process that maps it: all, or none, and then
   * it throws NativeError. `id` is the catalogue's.
   */
  libcFunctions(path: string, places: readonly LibcPlace[]): void {
    this.#expect("open");
    const offsets = BigUint64Array.from(places, ({ offset }) => BigInt(offset));
    const ids = BigUint64Array.from(places, ({ id }) => BigInt(id));
    const { call } = this.#library;
    this.#check(call.mt_libc_functions(this.#pointer, path, offsets, ids, places.length));
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
    const sizes = { records: batchBytes + 65536, names: 65536, planes: 0, tasks: 16384, queues: 16384 };
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
    const { batch, records, names, planes, tasks, queues } = this.#buffers;
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
        planes,
        planes.length,
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
    const { call } = this.#library;
    return this.#open((calls, max) => call.mt_open_calls(this.#pointer, calls, max));
  }

  /** Calls in flight at the end of the batch taken last: just what the batches until then tell. */
  openCallsOfBatch(): readonly OpenCall[] {
    this.#expect("running", "stopped");
    const { call } = this.#library;
    return this.#open((calls, max) => call.mt_batch_open_calls(this.#pointer, calls, max));
  }

  #open(copy: (calls: Uint8Array, max: number) => number): readonly OpenCall[] {
    const { openCall } = this.#library.layouts;
    for (let max = 1024; ; max *= 4) {
      const calls = Buffer.alloc(max * openCall.sizeBytes);
      const count = this.#check(copy(calls, max));
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

  /**
   * Triggers of the configuration that have fired since the last time, each as it was when it fired. It fires no more
   * until rearmTrigger.
   */
  firedTriggers(): readonly FiredTrigger[] {
    this.#expect("attached", "running", "stopped");
    const { firedTrigger } = this.#library.layouts;
    const fired = Buffer.alloc(TRIGGERS * firedTrigger.sizeBytes);
    const count = this.#check(this.#library.call.mt_fired_triggers(this.#pointer, fired, TRIGGERS));
    return parseElements(fired, firedTrigger, count, parseFiredTrigger);
  }

  /** Lets the trigger fire again. */
  rearmTrigger(index: number): void {
    this.#expect("attached", "running", "stopped");
    this.#check(this.#library.call.mt_rearm_trigger(this.#pointer, index));
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
function allocate(sizes: BatchSizes, batch: StructLayout): BatchBuffers {
  return {
    batch: new Uint8Array(batch.sizeBytes),
    records: new Uint8Array(sizes.records),
    names: new Uint8Array(sizes.names),
    planes: new Uint8Array(sizes.planes),
    tasks: new Uint8Array(sizes.tasks),
    queues: new Uint8Array(sizes.queues),
  };
}
