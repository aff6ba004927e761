/** What each call of a capture holds, at entry, at exit and in between, as the contents that are replaced. */
import { parseBtf } from "../../btf/index.js";
import { variantOf } from "../../catalog/abi.js";
import type { EventRow } from "../../catalog/types.js";
import type { CallEvidence } from "../../replay/arguments/evidence.js";
import { structsOf } from "../../replay/arguments/structs.js";
import { callEvidence, type NamedCall } from "../../replay/call-line.js";
import { lineMaker, namedCalls, requireRecorderBtf } from "../../replay/calls.js";
import { EVERYTHING } from "../../replay/filter.js";
import { lossLedger } from "../../replay/losses.js";
import { planesReader } from "../../replay/planes.js";
import { planesState } from "../../replay/planes-state.js";
import type { Item } from "../../replay/records.js";
import type { ReplayCapture } from "../../replay/source.js";
import type { Placed } from "./overlapping.js";
import { type CallShape, contentRuns, type Run } from "./shape.js";

/** Where the contents of a side lay. */
export function placed({ tgid, fromNs, toNs }: CallContents, side: Side | null): Placed[] {
  return (side?.runs ?? []).map(({ bytes, parts }) => {
    let at = 0;
    const pieces = parts.map(({ item, from, to }) => {
      const piece = { addr: (side?.items[item]?.addr ?? 0n) + BigInt(from), at, lengthBytes: to - from };
      at += to - from;
      return piece;
    });
    return { tgid, fromNs, toNs, content: bytes, pieces };
  });
}

export interface CallContents {
  readonly tgid: number;
  readonly fromNs: number;
  /** Infinite: it did not end. */
  readonly toNs: number;
  readonly queue: string | null;
  readonly event: EventRow;
  readonly ret: number | null;
  readonly args: readonly bigint[] | null;
  readonly entry: Side | null;
  readonly exit: Side | null;
  readonly runs: readonly Run[];
  readonly kernel: readonly Item[];
  /** Of the message; null: not known, or there are several. */
  readonly lengthBytes: number | null;
}

export interface Side {
  readonly shape: CallShape;
  readonly items: readonly Item[];
  readonly runs: readonly Run[];
}

export function* evidenceOf(capture: ReplayCapture): Generator<CallContents> {
  const recorderBtf = requireRecorderBtf(capture);
  const lines = lineMaker(capture, {});
  const structs = structsOf(capture.hostBtf === null ? null : parseBtf(capture.hostBtf), recorderBtf);
  const planes = {
    read: planesReader(recorderBtf, lines.layouts, lines.clock.baseNs),
    state: planesState(capture, lines.clock.baseNs),
    onRecord: () => {},
  };
  const losses = lossLedger(capture, lines.clock.baseNs);
  for (const named of namedCalls(capture, EVERYTHING, lines, { losses, planes })) {
    const evidence = callEvidence(named.call, lines);
    if (evidence !== null) yield contentsOf(named, evidence, structs.layout);
  }
}

function contentsOf(named: NamedCall, evidence: CallEvidence, layout: CallShape["layout"]): CallContents {
  const { event, args, ret } = evidence;
  const shared = { event, variant: variantOf(evidence.abi, evidence.via), args, layout };
  const side = (which: "entry" | "exit", items: readonly Item[] | null): Side | null => {
    if (items === null) return null;
    const shape = { ...shared, side: which, ret: ret === null ? null : BigInt(ret) };
    return { shape, items, runs: contentRuns(shape, items) };
  };
  const entry = side("entry", evidence.entryItems);
  const exit = side("exit", evidence.exitItems);
  const runs = [...(entry?.runs ?? []), ...(exit?.runs ?? [])];
  const kernel = named.call.kernel.flatMap(({ evidence: item }) => (item === null ? [] : [item]));
  return {
    tgid: named.call.tgid,
    fromNs: named.call.enterNs ?? 0,
    toNs: named.call.exitNs ?? Number.POSITIVE_INFINITY,
    queue: named.queue?.key ?? null,
    event,
    ret,
    args,
    entry,
    exit,
    runs,
    kernel,
    lengthBytes: lengthOf(event, evidence),
  };
}

function lengthOf(event: EventRow, { args, ret }: CallEvidence): number | null {
  const { message } = event;
  if (message?.does === "receive" && message.room !== undefined) return ret;
  const value = message?.does === "send" ? event.args[message.payload]?.value : undefined;
  const length = value?.kind === "pointer" && "length" in value.to ? value.to.length : "ret";
  return length === "ret" || args === null ? null : Number(BigInt.asUintN(32, args[length.arg] ?? 0n));
}
