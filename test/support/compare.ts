/**
 * Compares what a capture says with what somebody else knows: a workload's own truth, or strace. Answers with
 * sentences, one a difference, so that a failing test shows all of them at once; no difference, no sentence.
 */
import { isDeepStrictEqual } from "node:util";
import { eventByName } from "../../src/catalog/events.js";
import type { ScalarType } from "../../src/catalog/types.js";
import type { CallLine } from "../../src/replay/types.js";
import type { StraceCall, StraceThread } from "./strace.js";
import type { Truth } from "./workload.js";

/** By thread, in the order in which the calls ended: which is, within a thread, the order in which they began. */
export function byThread(calls: readonly CallLine[]): ReadonlyMap<number, readonly CallLine[]> {
  const threads = new Map<number, CallLine[]>();
  for (const call of calls) {
    const list = threads.get(call.tid) ?? [];
    list.push(call);
    threads.set(call.tid, list);
  }
  return threads;
}

/** Each thread made exactly these calls, in this order, and every field that the truth names is as it says. */
export function differencesFromTruth(truth: readonly Truth[], calls: readonly CallLine[]): readonly string[] {
  const differences: string[] = [];
  const threads = byThread(calls);
  const told = new Map<number, Truth[]>();
  for (const line of truth) told.set(line.tid, [...(told.get(line.tid) ?? []), line]);
  for (const tid of threads.keys()) {
    if (!told.has(tid)) differences.push(`thread ${tid}: in the capture, but not in the truth`);
  }
  for (const [tid, expected] of told) {
    const found = threads.get(tid) ?? [];
    if (found.length !== expected.length) {
      differences.push(
        `thread ${tid}: ${found.length} calls in the capture, ${expected.length} made: ${names(found)} / ${names(expected)}`,
      );
    }
    for (let i = 0; i < Math.min(found.length, expected.length); i++) {
      const [call, want] = [found[i], expected[i]];
      if (call !== undefined && want !== undefined) {
        differences.push(...lineDifferences(`thread ${tid}, call ${i}`, want, call, found[i - backBy(want)]));
      }
    }
  }
  return differences;
}

function names(calls: readonly { readonly event: string }[]): string {
  return calls.map((call) => call.event).join(" ");
}

/** `restart: true`: of the call just before; a number: of the one so many calls before, a handler's in between. */
function backBy(want: Truth): number {
  return typeof want.restart === "number" ? want.restart : 1;
}

function lineDifferences(
  where: string,
  want: Truth,
  call: CallLine,
  before: CallLine | undefined,
): readonly string[] {
  const { restart, ...fields } = want;
  const differences = partialDifferences(`${where} (${want.event})`, fields, call);
  const isRestart = restart === true || typeof restart === "number";
  if (isRestart && (call.restart_of === null || call.restart_of !== before?.call)) {
    differences.push(
      `${where}: restart_of is ${call.restart_of}, the call ${backBy(want)} before is ${before?.call}`,
    );
  }
  if (restart === false && call.restart_of !== null) {
    differences.push(`${where}: restart_of is ${call.restart_of}, but it restarts nothing`);
  }
  return differences;
}

/** `found` has everything that `want` has; arrays: as many of the first elements as `want` names. */
export function partialDifferences(where: string, want: unknown, found: unknown): string[] {
  if (typeof want !== "object" || want === null || typeof found !== "object" || found === null) {
    return isDeepStrictEqual(want, found)
      ? []
      : [`${where}: ${JSON.stringify(found) ?? "absent"}, not ${JSON.stringify(want)}`];
  }
  return Object.entries(want).flatMap(([key, value]) =>
    partialDifferences(`${where}.${key}`, value, (found as Record<string, unknown>)[key]),
  );
}

