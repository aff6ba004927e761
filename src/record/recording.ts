/**
 * A recording on this host: brings the real parts together, hands them to the session, says how it went, and
 * cleans up whatever happens. A start that fails leaves nothing behind.
 */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { createEncoder } from "../format/encoder.js";
import { captureIdText } from "../format/file-header.js";
import { type Attached, attachFirst } from "./attach.js";
import { ClockId, createClock } from "./clock.js";
import { closingObject, closingText, notesOf } from "./closing.js";
import { CommandWatch, ExitStatus, statusOfFailedExec } from "./command.js";
import { trackWithDescendants } from "./descendants.js";
import { RecordError } from "./errors.js";
import { exitStatusAfter } from "./exit-status.js";
import { whyHeldBack } from "./hold-back.js";
import { readHost } from "./host.js";
import { readInventory } from "./inventory.js";
import { addKernelPlane } from "./kernel-plane.js";
import { addLibcPlane, LIBC_OBJECT, type Planes } from "./libc-plane.js";
import { garbageCollection } from "./memory.js";
import { nameTables } from "./names.js";
import { clockGettime, NativeError, reserveSpace } from "./native.js";
import { Command } from "./native-command.js";
import { NativeInventory } from "./native-inventory.js";
import { Tape } from "./native-tape.js";
import { defaultOutput, type RecordOptions } from "./options.js";
import { buildPath, packageVersion } from "./paths.js";
import { PipeSink } from "./pipe.js";
import { Privilege } from "./privilege.js";
import { noProgress, type ProgressLine, terminalProgress } from "./progress.js";
import { LEAST_RING_BYTES, openWithRings, planesBytesOf, ringBytesOf } from "./rings.js";
import { runSession, type SessionParts, type SessionResult } from "./session.js";
import { configOf, prepareSetup, type Setup } from "./setup.js";
import { FileSink, type Output, SinkGoneError } from "./sink.js";
import { listenForSignals, StopSwitch, signalPolicy } from "./stop.js";
import { CaptureWriter } from "./writer.js";

export interface RecordingIo {
  /** Tells the user a line. It may quote names that others chose: making it safe is up to whoever shows it. */
  readonly say: (line: string) => void;
  /** Gives the closing object to a program; `stdoutIsFree`: nothing else goes there. */
  readonly answer: (object: object, stdoutIsFree: boolean) => void;
  /** A terminal where a line says how far the recording is; null: there is none. */
  readonly terminal: Writable | null;
  readonly closing: "text" | "json" | "none";
}

/** Records, and returns the exit status. Throws RecordError for a start that fails. */
export async function record(options: RecordOptions, io: RecordingIo): Promise<number> {
  const recording = new Recording(options, io);
  const unlisten = listenForSignals((signal) => recording.onSignal(signal));
  try {
    return await recording.run();
  } catch (error) {
    throw asRecordError(error, options.command !== null);
  } finally {
    unlisten();
    recording.cleanUp();
  }
}

