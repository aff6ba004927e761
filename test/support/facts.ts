/**
 * Runs a facts program of test/workloads below `msgtape record` and holds all that it saw against the catalogue: each
 * statement of a page and each error of a row is a test of its own.
 */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { errnoByName } from "../../src/catalog/errno.js";
import { EVENTS, eventByName } from "../../src/catalog/events.js";
import { KERNEL_FUNCTIONS } from "../../src/catalog/hooks.js";
import { factsOf } from "../../src/catalog/page.js";
import type { ErrorRow } from "../../src/catalog/types.js";
import { KERNEL_HOOKS } from "../../src/record/kernel-plane.js";
import type { CallLine } from "../../src/replay/types.js";
import { differencesFromTruth } from "./compare.js";
import { eventName, readKernelCapture } from "./kernel-records.js";
import { live, missing, type Need } from "./live.js";
import { callLines, record } from "./msgtape.js";
import { type Bits, parseTruth, type Truth, workload } from "./workload.js";

type Saw = Readonly<Record<string, number>>;

/** What a program sees when the statement holds, by the statement's id; a function where it depends on the ABI. */
export type Checks = Readonly<Record<string, Saw | ((bits: Bits) => Saw)>>;

export interface Provoked {
  readonly provoked: string;
  readonly errno: string;
  /** As user space got it. */
  readonly ret: number;
  /** Messages in the queue; -1: not asked. */
  readonly before: number;
  readonly after: number;
}

interface FactsRun {
  readonly facts: ReadonlyMap<string, Saw>;
  readonly skipped: ReadonlyMap<string, string>;
  readonly provoked: readonly Provoked[];
  readonly truth: readonly Truth[];
  readonly calls: readonly CallLine[];
  /** The kernel's functions that calls of an event passed through; null: this kernel lets nobody hook them all. */
  readonly passed: ReadonlyMap<string, ReadonlySet<string>> | null;
}

/** The negative number that a call gives for this error. */
export function failed(errno: string): number {
  const number = errnoByName(errno);
  if (number === null) throw new Error(`there is no error ${errno}`);
  return -number;
}

/** A message of one byte, as the programs send them. */
export function byte(letter: string): number {
  return letter.charCodeAt(0);
}

const NEEDS: readonly Need[] = ["root", "bpf", "gcc"];

/**
 * Registers the tests of one program. `ids`: the statements that it is to show; `errors`: the events whose errors it
 * provokes, each row of which that has no reason against it must be among them.
 */
export function factsTests(
  test: Test,
  options: {
    readonly program: string;
    readonly bits: Bits;
    readonly checks: Checks;
    readonly errors: readonly string[];
  },
): void {
  const { program, bits, checks, errors } = options;
  const needs = bits === 32 ? [...NEEDS, "gcc32" as const] : NEEDS;
  const name = `${program} (${bits} bits)`;
  if (missing(needs).length > 0) {
    live(test, `${name}: every statement and error`, needs, () => {});
    return;
  }
  // At once: what the machine cannot show is known only afterwards, and is to be a skipped test.
  const ran = attempt(() => runFacts(program, bits));
  const run = () => {
    if (ran instanceof Error) throw ran;
    return ran;
  };
  test(`${name}: the recording has each call as the program knows it`, () => {
    const { truth, calls } = run();
    assert.ok(truth.length > 0);
    assert.equal(differencesFromTruth(truth, calls), []);
  });
  test(`${name}: it shows the statements of the table, and no others`, () => {
    const { facts, skipped } = run();
    assert.equal([...facts.keys(), ...skipped.keys()].sort(), Object.keys(checks).sort());
  });
  for (const [id, want] of Object.entries(checks)) {
    const lacks = ran instanceof Error ? undefined : ran.skipped.get(id);
    if (lacks !== undefined) {
      console.log(`skipped: ${name}: ${id} (missing: ${lacks})`);
      test.skip(`${name}: ${id}`, () => {});
      continue;
    }
    test(`${name}: ${id}`, () => {
      const { facts } = run();
      assert.equal(facts.get(id), typeof want === "function" ? want(bits) : want, saysOf(id));
    });
  }
  for (const event of errors) {
    for (const row of eventByName(event)?.errors ?? []) {
      if (row.untested !== undefined) continue;
      test(`${name}: ${event} gives ${row.errno}`, () => {
        const { provoked, calls } = run();
        assertProvoked(event, row, provoked, calls);
      });
    }
    passageTest(test, name, event, ran);
    test(`${name}: ${event} gives no error that its page lacks`, () => {
      const known = new Set(eventByName(event)?.errors.map(({ errno }) => errno));
      const others = run().calls.filter((call) => call.event === event && call.errno !== null);
      assert.equal(
        [...new Set(others.map(({ errno }) => errno ?? ""))].filter((errno) => !known.has(errno)),
        [],
      );
    });
  }
}

