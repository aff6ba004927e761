/**
 * Runs the tests: each file in a process of its own, unit files two at a time, then test/live one by one. Adds up
 * uvu's totals and ends with the line `N passed, N failed, N skipped`.
 *
 * A file that ran no test is a failure, and so is one that ended badly: a test that was not run has shown nothing.
 * A file that takes longer than MSGTAPE_TEST_SECONDS is ended and has failed.
 * Words given narrow it to files whose path has one of them: `node dist/test/run.js replay`.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { PACKAGE } from "./support/paths.js";

interface Outcome {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What the file said of the tests that it left out: `skipped: NAME (missing: …)`. */
  readonly skips: readonly string[];
  /** Everything that it printed, when it failed. */
  readonly output: string | null;
}

const DIST_TESTS = `${PACKAGE}dist/test/`;
const UNIT_AT_ONCE = 2;
const FILE_TIMEOUT_MS = Number(process.env.MSGTAPE_TEST_SECONDS ?? 15 * 60) * 1000;
const MEASURED_LINE = /^.*\bmeasured: .+$/gm;
const SKIP_LINE = /^\s*skipped: .*$/gm;

/** Compiled tests whose source is still there: dist keeps those of deleted ones. */
function testFiles(words: readonly string[]): string[] {
  return readdirSync(DIST_TESTS, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".test.js"))
    .filter((file) => existsSync(`${PACKAGE}test/${file.replace(/js$/, "ts")}`))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort();
}

interface Ran {
  readonly output: string;
  readonly ended: string;
  readonly isClean: boolean;
}

function runProcess(command: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: PACKAGE,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: FILE_TIMEOUT_MS,
      // uvu's crosses and colours read badly in a log.
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
    });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    const end = (ended: string, isClean: boolean) =>
      resolve({ output: Buffer.concat(chunks).toString(), ended, isClean });
    child.on("error", (error) => end(error.message, false));
    child.on("close", (status, signal) => {
      end(signal === null ? `exit status ${status}` : `ended by ${signal}`, status === 0);
    });
  });
}

function totalOf(output: string, name: string): number {
  // A test file that prints such a line itself comes before uvu's, which is the last.
  const found = [...output.matchAll(new RegExp(`^\\s*${name}:\\s+(\\d+)\\s*$`, "gm"))].at(-1);
  return found === undefined ? 0 : Number(found[1]);
}

async function runFile(file: string): Promise<Outcome> {
  const ran = await runProcess(process.execPath, ["--enable-source-maps", `${DIST_TESTS}${file}`]);
  return judge(file.replace(/\.test\.js$/, ""), ran);
}

/** uvu's `Total` leaves out what was skipped. */
function judge(name: string, ran: Ran): Outcome {
  const total = totalOf(ran.output, "Total");
  const passed = totalOf(ran.output, "Passed");
  const skipped = totalOf(ran.output, "Skipped");
  const skips = ran.output.match(SKIP_LINE)?.map((line) => line.trim()) ?? [];
  const failed = total - passed;
  for (const line of ran.output.match(MEASURED_LINE) ?? [])
    console.log(`    ${name}: ${line.replace(/^.*measured: /, "")}`);
  if (total + skipped === 0) {
    return failure(name, `${ran.output}\n${name}: ran no test (${ran.ended})`, { passed, skipped, skips });
  }
  if (failed === 0 && !ran.isClean) {
    const output = `${ran.output}\n${name}: its tests passed, but it ended badly (${ran.ended})`;
    return failure(name, output, { passed, skipped, skips });
  }
  return { name, passed, failed, skipped, skips, output: failed === 0 ? null : ran.output };
}

function failure(
  name: string,
  output: string,
  rest: { passed: number; skipped: number; skips: readonly string[] },
): Outcome {
  return { name, failed: 1, output, ...rest };
}

/** Format and lint check, counted as one test. */
async function check(): Promise<Outcome> {
  const name = "format and lint check";
  const ran = await runProcess(`${PACKAGE}node_modules/.bin/biome`, ["check", "--colors=off", "."]);
  if (ran.isClean) return { name, passed: 1, failed: 0, skipped: 0, skips: [], output: null };
  return failure(name, ran.output, { passed: 0, skipped: 0, skips: [] });
}

function report(outcome: Outcome): void {
  const counts = [`${outcome.passed} passed`];
  if (outcome.failed > 0) counts.push(`${outcome.failed} failed`);
  if (outcome.skipped > 0) counts.push(`${outcome.skipped} skipped`);
  console.log(`${outcome.failed > 0 ? "FAILED" : "ok"}  ${outcome.name}: ${counts.join(", ")}`);
  if (outcome.output !== null) console.log(outcome.output.trimEnd());
}

async function runAll(jobs: readonly (() => Promise<Outcome>)[], atOnce: number): Promise<Outcome[]> {
  const waiting = [...jobs];
  const outcomes: Outcome[] = [];
  const worker = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const outcome = await job();
      report(outcome);
      outcomes.push(outcome);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return outcomes;
}

const words = process.argv.slice(2);
const files = testFiles(words);
const isLive = (file: string) => file.startsWith("live/");
const jobOf = (file: string) => () => runFile(file);
const unit = files.filter((file) => !isLive(file)).map(jobOf);
const live = files.filter(isLive).map(jobOf);

const outcomes = [
  ...(await runAll(words.length === 0 ? [check, ...unit] : unit, UNIT_AT_ONCE)),
  ...(await runAll(live, 1)),
];
const sum = (count: (outcome: Outcome) => number) =>
  outcomes.reduce((total, outcome) => total + count(outcome), 0);
const failed = outcomes.filter((outcome) => outcome.failed > 0);
if (failed.length > 0) console.log(`\nfailed: ${failed.map((outcome) => outcome.name).join(", ")}`);
const skipping = outcomes.filter((outcome) => outcome.skipped > 0);
if (skipping.length > 0) console.log("\nskipped tests, and what they lacked:");
for (const { name, skips, skipped } of skipping) {
  for (const skip of skips) console.log(`  ${name}: ${skip.replace(/^skipped: /, "")}`);
  if (skips.length < skipped) console.log(`  ${name}: ${skipped - skips.length} without a reason`);
}
if (files.length === 0) console.log("no test file matches");
process.exitCode = failed.length > 0 || files.length === 0 ? 1 : 0;
console.log(
  `\n${sum((one) => one.passed)} passed, ${sum((one) => one.failed)} failed, ${sum((one) => one.skipped)} skipped`,
);
