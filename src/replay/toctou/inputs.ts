/**
 * The memory that a call's kernel side reads, piece by piece, with the copies taken of each at entry and at exit; and
 * the memory that it writes. Which argument leads to what is the catalogue's to say; judges nothing.
 */
import { fieldAt, type StructLayout } from "../../btf/index.js";
import { RECEIVED_HEADER, SENT_HEADER } from "../../catalog/structs.js";
import type { Step, StructNames } from "../../catalog/types.js";
import { addressOf, type CallContext, isReadable } from "../arguments/evidence.js";
import { stepsFor } from "../arguments/steps.js";
import { bytesOf } from "../arguments/values.js";
import { type Item, ItemKind } from "../records.js";
import type { Range } from "./compare.js";

/** One piece of input. */
export interface Piece {
  readonly arg: number;
  /** As C would write it: `msgvec[1].msg_hdr.msg_iov[0].iov_base`. */
  readonly place: string;
  readonly message: number;
  readonly entry: Item | null;
  /** null also where the kernel has written over it. */
  readonly exit: Item | null;
  /** The bytes that are input; null: all of them. */
  readonly ranges: readonly Range[] | null;
  /** Others are found through this one: when it changed, theirs are copies of other memory. */
  readonly leads: boolean;
  readonly payload: boolean;
}

export interface ArgumentInput {
  readonly arg: number;
  readonly name: string;
  readonly pieces: readonly Piece[];
  /** Something that the kernel read is in no piece: a limit was reached, or a layout is missing. */
  readonly isCut: boolean;
}

/** The inputs behind each argument tagged TOCTOU that this call uses. */
export function inputsOf(context: CallContext): ArgumentInput[] {
  const found: ArgumentInput[] = [];
  context.call.event.args.forEach((argument, arg) => {
    if (!argument.tags.includes("TOCTOU") || addressOf(context, arg) === 0n) return;
    const steps = stepsFor(context, context.call.event.entry, arg);
    if (steps.length === 0) return;
    const parts = steps.map((step) => stepPieces(context, step, arg, argument.name));
    found.push({
      arg,
      name: argument.name,
      pieces: parts.flatMap((part) => part.pieces),
      isCut: parts.some((part) => part.isCut),
    });
  });
  return found;
}

interface Pieces {
  readonly pieces: Piece[];
  readonly isCut: boolean;
}

function stepPieces(context: CallContext, step: Step, arg: number, name: string): Pieces {
  if (step.take === "msghdr" || step.take === "mmsghdr") return messagePieces(context, step, arg, name);
  const kind = step.take === "cookie" ? ItemKind.COOKIE : ItemKind.ARGUMENT;
  const entry = context.entry?.(kind, arg, 0, 0) ?? null;
  const exit = isOverwritten(context, arg) ? null : (context.exit?.(kind, arg, 0, 0) ?? null);
  const isExpected = step.take !== "cookie"; // there is one only with SIGEV_THREAD
  if (entry === null && exit === null && !isExpected) return { pieces: [], isCut: false };
  const ranges = step.take === "struct" ? structRanges(context, step.struct, step.reads) : null;
  const place = step.take === "cookie" ? `${name}->sigev_value.sival_ptr` : name;
  const payload = step.take === "bytes";
  const piece = { arg, place, message: 0, entry, exit, leads: false, payload };
  return ranges === "unknown"
    ? { pieces: [], isCut: true }
    : { pieces: [{ ...piece, ranges }], isCut: false };
}

/** recvmmsg's timeout: when a message came, the time that is left lies over the one that was given. */
function isOverwritten(context: CallContext, arg: number): boolean {
  const argument = context.call.event.args[arg];
  if (argument?.direction !== "inout" || argument.value.kind !== "pointer") return false;
  return argument.value.to.kind === "struct" && (context.call.ret ?? 0) > 0;
}

function layoutOf(context: CallContext, names: StructNames): StructLayout | null {
  return context.structs.layout(context.variant === "native" ? names.native : names.compat);
}

function structRanges(
  context: CallContext,
  names: StructNames,
  reads: readonly string[] | undefined,
): readonly Range[] | null | "unknown" {
  const layout = layoutOf(context, names);
  if (layout === null) return "unknown";
  if (reads !== undefined) return fieldRanges(layout, reads);
  // get_timespec64() drops the upper half of tv_nsec for 32-bit callers: their libc leaves padding there.
  const nsec = layout.fields.find((field) => field.name === "tv_nsec");
  if (context.variant === "native" || nsec === undefined) return null;
  return [
    [0, nsec.offsetBytes],
    [nsec.offsetBytes, nsec.offsetBytes + 4],
  ];
}

function fieldRanges(
  layout: StructLayout,
  names: readonly string[],
  atBytes = 0,
): readonly Range[] | "unknown" {
  try {
    return names
      .map((name) => fieldAt(layout, name))
      .map(
        ({ offsetBytes, sizeBytes }) => [atBytes + offsetBytes, atBytes + offsetBytes + sizeBytes] as const,
      )
      .sort((one, other) => one[0] - other[0]);
  } catch {
    return "unknown"; // the capture's struct has no such field
  }
}