/** Same calls, same order per thread, same scalars, results and errnos. Where strace saw no result any will do. */
export function differencesFromStrace(
  strace: ReadonlyMap<number, StraceThread>,
  calls: readonly CallLine[],
): readonly string[] {
  const differences: string[] = [];
  const threads = byThread(calls);
  for (const tid of new Set([...strace.keys(), ...threads.keys()])) {
    const seen = strace.get(tid)?.calls ?? [];
    const found = threads.get(tid) ?? [];
    if (seen.length !== found.length && !isKilledAtEntry(strace.get(tid), found)) {
      differences.push(
        `thread ${tid}: ${found.length} calls in the capture, ${seen.length} in strace; the last: ` +
          `${lastWords(found)} / ${lastWords(seen)}`,
      );
    }
    for (let i = 0; i < Math.min(seen.length, found.length); i++) {
      const [one, other] = [seen[i], found[i]];
      if (one !== undefined && other !== undefined) {
        // Of a dying thread strace sometimes reads the number when it is overwritten already, and names the call
        // `syscall_0xfffffffffffffff7`. Only its last call can be that, and only one without a result.
        if (i === seen.length - 1 && one.ret === null && one.event !== other.event) continue;
        differences.push(...straceDifferences(`thread ${tid}, call ${i} (${one.event})`, one, other));
      }
    }
  }
  return differences;
}

/** SIGKILL at the entry of its last call: the kernel skips the call, and its lone exit is not shown to the tracer. */
function isKilledAtEntry(thread: StraceThread | undefined, found: readonly CallLine[]): boolean {
  if (thread === undefined || thread.exited) return false;
  return found.length === thread.calls.length + 1 && found.at(-1)?.state === "no_entry";
}

function lastWords(calls: readonly (CallLine | StraceCall)[]): string {
  return calls
    .slice(-2)
    .map((call) => `${call.event} = ${call.ret} ${call.errno}${"state" in call ? ` ${call.state}` : ""}`)
    .join(", ");
}

function straceDifferences(where: string, seen: StraceCall, call: CallLine): readonly string[] {
  if (seen.event !== call.event) return [`${where}: the capture has ${call.event}`];
  const differences: string[] = [];
  if (seen.ret === null) {
    // The task was killed, or the tracer came too late: any result agrees.
  } else if (call.state !== "complete" && call.state !== "no_entry") {
    // no_entry: seccomp refused the call after ptrace had seen it, and before the entry's tracepoint.
    differences.push(`${where}: state ${call.state}, but strace saw it whole`);
  } else if (
    seen.errno !== null ? seen.errno !== call.errno : call.ret === null || seen.ret !== BigInt(call.ret)
  ) {
    differences.push(`${where}: result ${call.ret} ${call.errno}, strace ${seen.ret} ${seen.errno}`);
  }
  for (const [index, argument] of (eventByName(call.event)?.args ?? []).entries()) {
    const raw = seen.args[index];
    const value = call.args?.[argument.name];
    if (raw === undefined || value === undefined) {
      differences.push(`${where}: no argument ${argument.name}`);
      continue;
    }
    const [want, have] =
      argument.value.kind === "scalar"
        ? [scalar(raw, argument.value.type), typeof value === "object" ? null : BigInt(value)]
        : [raw, addressOf(value, raw)];
    if (want !== have) differences.push(`${where}: ${argument.name} is ${have}, in strace ${want}`);
  }
  return differences;
}

function scalar(raw: bigint, type: ScalarType): bigint {
  switch (type) {
    case "umode_t":
      return BigInt.asUintN(16, raw);
    case "unsigned int":
      return BigInt.asUintN(32, raw);
    case "int":
    case "mqd_t":
    case "key_t":
      return BigInt.asIntN(32, raw);
    case "size_t":
      return BigInt.asUintN(64, raw);
    case "long":
      return BigInt.asIntN(64, raw);
  }
}

/** The address in a decoded argument; `otherwise` where the JSON form has none (strings, vectors). */
function addressOf(value: unknown, otherwise: bigint): bigint | null {
  if (value === null) return 0n;
  if (typeof value === "object" && "addr" in value && typeof value.addr === "string")
    return BigInt(value.addr);
  return otherwise;
}
