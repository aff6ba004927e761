/**
 * What a call on a POSIX or System V queue did with a message, out of its evidence. Says nothing of how sends and
 * receives belong together.
 */
import { eventById } from "../../catalog/events.js";
import type { MessageRole } from "../../catalog/types.js";
import { type CallContext, callContext, isReadable } from "../arguments/evidence.js";
import { holds } from "../arguments/steps.js";
import { readInteger, type Structs } from "../arguments/structs.js";
import { bytesOf, statusOf } from "../arguments/values.js";
import { callEvidence, type LineParts } from "../call-line.js";
import type { PairedCall } from "../paired-call.js";
import { type SeenQueue, seenQueue } from "../queues.js";
import { type Item, ItemKind } from "../records.js";
import { type Print, printKey, printOf } from "./payload.js";
import { exactValue, MSG_COPY, MSG_NOERROR, type Selector, systemVSelector } from "./selection.js";
import type { FlowQueue, Party, Rank, Received, Sent } from "./types.js";

export interface DeedParts extends Pick<LineParts, "layouts" | "onProblem"> {
  readonly structs: Structs;
}

/** The call, with what is looked up while its chunk is at hand. */
export interface QueueCall {
  readonly call: PairedCall;
  readonly party: Party;
  readonly queue: FlowQueue;
  readonly isWanted: boolean;
}

export type Deed =
  | { readonly did: "send"; readonly sent: Sent; readonly isDone: boolean }
  | { readonly did: "receive"; readonly received: Received }
  /** A receive that has not ended, or whose end is not known. */
  | { readonly did: "wait"; readonly fromNs: number; readonly selector: Selector; readonly isOver: boolean }
  | { readonly did: "remove" }
  /** A call that failed, or only looked at a message. */
  | { readonly did: "nothing" };

/** How many messages more there are by it, handed over or not; null: not known. */
export function depthChange(deed: Deed | null): number | null {
  if (deed === null || deed.did === "wait" || deed.did === "remove") return null;
  if (deed.did === "nothing") return 0;
  if (deed.did === "send") return deed.isDone ? 1 : null;
  return deed.received.result === "maybe_fault" ? null : -1;
}

const EFAULT = 14;

/** null: it moves no message, or its evidence cannot be read. */
export function queueDeed(of: QueueCall, parts: DeedParts): Deed | null {
  const role = eventById(of.call.event)?.message;
  const evidence = role === undefined ? null : callEvidence(of.call, parts);
  if (role === undefined || evidence === null) return null;
  const context = callContext(evidence, parts.structs);
  switch (role.does) {
    case "send":
      return sendDeed(of, role, context, parts);
    case "receive":
      return receiveDeed(of, role, context);
    case "remove": {
      const cmd = evidence.args?.[role.when.arg];
      return of.call.ret === 0 && cmd !== undefined && holds(role.when, cmd) ? { did: "remove" } : null;
    }
  }
}

function sendDeed(
  of: QueueCall,
  role: MessageRole & { readonly does: "send" },
  context: CallContext,
  parts: DeedParts,
): Deed {
  const { call } = of;
  if (call.ret !== null && call.ret < 0) return { did: "nothing" };
  const args = context.call.args;
  const sizeBytes = args === null ? null : lengthArgument(context, role.payload);
  const atEntry = payloadOf(context, context.entry?.(ItemKind.ARGUMENT, role.payload, 0, 0), role.payload);
  const atExit = payloadOf(context, context.exit?.(ItemKind.ARGUMENT, role.payload, 0, 0), role.payload);
  const copies = [atEntry, atExit].flatMap((payload) => payload?.print ?? []);
  const [first, second] = copies;
  const isSame = first !== undefined && second !== undefined && printKey(first) === printKey(second);
  const prints = isSame ? [first] : copies;
  const rank = role.priority !== undefined ? argumentRank(args, role.priority) : sameRank(atEntry, atExit);
  const isWhole = (atEntry ?? atExit)?.isWhole === true;
  return {
    did: "send",
    isDone: call.ret === 0,
    sent: {
      ...endOf(of),
      rank,
      identity: loadedMessage(call),
      key: isWhole && prints.length === 1 ? keyOf(rank, sizeBytes, prints[0]) : null,
      sizeBytes,
      prints,
      isSure: call.ret === 0 || call.state === "in_flight",
      wasFull: wasFull(seenQueue(call.entry, parts.layouts), sizeBytes),
    },
  };
}

function receiveDeed(
  of: QueueCall,
  role: MessageRole & { readonly does: "receive" },
  context: CallContext,
): Deed {
  const { call } = of;
  const { args } = context.call;
  const flags = role.select === undefined || args === null ? 0 : Number(args[role.select.flags] ?? 0n);
  if ((flags & MSG_COPY) !== 0) return { did: "nothing" };
  const selector = selectorOf(role, context, flags);
  const identity = storedMessage(call);
  if (call.ret === null && identity === null) {
    return { did: "wait", fromNs: span(call).fromNs, selector, isOver: call.state !== "in_flight" };
  }
  if (call.ret !== null && call.ret < 0 && call.ret !== -EFAULT) return { did: "nothing" };
  const isTaken = call.ret === null || call.ret >= 0;
  const item = isTaken ? context.exit?.(ItemKind.ARGUMENT, role.payload, 0, 0) : undefined;
  const payload = payloadOf(context, item, role.payload);
  const rank = isTaken && role.priority !== undefined ? writtenRank(context, role.priority) : payload?.rank;
  const room = role.room === undefined || args === null ? null : Number(args[role.room] ?? 0n);
  const isCut = isTaken && (args === null || ((flags & MSG_NOERROR) !== 0 && call.ret === room));
  const print = payload?.print ?? null;
  const isKeyed = payload?.isWhole === true && !isCut && print !== null;
  return {
    did: "receive",
    received: {
      ...endOf(of),
      rank: rank ?? null,
      identity,
      key: isKeyed ? keyOf(rank ?? null, call.ret, print) : null,
      sizeBytes: isTaken ? call.ret : null,
      isCut,
      print,
      selector,
      result: isTaken ? "taken" : isInputReadable(context, role.input) ? "fault" : "maybe_fault",
    },
  };
}

