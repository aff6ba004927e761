/** What the workloads that change their inputs tell, against what `toctou` finds. */
import type { Finding, ToctouResult } from "../../src/replay/toctou/types.js";
import type { CallLine } from "../../src/replay/types.js";
import type { Truth } from "./workload.js";

/** As test/workloads/toctou*.c print it. `used` null: nothing changed. Bytes are base64. */
export interface ToctouTruth extends Truth {
  readonly toctou: {
    readonly arg: string;
    readonly place?: string;
    readonly used: "before" | "after" | "mixed" | null;
    readonly before?: string;
    readonly kernel?: string;
    readonly after?: string;
  };
}

/** Those of the capture's calls that the program tells of: not what fills queues and takes messages out. */
export function toldOf(truth: readonly ToctouTruth[], calls: readonly CallLine[]): readonly CallLine[] {
  return calls.filter(
    (line) => isTold(line) && truth.some(({ tid, event }) => tid === line.tid && event === line.event),
  );
}

function isTold({ event, args }: CallLine): boolean {
  const { msg_len, msgp, vlen } = (args ?? {}) as {
    msg_len?: string;
    msgp?: { mtype?: string };
    vlen?: number;
  };
  if (event === "mq_timedsend") return msg_len === "48";
  if (event === "msgsnd") return msgp?.mtype !== "99";
  return vlen === 2;
}

/** `unknown` may stand for any value that the kernel used; `exact` may not. */
export type Demand = "exact" | "or unknown";

/**
 * What differs between truth and findings: changes that were not found, findings that nobody made, a wrong value. The
 * n-th line of truth about an event is about the n-th of `lines` of that event.
 */
export function wrongFindings(
  truth: readonly ToctouTruth[],
  lines: readonly CallLine[],
  result: ToctouResult,
  demand: (truth: ToctouTruth) => Demand,
): string[] {
  const wrong: string[] = [];
  const left = new Set(result.findings);
  const next = new Map<string, number>();
  for (const one of truth) {
    const at = next.get(one.event) ?? 0;
    next.set(one.event, at + 1);
    const line = lines.filter(({ event }) => event === one.event)[at];
    const found = [...left].filter(({ task, call }) => task === line?.task && call === line?.call);
    for (const finding of found) left.delete(finding);
    const what = `${one.event} ${at} (call ${line?.call})`;
    if (line?.ret !== one.ret) wrong.push(`${what}: returned ${one.ret}, the capture has ${line?.ret}`);
    if (found.length !== (one.toctou.used === null ? 0 : 1)) {
      wrong.push(`${what}: ${one.toctou.used} used, ${found.length} findings`);
    }
    for (const finding of found) {
      wrong.push(...differences(one, finding, demand(one)).map((text) => `${what}: ${text}`));
    }
  }
  for (const { kind, event, call, place } of left) {
    wrong.push(`${kind} of ${event}, call ${call}, ${place}: nobody did that`);
  }
  return wrong;
}

function differences({ toctou }: ToctouTruth, finding: Finding, demand: Demand): string[] {
  const wrong: string[] = [];
  const expect = (name: string, actual: unknown, expected: unknown) => {
    if (actual !== expected) wrong.push(`${name} is ${actual}, should be ${expected}`);
  };
  expect("kind", finding.kind, "mutated");
  expect("verdict", finding.verdict, "changed");
  expect("arg", finding.arg, toctou.arg);
  expect("place", finding.place, toctou.place ?? toctou.arg);
  if (demand === "exact" || finding.kernel_used !== "unknown") {
    expect("kernel_used", finding.kernel_used, toctou.used);
  }
  const { before, kernel, after } = toctou;
  if (before === undefined || after === undefined || kernel === undefined) return wrong;
  const copies = [before, kernel, after].map((text) => Buffer.from(text, "base64"));
  const differs = copies[0]?.findIndex((byte, at) => copies.some((copy) => copy[at] !== byte)) ?? -1;
  expect("first_diff_offset", finding.first_diff_offset, differs);
  expect("entry", isPartOf(finding.entry, copies[0], 0), true);
  expect("exit", isPartOf(finding.exit, copies[2], 0), true);
  if (finding.kernel !== null) {
    expect("kernel", isPartOf(finding.kernel, copies[1], finding.kernel_offset ?? 0), true);
  }
  return wrong;
}

/** What was captured may end early, but is the truth. */
function isPartOf(captured: string | null, truth: Buffer | undefined, atBytes: number): boolean {
  if (captured === null || captured === "" || truth === undefined) return false;
  const bytes = Buffer.from(captured, "base64");
  return bytes.equals(truth.subarray(atBytes, atBytes + bytes.length));
}
