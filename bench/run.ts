/** Starts programs for the benchmark and reads the number that they print. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";

export class BenchError extends Error {}

export function run(command: string, args: readonly string[]): string {
  const ran = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28 });
  if (ran.error !== undefined) throw new BenchError(`${command}: ${ran.error.message}`);
  if (ran.status !== 0 && ran.status !== 3) {
    throw new BenchError(`${command} ${args.join(" ")}: status ${ran.status}: ${ran.stderr.trim()}`);
  }
  return ran.stdout;
}

/** What a call took: by the clock on the wall, and of the caller's processor time. */
export interface Cost {
  readonly wallNs: number;
  readonly cpuNs: number;
}

/** The workload's own measure: {"ns_per_call":…,"cpu_ns_per_call":…} somewhere in its output. */
export function costPerCall(stdout: string): Cost {
  const wall = /"ns_per_call":([\d.]+)/.exec(stdout)?.[1];
  const cpu = /"cpu_ns_per_call":([\d.]+)/.exec(stdout)?.[1];
  if (wall === undefined || cpu === undefined) {
    throw new BenchError(`the workload said no time: ${JSON.stringify(stdout)}`);
  }
  return { wallNs: Number(wall), cpuNs: Number(cpu) };
}

/** Seconds of wall clock that `work` took. */
export function secondsOf(work: () => void): number {
  const began = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - began) / 1e9;
}

/** A program that says "ready" and stays until its input ends. */
export async function beside<T>(command: string, args: readonly string[], work: () => T): Promise<T> {
  const child: ChildProcess = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  if (child.stdout === null) throw new BenchError(`${command}: no output`);
  const first = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  if (first.value !== "ready") throw new BenchError(`${command} ${args.join(" ")} is not ready`);
  const result = work();
  child.stdin?.end();
  await ended;
  return result;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** Columns as wide as their widest cell; the first to the left, the rest to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join("  "),
    )
    .join("\n");
}
