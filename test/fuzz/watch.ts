/**
 * Watches the process that meets the inputs: ends it when it hangs or grows, begins a new one behind the input on
 * which it ended, counts, and keeps each find once, as small as it gets.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { PACKAGE } from "../support/paths.js";
import { madeByHand } from "./hand-made.js";
import { makeInput, seedsOf } from "./inputs.js";
import { BOUNDS, type Find, type Judged } from "./oracle.js";

export interface WatchOptions {
  readonly seed: number;
  readonly from: number;
  readonly inputs: number;
  readonly milliseconds: number;
  /** Different finds after which it ends. */
  readonly finds: number;
}

type Told =
  | {
      readonly input: number;
      readonly from: string;
      readonly changes: readonly string[];
      readonly kind: string;
    }
  | { readonly command: string }
  | { readonly judged: Judged };

const RUNNER = fileURLToPath(new URL("./runner.js", import.meta.url));
const MEASURED = fileURLToPath(new URL("./measured.js", import.meta.url));
const KEPT = `${PACKAGE}build/fuzz/`;
/** How often the process is looked at. */
const LOOK_MS = 250;
const PROGRESS_MS = 30_000;
/** Far beyond the bound that is judged: then it is ended. */
const KILL_CPU_MS = 3 * BOUNDS.cpuMs;
const KILL_MIB = 2 * BOUNDS.peakMiB;

