/** What the tests in a machine said: the script that runs them writes a line before each configuration. Pure. */
import type { Configuration } from "./plan.js";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A test file that takes longer hangs: the rest is to be tried all the same. */
const FILE_SECONDS = 600;
/** Of the messages that a workload sends where nothing is slowed down. */
export const SCALE = 0.125;
const MARK = "configuration: ";
const COUNTS = /^(\d+) passed, (\d+) failed, (\d+) skipped$/gm;

/** The script that runs configurations one after the other, whatever becomes of each. */
export function guestScript(configurations: readonly Configuration[]): string {
  return configurations
    .map(({ name, holdBack, programs, kernelPlane, files }) =>
      [
        `echo '${MARK}${name}'`,
        `MSGTAPE_REQUIRE_LIVE=1 MSGTAPE_TEST_SECONDS=${FILE_SECONDS} MSGTAPE_TEST_SCALE=${SCALE} \\`,
        `  MSGTAPE_HOLD_BACK='${holdBack}' MSGTAPE_EXPECT_PROGRAMS='${programs}' \\`,
        `  MSGTAPE_EXPECT_KERNEL_PLANE='${kernelPlane}' \\`,
        `  node dist/test/run.js ${files.join(" ")} 2>&1`,
      ].join("\n"),
    )
    .join("\n");
}

export interface Section {
  readonly name: string;
  /** null: the tests did not come to their end. */
  readonly counts: Counts | null;
}

/** The configurations that began, in order. */
export function sectionsOf(output: string): readonly Section[] {
  const [, ...texts] = output.split(new RegExp(`^${MARK}`, "m"));
  return texts.map((text) => ({ name: text.slice(0, text.indexOf("\n")), counts: lastCounts(text) }));
}

function lastCounts(text: string): Counts | null {
  const found = [...text.matchAll(COUNTS)].at(-1);
  if (found === undefined) return null;
  return { passed: Number(found[1]), failed: Number(found[2]), skipped: Number(found[3]) };
}

/** A configuration of `wanted` that did not come to its end, or never began, is one failure. */
export function total(wanted: readonly Configuration[], sections: readonly Section[]): Counts {
  const all = wanted.map(
    ({ name }) =>
      sections.find((section) => section.name === name)?.counts ?? { passed: 0, failed: 1, skipped: 0 },
  );
  return sum(all);
}

export function sum(all: readonly Counts[]): Counts {
  const add = (count: (one: Counts) => number) => all.reduce((before, one) => before + count(one), 0);
  return {
    passed: add((one) => one.passed),
    failed: add((one) => one.failed),
    skipped: add((one) => one.skipped),
  };
}

export function countsLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** Gives a function that takes text as it comes and passes on its lines, each when it is whole. */
export function lineByLine(pass: (line: string) => void): (text: string) => void {
  let begun = "";
  return (text) => {
    const lines = (begun + text).split("\n");
    begun = lines.pop() ?? "";
    for (const line of lines) pass(line);
  };
}
