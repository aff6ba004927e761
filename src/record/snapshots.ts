/**
 * Who asks a flight recorder for its snapshots, and what is said of them: SIGUSR2, and triggers in the kernel.
 */
import { ClockId } from "./clock.js";
import { clockGettime } from "./native.js";
import type { RecordOptions } from "./options.js";
import type { FlightHooks } from "./outputs.js";
import { durationText, sizeText } from "./progress.js";
import { SinkError } from "./sink.js";
import type { Snapshot } from "./snapshot.js";
import { SnapshotRequests } from "./snapshot-requests.js";
import type { TapeHandle } from "./tape.js";
import { watchTriggers } from "./trigger-watch.js";

export interface SnapshotAsker {
  onSignal(): void;
  /** To be called again and again while the tape runs: asks for what its triggers want. */
  watch(tape: Pick<TapeHandle, "firedTriggers" | "rearmTrigger" | "openCalls">): () => void;
  readonly hooks: Omit<FlightHooks, "chunkWritten">;
}

interface Io {
  readonly say: (line: string) => void;
  readonly closing: "text" | "json" | "none";
}

export function snapshotAsker(
  { flight, triggers }: Pick<RecordOptions, "flight" | "triggers">,
  io: Io,
): SnapshotAsker {
  const { afterMs = 0, windowMs = 0, memoryBytes = 0 } = flight ?? {};
  const requests = new SnapshotRequests(afterMs);
  const tell = (line: string) => {
    if (io.closing !== "none") io.say(line);
  };
  return {
    onSignal() {
      if (flight === null) {
        tell("SIGUSR2: there is nothing to write: it asks a flight recorder for a snapshot (--last)");
        return;
      }
      const atNs = clockGettime(ClockId.BOOTTIME);
      requests.add({ reason: "signal", atNs, atMs: performance.now() });
    },
    watch(tape) {
      if (flight === null || triggers.length === 0) return () => {};
      // A trigger whose condition is met all the time gives snapshots that follow each other.
      const watch = watchTriggers(tape, triggers, BigInt(Math.round(windowMs * 1e6)));
      return () => {
        for (const { index, timeNs } of watch.look(clockGettime(ClockId.BOOTTIME))) {
          const reason = triggers[index]?.text ?? `number ${index}`;
          requests.add({ reason, atNs: timeNs, atMs: performance.now() });
        }
      };
    },
    hooks: {
      requests,
      done(outcome, reasons) {
        if (outcome instanceof SinkError) io.say(`${outcome.message}: no snapshot was written`);
        else if (outcome.cut !== null)
          io.say(`${outcome.cut.message}: the snapshot lacks the newest records`);
        if (!(outcome instanceof SinkError)) tell(snapshotText(outcome, reasons));
      },
      short(heldNs) {
        const [held, window] = [heldNs, BigInt(Math.round(windowMs * 1e6))].map(durationText);
        tell(`--last-memory ${sizeText(memoryBytes)} holds the last ${held} alone, not ${window}: give more`);
      },
    },
  };
}

const ASKED: Readonly<Record<string, string>> = { signal: "SIGUSR2", exit: "the recording's end" };

/** `FILE: N records of the last T (SIZE), for SIGUSR2`. */
export function snapshotText({ name, records, spanNs, bytes }: Snapshot, reasons: readonly string[]): string {
  const why = reasons.map((reason) => ASKED[reason] ?? `trigger ${reason}`).join(", ");
  return `${name}: ${records} records of the last ${durationText(spanNs)} (${sizeText(bytes)}), for ${why}`;
}
