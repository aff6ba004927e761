/** Calls on queues spelled by hand, and what `flows` says of them in a few words. Times are microseconds. */
import { readFileSync } from "node:fs";
import type { StructValues } from "../../src/btf/index.js";
import type { Gap } from "../../src/format/types.js";
import { type CallFilter, EVERYTHING } from "../../src/replay/filter.js";
import { flows } from "../../src/replay/flows/flows.js";
import type { FlowLine, FlowParty } from "../../src/replay/flows/line.js";
import type { ReplayCapture } from "../../src/replay/source.js";
import { PACKAGE } from "../support/paths.js";
import { concat, item, makeCapture, queueItem, Tape } from "./tape.js";

const HOST_BTF = new Uint8Array(readFileSync(`${PACKAGE}test/replay/data/host-structs.btf`));

/** When a call began and ended: null for an end that is not in the capture. */
export type Span = readonly [from: number, to: number | null];

export interface CallParts {
  readonly tid: number;
  /** Of both records; without it all are of one. */
  readonly cpu?: number;
  readonly span: Span;
  readonly ret?: number;
  /** Depths at entry and exit. */
  readonly depth?: readonly [number | null, number | null];
  readonly queue?: number;
  readonly room?: StructValues;
  /** What the exit's copy of the payload shows, when it changed. */
  readonly changed?: string;
  /** Bytes kept of the payload. */
  readonly snap?: number;
  readonly isUnread?: boolean;
  readonly call?: number;
}

export interface KernelParts {
  readonly at: number;
  readonly hook: "load" | "store" | "free" | "insert";
  readonly message: number;
  readonly tid: number;
  /** Of the task's call; 0: in none. */
  readonly call?: number;
  readonly event?: number;
  /** Records of the planes lost before it. */
  readonly lost?: number;
}

const EVENT = { send: 3, receive: 4, msgsnd: 10, msgrcv: 11, msgctl: 12, getsetattr: 6 } as const;
const HOOK = { load: 1, store: 2, free: 3, insert: 4 } as const;
const EFAULT = -14;

interface Timed {
  readonly at: number;
  readonly make: (tape: Tape) => Uint8Array;
}

/** One capture: calls in any order, put into the order of their records. */
export class FlowTape {
  private readonly records: Timed[] = [];
  private readonly planes: Timed[] = [];
  private readonly numbers = new Map<number, number>();
  hooks: readonly string[] | null = null;

  send(text: string, prio: number, parts: CallParts): this {
    const copy = (what: string) => this.payload(what, parts);
    const args = [3n, 0x1000n, BigInt(text.length), BigInt(prio), 0n];
    return this.add(EVENT.send, args, parts, 0, [copy(text)], [copy(parts.changed ?? text)]);
  }

  /** `prio` null: the caller did not want to know it. */
  receive(text: string, prio: number | null, parts: CallParts): this {
    const args = [3n, 0x2000n, 8192n, prio === null ? 0n : 0x3000n, 0n];
    const out = [this.payload(text, parts), ...(prio === null ? [] : [number(3, prio)])];
    return this.add(EVENT.receive, args, parts, text.length, [], out);
  }

  msgsnd(text: string, type: number, parts: CallParts): this {
    const args = [7n, 0x1000n, BigInt(text.length), 0n];
    const copy = this.payload(text, parts, type);
    return this.add(EVENT.msgsnd, args, parts, 0, [copy], [copy]);
  }

  msgrcv(
    text: string,
    type: number,
    ask: { msgtyp: number; flags?: number; room?: number },
    parts: CallParts,
  ): this {
    const args = [
      7n,
      0x2000n,
      BigInt(ask.room ?? 8192),
      BigInt.asUintN(64, BigInt(ask.msgtyp)),
      BigInt(ask.flags ?? 0),
    ];
    return this.add(EVENT.msgrcv, args, parts, text.length, [], [this.payload(text, parts, type)]);
  }

  rmid(parts: CallParts): this {
    return this.add(EVENT.msgctl, [7n, 0n, 0n], parts, 0, [], []);
  }

  /** A call that only shows how deep the queue is. */
  look(parts: CallParts): this {
    return this.add(EVENT.getsetattr, [3n, 0n, 0n], parts, 0, [], []);
  }

  kernel(...all: readonly KernelParts[]): this {
    for (const { at: atMicros, hook, message, tid, call = 0, event = 0, lost = 0 } of all) {
      const at = 1000 * atMicros;
      const head = { at, call, tid, event: call === 0 ? 0 : event, seq: BigInt(lost) };
      const values = { hook: HOOK[hook], message: BigInt(message), m_ts: 1n };
      this.planes.push({ at, make: (tape) => tape.kernel(head, values) });
    }
    return this;
  }

