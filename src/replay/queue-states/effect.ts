/**
 * What a call changed a queue's depth and bytes by, out of its raw arguments and result: payloads do not matter here.
 * The seldom cases, in which the evidence decides, are left to flows/deeds.ts.
 */
import { abiById, muxById, variantOf } from "../../catalog/abi.js";
import { eventById } from "../../catalog/events.js";
import type { EventRow } from "../../catalog/types.js";
import type { NamedCall } from "../call-line.js";
import { type DeedParts, depthChange, queueDeed } from "../flows/deeds.js";
import { MSG_COPY, MSG_NOERROR } from "../flows/selection.js";
import { entryArgs, type PairedCall } from "../paired-call.js";
import type { RecordLayouts } from "../records.js";

export interface Effect {
  /** Messages more; null: not known; undefined: it has not ended. */
  readonly effect: number | null | undefined;
  /** Of the message that it moved; null: none, or not known. */
  readonly sizeBytes: number | null;
}

const NOTHING: Effect = { effect: 0, sizeBytes: null };
const EFAULT = 14;

export function effectOf(named: NamedCall, parts: DeedParts): Effect {
  const { call } = named;
  const event = eventById(call.event);
  const role = event?.message;
  if (role?.does !== "send" && role?.does !== "receive") return NOTHING;
  const { ret } = call;
  if (role.does === "send") {
    if (ret === null) return { effect: call.state === "in_flight" ? undefined : null, sizeBytes: null };
    return ret < 0 ? NOTHING : { effect: 1, sizeBytes: sendLength(event, call, parts.layouts) };
  }
  if (ret === null) return { effect: call.state === "in_flight" ? undefined : null, sizeBytes: null };
  if (ret < 0 && ret !== -EFAULT) return NOTHING;
  const args = argsView(call, parts.layouts);
  if (ret < 0 || args === null) return byDeed(named, parts);
  const flags = role.select === undefined ? 0 : args.getUint32(8 * role.select.flags, true);
  if ((flags & MSG_COPY) !== 0) return NOTHING;
  const room = role.room === undefined ? null : lengthAt(args, role.room, call);
  const isCut = (flags & MSG_NOERROR) !== 0 && ret === room;
  return { effect: -1, sizeBytes: isCut ? null : ret };
}

/** EFAULT, or an entry that was lost: its evidence may tell. */
function byDeed(named: NamedCall, parts: DeedParts): Effect {
  const { call } = named;
  const deed = queueDeed(
    {
      call,
      party: { ...call, comm: null, event: null, message: null },
      queue: { kind: "sysv", key: null, name: null },
      isWanted: false,
    },
    parts,
  );
  const sizeBytes = deed?.did === "receive" && !deed.received.isCut ? deed.received.sizeBytes : null;
  return { effect: depthChange(deed), sizeBytes };
}

/** Payload length of a send, as it was asked for. */
export function sendLength(
  event: EventRow | undefined,
  call: Pick<PairedCall, "abi" | "mux" | "entry">,
  layouts: RecordLayouts,
): number | null {
  if (event?.message?.does !== "send") return null;
  const args = argsView(call, layouts);
  const value = event.args[event.message.payload]?.value;
  if (args === null || value?.kind !== "pointer") return null;
  if (value.to.kind !== "bytes" && value.to.kind !== "msgbuf") return null;
  return value.to.length === "ret" ? null : lengthAt(args, value.to.length.arg, call);
}

function argsView({ entry }: Pick<PairedCall, "entry">, layouts: RecordLayouts): DataView | null {
  const args = entryArgs(entry?.[0], layouts);
  return args === null ? null : new DataView(args.buffer, args.byteOffset, args.byteLength);
}

/** A size_t: 32 bits of it in 32-bit calls. */
function lengthAt(args: DataView, arg: number, { abi, mux }: Pick<PairedCall, "abi" | "mux">): number {
  const known = abiById(abi)?.abi;
  const isNarrow = known !== undefined && variantOf(known, muxById(mux)?.mux ?? null) !== "native";
  return isNarrow ? args.getUint32(8 * arg, true) : Number(args.getBigUint64(8 * arg, true));
}
