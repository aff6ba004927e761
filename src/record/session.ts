/**
 * A recording from its first frame to its last: what comes when, and what happens when something fails. Knows
 * no kernel, no file and no clock but those it is given.
 *
 * Nothing here runs once a record: a batch of about a megabyte is the smallest unit.
 */
import type { ClockTriple, Gap, Inventory, Summary } from "../format/types.js";
import {
  type EventCounts,
  gapsAtEnd,
  kernelCause,
  type LossByCause,
  lossByCause,
  lostByEvent,
  sum,
  total,
} from "./losses.js";
import type { NameTables } from "./names.js";
import { SinkError, SinkFullError } from "./sink.js";
import type { EndReason, StopSwitch } from "./stop.js";
import type { Batch, OpenCall, TapeGap, TapeHandle, Totals } from "./tape.js";
import type { CaptureMetadata, CaptureWriter, Written } from "./writer.js";

export interface SessionParts {
  /** Attached, and not started. */
  readonly tape: TapeHandle;
  readonly writer: CaptureWriter;
  readonly names: NameTables;
  readonly stop: StopSwitch;
  readonly clock: {
    read(reason: ClockTriple["reason"]): ClockTriple;
    /** True when the wall clock was set since the last triple. */
    stepped(): boolean;
  };
  /** Read before the programs were attached: no record is older. */
  readonly start: ClockTriple;
  readonly inventory: (reason: Inventory["reason"], inFlight: readonly OpenCall[]) => Inventory;
  /** All but what the session itself finds out. */
  readonly metadata: Omit<CaptureMetadata, "clocks" | "inventory">;
  readonly sync: () => Promise<void>;
  /** Called after each chunk with its raw bytes. */
  readonly chunkWritten: (rawBytes: number) => void;
  /** Called when the first frames are on the disk and records are being taken: lets the command go. */
  readonly started: () => void;
  readonly progress: (now: Progress) => void;
  readonly limits: { readonly durationMs: number | null; readonly calls: number | null };
  /** Tells when nothing is left that could be recorded, and why; null while there is. */
  readonly exhausted: () => EndReason | null;
}

export interface Progress {
  readonly elapsedNs: bigint;
  readonly records: bigint;
  readonly lost: bigint;
  readonly bytes: number;
}

export interface SessionResult {
  readonly ended: EndReason;
  readonly durationNs: bigint;
  readonly written: Written;
  readonly bytes: number;
  readonly lost: LossByCause;
  readonly totals: Totals;
  readonly openCalls: number;
  /** Why the output could not be written to the end; null: it was. */
  readonly failure: SinkError | null;
  /** False: the file has no summary and no trailer. */
  readonly finished: boolean;
}

/** A chunk is about this large or this old: a killed recorder loses no more than its last second. */
const BATCH_BYTES = 1 << 20;
const BATCH_MS = 500;
const POLL_MS = 10;
/** Also how long after its end a command is noticed. */
const WAIT_MS = 20;
const PROGRESS_MS = 250;
const SYNC_MS = 1000;
const CLOCK_CHECK_MS = 1000;
const INVENTORY_MS = 60_000;

/** Runs until `parts.stop` or a limit says so. Throws what a start can fail with; later failures are in the result. */
export async function runSession(parts: SessionParts): Promise<SessionResult> {
  const session = new Session(parts);
  await session.begin();
  await session.drain();
  return session.end();
}

