/**
 * A recording from its first frame to its last: what comes when, and what happens when something fails. Knows
 * no kernel, no file and no clock but those it is given; where captures begin and end is up to the output.
 *
 * Nothing here runs once a record: a batch of about a megabyte is the smallest unit.
 */
import type { ClockTriple, Gap, Inventory } from "../format/types.js";
import { type Boundary, ClockReadings } from "./boundary.js";
import { type EventCounts, kernelCause, type LossByCause, lossByCause, sum } from "./losses.js";
import type { NameTables } from "./names.js";
import type { Moment, Output, OutputFile, TakenBatch } from "./output.js";
import { SinkError, SinkFullError, SinkGoneError } from "./sink.js";
import type { EndReason, StopSwitch } from "./stop.js";
import type { Written } from "./tally.js";
import type { Batch, OpenCall, TapeGap, TapeHandle, Totals } from "./tape.js";

export interface SessionParts {
  /** Attached, and not started. */
  readonly tape: TapeHandle;
  readonly output: Output;
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
  /** Called after each chunk with its raw bytes. */
  readonly chunkWritten: (rawBytes: number) => void;
  /** Called when the first frames are written and records are being taken: lets the command go. */
  readonly started: () => void;
  readonly progress: (now: Progress) => void;
  readonly limits: { readonly durationMs: number | null; readonly calls: number | null };
  /** Tells when nothing is left that could be recorded, and why; null while there is. */
  readonly exhausted: () => EndReason | null;
  /** Called again and again, and once more at the end: hears of what the output is to be asked for. */
  readonly look: () => void;
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
  /** False: a file has no summary and no trailer. */
  readonly finished: boolean;
  /** Those that are there, the oldest first. */
  readonly files: readonly OutputFile[];
  /** As OutputEnd's. */
  readonly heldNs: bigint | null;
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
    inventory: every(() => this.#parts.output.inventoryMs),
  };
  readonly #readings: ClockReadings;
  readonly #unwrittenCounts = new Map<number, EventCounts>();
  #planesUnwritten = 0n;
  #nextRecord = 0n;
  #lost: ReadonlyMap<number, bigint> = new Map();
  #lastNs: bigint | null = null;
  #isIdle = true;
  #failure: SinkError | null = null;
  #syncing: Promise<void> | null = null;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#readings = new ClockReadings(parts.start);
  }

  async begin(): Promise<void> {
    const { tape, output, start, inventory, started } = this.#parts;
    tape.start(BATCH_BYTES, BATCH_MS, POLL_MS);
    // The inventory is taken while records are: what changes between the two is on the tape.
    await output.begin(this.#boundary(start, [start], inventory("start", tape.openCalls())));
    started();
  }

  async drain(): Promise<void> {
    const { tape, stop } = this.#parts;
    const began = performance.now();
    for (let stopped = false; ; ) {
      const batch = await tape.nextBatch(WAIT_MS);
      if (batch === "end") return;
      this.#isIdle = batch === null;
      if (batch !== null) await this.#take(batch);
      this.#parts.look();
      await this.#cross();
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
    const { tape, output, clock, inventory, stop, start } = this.#parts;
    this.#parts.look();
    const totals = tape.totals();
    const openCalls = tape.openCalls();
    const now = clock.read("end");
    await this.#syncing;
    const lost = lossByCause(totals, output.written, this.#planesUnwritten);
    const ended = stop.reason ?? "error";
    const end = await output.end({
      boundary: { ...this.#boundary(now, [now], inventory("end", openCalls)), totals },
      ended,
      lost,
      unwrittenCounts: this.#unwrittenCounts,
      failed: this.#failure !== null,
    });
    return {
      ended: end.failure instanceof SinkGoneError ? "error" : ended,
      durationNs: now.boottimeNs - start.boottimeNs,
      written: output.written,
      bytes: output.bytes,
      lost,
      totals,
      openCalls: openCalls.length,
      failure: this.#failure ?? end.failure,
      finished: end.finished,
      files: end.files,
      heldNs: end.heldNs,
    };
  }

  async #take(batch: Batch): Promise<void> {
    const { names, output } = this.#parts;
    names.add(batch.names);
    const { chunks } = output.written;
    await this.#try(() => this.#write(batch));
    if (output.written.chunks === chunks) this.#countUnwritten(batch);
    const { firstRecord, records, lost } = batch.context;
    this.#nextRecord = firstRecord + BigInt(records);
    this.#lost = new Map(lost.map(({ cpu, records }) => [cpu, records]));
  }

  async #write(batch: Batch): Promise<void> {
    const { context, records, planes } = batch;
    await this.#parts.output.take(this.#named(batch));
    this.#lastNs = context.lastTimeNs ?? this.#lastNs;
    if (records.length + planes.length > 0) this.#parts.chunkWritten(records.length + planes.length);
  }

  #named({ gaps, context, records, planes, planesRecords, tasks, queues }: Batch): TakenBatch {
    const { names, tape } = this.#parts;
    const cause = gaps.length > 0 ? kernelCause(tape.totals()) : "unknown";
    const frames = gaps.map((gap) => gapFrame(gap, cause));
    if (context.records === 0 && planesRecords === 0) return { gaps: frames, chunk: null };
    const entries = names.entries(tasks, queues, context.firstTimeNs ?? 0n);
    const body = { records, ...entries, ...(planes.length === 0 ? {} : { planes }) };
    return { gaps: frames, chunk: { context, body } };
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

  /** Here, between the batch taken last and the next, one capture may end and another begin. */
  async #cross(): Promise<void> {
    const { tape, output, clock, inventory } = this.#parts;
    const moment: Moment = { nowMs: performance.now(), lastNs: this.#lastNs, isIdle: this.#isIdle };
    if (this.#failure !== null || !output.isDue(moment)) return;
    const now = clock.read("interval");
    const clocks = this.#readings.before(this.#lastNs, now, this.#isIdle);
    const found = inventory("rotation", tape.openCallsOfBatch());
    await this.#try(() => output.cross(this.#boundary(now, clocks, found), moment));
  }

  #boundary(now: ClockTriple, clocks: readonly ClockTriple[], inventory: Inventory): Boundary {
    const [lastNs, firstRecord, lost] = [this.#lastNs, this.#nextRecord, this.#lost];
    return { clocks, now, inventory, firstRecord, lost, totals: this.#parts.tape.totals(), lastNs };
  }

  async #keepHouse(): Promise<void> {
    const { tape, output, clock, inventory } = this.#parts;
    if (this.#timers.progress()) this.#showProgress();
    if (this.#timers.sync()) this.#syncAside();
    const second = this.#timers.clockCheck();
    const minute = this.#timers.inventory();
    if (!second && !minute) return;
    const stepped = second && clock.stepped();
    const reading = clock.read(stepped ? "step" : "interval");
    this.#readings.add(reading);
    if (!minute && !stepped) return;
    await this.#try(async () => {
      await output.clocks([reading]);
      if (minute) await output.inventory(inventory("interval", tape.openCallsOfBatch()));
    });
  }

  /** Off the hot path: nobody waits for the disk. */
  #syncAside(): void {
    this.#syncing ??= this.#try(() => this.#parts.output.sync()).finally(() => {
      this.#syncing = null;
    });
  }

  #showProgress(): void {
    const { tape, output, clock, start, progress } = this.#parts;
    const totals = tape.totals();
    progress({
      elapsedNs: clock.read("interval").boottimeNs - start.boottimeNs,
      records: totals.recorded,
      lost: totals.lostRingFull + totals.lostNoScratch + totals.lostRecursion,
      bytes: output.bytes,
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
}

function gapFrame({ plane, cause, ...gap }: TapeGap, ofSyscalls: Gap["cause"]): Gap {
  return plane === "planes" ? { ...gap, cause: cause ?? "unknown", plane } : { ...gap, cause: ofSyscalls };
}

/** True once `ms` have passed since it was last true, or since it was made; null: never. */
function every(ms: number | (() => number | null)): () => boolean {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const wait = typeof ms === "number" ? ms : ms();
    if (wait === null || now - last < wait) return false;
    last = now;
    return true;
  };
}
