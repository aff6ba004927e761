/**
 * What the kernel plane costs, where this machine's kernel has no hook for it: on one of Debian's kernels, emulated.
 * Time means nothing there, so instructions are counted: the machine's clocks go by them.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PACKAGE } from "../test/support/paths.js";
import { type KernelVersion, prepareKernel } from "../test/vm/kernels.js";
import { boot } from "../test/vm/machine.js";
import {
  added,
  BY_KPROBES,
  CALLS_ALONE,
  type Costs,
  captureOf,
  KERNEL_PLANE,
  RECORDERS,
  type Recorder,
  type Tools,
} from "./cost.js";
import { BenchError, run, table } from "./run.js";

const METHOD = `\
Method: a stock kernel of Debian's under emulation, with one processor whose clocks go by its instructions, one a
nanosecond (qemu -icount). What is counted is the loop's own processor time: its instructions, and those that the kernel
and the programs run for it, but not what recorders do beside it in threads of their own. The loop and the recorders are
those of the other tables. Counts repeat within a per cent, whatever else the host does, so one round is enough. They
are no times: code that calls, returns, locks or misses caches takes longer for each instruction than code that computes.`;

const PERF = "perf record, the syscalls' tracepoints";
const TIMEOUT_MS = 20 * 60_000;
const MESSAGES = 20_000;

/** All but strace, whose own process does the work. */
export const COUNTED: readonly Recorder[] = [
  ...RECORDERS.filter(({ name }) => !name.startsWith("strace")),
  KERNEL_PLANE,
  BY_KPROBES,
];

/** Boots, measures, and writes what people read. Throws Unavailable when the kernel or its machine cannot be had. */
export async function instructionsSection(tools: Tools, version: KernelVersion): Promise<string> {
  const kernel = prepareKernel(version);
  const directory = mkdtempSync(join(tmpdir(), "msgtape-bench-vm-"));
  try {
    let output = "";
    const booted = await boot({
      kernel,
      command: [process.execPath, `${PACKAGE}dist/bench/guest.js`, "/run/vm/out", String(MESSAGES)],
      directory: PACKAGE,
      timeoutMs: TIMEOUT_MS,
      isCounting: true,
      keepIn: directory,
      output: (stream, bytes) => {
        if (stream === "stderr") process.stderr.write(bytes);
        else output += bytes.toString();
      },
    });
    if (booted.status !== 0) {
      throw new BenchError(`Linux ${version}: ${booted.fault ?? `exit status ${booted.status}`}`);
    }
    const costs: Costs = new Map(JSON.parse(output));
    const counts = instructionTable(costs, (name) => hooksOf(tools, captureOf(name, directory)));
    return `Instructions of a recorded call, Linux ${kernel.release}, ${MESSAGES} messages\n\n${counts}\n\n${METHOD}`;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function instructionTable(costs: Costs, hooks: (name: string) => string): string {
  const rows = [
    ["recorder", "instructions", "adds", "of perf's", "of the calls alone", "kernel functions by"],
  ];
  for (const [name, [cost]] of costs) {
    const adds = added(costs, name, "cpuNs");
    const shareOf = (other: string) => (adds / added(costs, other, "cpuNs")).toFixed(2);
    const isMsgtape = [CALLS_ALONE, KERNEL_PLANE, BY_KPROBES].some((recorder) => recorder.name === name);
    rows.push([
      name,
      (cost?.cpuNs ?? Number.NaN).toFixed(0),
      ...(name === "nothing" ? ["", ""] : [adds.toFixed(0), shareOf(PERF)]),
      ...(isMsgtape ? [shareOf(CALLS_ALONE.name), hooks(name)] : ["", ""]),
    ]);
  }
  return table(rows);
}

interface Info {
  readonly lost: number | null;
  readonly planes_lost: number | null;
  readonly hooks: readonly {
    readonly plane: string;
    readonly mechanism: string;
    readonly attached: boolean;
  }[];
}

/** How the capture's recorder looked into the kernel's functions. What was lost cost less than it should. */
function hooksOf(tools: Tools, capture: string): string {
  const [program = "", ...args] = tools.msgtape;
  if (!existsSync(capture)) throw new BenchError(`${capture} did not come back from the machine`);
  const info: Info = JSON.parse(run(program, [...args, "info", "--json", capture]));
  if (info.lost !== 0 || info.planes_lost !== 0) {
    throw new BenchError(`${capture}: lost ${info.lost} records, ${info.planes_lost} of the kernel plane's`);
  }
  const inside = info.hooks.filter(({ plane, attached }) => plane === "kernel" && attached);
  return [...new Set(inside.map(({ mechanism }) => mechanism))].sort().join(", ") || "none";
}