  capture(options: { gaps?: readonly Gap[]; lost?: bigint } = {}): ReplayCapture {
    const tape = new Tape();
    const inOrder = (all: readonly Timed[]) =>
      [...all].sort((one, other) => one.at - other.at).map(({ make }) => make(tape));
    const planes = this.planes.length === 0 ? {} : { planes: inOrder(this.planes) };
    return {
      ...makeCapture({
        chunks: [{ records: inOrder(this.records), ...planes }],
        ...(options.gaps === undefined ? {} : { gaps: options.gaps }),
        ...(options.lost === undefined ? {} : { lost: options.lost }),
        ...(this.hooks === null ? {} : { kernelHooks: this.hooks }),
      }),
      hostBtf: HOST_BTF,
    };
  }

  lines(
    options: {
      filter?: Partial<CallFilter>;
      gaps?: readonly Gap[];
      withReceived?: boolean;
      lost?: bigint;
    } = {},
  ): readonly FlowLine[] {
    const capture = this.capture(options);
    const filter = { ...EVERYTHING, ...options.filter };
    const withReceived = options.withReceived === true;
    const problems: string[] = [];
    const found = [
      ...flows(capture, filter, { withReceived, onProblem: (one) => problems.push(one.message) }),
    ];
    if (problems.length > 0) throw new Error(problems.join("\n"));
    return found.sort((one, other) => startOf(one) - startOf(other));
  }

  /** `10 → 30 modelled` a line; see `inWords`. */
  words(options: Parameters<FlowTape["lines"]>[0] = {}): readonly string[] {
    return this.lines(options).map(inWords);
  }

  private payload(text: string, { snap = 256, isUnread = false }: CallParts, type?: number): Uint8Array {
    const prefix = type === undefined ? new Uint8Array(0) : long(type);
    const wanted = prefix.length + text.length;
    if (isUnread) return item({ kind: 1, arg: 1, status: 3, wanted, addr: 0x1000n });
    const bytes = concat([prefix, new TextEncoder().encode(text).subarray(0, snap)]);
    return item({ kind: 1, arg: 1, status: bytes.length < wanted ? 1 : 0, wanted, addr: 0x1000n }, bytes);
  }

  private add(
    event: number,
    args: readonly bigint[],
    parts: CallParts,
    success: number,
    inputs: readonly Uint8Array[],
    outputs: readonly Uint8Array[],
  ): this {
    const { tid, span, ret = success, depth = [null, null], queue = 9, room = {} } = parts;
    const call = parts.call ?? (this.numbers.get(tid) ?? 0) + 1;
    this.numbers.set(tid, call);
    const kind = event === EVENT.msgsnd || event === EVENT.msgrcv || event === EVENT.msgctl ? 2 : 1;
    const seen = (at: number | null) =>
      queueItem(queue, at ?? 0, { kind, flags: at === null ? 0 : 1, ...room });
    const [from, to] = span;
    const fromNs = 1000 * from;
    const head = { call, tid, tgid: tid, event, cpu: parts.cpu ?? 0 };
    const entryItems = [seen(depth[0]), ...inputs];
    this.records.push({
      at: fromNs,
      make: (tape) => tape.entry({ ...head, at: fromNs, args, items: entryItems }),
    });
    if (to === null) return this;
    const toNs = 1000 * to;
    const hasOutput = ret >= 0 || inputs.length > 0;
    const exitItems = [seen(depth[1]), ...(hasOutput ? outputs : [])];
    this.records.push({ at: toNs, make: (tape) => tape.exit({ ...head, at: toNs, ret, items: exitItems }) });
    return this;
  }
}

export { EFAULT };

/**
 * Send and receive by when they began, what the match is worth, and what came of it: `10 → 30 ambiguous(2)`,
 * `10 → - pending modelled`, `10 → 30 dropped:fault modelled`.
 */
export function inWords(line: FlowLine): string {
  const drop = line.drop === null ? "" : `:${line.drop.how}`;
  const outcome = line.outcome === "delivered" ? [] : [`${line.outcome}${drop}`];
  const doubt = line.match === "ambiguous" ? `(${line.candidates ?? "?"})` : "";
  return [`${partyWords(line.send)} → ${partyWords(line.receive)}`, ...outcome, `${line.match}${doubt}`].join(
    " ",
  );
}

function partyWords(party: FlowParty | null): string {
  if (party === null) return "-";
  return party.enter_ns === null ? `tid ${party.tid}` : `${party.enter_ns / 1000}`;
}

function startOf({ send, receive }: FlowLine): number {
  return send?.enter_ns ?? receive?.exit_ns ?? 0;
}

function number(arg: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return item({ kind: 1, arg, wanted: 4, addr: 0x3000n }, bytes);
}

function long(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
  return bytes;
}
