/** Queues from hand-made captures: calls by test/replay/tape.ts, inventories as records of fields. Times in microseconds. */
import type { StructValues } from "../../src/btf/index.js";
import { EVENTS } from "../../src/catalog/events.js";
import type { Gap, HostInfo, Inventory, InventoryQueue, Summary } from "../../src/format/types.js";
import {
  type Moment,
  type QueueState,
  queueStates,
  type StateCapture,
} from "../../src/replay/queue-states/queue-states.js";
import { item, makeCapture, queueEntry, queueItem, START, Tape } from "./tape.js";

export const NAMESPACE = 4026531839;
const EVENT = {
  msgget: 9,
  msgsnd: 10,
  msgrcv: 11,
  msgctl: 12,
  open: 1,
  unlink: 2,
  send: 3,
  receive: 4,
  look: 6,
} as const;

export interface Call {
  readonly tid: number;
  /** null: it does not end. */
  readonly span: readonly [from: number, to: number | null];
  readonly event: keyof typeof EVENT;
  readonly ret?: number;
  readonly args?: readonly bigint[];
  /** The queue's state at entry and at exit; null: it is not told of. */
  readonly at?: readonly [StructValues | null, StructValues | null];
  readonly id?: number;
  readonly namespace?: number;
  /** What its first argument points to: a name. */
  readonly name?: string;
}

export interface Parts {
  readonly calls: readonly Call[];
  readonly start?: Partial<Inventory>;
  readonly end?: Partial<Inventory>;
  readonly gaps?: readonly Gap[];
  /** The recording left tasks out. */
  readonly isFiltered?: boolean;
}

export function sysvListed(
  fields: Readonly<Record<string, string>>,
  namespaceInum = NAMESPACE,
): InventoryQueue {
  const all = {
    key: "1234",
    msqid: "5",
    perms: "600",
    cbytes: "0",
    qnum: "0",
    lspid: "0",
    lrpid: "0",
    uid: "0",
    gid: "0",
    cuid: "0",
    cgid: "0",
    stime: "0",
    rtime: "0",
    ctime: "1795255100",
    ...fields,
  };
  return { kind: "sysv", namespaceInum, id: BigInt(all.msqid), name: "0x000004d2", fields: all, holders: [] };
}

function inventory(reason: "start" | "end", atMicros: number, parts: Partial<Inventory>): Inventory {
  const base = {
    atNs: START + BigInt(1000 * atMicros),
    reason,
    queues: [],
    limits: {},
    missing: [],
    inFlight: [],
  };
  return { ...base, ...parts };
}

function nameItems({ name }: Call): Uint8Array[] {
  return name === undefined ? [] : [item({ kind: 1, arg: 0 }, new TextEncoder().encode(`${name}\0`))];
}

/** The capture ends after a second. */
export function stateCapture(parts: Parts): StateCapture {
  const tape = new Tape();
  const numbers = new Map<number, number>();
  const records: { at: number; make: () => Uint8Array }[] = [];
  for (const call of parts.calls) {
    const number = (numbers.get(call.tid) ?? 0) + 1;
    numbers.set(call.tid, number);
    const [from, to] = call.span;
    const kind = EVENT[call.event] >= 9 ? 2 : 1;
    const items = (values: StructValues | null | undefined) =>
      values == null
        ? []
        : [queueItem(call.id ?? 5, 0, { kind, namespace_inum: call.namespace ?? NAMESPACE, ...values })];
    const head = { call: number, tid: call.tid, tgid: call.tid, event: EVENT[call.event] };
    const args = call.args ?? [5n, 0x1000n, 10n, 0n, 0n];
    records.push({
      at: 1000 * from,
      make: () =>
        tape.entry({ ...head, at: 1000 * from, args, items: [...nameItems(call), ...items(call.at?.[0])] }),
    });
    if (to === null) continue;
    records.push({
      at: 1000 * to,
      make: () => tape.exit({ ...head, at: 1000 * to, ret: call.ret ?? 0, items: items(call.at?.[1]) }),
    });
  }
  records.sort((one, other) => one.at - other.at);
  const capture = makeCapture({
    chunks: [{ records: records.map(({ make }) => make()), queues: [queueEntry()] }],
    kernelHooks: [],
    ...(parts.gaps === undefined ? {} : { gaps: parts.gaps }),
  });
  const host = capture.host as HostInfo;
  const events = EVENTS.map(({ name }) => name);
  const filters: Record<string, readonly string[]> = parts.isFiltered === true ? { comm: ["x"] } : {};
  const inventories = [
    ...(parts.start === undefined ? [] : [inventory("start", -1_100_000, parts.start)]),
    ...(parts.end === undefined ? [] : [inventory("end", 1_000_000, parts.end)]),
  ];
  return {
    ...capture,
    host: { ...host, config: { ...host.config, events, filters } },
    summary: { ...(capture.summary as Summary), endNs: START + 1_000_000_000n },
    inventories: () => inventories,
  };
}

/** All queues at a moment in microseconds, or at the end. */
export function queuesAt(parts: Parts, at: number | "end" | Moment): readonly QueueState[] {
  const moment: Moment =
    at === "end" ? { kind: "end" } : typeof at === "number" ? { kind: "time", atNs: 1000 * at } : at;
  const problems: string[] = [];
  const [answer] = queueStates(stateCapture(parts), [moment], {
    onProblem: (one) => problems.push(one.message),
  });
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return answer?.queues ?? [];
}

/** `3 of 30 bytes, 1+0 waiting`, with ~ before what is not sure. */
export function depthWords(queue: QueueState | undefined): string {
  if (queue === undefined) return "none";
  const mark = (name: keyof QueueState) => `${queue.unsure.includes(name) ? "~" : ""}${queue[name] ?? "?"}`;
  return `${mark("depth")} of ${mark("bytes")} bytes, ${mark("waiting_senders")}+${mark("waiting_receivers")} waiting`;
}