class Session {
  readonly #parts: SessionParts;
  readonly #timers = {
    progress: every(PROGRESS_MS),
    sync: every(SYNC_MS),
    clockCheck: every(CLOCK_CHECK_MS),
    inventory: every(INVENTORY_MS),
  };
  readonly #unwrittenCounts = new Map<number, EventCounts>();
  #planesUnwritten = 0n;
  #lastNs: bigint | null = null;
  #failure: SinkError | null = null;
  #syncing: Promise<void> | null = null;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  async begin(): Promise<void> {
    const { tape, writer, start, inventory, metadata, started } = this.#parts;
    tape.start(BATCH_BYTES, BATCH_MS, POLL_MS);
    // The inventory is taken while records are: what changes between the two is on the tape.
    await writer.begin({ ...metadata, clocks: [start], inventory: inventory("start", tape.openCalls()) });
    started();
  }

  async drain(): Promise<void> {
    const { tape, stop } = this.#parts;
    const began = performance.now();
    for (let stopped = false; ; ) {
      const batch = await tape.nextBatch(WAIT_MS);
      if (batch === "end") return;
      if (batch !== null) await this.#take(batch);
      if (stopped && stop.hurry) return;
      if (!stopped) {
        await this.#keepHouse();
        this.#checkLimits(performance.now() - began);
        if (stop.reason !== null) {
          stopped = true;
          tape.stop();
        }
      }
    }
  }

  async end(): Promise<SessionResult> {
    const { tape, writer, clock, inventory, stop } = this.#parts;
    const totals = tape.totals();
    const openCalls = tape.openCalls();
    const end = clock.read("end");
    await this.#try(async () => {
      await writer.inventory(inventory("end", openCalls));
    });
    await this.#syncing;
    const lost = lossByCause(totals, writer.written, this.#planesUnwritten);
    const ended = stop.reason ?? "error";
    const startNs = this.#parts.start.boottimeNs;
    const finished = await this.#finish(end, lost, (written) =>
      this.#summary(written, totals, lost, { startNs, endNs: end.boottimeNs, ended }),
    );
    return {
      ended,
      durationNs: end.boottimeNs - startNs,
      written: writer.written,
      bytes: writer.bytes,
      lost,
      totals,
      openCalls: openCalls.length,
      failure: this.#failure,
      finished,
    };
  }

  async #take(batch: Batch): Promise<void> {
    this.#parts.names.add(batch.names);
    const before = this.#parts.writer.written.chunks;
    await this.#try(() => this.#write(batch));
    if (this.#parts.writer.written.chunks === before) this.#countUnwritten(batch);
  }

  async #write(batch: Batch): Promise<void> {
    const { names, writer, tape } = this.#parts;
    if (batch.gaps.length > 0) {
      const cause = kernelCause(tape.totals());
      for (const gap of batch.gaps) await writer.gap(gapFrame(gap, cause));
    }
    if (batch.context.records === 0 && batch.planesRecords === 0) return;
    const { records, planes } = batch;
    const entries = names.entries(batch.tasks, batch.queues, batch.context.firstTimeNs ?? 0n);
    await writer.chunk(batch.context, { records, ...entries, ...(planes.length === 0 ? {} : { planes }) });
    this.#lastNs = batch.context.lastTimeNs ?? this.#lastNs;
    this.#parts.chunkWritten(records.length + planes.length);
  }

  #countUnwritten(batch: Batch): void {
    this.#planesUnwritten += BigInt(batch.planesRecords);
    for (const { event, entries, exits } of batch.context.counts) {
      const sum = this.#unwrittenCounts.get(event) ?? { entries: 0n, exits: 0n };
      this.#unwrittenCounts.set(event, {
        entries: sum.entries + BigInt(entries),
        exits: sum.exits + BigInt(exits),
      });
    }
  }

  async #keepHouse(): Promise<void> {
    const { tape, writer, clock, inventory } = this.#parts;
    if (this.#timers.progress()) this.#showProgress();
    if (this.#timers.sync()) this.#syncAside();
    const minute = this.#timers.inventory();
    const stepped = this.#timers.clockCheck() && clock.stepped();
    if (!minute && !stepped) return;
    await this.#try(async () => {
      await writer.clocks([clock.read(stepped ? "step" : "interval")]);
      if (minute) await writer.inventory(inventory("interval", tape.openCalls()));
    });
  }

  /** Off the hot path: nobody waits for the disk. */
  #syncAside(): void {
    this.#syncing ??= this.#try(this.#parts.sync).finally(() => {
      this.#syncing = null;
    });
  }

  #showProgress(): void {
    const { tape, writer, clock, start, progress } = this.#parts;
    const totals = tape.totals();
    progress({
      elapsedNs: clock.read("interval").boottimeNs - start.boottimeNs,
      records: totals.recorded,
      lost: totals.lostRingFull + totals.lostNoScratch + totals.lostRecursion,
      bytes: writer.bytes,
    });
  }

  #checkLimits(elapsedMs: number): void {
    const { tape, stop, limits, exhausted } = this.#parts;
    const calls = limits.calls;
    if (limits.durationMs !== null && elapsedMs >= limits.durationMs) stop.request("duration");
    if (calls !== null && sum(tape.totals().recordedExits) >= BigInt(calls)) stop.request("count");
    const why = exhausted();
    if (why !== null) stop.request(why);
  }

  /** From the first failure on nothing more is written, and the recording ends. */
  async #try(write: () => Promise<void>): Promise<void> {
    if (this.#failure !== null) return;
    try {
      await write();
    } catch (error) {
      if (!(error instanceof SinkError)) throw error;
      this.#failure = error;
      this.#parts.stop.request(error instanceof SinkFullError ? "disk_full" : "error");
    }
  }

  async #finish(
    end: ClockTriple,
    lost: LossByCause,
    summary: (written: Written) => Summary,
  ): Promise<boolean> {
    try {
      await this.#parts.writer.finish(end, gapsAtEnd(lost, this.#lastNs), summary);
      return true;
    } catch (error) {
      if (!(error instanceof SinkError)) throw error;
      this.#failure ??= error;
      return false;
    }
  }

  #summary(
    written: Written,
    totals: Totals,
    lost: LossByCause,
    when: Pick<Summary, "startNs" | "endNs" | "ended">,
  ): Summary {
    return {
      ...when,
      records: written.records,
      lost: total(lost),
      lostByEvent: lostByEvent(totals, this.#unwrittenCounts),
      gaps: written.gaps,
      chunks: written.chunks,
      counts: written.counts,
      x32Calls: totals.x32,
      ...(lost.planes === 0n ? {} : { planesLost: lost.planes }),
    };
  }
}

function gapFrame({ plane, cause, ...gap }: TapeGap, ofSyscalls: Gap["cause"]): Gap {
  return plane === "planes" ? { ...gap, cause: cause ?? "unknown", plane } : { ...gap, cause: ofSyscalls };
}

/** True once `ms` have passed since it was last true, or since it was made. */
function every(ms: number): () => boolean {
  let last = performance.now();
  return () => {
    const now = performance.now();
    if (now - last < ms) return false;
    last = now;
    return true;
  };
}
