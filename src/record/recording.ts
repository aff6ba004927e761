/**
 * A recording on this host: brings the real parts together, hands them to the session, says how it went, and
 * cleans up whatever happens. A start that fails leaves nothing behind.
 */
import { hostname } from "node:os";
import type { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { type Attached, attachFirst } from "./attach.js";
import { ClockId, createClock } from "./clock.js";
import { closingObject, closingText, notesOf } from "./closing.js";
import { CommandWatch, ExitStatus, statusOfFailedExec } from "./command.js";
import { trackWithDescendants } from "./descendants.js";
import type { DropUser } from "./drop.js";
import { RecordError } from "./errors.js";
import { exitStatusAfter } from "./exit-status.js";
import { whyHeldBack } from "./hold-back.js";
import { readHost } from "./host.js";
import { readInventory } from "./inventory.js";
import { addKernelPlane } from "./kernel-plane.js";
import { addLibcPlane, LIBC_OBJECT, type Planes } from "./libc-plane.js";
import { garbageCollection } from "./memory.js";
import { nameTables } from "./names.js";
import { clockGettime, NativeError } from "./native.js";
import { Command } from "./native-command.js";
import { NativeInventory } from "./native-inventory.js";
import { Tape } from "./native-tape.js";
import { defaultOutput, type RecordOptions } from "./options.js";
import { type PreparedOutput, prepareOutput } from "./outputs.js";
import { buildPath, packageVersion } from "./paths.js";
import { Privilege } from "./privilege.js";
import { noProgress, type ProgressLine, terminalProgress } from "./progress.js";
import { LEAST_RING_BYTES, openWithRings, planesBytesOf, ringBytesOf } from "./rings.js";
import { runSession, type SessionParts, type SessionResult } from "./session.js";
import { configOf, prepareSetup, type Setup } from "./setup.js";
import { SinkGoneError } from "./sink.js";
import { type SnapshotAsker, snapshotAsker } from "./snapshots.js";
import { listenForSignals, listenForSnapshots, StopSwitch, signalPolicy } from "./stop.js";

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
  const unlistenSnapshots = listenForSnapshots(() => recording.onSnapshotSignal());
  try {
    return await recording.run();
  } catch (error) {
    throw asRecordError(error, options.command !== null);
  } finally {
    unlisten();
    unlistenSnapshots();
    recording.cleanUp();
  }
}

class Recording {
  readonly #options: RecordOptions;
  readonly #io: RecordingIo;
  readonly #stop = new StopSwitch();
  readonly #snapshots: SnapshotAsker;
  readonly #cleanUps: (() => void)[] = [];
  onSignal = signalPolicy(this.#stop, null);

  constructor(options: RecordOptions, io: RecordingIo) {
    this.#options = options;
    this.#io = io;
    this.#snapshots = snapshotAsker(options, io);
  }

  onSnapshotSignal(): void {
    this.#snapshots.onSignal();
  }

  /** What is open is closed, the last first; a file without its first frames is taken away. */
  cleanUp(): void {
    for (let step = this.#cleanUps.pop(); step !== undefined; step = this.#cleanUps.pop()) step();
  }

  async run(): Promise<number> {
    const privilege = Privilege.of(this.#options.dropTo);
    const ready = prepareSetup(this.#options);
    const files = await this.#prepareFiles(privilege.user);
    const command = this.#prepareCommand();
    const watch = command === null ? null : new CommandWatch(command);
    this.onSignal = signalPolicy(this.#stop, watch);
    // Loading takes a while, for which nothing should be waiting yet. It has no ring, however small.
    const source = NativeInventory.open(ready.config(LEAST_RING_BYTES));
    this.#cleanUps.push(() => source.close());
    this.#cleanUps.push(() => privilege.close());
    const wielded = { source, command, output: files.first };
    const setup = privilege.prepare(ready, wielded);
    const clock = createClock(clockGettime);
    let start = clock.read("start");
    const attached = this.#attach(setup, () => {
      start = clock.read("start");
    });
    this.#track(attached.tape, command);
    const progress = this.#progress(command);
    const parts = this.#parts(setup, files, attached, source);
    const kept = privilege.drop(attached.tape, wielded);
    if (kept !== null && this.#io.closing !== "none") this.#io.say(kept);
    const result = await runSession({
      ...parts,
      names: nameTables(setup.recorderBtf, privilege.facts()),
      clock,
      start,
      progress: (now) => progress.show(now),
      started: () => {
        if (command !== null && watch !== null) release(command, watch);
        privilege.keepOutput();
        this.#keep(files);
      },
      exhausted: () => this.#exhausted(attached.tape, watch),
    });
    progress.end();
    attached.tape.close();
    this.#sayHowItWent(result, files.recordingId);
    return exitStatusAfter(result, await this.#commandOutcome(watch));
  }

  #progress(command: Command | null): ProgressLine {
    const { terminal } = this.#io;
    return terminal !== null && command === null ? terminalProgress(terminal) : noProgress;
  }

  async #prepareFiles(user: DropUser | null): Promise<PreparedOutput> {
    const path = this.#options.output ?? defaultOutput(hostname(), new Date());
    const files = await prepareOutput(this.#options, path, user, this.#io.say);
    this.#cleanUps.push(() => files.discard());
    return files;
  }

  /** From here on the file is worth having, whatever happens. */
  #keep(files: PreparedOutput): void {
    this.#cleanUps.shift();
    this.#cleanUps.unshift(() => files.close());
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

  #parts(setup: Setup, files: PreparedOutput, { tape, plan }: Attached<Tape>, source: NativeInventory) {
    const host = readHost({
      version: packageVersion(),
      config: configOf(this.#options, tape.ringBytes * setup.cpus),
      attachPlan: plan,
    });
    const looks = { source, boottimeNs: () => clockGettime(ClockId.BOOTTIME) };
    const chunkWritten = garbageCollection();
    const flight = { ...this.#snapshots.hooks, chunkWritten };
    return {
      tape,
      output: files.output({ host, btf: setup.btf }, flight),
      names: nameTables(setup.recorderBtf),
      stop: this.#stop,
      inventory: (reason, inFlight) => readInventory(looks, reason, inFlight),
      chunkWritten,
      look: this.#snapshots.watch(tape),
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

  #sayHowItWent(result: SessionResult, recordingId: string): void {
    const { say, answer, closing } = this.#io;
    const { flight, rotation, calls, command, output } = this.#options;
    // Of its snapshots a flight recorder has told one by one.
    if (result.failure !== null && flight === null) say(endOf(result, rotation === null));
    const isOneFile = rotation === null && flight === null;
    const isGone = isOneFile && result.failure instanceof SinkGoneError;
    if (closing === "none" || (closing === "text" && isGone)) return;
    for (const note of notesOf(result)) say(note);
    if (closing === "text") {
      say(closingText(result, isOneFile, calls));
      return;
    }
    const stdoutIsFree = output !== "-" && command === null;
    answer(closingObject(result, isOneFile, recordingId), stdoutIsFree);
  }
}

const COMMAND_POLL_MS = 20;

function endOf(result: SessionResult, isOneFile: boolean): string {
  const why = result.failure?.message ?? "";
  if (result.failure instanceof SinkGoneError && isOneFile)
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