class Recording {
  readonly #options: RecordOptions;
  readonly #io: RecordingIo;
  readonly #stop = new StopSwitch();
  readonly #captureId = randomBytes(16);
  readonly #cleanUps: (() => void)[] = [];
  onSignal = signalPolicy(this.#stop, null);

  constructor(options: RecordOptions, io: RecordingIo) {
    this.#options = options;
    this.#io = io;
  }

  /** What is open is closed, the last first; a file without its first frames is taken away. */
  cleanUp(): void {
    for (let step = this.#cleanUps.pop(); step !== undefined; step = this.#cleanUps.pop()) step();
  }

  async run(): Promise<number> {
    const privilege = Privilege.of(this.#options.dropTo);
    const ready = prepareSetup(this.#options);
    const sink = this.#openSink();
    const writer = new CaptureWriter(sink, createEncoder({ captureId: this.#captureId }));
    // Not into a pipe, which cannot be taken back when the start fails.
    if (sink.name !== "-") await writer.open();
    const command = this.#prepareCommand();
    const watch = command === null ? null : new CommandWatch(command);
    this.onSignal = signalPolicy(this.#stop, watch);
    // Loading takes a while, for which nothing should be waiting yet. It has no ring, however small.
    const source = NativeInventory.open(ready.config(LEAST_RING_BYTES));
    this.#cleanUps.push(() => source.close());
    this.#cleanUps.push(() => privilege.close());
    const wielded = { source, command, output: sink };
    const setup = privilege.prepare(ready, wielded);
    const clock = createClock(clockGettime);
    let start = clock.read("start");
    const attached = this.#attach(setup, () => {
      start = clock.read("start");
    });
    this.#track(attached.tape, command);
    const progress = this.#progress(command);
    const parts = this.#parts(setup, sink, writer, attached, source);
    const kept = privilege.drop(attached.tape, wielded);
    if (kept !== null && this.#io.closing !== "none") this.#io.say(kept);
    const ended = await runSession({
      ...parts,
      names: nameTables(setup.recorderBtf, privilege.facts()),
      clock,
      start,
      progress: (now) => progress.show(now),
      started: () => {
        if (command !== null && watch !== null) release(command, watch);
        privilege.keepOutput();
        this.#keep(sink);
      },
      exhausted: () => this.#exhausted(attached.tape, watch),
    });
    progress.end();
    attached.tape.close();
    const result = await closed(sink, ended);
    this.#sayHowItWent(result, sink.name);
    return exitStatusAfter(result, await this.#commandOutcome(watch));
  }

  #progress(command: Command | null): ProgressLine {
    const { terminal } = this.#io;
    return terminal !== null && command === null ? terminalProgress(terminal) : noProgress;
  }

  #openSink(): Output {
    const path = this.#options.output ?? defaultOutput(hostname(), new Date());
    const sink = path === "-" ? PipeSink.open(1) : FileSink.create(path, reserveSpace);
    this.#cleanUps.push(() => sink.discard());
    return sink;
  }

  /** From here on the file is worth having, whatever happens. */
  #keep(sink: Output): void {
    this.#cleanUps.shift();
    this.#cleanUps.unshift(() => void sink.close().catch(() => {}));
  }

  #prepareCommand(): Command | null {
    if (this.#options.command === null) return null;
    // With the capture on standard output the command's own goes to standard error, as with perf record.
    const output = this.#options.output === "-" ? 2 : 1;
    const command = Command.prepare(this.#options.command, this.#options.user, output);
    this.#cleanUps.push(() => command.close());
    return command;
  }

  /** `loaded` is called between loading, which takes long, and attaching: no record is older. */
  #attach(setup: Setup, loaded: () => void): Attached<Tape> {
    let planes: Planes = { plan: [], notes: [] };
    const attached = attachFirst((file) => {
      const tape = openWithRings(
        (ringBytes) => Tape.open(buildPath(file), setup.config(ringBytes), ringBytes),
        ringBytesOf(this.#options.bufferBytes, setup.cpus),
      );
      planes = this.#addPlanes(tape, setup);
      loaded();
      return tape;
    }, isSameForEveryObject);
    this.#cleanUps.push(() => attached.tape.close());
    if (this.#io.closing !== "none") for (const note of planes.notes) this.#io.say(note);
    return { ...attached, plan: [...attached.plan, ...planes.plan] };
  }

  #addPlanes(tape: Tape, setup: Setup): Planes {
    const { kernelPlane, libcPlane, bufferBytes } = this.#options;
    const ringBytes = planesBytesOf(bufferBytes);
    const config = setup.config(tape.ringBytes);
    const kernel = kernelPlane ? addKernelPlane(tape, config, ringBytes) : [];
    if (!libcPlane) return { plan: kernel, notes: [] };
    const libc = addLibcPlane(tape, this.#options, () => {
      if (!kernelPlane) tape.planes(ringBytes); // one ring for both
      tape.libc(buildPath(LIBC_OBJECT), config, whyHeldBack(["uprobe_multi"]) !== null);
    });
    return { plan: [...kernel, ...libc.plan], notes: libc.notes };
  }

  /** The programs are attached and follow forks, so nothing slips through between here and there. */
  #track(tape: Tape, command: Command | null): void {
    if (command !== null) tape.track(command.pid);
    trackWithDescendants(this.#options.filters.pids, (tgid) => tape.track(tgid));
  }

  #parts(
    setup: Setup,
    sink: Output,
    writer: CaptureWriter,
    { tape, plan }: Attached<Tape>,
    source: NativeInventory,
  ) {
    const host = readHost({
      version: packageVersion(),
      config: configOf(this.#options, tape.ringBytes * setup.cpus),
      attachPlan: plan,
    });
    const looks = { source, boottimeNs: () => clockGettime(ClockId.BOOTTIME) };
    return {
      tape,
      writer,
      stop: this.#stop,
      inventory: (reason, inFlight) => readInventory(looks, reason, inFlight),
      metadata: { host, btf: setup.btf },
      sync: () => sink.sync(),
      chunkWritten: garbageCollection(),
      limits: { durationMs: this.#options.durationMs, calls: this.#options.calls },
    } satisfies Partial<SessionParts>;
  }

  #exhausted(tape: Tape, watch: CommandWatch | null) {
    if (watch !== null) return watch.exitStatus() !== null && tape.tracked() === 0n ? "command" : null;
    return this.#options.filters.pids.length > 0 && tape.tracked() === 0n ? "processes" : null;
  }

  /** A recording that ended first waits for its command, whose status is the answer; a signal ends the wait. */
  async #commandOutcome(watch: CommandWatch | null) {
    if (watch === null) return null;
    for (;;) {
      const status = watch.exitStatus();
      if (status !== null) return { status };
      if (this.#stop.lastSignal !== null) return { leftBy: this.#stop.lastSignal };
      await delay(COMMAND_POLL_MS);
    }
  }

  #sayHowItWent(result: SessionResult, file: string): void {
    const { say, answer, closing } = this.#io;
    if (result.failure !== null) say(endOf(result));
    if (closing === "none" || (closing === "text" && result.failure instanceof SinkGoneError)) return;
    for (const note of notesOf(result)) say(note);
    if (closing === "text") {
      say(closingText(result, file, this.#options.calls));
      return;
    }
    const stdoutIsFree = file !== "-" && this.#options.command === null;
    answer(closingObject(result, file, captureIdText(this.#captureId)), stdoutIsFree);
  }
}

const COMMAND_POLL_MS = 20;

/** What was removed in the last moments is found now. */
async function closed(sink: Output, result: SessionResult): Promise<SessionResult> {
  try {
    await sink.close();
    return result;
  } catch (error) {
    if (!(error instanceof SinkGoneError)) throw error;
    return { ...result, ended: "error", failure: error, finished: false };
  }
}

function endOf(result: SessionResult): string {
  const why = result.failure?.message ?? "";
  if (result.failure instanceof SinkGoneError)
    return `${why}: the recording ended, and nothing is left of it`;
  const file = result.finished
    ? "the capture is whole up to there"
    : "the capture has no end, but can be read";
  return `${why}: the recording ended; ${file}`;
}

/** A signal may have ended it while it waited: then its status says so. */
function release(command: Command, watch: CommandWatch): void {
  try {
    command.release();
  } catch (error) {
    if (!(error instanceof NativeError)) throw error;
    const ended = error.code === "ECHILD" ? watch.exitStatus() : null;
    throw new RecordError(error.message, ended ?? statusOfFailedExec(error.code), { cause: error });
  }
}

/** Missing rights, memory (ENOSPC: for the rings) or libraries: the next object would meet the same. */
function isSameForEveryObject(error: unknown): boolean {
  return error instanceof NativeError && (error.code === null || SAME_FOR_ALL.has(error.code));
}

const SAME_FOR_ALL = new Set(["EPERM", "ENOMEM", "ENOSPC"]);

/** With a command, 1 is the command's own: msgtape's failure is 125. */
function asRecordError(error: unknown, hasCommand: boolean): unknown {
  const known = error instanceof RecordError || error instanceof NativeError;
  if (!known) return error;
  const status = error instanceof RecordError ? error.exitStatus : 1;
  return new RecordError(error.message, hasCommand && status === 1 ? ExitStatus.MSGTAPE_FAILED : status, {
    cause: error,
  });
}
