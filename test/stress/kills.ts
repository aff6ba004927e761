/**
 * Recorders that are killed at random moments while a workload calls at full speed: what their files hold against what the
 * workload wrote through about itself. Shared by a short test and by `npm run stress`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { temporary } from "../support/msgtape.js";
import { childrenNamed, Recorder, until } from "../support/recorder.js";
import { type Counted, countRecords } from "../support/records.js";
import { workload } from "../support/workload.js";

/** struct shared in workloads/storm.c: two words, then two a process. */
const [FIRST_ENTRY, ENTRY_BYTES, END] = [16, 16, 8] as const;

/** A workload that calls until it is ended, and tells when its newest call was over. */
export class Storm {
  readonly #child: ChildProcess;
  readonly #journal: string;
  readonly #processes: number;

  private constructor(child: ChildProcess, journal: string, processes: number) {
    this.#child = child;
    this.#journal = journal;
    this.#processes = processes;
  }

  static async start(processes: number): Promise<Storm> {
    const journal = temporary("journal");
    const child = spawn(workload("storm"), [String(processes), "0", journal], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    const storm = new Storm(child, journal, processes);
    await until(() => existsSync(journal) && storm.newestNs() > 0n);
    return storm;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** When the newest of all finished calls ended. */
  newestNs(): bigint {
    const bytes = readFileSync(this.#journal);
    if (bytes.length < FIRST_ENTRY + this.#processes * ENTRY_BYTES) return 0n;
    const ends = Array.from({ length: this.#processes }, (_, i) =>
      bytes.readBigUInt64LE(FIRST_ENTRY + i * ENTRY_BYTES + END),
    );
    return ends.sort((a, b) => Number(a - b)).at(-1) ?? 0n;
  }

  /** Lets it call, or stand still: so as not to take the processors from a start, or from what looks at the files. */
  let(goOn: boolean): void {
    for (const pid of childrenNamed(this.pid, "storm")) process.kill(pid, goOn ? "SIGCONT" : "SIGSTOP");
  }

  end(): void {
    this.let(true);
    this.#child.stdin?.end();
  }
}

/** What a start may take where others have the processors. */
const LONG_START_MS = 300_000;

export interface Kill {
  readonly afterMs: number;
  /** What was there of the file. */
  readonly found: "no file" | "nothing in it" | "no chunk" | "chunks";
  /** From the newest record in the file to the newest call that had ended; without one, from the recording's beginning. */
  readonly missingMs: number | null;
  readonly counted: Counted | null;
  readonly isKeeperGone: boolean;
}

/** Kills a recorder of the storm so long after it was started, or began to record. Takes its file away. */
export async function killOnce(storm: Storm, afterMs: number, from: "start" | "recording"): Promise<Kill> {
  storm.let(from === "start");
  const recorder = new Recorder(["--no-kernel", "--pid", String(storm.pid)]);
  if (from === "recording") await recorder.recording(LONG_START_MS);
  storm.let(true);
  await delay(afterMs);
  const keepers = childrenNamed(recorder.pid, "msgtape-keeper");
  const newestNs = storm.newestNs();
  await recorder.end("SIGKILL");
  storm.let(false);
  try {
    await until(() => keepers.every((pid) => !existsSync(`/proc/${pid}`)), 10_000);
    return { afterMs, isKeeperGone: true, ...whatIsLeft(recorder.file, newestNs) };
  } finally {
    rmSync(recorder.file, { force: true });
  }
}

function whatIsLeft(file: string, newestNs: bigint): Pick<Kill, "found" | "missingMs" | "counted"> {
  if (!existsSync(file)) return { found: "no file", missingMs: null, counted: null };
  if (readFileSync(file).length === 0) return { found: "nothing in it", missingMs: null, counted: null };
  const counted = countRecords(file);
  const fromNs = counted.newestNs ?? counted.startNs;
  const missingMs = fromNs === null ? null : Math.max(0, Number(newestNs - fromNs) / 1e6);
  return { found: counted.newestNs === null ? "no chunk" : "chunks", missingMs, counted };
}

/** Why such a file should not be; none: it is as a killed recorder may leave it. */
export function faultsOf({ counted, found, missingMs }: Kill, limitMs: number): readonly string[] {
  const faults: string[] = [];
  if (counted === null) return faults;
  if (counted.repeated > 0) faults.push(`${counted.repeated} records come twice`);
  const strange = counted.problems.filter(({ code }) => !EXPECTED.has(code));
  faults.push(...strange.map(({ code, message }) => `${code}: ${message}`));
  // A gap comes before the chunk that shows it: the last ones may tell of more.
  if (found === "chunks" && BigInt(counted.missing) > counted.lostInGaps) {
    faults.push(`${counted.missing} records are missing, gaps tell of ${counted.lostInGaps}`);
  }
  if (missingMs !== null && missingMs > limitMs)
    faults.push(`the last ${missingMs.toFixed(0)} ms are missing`);
  return faults;
}

/** An end that is not there, and a frame that was being written. */
const EXPECTED: ReadonlySet<string> = new Set(["no_trailer", "truncated", "metadata_missing"]);
