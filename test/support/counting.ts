/** The stand-ins for kernel programs (test/record/*.bpf.c): compiled, loaded, driven by kill(2), and taken from. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { arch, tmpdir } from "node:os";
import { join } from "node:path";
import { Tape } from "../../src/record/native-tape.js";
import type { Batch } from "../../src/record/tape.js";
import { PACKAGE } from "./paths.js";

let directory: string | null = null;

function workDirectory(): string {
  if (directory === null) {
    const made = mkdtempSync(join(tmpdir(), "msgtape-counting-"));
    directory = made;
    process.on("exit", () => rmSync(made, { recursive: true, force: true }));
  }
  return directory;
}

/** A tool's output. Throws when it failed. */
export function run(command: string, args: readonly string[]): string {
  const result = spawnSync(command, args, { encoding: "utf8" });
  if (result.status !== 0) throw new Error(`${command} ${args.join(" ")}: ${result.error ?? result.stderr}`);
  return result.stdout;
}

const KILL_NUMBER = arch() === "arm64" ? 129 : 62;
const BPF_ARCH = arch() === "arm64" ? "arm64" : "x86";

/** For counting.bpf.c. */
export function countingConfig(ringBytes: number): Uint8Array {
  const config = Buffer.alloc(12);
  config.writeUInt32LE(process.pid, 0);
  config.writeUInt32LE(KILL_NUMBER, 4);
  config.writeUInt32LE(ringBytes, 8);
  return config;
}

/** test/record/NAME.bpf.c, compiled once for each set of flags. */
export function testObject(name: string, ...flags: readonly string[]): string {
  const object = join(workDirectory(), `${name}${flags.join("")}.bpf.o`);
  if (existsSync(object)) return object;
  const multiarch = spawnSync("gcc", ["-print-multiarch"], { encoding: "utf8" }).stdout?.trim();
  const include = ["-I", join(PACKAGE, "bpf"), ...(multiarch ? ["-I", `/usr/include/${multiarch}`] : [])];
  const target = ["-target", "bpf", "-mcpu=v3", `-D__TARGET_ARCH_${BPF_ARCH}`, "-g", "-O2"];
  const source = join(PACKAGE, `test/record/${name}.bpf.c`);
  run("clang", [...target, ...flags, ...include, "-c", source, "-o", object]);
  return object;
}

/** counting.bpf.c, loaded. */
export function openCounting(ringBytes: number, config = countingConfig(ringBytes)): Tape {
  return Tape.open(testObject("counting"), config, ringBytes);
}

/** This process's own, of no effect. */
export function kill(times: number): void {
  for (let i = 0; i < times; i++) process.kill(process.pid, 0);
}

/** The next batch. */
export async function take(tape: Tape): Promise<Batch> {
  for (let tries = 0; tries < 100; tries++) {
    const batch = await tape.nextBatch(100);
    if (batch === "end") throw new Error("the tape ended");
    if (batch !== null) return batch;
  }
  throw new Error("no batch came");
}

/** Every batch to the end. */
export async function rest(tape: Tape): Promise<Batch[]> {
  const batches: Batch[] = [];
  for (;;) {
    const batch = await tape.nextBatch(1000);
    if (batch === "end") return batches;
    if (batch !== null) batches.push(batch);
  }
}

export const sum = (values: readonly (number | bigint)[]): number =>
  values.reduce<number>((total, value) => total + Number(value), 0);
