/**
 * `npm run bench [-- --rounds N --messages N]`: what recording costs and how fast captures are read, beside other
 * tools in one run. Needs root, perf and strace. Prints tables for people; compares, judges nothing.
 *
 * `npm run bench -- --kernel-plane [6.1 | 6.12]`: the instructions of a recorded call on that kernel alone.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, release, tmpdir } from "node:os";
import { join } from "node:path";
import { missing } from "../test/support/live.js";
import { KERNEL_VERSIONS, type KernelVersion, Unavailable } from "../test/vm/kernels.js";
import { endWithSignals } from "../test/vm/machine.js";
import { costTable, KERNEL_PLANE, measureCost, RECORDERS, type Tools } from "./cost.js";
import { instructionsSection } from "./instructions.js";
import { recorderLine } from "./memory.js";
import { infoLine, readingTable, recordBoth } from "./reading.js";
import { BenchError } from "./run.js";
import { prepare } from "./tools.js";

const METHOD = `\
Method: a loop of mq_timedsend and mq_timedreceive on one non-blocking queue, 64-byte messages, one thread, which takes
its own time: ns per call by the clock on the wall, and of its own processor time ("cpu"), which whatever else runs on
the machine disturbs less. msgtape records both ends of each call with queue identity and 64 bytes of payload at both
ends, at default settings but for the kernel plane, which has a row or a table of its own; perf record takes the four
tracepoints of the two calls (arguments only). Recorders take turns within each round. Figures are medians over the
rounds, "adds" the median of the differences from "nothing" in the same round, "share" that addition over perf
record's, in the second table over the empty programs'. The call that is not recorded is getppid.`;

const PERF = "perf record, the syscalls' tracepoints";
const KERNEL_PLANE_ON: KernelVersion = "6.12";
const EMPTY = "empty BPF programs on the same hooks";

function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  const value = at < 0 ? otherwise : Number(process.argv[at + 1]);
  if (!Number.isInteger(value) || value < 1) throw new BenchError(`--${name}: expected a number above 0`);
  return value;
}

/** With --kernel-plane: the kernel that it is to be measured on. */
function kernelWanted(): KernelVersion | null {
  const at = process.argv.indexOf("--kernel-plane");
  if (at < 0) return null;
  const word = process.argv[at + 1] ?? KERNEL_PLANE_ON;
  const version = KERNEL_VERSIONS.find((known) => known === word);
  if (version === undefined) throw new BenchError(`--kernel-plane: expected ${KERNEL_VERSIONS.join(" or ")}`);
  return version;
}

/** Elsewhere, because this kernel has no hook for it. */
async function kernelPlaneSection(tools: Tools, version: KernelVersion): Promise<string> {
  try {
    return await instructionsSection(tools, version);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    return `${KERNEL_PLANE.name}: not measured on Linux ${version} either (missing: ${error.message})`;
  }
}

async function main(): Promise<void> {
  if (process.getuid?.() !== 0) throw new BenchError("needs root: perf, the kernel programs");
  const directory = mkdtempSync(join(tmpdir(), "msgtape-bench-"));
  try {
    const tools = prepare(directory);
    const version = kernelWanted();
    if (version === null) await measureHere(tools);
    else console.log(await kernelPlaneSection(tools, version));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measureHere(tools: Tools): Promise<void> {
  const rounds = option("rounds", 7);
  const messages = option("messages", 200_000);
  const lack = missing(["fentry"]).length === 0 ? [] : missing(["kprobe"]);
  const recorders = lack.length === 0 ? [...RECORDERS, KERNEL_PLANE] : RECORDERS;
  const cost = await measureCost(tools, recorders, rounds, (divide) => [
    tools.ping,
    String(Math.ceil(messages / divide)),
    "64",
  ]);
  const unrecorded = await measureCost(tools, RECORDERS.slice(0, 4), rounds, () => [
    tools.nullCalls,
    String(messages * 5),
  ]);
  const recorder = await recorderLine(tools, messages * 5);
  const recorded = recordBoth(tools, messages * 3);
  const reading = readingTable(tools, recorded, Math.min(rounds, 3));
  const info = infoLine(tools, recorded.capture, Math.min(rounds, 5));
  const model = /^model name\s*: (.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? process.arch;
  console.log(`${METHOD}\n`);
  console.log(
    `Kernel ${release()}, ${cpus().length} x ${model}, Node ${process.version}, ${rounds} rounds.\n`,
  );
  console.log(`A recorded call\n\n${costTable(cost, PERF)}\n`);
  if (lack.length > 0) {
    console.log(
      `${KERNEL_PLANE.name}: not measured in time, this kernel has neither fentry nor ${lack.join(", ")}\n`,
    );
    console.log(`${await kernelPlaneSection(tools, KERNEL_PLANE_ON)}\n`);
  }
  console.log(`A call that is not recorded\n\n${costTable(unrecorded, EMPTY)}\n`);
  console.log(`Reading ${recorded.events.toLocaleString("en")} events\n\n${reading}\n\n${info}\n${recorder}`);
}

endWithSignals();
try {
  await main();
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 1;
}
