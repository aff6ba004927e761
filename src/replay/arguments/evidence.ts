/**
 * Which piece of evidence stands for a value: for inputs the one taken at entry, for outputs the one taken at
 * exit. Says why there is none; never makes one up.
 */
import { variantOf } from "../../catalog/abi.js";
import type { Abi, EventRow, Mux, Variant } from "../../catalog/types.js";
import type { Item } from "../records.js";
import type { ArgValue, EvidenceStatus } from "../types.js";
import type { Structs } from "./structs.js";

/** What is known of one call when its arguments are to be decoded. */
export interface CallEvidence {
  readonly event: EventRow;
  readonly abi: Abi;
  readonly via: Mux | null;
  /** Raw, in the event's own order; ia32 zero-extended. null: not known. */
  readonly args: readonly bigint[] | null;
  /** null: that record is not in the capture. */
  readonly entryItems: readonly Item[] | null;
  readonly exitItems: readonly Item[] | null;
  /** False: items are missing of which nobody knows what they were, since a part of the record was lost. */
  readonly isEntryWhole: boolean;
  readonly isExitWhole: boolean;
  readonly ret: number | null;
}

/**
 * What `status` can say in a decoded argument. Beyond what the kernel programs noted:
 * - `unknown`: the record that would hold it, or a part of it, is not in the capture
 * - `not_kept`: the record is there, this piece is not in it (a limit was reached)
 * - `no_output`: the kernel gave nothing here: the call failed, or came no further than the entries before
 * - `unused`: with these arguments the kernel neither reads nor writes it
 * - `no_layout`: the capture's BTF does not have the struct
 * - `malformed`: its own length field cannot be true
 */
export type ValueStatus =
  | EvidenceStatus
  | "unknown"
  | "not_kept"
  | "no_output"
  | "unused"
  | "no_layout"
  | "malformed";

/** A piece of evidence, or why there is none. `from` "exit": an input for which the exit's copy had to stand in. */
export type Found =
  | { readonly item: Item; readonly from: "entry" | "exit" | "output" }
  | { readonly item: null; readonly why: ValueStatus };

type ItemIndex = (kind: number, arg: number, message: number, iovec: number) => Item | undefined;

/** One call under decoding. */
export interface CallContext {
  readonly call: CallEvidence;
  readonly variant: Variant;
  readonly structs: Structs;
  readonly entry: ItemIndex | null;
  readonly exit: ItemIndex | null;
}

export function callContext(call: CallEvidence, structs: Structs): CallContext {
  return {
    call,
    variant: variantOf(call.abi, call.via),
    structs,
    entry: indexItems(call.entryItems),
    exit: indexItems(call.exitItems),
  };
}

/** More items than this are looked up by a map: hundreds come with one sendmmsg. */
const FEW_ITEMS = 8;

/** Finds items by what they are of. The first of equals counts. */
function indexItems(items: readonly Item[] | null): ItemIndex | null {
  if (items === null) return null;
  if (items.length <= FEW_ITEMS) {
    return (kind, arg, message, iovec) =>
      items.find(
        (item) => item.kind === kind && item.arg === arg && item.message === message && item.iovec === iovec,
      );
  }
  const places = new Map<number, Item>();
  for (const item of items) {
    const key = placeOf(item.kind, item.arg, item.message, item.iovec);
    if (!places.has(key)) places.set(key, item);
  }
  return (kind, arg, message, iovec) => places.get(placeOf(kind, arg, message, iovec));
}

/** As one exact number: kind, arg and iovec are bytes, message 16 bits. */
function placeOf(kind: number, arg: number, message: number, iovec: number): number {
  return ((kind * 256 + arg) * 65_536 + message) * 256 + iovec;
}

const RANK: Readonly<Record<EvidenceStatus, number>> = {
  read: 4,
  truncated: 3,
  partly: 2,
  not_resident: 1,
  refused: 0,
};

/** Has it bytes that may be looked at? */
export function isReadable(item: Item): boolean {
  return item.status === "read" || item.status === "truncated" || item.status === "partly";
}

/**
 * Memory that the kernel reads. The copy from entry is nearest to what the kernel used. Where a page was not
 * there at entry, the kernel has brought it in since, and the copy from exit stands in.
 */
export function inputOf(context: CallContext, kind: number, arg: number, message = 0, iovec = 0): Found {
  const entry = context.entry?.(kind, arg, message, iovec);
  if (entry !== undefined && RANK[entry.status] >= RANK.truncated) return { item: entry, from: "entry" };
  const exit = context.exit?.(kind, arg, message, iovec);
  if (exit !== undefined && (entry === undefined || isBetter(exit, entry)))
    return { item: exit, from: "exit" };
  if (entry !== undefined) return { item: entry, from: "entry" };
  return { item: null, why: whyNoInput(context) };
}

/** Why a piece of input is not there: only a whole record tells that it was not kept. */
export function whyNoInput(context: CallContext): "unknown" | "not_kept" {
  return context.entry !== null && context.call.isEntryWhole ? "not_kept" : "unknown";
}

function isBetter(one: Item, other: Item): boolean {
  return RANK[one.status] > RANK[other.status] || one.bytes.length > other.bytes.length;
}

/**
 * Evidence only if it was taken where the pointer that is shown leads to: another thread may have changed the
 * pointer while the call waited, and what lies at the new place is not what the call was given.
 */
export function takenAt(found: Found, pointer: ArgValue): Found {
  if (found.item === null || found.item.addr === 0n) return found;
  return integerOf(pointer) === found.item.addr ? found : { item: null, why: "unknown" };
}

/** A decoded field as the number that it is; null: it is none, as a stranger's BTF may have it. */
export function integerOf(value: ArgValue): bigint | null {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : null;
  return typeof value === "string" && /^(0x[0-9a-f]{1,16}|-?[0-9]{1,20})$/.test(value) ? BigInt(value) : null;
}

/** Memory that the kernel writes: looked at on exit alone, and only when the call succeeded. */
export function outputOf(context: CallContext, kind: number, arg: number, message = 0, iovec = 0): Found {
  const why = noOutput(context);
  if (why !== null) return { item: null, why };
  const item = context.exit?.(kind, arg, message, iovec);
  if (item !== undefined) return { item, from: "output" };
  return { item: null, why: context.call.isExitWhole ? "not_kept" : "unknown" };
}

/** Why nothing was put out; null: the call succeeded and its exit is here. */
export function noOutput(context: CallContext): ValueStatus | null {
  if (context.exit === null || context.call.ret === null) return "unknown";
  return context.call.ret < 0 ? "no_output" : null;
}

/** Raw argument as an address: 32 bits of it on ia32. */
export function addressOf(context: CallContext, arg: number): bigint {
  const raw = context.call.args?.[arg] ?? 0n;
  return context.variant === "native" ? BigInt.asUintN(64, raw) : BigInt.asUintN(32, raw);
}
