/**
 * Calls on one POSIX queue with what each saw of its registration, spelled by hand, and what `notifications` says in a
 * few words. Times are milliseconds: far enough apart for a look at the queue not to be late.
 */
import { readFileSync } from "node:fs";
import type { Gap, Inventory, Summary, TaskEntry } from "../../../src/format/types.js";
import { type CallFilter, EVERYTHING } from "../../../src/replay/filter.js";
import type { NotificationLine, NotificationParty } from "../../../src/replay/notifications/line.js";
import { notifications } from "../../../src/replay/notifications/notifications.js";
import { PACKAGE } from "../../support/paths.js";
import { item, makeCapture, queueItem, START, Tape, taskEntry } from "../tape.js";

const HOST_BTF = new Uint8Array(readFileSync(`${PACKAGE}test/replay/data/host-structs.btf`));
const EVENT = { send: 3, receive: 4, notify: 5, look: 6 } as const;
const MS = 1_000_000;
export const EBUSY = -16;
/** Before everything in the capture. */
const TASK_START = START - 1_000_000_000n;

export interface Parts {
  readonly tid: number;
  readonly tgid?: number;
  /** When it began and ended; null: no exit record. */
  readonly span: readonly [from: number, to: number | null];
  readonly ret?: number;
  /** Registered process at entry and exit; null: not read. */
  readonly owner?: readonly [number | null, number | null];
  /** Messages in the queue at entry and exit. */
  readonly depth?: readonly [number, number];
  /** When the task began; otherwise before everything. */
  readonly born?: number;
}

interface Timed {
  readonly at: number;
  readonly make: (tape: Tape) => Uint8Array;
}

export interface Options {
  readonly filter?: Partial<CallFilter>;
  readonly gaps?: readonly Gap[];
  readonly hooks?: readonly string[];
  readonly inventories?: readonly Inventory[];
  readonly summary?: Partial<Summary>;
  readonly tasks?: readonly TaskEntry[];
  readonly events?: readonly string[];
}

/** One capture: calls in any order, put into the order of their records. */
export class NotifyTape {
  private readonly records: Timed[] = [];
  private readonly planes: Timed[] = [];
  private readonly numbers = new Map<number, number>();
  private readonly tids = new Map<number, number>();

  /** sigev_notify and sigev_signo; SIGEV_SIGNAL is 0, SIGEV_NONE 1, SIGEV_THREAD 2. */
  register(notify: number, signo: number, parts: Parts, changedSigno = signo): this {
    const [before, after] = [signo, changedSigno].map((one) => sigevent(notify, one));
    return this.add(EVENT.notify, [3n, 0x5000n], parts, 0, [before], [after]);
  }

  cancel(parts: Parts): this {
    return this.add(EVENT.notify, [3n, 0n], parts, 0);
  }

  send(parts: Parts): this {
    return this.add(EVENT.send, [3n, 0x1000n, 1n, 0n, 0n], parts, 0);
  }

  receive(parts: Parts): this {
    return this.add(EVENT.receive, [3n, 0x2000n, 8192n, 0n, 0n], parts, 1);
  }

  /** A call that only shows the queue. */
  look(parts: Parts): this {
    return this.add(EVENT.look, [3n, 0n, 0n], parts, 0);
  }

  /** __do_notify() in a task's call; `lost`: records of the planes lost before it. */
  fires(at: number, tid: number, call: number, ownerPid: number, lost = 0): this {
    const head = { at: at * MS, call, tid, event: EVENT.send, seq: BigInt(lost), start: TASK_START };
    this.planes.push({
      at,
      make: (tape) => tape.kernel(head, { hook: 5, pid: ownerPid, queue: 0xabcn, m_ts: 1n }),
    });
    return this;
  }

  /** store_msg() in a task's call. */
  stores(at: number, tid: number, call: number): this {
    const head = { at: at * MS, call, tid, event: EVENT.receive, seq: 0n, start: TASK_START };
    this.planes.push({ at, make: (tape) => tape.kernel(head, { hook: 2, message: 7n, m_ts: 1n }) });
    return this;
  }

  lines(options: Options = {}): readonly NotificationLine[] {
    const tape = new Tape();
    const inOrder = (all: readonly Timed[]) =>
      [...all].sort((one, other) => one.at - other.at).map(({ make }) => make(tape));
    const planes = this.planes.length === 0 ? {} : { planes: inOrder(this.planes) };
    const tasks = options.tasks ?? [...this.tids].map(([tid, tgid]) => task(tid, tgid));
    const made = makeCapture({
      chunks: [{ records: inOrder(this.records), tasks, ...planes }],
      ...(options.gaps === undefined ? {} : { gaps: options.gaps }),
      kernelHooks: options.hooks ?? [],
    });
    const { host, summary } = made;
    const capture = {
      ...made,
      host: host && { ...host, config: { ...host.config, events: options.events ?? [] } },
      summary: summary && { ...summary, endNs: START + 10_000_000_000n, ...options.summary },
      hostBtf: HOST_BTF,
      inventories: () => options.inventories ?? [],
    };
    const problems: string[] = [];
    const found = [
      ...notifications(
        capture,
        { ...EVERYTHING, ...options.filter },
        { onProblem: (one) => problems.push(one.message) },
      ),
    ];
    if (problems.length > 0) throw new Error(problems.join("\n"));
    return found.sort((one, other) => startOf(one) - startOf(other));
  }

