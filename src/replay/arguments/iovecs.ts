/**
 * A message's iovecs with their bytes. What a receive left in each is worked out from the result: the kernel
 * fills them in order, and bytes beyond what was received are not the message's.
 */
import { ItemKind } from "../records.js";
import type { ArgValue } from "../types.js";
import {
  type CallContext,
  inputOf,
  isReadable,
  noOutput,
  outputOf,
  takenAt,
  type ValueStatus,
} from "./evidence.js";
import { decodeFields } from "./structs.js";
import { bytesFields, bytesOf, evidenceNote, noBytesFields } from "./values.js";

const IOVEC = { native: "iovec", compat: "compat_iovec" };

/** Which iovecs are meant, and how many bytes of payload they hold. */
export interface IovecsOf {
  readonly arg: number;
  readonly message: number;
  /** As the header has it. */
  readonly address: string;
  /** `msg_iovlen`; null: not known. */
  readonly count: bigint | null;
  /** `send`: all bytes are input. Else output of this many bytes, or the reason why there is none. */
  readonly payload: "send" | { readonly receivedBytes: number } | { readonly why: ValueStatus };
}

/** `msg_iov`, and how many of its entries are not in the capture (0 for none). */
export function iovecsValue(context: CallContext, of: IovecsOf): { value: ArgValue; notKept: number } {
  if (of.count === 0n) return { value: [], notKept: 0 };
  const decoder = context.structs.decoder(IOVEC, context.variant);
  const found = takenAt(inputOf(context, ItemKind.IOV, of.arg, of.message), of.address);
  const why: ValueStatus | null =
    found.item === null ? found.why : isReadable(found.item) ? null : (found.item.status as ValueStatus);
  if (found.item === null || why !== null || decoder === null) {
    return { value: { addr: of.address, status: why ?? "no_layout" }, notKept: 0 };
  }
  const bytes = bytesOf(found.item);
  const whole = Math.floor(bytes.length / decoder.sizeBytes);
  const there = of.count === null || of.count > BigInt(whole) ? whole : Number(of.count);
  const all = Math.floor(found.item.wanted / decoder.sizeBytes);
  const iovecs: ArgValue[] = [];
  let left = typeof of.payload === "object" && "receivedBytes" in of.payload ? of.payload.receivedBytes : 0;
  for (let i = 0; i < there; i++) {
    const { fields } = decodeFields(decoder, bytes, i * decoder.sizeBytes);
    const len = Number(fields.iov_len);
    const got = Math.min(left, len);
    left -= got;
    const base = fields.iov_base ?? null;
    const payload = payloadFields(context, of, i, base, len, got);
    iovecs.push({
      iov_base: base === null ? null : { addr: base, ...payload },
      iov_len: fields.iov_len ?? null,
    });
  }
  return { value: iovecs, notKept: Math.max(all - there, 0) };
}

function payloadFields(
  context: CallContext,
  of: IovecsOf,
  iovec: number,
  base: ArgValue,
  lenBytes: number,
  gotBytes: number,
): { [field: string]: ArgValue } {
  if (of.payload === "send") {
    const found = takenAt(inputOf(context, ItemKind.DATA, of.arg, of.message, iovec), base);
    if (found.item === null) return noBytesFields(lenBytes, found.why);
    return { ...bytesFields(found.item), ...evidenceNote(found) };
  }
  if ("why" in of.payload) return noBytesFields(null, of.payload.why);
  const why = noOutput(context);
  if (why !== null) return noBytesFields(null, why);
  if (gotBytes === 0) return noBytesFields(0, "read");
  const found = takenAt(outputOf(context, ItemKind.DATA, of.arg, of.message, iovec), base);
  return found.item === null ? noBytesFields(gotBytes, found.why) : bytesFields(found.item);
}
