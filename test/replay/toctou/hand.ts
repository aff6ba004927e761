/** Calls for `toctou`, spelled by hand: POSIX sends and what else a finding may need. */

import { readFileSync } from "node:fs";
import type { StructValues } from "../../../src/btf/index.js";
import { EVERYTHING } from "../../../src/replay/filter.js";
import type { ReplayCapture } from "../../../src/replay/source.js";
import type { ToctouResult } from "../../../src/replay/toctou/types.js";
import { type ToctouOptions, toctou } from "../../../src/replay/toctou.js";
import { PACKAGE } from "../../support/paths.js";
import { type CaptureParts, item, makeCapture, queueItem, Tape } from "../tape.js";

const HOST_BTF = new Uint8Array(readFileSync(`${PACKAGE}test/replay/data/host-structs.btf`));

const POSIX = {
  mq_open: 1,
  mq_unlink: 2,
  mq_timedsend: 3,
  mq_timedreceive: 4,
  mq_notify: 5,
  mq_getsetattr: 6,
} as const;
const SYSV = { msgget: 9, msgsnd: 10, msgrcv: 11, msgctl: 12 } as const;
const SOCKET = { sendmsg: 13, recvmsg: 14, sendmmsg: 15, recvmmsg: 16 } as const;
const EVENTS = { ...POSIX, ...SYSV, ...SOCKET };

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const base64 = (text: string): string => Buffer.from(text, "latin1").toString("base64");

/** Evidence of the argument's memory. */
export function at(arg: number, addr: number, text: string, more: { status?: number; wanted?: number } = {}) {
  return item({ kind: 1, arg, addr: BigInt(addr), ...more }, bytes(text));
}

export interface HandCall {
  readonly event: keyof typeof EVENTS;
  readonly tid?: number;
  readonly tgid?: number;
  readonly call?: number;
  readonly cpu?: number;
  readonly args?: readonly (number | bigint)[];
  readonly ret?: number;
  /** From and to; `to` null: it does not end. */
  readonly from: number;
  readonly to: number | null;
  readonly entry?: readonly Uint8Array[];
  readonly exit?: readonly Uint8Array[];
  /** mt_queue's fields; null: no queue. */
  readonly queue?: StructValues | null;
  /** Its fields at exit, where they differ. */
  readonly queueAfter?: StructValues;
}

/** The records of these calls, in order of time, as one cpu or several have them. */
export function records(calls: readonly HandCall[], tape = new Tape()): Uint8Array[] {
  const numbers = new Map<number, number>();
  const moments = [...calls]
    .sort((one, other) => one.from - other.from)
    .flatMap((call) => {
      const tid = call.tid ?? 100;
      const number = (numbers.get(tid) ?? 0) + 1;
      numbers.set(tid, number);
      const queue = call.queue === null ? [] : [queueItem(9, 3, call.queue ?? {})];
      const after =
        call.queueAfter === undefined ? queue : [queueItem(9, 3, { ...call.queue, ...call.queueAfter })];
      const head = {
        call: call.call ?? number,
        tid,
        tgid: call.tgid ?? tid,
        event: EVENTS[call.event],
        ...(call.cpu === undefined ? {} : { cpu: call.cpu }),
      };
      const args = (call.args ?? []).map(BigInt);
      const entry = () =>
        tape.entry({ ...head, at: call.from, args, items: [...queue, ...(call.entry ?? [])] });
      const exit = () =>
        tape.exit({ ...head, at: call.to ?? 0, ret: call.ret ?? 0, items: [...after, ...(call.exit ?? [])] });
      return [{ ns: call.from, make: entry }, ...(call.to === null ? [] : [{ ns: call.to, make: exit }])];
    });
  return moments.sort((one, other) => one.ns - other.ns).map(({ make }) => make());
}

/** A send of five bytes at 0x1000, changed from `before` to `after`. */
export function send(
  from: number,
  to: number | null,
  before: string,
  after: string,
  more: Partial<HandCall> = {},
): HandCall {
  const args = [3, 0x1000, before.length, 0, 0];
  return {
    event: "mq_timedsend",
    from,
    to,
    args,
    entry: [at(1, 0x1000, before)],
    exit: [at(1, 0x1000, after)],
    ...more,
  };
}

export function capture(calls: readonly HandCall[], more: Partial<CaptureParts> = {}): ReplayCapture {
  return { ...makeCapture({ chunks: [{ records: records(calls) }], ...more }), hostBtf: HOST_BTF };
}

export function found(calls: readonly HandCall[], options: ToctouOptions = {}): ToctouResult {
  return toctou([capture(calls)], EVERYTHING, options);
}

/** What matters of findings, one line each. */
export function brief(result: ToctouResult): string[] {
  return result.findings.map(
    ({ kind, event, arg, call, tid, verdict, kernel_used, by }) =>
      `${kind} ${event} ${arg} ${tid}/${call} ${verdict} ${kernel_used}${by === null ? "" : ` by ${by.event} ${by.tid}/${by.call}`}`,
  );
}

export function kernelItem(addr: number, text: string): Uint8Array {
  return item({ kind: 12, addr: BigInt(addr) }, bytes(text));
}
