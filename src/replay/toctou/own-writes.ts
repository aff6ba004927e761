/**
 * The memory that a call's own outputs lie in. A program may let an output cover an input (the same struct as `new` and
 * `old`, a timeout inside the receive buffer): the copy at exit then shows what the kernel put there, and what became of
 * the input is not known. Judges nothing.
 */
import { fieldAt, type StructLayout } from "../../btf/index.js";
import { RECEIVED_HEADER } from "../../catalog/structs.js";
import { addressOf, type CallContext } from "../arguments/evidence.js";
import { stepsFor } from "../arguments/steps.js";
import { errorNumber } from "../filter.js";
import { ItemKind } from "../records.js";
import type { Range } from "./compare.js";
import { outputsOf, type Piece } from "./inputs.js";

/** Addresses, `to` not included. */
interface Stretch {
  readonly from: bigint;
  readonly to: bigint;
}

/** Every address there is. */
const ANYWHERE: readonly Stretch[] = [{ from: 0n, to: 1n << 64n }];
const EFAULT = 14;

/** What the call itself has written, or may have. */
export function ownWrites(context: CallContext): readonly Stretch[] {
  const { ret } = context.call;
  if (ret === null) return [];
  // It may have written one output before it failed over another, and tells neither which nor how much.
  if (ret < 0) return errorNumber(ret) === EFAULT && hasOutput(context) ? ANYWHERE : [];
  return [
    ...outputsOf(context).map(({ addr, lengthBytes }) => stretch(addr, lengthBytes)),
    ...headerWrites(context),
  ];
}

/** The input bytes of this piece that, in its exit copy, are the call's own. */
export function coveredRanges(
  writes: readonly Stretch[],
  { exit, ranges }: Pick<Piece, "exit" | "ranges">,
): readonly Range[] {
  if (exit === null) return [];
  const end = exit.addr + BigInt(exit.wanted);
  return writes
    .filter(({ from, to }) => from < end && to > exit.addr)
    .map(({ from, to }): Range => {
      const [start, stop] = [Number(from - exit.addr), Number(to - exit.addr)];
      return [Math.max(start, 0), Math.min(stop, exit.wanted)];
    })
    .filter(([from, to]) => ranges === null || ranges.some((range) => range[0] < to && range[1] > from))
    .sort((one, other) => one[0] - other[0]);
}

function stretch(addr: bigint, lengthBytes: number): Stretch {
  return { from: addr, to: addr + BigInt(lengthBytes) };
}

function hasOutput(context: CallContext): boolean {
  const { entry, exit, args } = context.call.event;
  return args.some(
    (_, arg) =>
      addressOf(context, arg) !== 0n &&
      stepsFor(context, exit, arg).some(
        (step) =>
          ((step.take === "msghdr" || step.take === "mmsghdr") && step.received) ||
          stepsFor(context, entry, arg).length === 0,
      ),
  );
}

/** What the kernel sets in headers: msg_len of each message that went or came, and of one that came what it tells. */
function headerWrites(context: CallContext): Stretch[] {
  const { call, variant, structs } = context;
  const isNative = variant === "native";
  const header = structs.layout(isNative ? "user_msghdr" : "compat_msghdr");
  const vector = structs.layout(isNative ? "mmsghdr" : "compat_mmsghdr");
  const receivers = new Set(
    call.event.exit.flatMap((step) =>
      (step.take === "msghdr" || step.take === "mmsghdr") && step.received ? [step.arg] : [],
    ),
  );
  const headers = call.event.exit.flatMap((step) => (step.take === "msghdr" ? [step.arg] : []));
  const found: Stretch[] = [];
  for (const item of call.exitItems ?? []) {
    const isVector = item.kind === ItemKind.MMSGHDR;
    if (!isVector && !(item.kind === ItemKind.ARGUMENT && headers.includes(item.arg))) continue;
    if (isVector && item.message >= (call.ret ?? 0)) continue;
    const inVector = isVector ? fieldOf(vector, "msg_hdr")?.from : 0n;
    const length = isVector ? fieldOf(vector, "msg_len") : null;
    if (length !== null) found.push({ from: item.addr + length.from, to: item.addr + length.to });
    if (!receivers.has(item.arg) || header === null || inVector === undefined) continue;
    for (const { name } of header.fields) {
      const field = RECEIVED_HEADER.includes(name) ? null : fieldOf(header, name);
      if (field === null) continue;
      found.push({ from: item.addr + inVector + field.from, to: item.addr + inVector + field.to });
    }
  }
  return found;
}

function fieldOf(layout: StructLayout | null, name: string): Stretch | null {
  if (layout === null || !layout.fields.some((field) => field.name === name)) return null;
  const { offsetBytes, sizeBytes } = fieldAt(layout, name);
  return stretch(BigInt(offsetBytes), sizeBytes);
}