export class Watch {
  readonly #options: WatchOptions;
  readonly #directory = mkdtempSync(join(tmpdir(), "msgtape-fuzz-"));
  readonly #seeds = seedsOf(madeByHand());
  readonly #started = Date.now();
  readonly #kinds = new Map<string, number>();
  readonly #verdicts = new Map<string, number>();
  readonly #found = new Map<string, number>();
  #done = 0;
  #current: Extract<Told, { input: number }> | null = null;
  #command = "";
  #commandCpuMs = 0;
  #slowest = { ms: 0, what: "" };
  #largest = { mib: 0, what: "" };

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Gives how many different things were found. */
  async run(): Promise<number> {
    const progress = setInterval(() => this.#say(this.#progress()), PROGRESS_MS);
    try {
      for (let next = this.#options.from; !this.#isEnough(); next = this.#options.from + this.#done) {
        await this.#runFrom(next);
      }
    } finally {
      clearInterval(progress);
      rmSync(this.#directory, { recursive: true, force: true });
    }
    this.#summary();
    return this.#found.size;
  }

  #isEnough(): boolean {
    const { inputs, milliseconds, finds } = this.#options;
    return this.#done >= inputs || Date.now() - this.#started >= milliseconds || this.#found.size >= finds;
  }

  /** One process, until it ends or there were enough. */
  async #runFrom(first: number): Promise<void> {
    const { seed, from, inputs } = this.#options;
    const end = from + inputs;
    const child = spawn(
      process.execPath,
      ["--enable-source-maps", RUNNER, String(seed), String(first), String(end), this.#directory],
      { stdio: ["ignore", "inherit", "pipe", "pipe"] },
    );
    let errors = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-4000);
    });
    const closed = new Promise<void>((resolve) => child.on("close", () => resolve()));
    let wanted = false;
    let why: string | null = null as string | null;
    const looking = setInterval(() => {
      why ??= this.#excess(child);
      if (why !== null) child.kill("SIGKILL");
    }, LOOK_MS);
    for await (const line of createInterface({ input: child.stdio[3] as Readable })) {
      this.#hear(JSON.parse(line) as Told, child);
      if (!this.#isEnough()) continue;
      wanted = true;
      child.kill("SIGKILL");
      break;
    }
    clearInterval(looking);
    await closed;
    if (wanted || this.#isEnough()) return;
    const detail =
      why ??
      `it ended (${child.signalCode ?? child.exitCode}): ${errors.trim().split("\n").slice(-8).join(" / ")}`;
    this.#keep({
      kind: why === null ? "died" : why.includes("MiB") ? "memory" : "slow",
      command: this.#command,
      detail,
    });
    this.#done++;
  }

  #hear(told: Told, child: ChildProcess): void {
    if ("input" in told) {
      this.#current = told;
      this.#kinds.set(told.kind, (this.#kinds.get(told.kind) ?? 0) + 1);
    } else if ("command" in told) {
      this.#command = told.command;
      this.#commandCpuMs = cpuMsOf(child) ?? 0;
    } else {
      this.#done++;
      const { finds, slowestMs, slowest, peakMiB, verdict } = told.judged;
      const what = `input ${this.#current?.input}, ${slowest}`;
      if (slowestMs > this.#slowest.ms) this.#slowest = { ms: Math.round(slowestMs), what };
      if (peakMiB > this.#largest.mib) this.#largest = { mib: peakMiB, what };
      this.#verdicts.set(verdict, (this.#verdicts.get(verdict) ?? 0) + 1);
      for (const find of finds) if (this.#isConfirmed(find)) this.#keep(find);
    }
  }

  /** Why the process has to be ended, or null. */
  #excess(child: ChildProcess): string | null {
    const cpuMs = cpuMsOf(child);
    if (cpuMs !== null && this.#command !== "" && cpuMs - this.#commandCpuMs > KILL_CPU_MS) {
      return `more than ${KILL_CPU_MS} ms of processor time, ended`;
    }
    const mib = rssOf(child);
    return mib !== null && mib > KILL_MIB ? `more than ${KILL_MIB} MiB, ended` : null;
  }

  /** Time and memory again in a process of its own: this one has the garbage of all before, and a busy machine. */
  #isConfirmed({ kind, command }: Find): boolean {
    if ((kind !== "slow" && kind !== "memory") || this.#current === null) return true;
    // Not where the process is at work, which tells of every strange file there.
    const directory = mkdtempSync(join(tmpdir(), "msgtape-fuzz-"));
    const file = join(directory, "again.mtape");
    const out = join(directory, "again.out");
    const [name = "", ...options] = command.split(" ").map((word) => (word === "OUT" ? out : word));
    writeFileSync(file, makeInput(this.#seeds, this.#options.seed, this.#current.input).bytes);
    const ran = spawnSync(process.execPath, [MEASURED, name, file, ...options], { encoding: "utf8" });
    rmSync(directory, { recursive: true, force: true });
    const { cpuMs, peakMiB } = JSON.parse(ran.stdout) as { cpuMs: number; peakMiB: number };
    return cpuMs > BOUNDS.cpuMs || peakMiB > BOUNDS.peakMiB;
  }

  #keep(find: Find): void {
    const key = `${find.kind}: ${find.command.split(" ")[0]}: ${find.detail.replace(/\d+/g, "N").slice(0, 160)}`;
    const before = this.#found.get(key) ?? 0;
    this.#found.set(key, before + 1);
    if (before > 0 || this.#current === null) return;
    const { seed } = this.#options;
    const number = this.#current.input;
    this.#say(
      `FOUND ${find.kind}: msgtape ${find.command}: ${find.detail} (seed ${seed}, input ${number}: ${this.#current.from}: ${this.#current.changes.join("; ")})`,
    );
    mkdirSync(KEPT, { recursive: true });
    const name = `${KEPT}${find.kind}-${seed}-${number}`;
    writeFileSync(`${name}.mtape`, makeInput(this.#seeds, seed, number).bytes);
    writeFileSync(`${name}.json`, `${JSON.stringify({ ...find, seed, ...this.#current }, null, 2)}\n`);
  }

  #say(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  #progress(): string {
    const seconds = Math.round((Date.now() - this.#started) / 1000);
    return `${seconds} s: ${this.#done} inputs, ${this.#found.size} finds, slowest ${this.#slowest.ms} ms, largest ${this.#largest.mib} MiB`;
  }

  #summary(): void {
    this.#say(this.#progress());
    this.#say(`seed ${this.#options.seed}, inputs from ${this.#options.from}`);
    this.#say(`slowest: ${this.#slowest.ms} ms of processor time (${this.#slowest.what})`);
    this.#say(`largest: ${this.#largest.mib} MiB (${this.#largest.what})`);
    this.#say(`inputs: ${listed(this.#kinds)}`);
    this.#say(`verify said: ${listed(this.#verdicts)}`);
    for (const [key, times] of this.#found) this.#say(`found ${times} times: ${key}`);
  }
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort((one, other) => other[1] - one[1])
    .map(([what, count]) => `${count} ${what}`)
    .join(", ");
}

/** User and system time; null: it is gone. */
function cpuMsOf(child: ChildProcess): number | null {
  const path = `/proc/${child.pid}/stat`;
  if (!existsSync(path)) return null;
  try {
    const fields = readFileSync(path, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return null;
  }
}

function rssOf(child: ChildProcess): number | null {
  try {
    const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"));
    return found === null ? null : Number(found[1]) / 1024;
  } catch {
    return null;
  }
}