  /** See `inWords`. */
  words(options: Options = {}): readonly string[] {
    return this.lines(options).map(inWords);
  }

  private add(
    event: number,
    args: readonly bigint[],
    parts: Parts,
    success: number,
    inputs: readonly (Uint8Array | undefined)[] = [],
    outputs: readonly (Uint8Array | undefined)[] = [],
  ): this {
    const { tid, tgid = tid, span, ret = success, owner = [null, null], depth = [0, 0] } = parts;
    const [from, to] = span;
    const call = (this.numbers.get(tid) ?? 0) + 1;
    this.numbers.set(tid, call);
    this.tids.set(tid, tgid);
    const seen = (end: 0 | 1) =>
      queueItem(9, depth[end], { flags: owner[end] === null ? 0 : 1, notify_pid: owner[end] ?? 0 });
    const items = (end: 0 | 1, more: readonly (Uint8Array | undefined)[]) =>
      [seen(end), ...more].filter((one) => one !== undefined);
    const head = {
      call,
      tid,
      tgid,
      event,
      start: parts.born === undefined ? TASK_START : START + BigInt(parts.born * MS),
    };
    const [entry, exit] = [items(0, inputs), items(1, outputs)];
    this.records.push({
      at: from,
      make: (tape) => tape.entry({ ...head, at: from * MS, args, items: entry }),
    });
    if (to === null) return this;
    this.records.push({ at: to, make: (tape) => tape.exit({ ...head, at: to * MS, ret, items: exit }) });
    return this;
  }
}

/** `at`: when it was announced. */
export function task(tid: number, tgid = tid, at = 0): TaskEntry {
  return taskEntry({ tid, tgid, startNs: TASK_START, sinceNs: START + BigInt(at * MS) });
}

/** Records lost between these. */
export function gap(from: number, to: number): Gap {
  return {
    cpu: 0,
    fromNs: START + BigInt(from * MS),
    toNs: START + BigInt(to * MS),
    lost: 1n,
    cause: "ring_full",
  };
}

/** The queue's file; `state` null: there is no such queue. */
export function inventory(
  reason: "start" | "end",
  at: number,
  state: { notify?: number; signo?: number; pid?: number } | null,
  more: { holders?: Inventory["queues"][number]["holders"]; missing?: Inventory["missing"] } = {},
): Inventory {
  const fields = {
    QSIZE: "0",
    NOTIFY: `${state?.notify ?? 0}`,
    SIGNO: `${state?.signo ?? 0}`,
    NOTIFY_PID: `${state?.pid ?? 0}`,
  };
  const holders = more.holders ?? [{ tgid: 1, fd: 3 }];
  const queue = { kind: "posix", namespaceInum: 4026531839, id: 9n, name: "/q", fields, holders } as const;
  return {
    atNs: START + BigInt(at * MS),
    reason,
    queues: state === null ? [] : [queue],
    limits: {},
    missing: more.missing ?? [],
    inFlight: [],
  };
}

/**
 * `10 signal 10 of 1: fired exact by 20, then 30 modelled; refused 15; ignored 17`: who registered and how, its end and
 * how sure that is, the calls by when they began. `-`: not known, or none.
 */
export function inWords(line: NotificationLine): string {
  const { by, receive, refused, ignored } = line;
  const began = line.registered_ns === null ? "-" : `${line.registered_ns / MS}`;
  const method = `${line.method ?? "?"}${line.signo === null ? "" : ` ${line.signo}`}`;
  const couldBe = line.could_be.length === 0 ? "" : ` (${line.could_be.join(" ")})`;
  const doubt =
    line.match === null ? "" : ` ${line.match}${line.match === "ambiguous" ? `(${line.candidates})` : ""}`;
  return [
    `${began} ${method} of ${line.owner.tgid ?? "-"}: ${line.end}${couldBe}${doubt}`,
    by === null ? "" : ` by ${partyWords(by)}`,
    line.end === "fired"
      ? `, then ${receive === null ? "-" : `${partyWords(receive)} ${receive.match}`}`
      : "",
    refused.length === 0 ? "" : `; refused ${refused.map(partyWords).join(" ")}`,
    ignored.length === 0 ? "" : `; ignored ${ignored.map(partyWords).join(" ")}`,
  ].join("");
}

function partyWords(party: NotificationParty): string {
  return party.enter_ns === null ? `tid ${party.tid}` : `${party.enter_ns / MS}`;
}

function startOf(line: NotificationLine): number {
  return line.registered_ns ?? line.since_ns ?? -1;
}

function sigevent(notify: number, signo: number): Uint8Array {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setInt32(8, signo, true);
  view.setInt32(12, notify, true);
  return item({ kind: 1, arg: 1, addr: 0x5000n }, bytes);
}