function attempt<T>(run: () => T): T | Error {
  try {
    return run();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Calls of the event pass through the functions that its page names, and no others. */
function passageTest(test: Test, name: string, event: string, ran: FactsRun | Error): void {
  const what = `${name}: ${event} passes through the functions that its page names`;
  if (!(ran instanceof Error) && ran.passed === null) {
    console.log(`skipped: ${what} (missing: hooks in the kernel's functions)`);
    test.skip(what, () => {});
    return;
  }
  test(what, () => {
    if (ran instanceof Error) throw ran;
    const named = eventByName(event)?.page.kernel.map((one) => one.function) ?? [];
    assert.equal([...(ran.passed?.get(event) ?? [])].sort(), [...named].sort());
  });
}

function passagesOf(file: string): FactsRun["passed"] {
  const { plan, records } = readKernelCapture(file);
  const attached = new Set(plan.filter((hook) => hook.attached).map(({ hook }) => hook));
  if (!KERNEL_FUNCTIONS.every(({ name }) => attached.has(name))) return null;
  const passed = new Map<string, Set<string>>();
  for (const { event, hook } of records) {
    const name = eventName(event);
    // Records name the program: do_notify.
    const row = KERNEL_HOOKS.find(({ programs }) => programs === hook);
    if (name !== null && row !== undefined) passed.set(name, (passed.get(name) ?? new Set()).add(row.hook));
  }
  return passed;
}

/** It came in each case, the capture has it, and it did to the queue what its row says. */
function assertProvoked(
  event: string,
  row: ErrorRow,
  provoked: readonly Provoked[],
  calls: readonly CallLine[],
): void {
  const cases = provoked.filter((one) => one.provoked === event && one.errno === row.errno);
  assert.ok(cases.length > 0, "no case provokes it");
  const want = failed(row.seenAs ?? row.errno);
  assert.equal(
    cases.map(({ ret }) => ret),
    cases.map(() => want),
  );
  const recorded = calls.filter((call) => call.event === event && call.errno === row.errno);
  assert.ok(recorded.length >= cases.length, `recorded ${recorded.length} times`);
  assert.ok(recorded.every(({ ret }) => ret === failed(row.errno)));
  const losses = new Set(
    cases.filter(({ before }) => before >= 0).map(({ before, after }) => before - after),
  );
  const expected = { always: [1], sometimes: [0, 1], never: [0] }[row.loses ?? "never"];
  const seen = [...losses].sort();
  // Not every error is provoked where there is a queue to look into; one that loses messages must be.
  assert.equal(row.loses === undefined && seen.length === 0 ? expected : seen, expected, "messages lost");
}

function runFacts(program: string, bits: Bits): FactsRun {
  const ran = record(["--events", "all"], [workload(program, bits)]);
  assert.is(ran.status, 0, ran.stderr);
  const lines = ran.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const facts = lines.filter(({ fact }) => fact !== undefined) as unknown as { fact: string; saw: Saw }[];
  const skips = lines.filter(({ skipped }) => skipped !== undefined) as unknown as {
    skipped: string;
    lacks: string;
  }[];
  assert.is(new Set(facts.map(({ fact }) => fact)).size, facts.length, "each statement is shown once");
  return {
    facts: new Map(facts.map(({ fact, saw }) => [fact, saw])),
    skipped: new Map(skips.map(({ skipped, lacks }) => [skipped, lacks])),
    provoked: lines.filter(({ provoked }) => provoked !== undefined) as unknown as Provoked[],
    truth: parseTruth(ran.stdout).filter(({ event }) => event !== undefined),
    calls: callLines(ran.file),
    passed: passagesOf(ran.file),
  };
}

/** For the message of a failing test: what the page promises. */
function saysOf(id: string): string {
  const fact = EVENTS.flatMap(factsOf).find((one) => one.id === id);
  return fact === undefined ? `no page has a statement ${id}` : `${id}: ${fact.says}`;
}
