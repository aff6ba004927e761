/**
 * Compiles and runs the small C programs of test/workloads, whose truth is known: each prints one JSON line for
 * each call that it made (workloads/truth.h), or follows from its arguments.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, renameSync, statSync } from "node:fs";
import { WORKLOAD_SOURCES, WORKLOADS } from "./paths.js";

/** As a workload prints it. `args` names only what the program knows; the capture may know more. */
export interface Truth {
  readonly tid: number;
  readonly event: string;
  readonly ret: number;
  readonly errno: string | null;
  readonly abi?: string;
  readonly via?: string | null;
  readonly state?: string;
  /** This call is the kernel's restart of the thread's call before. */
  readonly restart?: boolean | number;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly queue?: Readonly<Record<string, unknown>>;
}

/** What programs include: they are made anew when one of these changes. */
const HEADERS = ["truth.h", "toctou.h", "facts.h", "facts-mq.h"];

export type Bits = 64 | 32;

/** The compiled program, made anew when its source is newer. 32: by gcc -m32. */
export function workload(name: string, bits: Bits = 64, how: "dynamic" | "static" = "dynamic"): string {
  const source = `${WORKLOAD_SOURCES}${name}.c`;
  const binary = `${WORKLOADS}${name}${bits === 32 ? "-m32" : ""}${how === "static" ? "-static" : ""}`;
  const newest = Math.max(...[source, ...HEADERS.map((name) => `${WORKLOAD_SOURCES}${name}`)].map(mtimeMs));
  if (mtimeMs(binary) > newest) {
    return binary;
  }
  mkdirSync(WORKLOADS, { recursive: true });
  const fresh = `${binary}.${process.pid}`;
  const flags = ["-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pthread", `-m${bits}`];
  if (how === "static") flags.push("-static");
  const made = spawnSync("gcc", [...flags, "-o", fresh, source], { encoding: "utf8" });
  if (made.status !== 0) {
    throw new Error(`gcc could not compile ${source}: ${made.error?.message ?? made.stderr}`);
  }
  // Test files may run side by side: a program appears whole or not at all.
  renameSync(fresh, binary);
  return binary;
}

/** The truth in a workload's output; lines that are not JSON are the program's own words. */
export function parseTruth(stdout: string): readonly Truth[] {
  return stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Truth);
}

function mtimeMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -1;
}
