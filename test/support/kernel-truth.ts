/** What test/workloads/kernel-plane.c tells of each record that it must leave, and the records in the same words. */
import type { KernelRecord } from "../../src/replay/planes.js";
import { eventName, type KernelCapture } from "./kernel-records.js";

/** As test/workloads/kernel-plane.c prints it. */
export interface Told {
  readonly tid: number;
  readonly event: string | null;
  readonly hook: string;
  readonly message: number;
  readonly type: number;
  readonly size: number;
  readonly errno: number | null;
  readonly seed: number | null;
  /** base64 */
  readonly bytes: string | null;
  readonly owner: number | null;
  readonly queue: string | null;
}

export function parseTold(stdout: string): readonly Told[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Told);
}

function pattern(seed: number, size: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: size }, (_, i) => seed + 7 * i));
}

/** What there is of the kernel's copy: status, how long it was, and what was kept of it. */
function evidenceTold({ seed, bytes, size }: Told, snap: number) {
  if (seed === null && bytes === null) return null;
  const whole = bytes === null ? pattern(seed ?? 0, size) : Buffer.from(bytes, "base64");
  const status = size > snap ? "truncated" : "read";
  return { status, wanted: size, bytes: whole.subarray(0, snap).toString("base64") };
}

function evidenceOf({ evidence }: KernelRecord) {
  if (evidence === null) return null;
  const { status, wanted, bytes } = evidence;
  return { status, wanted: Number(wanted), bytes: Buffer.from(bytes).toString("base64") };
}

/** Each task's own, in order; the tasks in the order of their first. */
function byTask<T extends { readonly tid: number }>(lines: readonly T[]): readonly (readonly T[])[] {
  const tasks = new Map<number, T[]>();
  for (const line of lines) tasks.set(line.tid, [...(tasks.get(line.tid) ?? []), line]);
  return [...tasks].sort(([a], [b]) => a - b).map(([, own]) => own);
}

/** The numbers that the workload gave to messages, by their identities: whichever was loaded there. */
function numbersOf(records: readonly KernelRecord[], told: readonly Told[]): Map<bigint, number> {
  const isLoad = ({ hook }: { hook: string }) => hook === "load_msg";
  const numbers = byTask(told.filter(isLoad)).flat();
  const loads = byTask(records.filter(isLoad)).flat();
  return new Map(loads.map(({ message }, i) => [message ?? 0n, numbers[i]?.message ?? -1] as const));
}

/** Every record, by task, with the workload's own words. */
export function linesOf({ records, queueName }: KernelCapture, told: readonly Told[]) {
  const numbers = numbersOf(records, told);
  return byTask(records).map((own) =>
    own.map((one) => ({
      tid: one.tid,
      event: eventName(one.event),
      hook: one.hook,
      message: one.message === null ? 0 : numbers.get(one.message),
      type: Number(one.type ?? 0n),
      size: one.sizeBytes,
      errno: one.errno,
      owner: one.ownerPid,
      queue: one.queueGeneration === null ? null : queueName(one.queueGeneration, one.timeNs),
      evidence: evidenceOf(one),
    })),
  );
}

/** The same as the workload told it, when `snap` bytes of evidence are kept. */
export function linesTold(told: readonly Told[], snap: number) {
  return byTask(told).map((own) =>
    own.map(({ seed, bytes, ...line }) => ({
      ...line,
      evidence: evidenceTold({ ...line, seed, bytes }, snap),
    })),
  );
}
