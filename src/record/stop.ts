/**
 * When a recording ends, and who says so: a signal, the time, a count, the command, the disk.
 */
import { readFileSync } from "node:fs";

/** What the summary says under `ended`. */
export type EndReason = "signal" | "duration" | "count" | "command" | "processes" | "disk_full" | "error";

export type StopSignal = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGQUIT";

const STOP_SIGNALS: readonly StopSignal[] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

/** One switch for all: the first reason stays. */
export class StopSwitch {
  #reason: EndReason | null = null;
  #hurry = false;
  #lastSignal: StopSignal | null = null;

  get reason(): EndReason | null {
    return this.#reason;
  }

  /** True: do not even wait for the records that are still in the ring, but close the file. */
  get hurry(): boolean {
    return this.#hurry;
  }

  /** The last signal that asked for the end. */
  get lastSignal(): StopSignal | null {
    return this.#lastSignal;
  }

  request(reason: EndReason, signal: StopSignal | null = null): void {
    if (this.#reason !== null && signal !== null) this.#hurry = true;
    this.#reason ??= reason;
    this.#lastSignal = signal ?? this.#lastSignal;
  }
}

/**
 * What a signal does. Without a command the first ends the recording and the second does not wait. With one the
 * first is the command's and the recording goes on until it has ended, as strace does; the second, or a first that
 * cannot be sent to the command (`false`), ends the recording and leaves the command alone.
 */
export function signalPolicy(
  stop: StopSwitch,
  command: { signal(signal: StopSignal): unknown } | null,
  reachedByTerminal: (signal: StopSignal) => boolean = terminalSends,
): (signal: StopSignal) => void {
  let forwarded = command === null;
  return (signal) => {
    if (forwarded) {
      stop.request("signal", signal);
      return;
    }
    forwarded = true;
    // What cannot be passed on is for the recording: it must not be as if nothing had been asked.
    if (!reachedByTerminal(signal) && command?.signal(signal) === false) stop.request("signal", signal);
  };
}

/** Ctrl-C and Ctrl-\ go to the whole foreground process group: the command has had its own already. */
function terminalSends(signal: StopSignal): boolean {
  if (signal !== "SIGINT" && signal !== "SIGQUIT") return false;
  const text = readFileSync("/proc/self/stat", "latin1");
  const [, , group, , , foreground] = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return group === foreground;
}

/** Calls `onSignal` at each SIGUSR2; the answer ends it, and leaves the signal ignored. */
export function listenForSnapshots(onSignal: () => void): () => void {
  process.on("SIGUSR2", ignore);
  process.on("SIGUSR2", onSignal);
  return () => void process.off("SIGUSR2", onSignal);
}

/** Calls `onSignal` for each; the answer ends it. */
export function listenForSignals(onSignal: (signal: StopSignal) => void): () => void {
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
  for (const signal of IGNORED) process.on(signal, ignore);
  return () => {
    for (const signal of STOP_SIGNALS) process.off(signal, onSignal);
    for (const signal of IGNORED) process.off(signal, ignore);
  };
}

/**
 * SIGUSR1 would open Node's debugger to anyone on the host who may connect (bin/msgtape.js ignores it earlier still).
 * SIGXFSZ would kill in the middle of a write at the file size limit, where EFBIG can be handled.
 */
const IGNORED = ["SIGUSR1", "SIGXFSZ"] as const;

function ignore(): void {}