const MSGHDR = { native: "user_msghdr", compat: "compat_msghdr" };
const MMSGHDR = { native: "mmsghdr", compat: "compat_mmsghdr" };
/** MT_IOVECS_MAX of any recorder: iovec numbers are bytes. */
const MAX_IOVECS = 256;

function messagePieces(
  context: CallContext,
  step: Step & { readonly take: "msghdr" | "mmsghdr" },
  arg: number,
  name: string,
): Pieces {
  const isVector = step.take === "mmsghdr";
  const receives = context.call.event.exit.some(
    (other) => (other.take === "msghdr" || other.take === "mmsghdr") && other.arg === arg && other.received,
  );
  const layout = layoutOf(context, MSGHDR);
  const vector = layoutOf(context, MMSGHDR);
  const at = isVector ? vector?.fields.find((field) => field.name === "msg_hdr")?.offsetBytes : 0;
  if (layout === null || at === undefined) return { pieces: [], isCut: true };
  const ranges = fieldRanges(layout, receives ? RECEIVED_HEADER : SENT_HEADER, at);
  if (ranges === "unknown") return { pieces: [], isCut: true };
  const used = isVector ? usedMessages(context, step, receives) : 1;
  const pieces: Piece[] = [];
  let kept = 0;
  for (; kept < used; kept++) {
    const kind = isVector ? ItemKind.MMSGHDR : ItemKind.ARGUMENT;
    const entry = context.entry?.(kind, arg, kept, 0) ?? null;
    const exit = context.exit?.(kind, arg, kept, 0) ?? null;
    if (entry === null && exit === null && (isVector ? kept > 0 : false)) break;
    const place = isVector ? `${name}[${kept}].msg_hdr` : name;
    const own = { arg, message: kept, leads: false, payload: false, ranges: null };
    pieces.push({ ...own, place, entry, exit, ranges, leads: true });
    pieces.push(...partPieces(context, own, isVector ? `${place}.` : `${place}->`, receives));
  }
  return { pieces, isCut: kept < used };
}

/** How many of the vector's messages the kernel read: those of the result, and the one that ended a send. */
function usedMessages(context: CallContext, step: Step, receives: boolean): number {
  const count = step.take === "mmsghdr" && step.count !== "ret" ? step.count.arg : 0;
  const given = Number(BigInt.asUintN(32, context.call.args?.[count] ?? 0n));
  const { ret } = context.call;
  if (ret === null) return given;
  // A receive that got nothing read the first header; one that got some read the next, but nothing came of it.
  const read = receives && ret > 0 ? ret : Math.max(ret, 0) + 1;
  return Math.min(given, read);
}

type Own = Pick<Piece, "arg" | "message" | "leads" | "payload" | "ranges">;

function partPieces(context: CallContext, own: Own, prefix: string, receives: boolean): Piece[] {
  const pieces: Piece[] = [];
  const add = (kind: number, iovec: number, place: string, more: Partial<Own> = {}): boolean => {
    const entry = context.entry?.(kind, own.arg, own.message, iovec) ?? null;
    const exit = context.exit?.(kind, own.arg, own.message, iovec) ?? null;
    if (entry === null && exit === null) return false;
    pieces.push({ ...own, place: prefix + place, entry, exit, ...more });
    return true;
  };
  add(ItemKind.IOV, 0, "msg_iov", { leads: true });
  if (receives) return pieces; // what lies behind the pointers is output
  add(ItemKind.NAME, 0, "msg_name");
  for (let i = 0; i < MAX_IOVECS; i++) {
    if (!add(ItemKind.DATA, i, `msg_iov[${i}].iov_base`, { payload: true })) break;
  }
  add(ItemKind.CONTROL, 0, "msg_control");
  return pieces;
}

/** The bytes that an item has; null when none could be read. */
export function itemBytes(item: Item | null): Uint8Array | null {
  return item === null || !isReadable(item) ? null : bytesOf(item);
}

/** Memory that a call wrote: all of it known to be written, since each is bounded by the result. */
export interface Output {
  readonly arg: number;
  readonly addr: bigint;
  readonly lengthBytes: number;
  readonly bytes: Uint8Array | null;
}

const MESSAGE_OUTPUTS: ReadonlySet<number> = new Set([ItemKind.NAME, ItemKind.DATA, ItemKind.CONTROL]);

/** What a call that succeeded put into memory, but for the fields of headers. */
export function outputsOf(context: CallContext): Output[] {
  const { event, exitItems, ret } = context.call;
  if (exitItems === null || ret === null || ret < 0) return [];
  const receivers = new Set(
    event.exit.flatMap((step) =>
      (step.take === "msghdr" || step.take === "mmsghdr") && step.received ? [step.arg] : [],
    ),
  );
  const isOutput = (item: Item) => {
    if (MESSAGE_OUTPUTS.has(item.kind)) return receivers.has(item.arg);
    if (item.kind !== ItemKind.ARGUMENT || receivers.has(item.arg)) return false;
    if (isOverwritten(context, item.arg)) return true;
    return stepsFor(context, event.entry, item.arg).length === 0;
  };
  return exitItems
    .filter((item) => item.addr !== 0n && item.wanted > 0 && isOutput(item))
    .map((item) => ({ arg: item.arg, addr: item.addr, lengthBytes: item.wanted, bytes: itemBytes(item) }));
}
