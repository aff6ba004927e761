/** A call's raw arguments and its result: numbers that name something are replaced, registers that say nothing are 0. */
import type { EventRow, Variant } from "../../catalog/types.js";
import type { Redaction } from "./redaction.js";
import { isMsqid } from "./shape.js";
import { bounded, small32 } from "./structs.js";

export interface Numbers {
  readonly event: EventRow;
  readonly variant: Variant;
  readonly args: readonly bigint[];
}

/** As many arguments as the event has; the rest are registers with whatever was in them. */
export function redactArgs(to: Redaction, tgid: number, call: Numbers): bigint[] {
  const { event, variant, args } = call;
  return args.map((raw, at) => {
    const argument = event.args[at];
    if (argument === undefined) return 0n;
    const is32Bit = variant !== "native";
    if (argument.value.kind === "pointer") {
      return to.pointers.move(tgid, is32Bit ? BigInt.asUintN(32, raw) : raw);
    }
    const int = BigInt.asUintN(32, raw);
    if (isMsqid(call, at)) return BigInt(to.ids.msqid(Number(int)));
    if (argument.value.notation === "key") return BigInt(to.ids.key(Number(int)));
    if (argument.value.notation === "fd") return BigInt.asUintN(32, small32(BigInt.asIntN(32, raw)));
    switch (argument.value.type) {
      case "size_t":
        return is32Bit ? int : BigInt.asUintN(64, bounded(BigInt.asIntN(64, raw)));
      case "long":
        return is32Bit ? int : raw;
      case "umode_t":
        return BigInt.asUintN(16, raw);
      default:
        // An id that the command takes no notice of is one all the same.
        return event.queue?.kind === "sysv" && isQueueArgument(event, at)
          ? BigInt(to.ids.msqid(Number(int)))
          : int;
    }
  });
}

function isQueueArgument({ queue }: EventRow, at: number): boolean {
  return queue !== null && queue.by !== "ret" && queue.by.arg === at;
}

/** `args` null: not known; an id among the results can then not be told from an index, and is taken for one. */
export function redactRet(
  to: Redaction,
  call: { readonly event: EventRow; readonly variant: Variant; readonly args: readonly bigint[] | null },
  ret: bigint,
): bigint {
  if (ret < 0n || !isMsqid(call, "ret")) return ret;
  return BigInt(to.ids.msqid(Number(BigInt.asUintN(32, ret))));
}
