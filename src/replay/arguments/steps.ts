/** Which steps of the kernel programs' plan concern an argument of this call: the catalogue's conditions. */
import type { Condition, Step, StructNames } from "../../catalog/types.js";
import type { CallContext } from "./evidence.js";

/** Has this call's plan a step for the argument? msgctl's IPC_RMID, say, leaves buf alone. */
export function isUsed(context: CallContext, arg: number): boolean {
  return (
    context.call.event.entry.some((step) => concerns(context, step, arg)) ||
    context.call.event.exit.some((step) => concerns(context, step, arg))
  );
}

/** The steps that take what the argument leads to, in a call such as this. */
export function stepsFor(context: CallContext, steps: readonly Step[], arg: number): readonly Step[] {
  return steps.filter((step) => "arg" in step && step.arg === arg && applies(context, step));
}

function concerns(context: CallContext, step: Step, arg: number): boolean {
  return "arg" in step && step.arg === arg && step.take !== "cookie" && applies(context, step);
}

function applies(context: CallContext, step: Step): boolean {
  if (step.only !== undefined && !step.only.includes(context.variant)) return false;
  return step.when === undefined || holds(step.when, context.call.args?.[step.when.arg] ?? 0n);
}

/** Is the condition true of this raw argument? */
export function holds(when: Condition, raw: bigint): boolean {
  const value = Number(BigInt.asUintN(32, raw));
  if ((value & when.mask) >>> 0 !== when.value) return false;
  return when.low === undefined || when.low.includes(value & 31);
}

/** The struct that one of these steps takes at the argument; null: none of them applies. */
export function structTaken(context: CallContext, steps: readonly Step[], arg: number): StructNames | null {
  const step = steps.find((one) => one.take === "struct" && concerns(context, one, arg));
  return step?.take === "struct" ? step.struct : null;
}
