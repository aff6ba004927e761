/**
 * `npm run test:vm`: the recorder's live tests on other kernels, each booted once, both at the same time. Ends with
 * the line `N passed, N failed, N skipped`; a kernel that is not to be had is one test skipped.
 *
 * `npm run test:vm -- [--all] [KERNEL…]`: on these kernels alone; --all: every test that records, which takes long.
 * `npm run test:vm -- --make-fixtures [NAME…]` makes those fixtures that are made on these kernels.
 */
import { readdirSync, writeFileSync } from "node:fs";
import { missing } from "../support/live.js";
import { PACKAGE, WORKLOAD_SOURCES } from "../support/paths.js";
import { workload } from "../support/workload.js";
import { makeFixtures } from "./fixtures.js";
import { KERNEL_VERSIONS, type KernelVersion, prepareKernel, Unavailable, VM_DIRECTORY } from "./kernels.js";
import { type Booted, boot, endWithSignals } from "./machine.js";
import { type Configuration, PLAN, WHOLE_PLAN } from "./plan.js";
import { type Counts, countsLine, guestScript, lineByLine, sectionsOf, sum, total } from "./report.js";

const TIMEOUT_MS = 45 * 60_000;
const ALL_TIMEOUT_MS = 60 * 60_000;
const SKIPPED: Counts = { passed: 0, failed: 0, skipped: 1 };

/** On this host, where the compiler is quick. */
function buildWorkloads(): void {
  if (missing(["gcc"]).length > 0) return;
  for (const file of readdirSync(WORKLOAD_SOURCES)) {
    if (file.endsWith(".c")) workload(file.replace(/\.c$/, ""));
  }
  if (missing(["gcc32"]).length === 0) workload("ia32", 32);
}

/** A kernel, or a machine for it, that is not to be had is a test skipped. */
async function testOn(version: KernelVersion, configurations: readonly Configuration[]): Promise<Counts> {
  try {
    return await bootAndTest(version, configurations);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    console.log(`skipped: Linux ${version} (missing: ${error.message})`);
    return SKIPPED;
  }
}

async function bootAndTest(
  version: KernelVersion,
  configurations: readonly Configuration[],
): Promise<Counts> {
  const started = Date.now();
  const kernel = prepareKernel(version);
  const show = lineByLine((line) => console.log(`${version} | ${line}`));
  let output = "";
  const booted = await boot({
    kernel,
    command: ["sh", "-c", guestScript(configurations)],
    directory: PACKAGE,
    timeoutMs: isAll ? ALL_TIMEOUT_MS : TIMEOUT_MS,
    keepIn: null,
    output: (_stream, bytes) => {
      output += bytes.toString();
      show(bytes.toString());
    },
  });
  const counts = total(configurations, sectionsOf(output));
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(`Linux ${version} (${kernel.release}), ${seconds} s: ${countsLine(counts)}`);
  keepConsole(version, booted, counts);
  return counts;
}

function keepConsole(version: KernelVersion, booted: Booted, counts: Counts): void {
  writeFileSync(`${VM_DIRECTORY}${version}.console`, booted.console);
  if (booted.fault !== null) console.log(`  the machine did not come to its end: ${booted.fault}`);
  if (counts.failed > 0)
    console.log(`  the console of the machine:\n${booted.console.replace(/^/gm, "    ")}`);
}

const HELP = `expected: [--all] [${KERNEL_VERSIONS.join("] [")}], or --make-fixtures [NAME…]`;
endWithSignals();
const words = process.argv.slice(2);
const isAll = words[0] === "--all";
const named = isAll ? words.slice(1) : words;
const versions = KERNEL_VERSIONS.filter((version) => named.length === 0 || named.includes(version));

if (words[0] === "--make-fixtures") {
  buildWorkloads();
  process.exitCode = await makeFixtures(words.slice(1));
} else if (named.some((word) => !KERNEL_VERSIONS.some((version) => version === word))) {
  console.error(HELP);
  process.exitCode = 2;
} else {
  buildWorkloads();
  const plan = isAll ? WHOLE_PLAN : PLAN;
  const counts = sum(await Promise.all(versions.map((version) => testOn(version, plan[version]))));
  process.exitCode = counts.failed > 0 ? 1 : 0;
  console.log(`\n${countsLine(counts)}`);
}