/** Without the call itself: its evidence would keep a whole chunk in memory for as long as the message waits. */
export function endOf({ call, party, queue, isWanted }: QueueCall) {
  return { party, queue, isWanted, ...span(call) };
}

function span(call: PairedCall): { readonly fromNs: number; readonly toNs: number } {
  return { fromNs: call.enterNs ?? Number.NEGATIVE_INFINITY, toNs: call.exitNs ?? call.endedNs };
}

/** `msg_len`, `msgsz`: the argument that says how long the payload is. */
function lengthArgument(context: CallContext, payload: number): number | null {
  const value = context.call.event.args[payload]?.value;
  if (value?.kind !== "pointer" || (value.to.kind !== "bytes" && value.to.kind !== "msgbuf")) return null;
  if (value.to.length === "ret") return null;
  const raw = context.call.args?.[value.to.length.arg] ?? 0n;
  return Number(context.variant === "native" ? raw : BigInt.asUintN(32, raw));
}

interface Payload {
  readonly print: Print | null;
  /** System V: mtype; null for others. */
  readonly rank: Rank | null;
  /** Nothing is missing but what lies beyond the snap length. */
  readonly isWhole: boolean;
}

/** null: nothing could be read. */
function payloadOf(context: CallContext, item: Item | undefined, arg: number): Payload | null {
  if (item === undefined || !isReadable(item)) return null;
  const bytes = bytesOf(item);
  const status = statusOf(item);
  const isWhole = status === "read" || status === "truncated";
  const value = context.call.event.args[arg]?.value;
  if (value?.kind !== "pointer" || value.to.kind !== "msgbuf") {
    return { print: printOf(bytes), rank: null, isWhole };
  }
  const layout = context.structs.layout(context.variant === "native" ? "msgbuf" : "compat_msgbuf");
  const mtype = layout?.fields.find((field) => field.name === "mtype");
  if (mtype === undefined) return null;
  const end = mtype.offsetBytes + mtype.sizeBytes;
  if (bytes.length < end) return { print: null, rank: null, isWhole: false };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = readInteger(view, mtype.offsetBytes, mtype.sizeBytes, mtype.signed);
  return {
    print: printOf(bytes.subarray(end)),
    rank: { value: exactValue(BigInt(type)), text: `${type}` },
    isWhole,
  };
}

function argumentRank(args: readonly bigint[] | null, arg: number): Rank | null {
  if (args === null) return null;
  const value = Number(BigInt.asUintN(32, args[arg] ?? 0n));
  return { value, text: `${value}` };
}

/** The mtype that the call was given; null when it changed meanwhile, so that nobody knows which was used. */
function sameRank(atEntry: Payload | null, atExit: Payload | null): Rank | null {
  const one = atEntry?.rank ?? null;
  const other = atExit?.rank ?? null;
  if (one === null || other === null) return one ?? other;
  return one.text === other.text ? one : null;
}

/** The priority that a receive put out. */
function writtenRank(context: CallContext, arg: number): Rank | null {
  const item = context.exit?.(ItemKind.ARGUMENT, arg, 0, 0);
  if (item === undefined || !isReadable(item)) return null;
  const bytes = bytesOf(item);
  if (bytes.length < 4) return null;
  const value = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return { value, text: `${value}` };
}

function keyOf(rank: Rank | null, sizeBytes: number | null, print: Print | undefined): string | null {
  if (rank === null || sizeBytes === null || print === undefined) return null;
  return `${rank.text}/${sizeBytes}/${printKey(print)}`;
}

function selectorOf(
  role: MessageRole & { readonly does: "receive" },
  { call, variant }: CallContext,
  flags: number,
): Selector {
  if (role.select === undefined) return { kind: "priority" };
  if (call.args === null) return { kind: "unknown" };
  const raw = call.args[role.select.type] ?? 0n;
  return systemVSelector(BigInt.asIntN(variant === "native" ? 64 : 32, raw), flags);
}

/** False: EFAULT may have come before any message was taken. */
function isInputReadable(context: CallContext, arg: number | undefined): boolean {
  if (context.call.args === null) return false;
  if (arg === undefined || context.call.args[arg] === 0n) return true;
  const item = context.entry?.(ItemKind.ARGUMENT, arg, 0, 0) ?? context.exit?.(ItemKind.ARGUMENT, arg, 0, 0);
  return item?.status === "read";
}

function wasFull(seen: SeenQueue | null, sizeBytes: number | null): boolean | null {
  if (seen === null || seen.depth === null) return null;
  if (seen.key.kind === "posix") return seen.maxMessages === 0 ? null : seen.depth >= seen.maxMessages;
  if (sizeBytes === null || seen.maxBytes === 0) return null;
  return seen.bytes + sizeBytes > seen.maxBytes || seen.depth + 1 > seen.maxBytes;
}

function loadedMessage(call: PairedCall): bigint | null {
  return call.kernel.findLast((one) => one.hook === "load_msg" && one.errno === null)?.message ?? null;
}

/** What was stored; of a receive that failed before that, what was freed. */
function storedMessage(call: PairedCall): bigint | null {
  const of = (hook: string) => call.kernel.findLast((one) => one.hook === hook)?.message ?? null;
  return of("store_msg") ?? of("free_msg");
}
