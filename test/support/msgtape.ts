/** Runs the program itself, as a user does, and reads its JSON back. Captures live in a directory that goes with the test. */
import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { CallLine } from "../../src/replay/types.js";
import { patience } from "./live.js";
import { MSGTAPE } from "./paths.js";

export type Ran = SpawnSyncReturns<string>;

let directory: string | null = null;
let captures = 0;

/** A path for a file that is deleted when this process ends. */
export function temporary(name: string): string {
  if (directory === null) {
    const made = mkdtempSync(join(tmpdir(), "msgtape-test-"));
    directory = made;
    process.on("exit", () => rmSync(made, { recursive: true, force: true }));
  }
  captures++;
  return join(directory, `${captures}-${name}`);
}

/** `msgtape ARGS`, to its end. */
export function msgtape(args: readonly string[], options: { input?: string; timeoutMs?: number } = {}): Ran {
  return spawnSync(process.execPath, [MSGTAPE, ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 30,
    timeout: options.timeoutMs ?? patience(120_000),
    ...(options.input === undefined ? {} : { input: options.input }),
  });
}

export interface Recording extends Ran {
  readonly file: string;
}

/** `msgtape record -o FILE OPTIONS -- COMMAND`. */
export function record(options: readonly string[], command: readonly string[]): Recording {
  const file = temporary("capture.mtape");
  return { ...msgtape(["record", "-o", file, ...options, "--", ...command]), file };
}

/** The file header alone is written first of all; what follows it is written when the programs are at work. */
const FILE_HEADER_BYTES = 64;

/** True once the recorder that writes `file` is recording. */
export function isRecording(file: string): boolean {
  return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > FILE_HEADER_BYTES;
}

/** The answer of a command with --json that gives one object. Throws when it failed; loss (3) is an answer. */
export function answer<T>(args: readonly string[]): T {
  const ran = msgtape([...args, "--json"]);
  if (ran.status !== 0 && ran.status !== 3) {
    throw new Error(`msgtape ${args.join(" ")}: status ${ran.status}: ${ran.stderr}`);
  }
  return JSON.parse(ran.stdout) as T;
}

/** Every line of `calls --json`. For captures that fit into memory. */
export function callLines(file: string, options: readonly string[] = []): readonly CallLine[] {
  const ran = msgtape(["calls", file, "--json", ...options]);
  if (ran.status !== 0 && ran.status !== 3) {
    throw new Error(`msgtape calls: status ${ran.status}: ${ran.stderr}`);
  }
  return ran.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as CallLine);
}

/** The same for any size: one line after the other. Gives the exit status. */
export async function eachCall(file: string, use: (call: CallLine) => void): Promise<number | null> {
  const child = spawn(process.execPath, [MSGTAPE, "calls", file, "--json"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    use(JSON.parse(line) as CallLine);
  }
  return ended;
}
