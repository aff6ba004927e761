/**
 * What the kernel programs keep of a call: the catalogue's steps as struct mt_step. Sizes of structs are the
 * host's own; none is written here.
 */
import type { StructValues } from "../btf/index.js";
import type { Condition, EventRow, Operand, Step, Variant } from "../catalog/types.js";

/** MT_ARG_RET and MT_ARG_NONE in bpf/config.h: no enum, so not in its BTF. */
const ARG_RET = 0xfe;
const ARG_NONE = 0xff;

/** What steps need to know of this host and this program object. */
export interface StepContext {
  /** Values of an enumerator of the program object, such as MT_TAKE_STRING. */
  readonly value: (enumName: string, enumerator: string) => number;
  /** null: the host has no such struct, so no such call either. */
  readonly sizeOf: (struct: string) => number | null;
}

/** struct mt_plan of one event in one layout. */
export function encodePlan(event: EventRow, variant: Variant, context: StepContext): StructValues {
  const phase = (steps: readonly Step[]) =>
    steps
      .filter((step) => step.only === undefined || step.only.includes(variant))
      .map((step) => encodeStep(event, step, variant, context))
      .filter((step) => step !== null);
  return { entry: phase(event.entry), exit: phase(event.exit) };
}

/** struct mt_step; null when the host lacks the struct. */
function encodeStep(
  event: EventRow,
  step: Step,
  variant: Variant,
  context: StepContext,
): StructValues | null {
  const what = encodeTake(event, step, variant, context);
  if (what === null) return null;
  const { flags = 0, ...rest } = what;
  const onSuccess = step.onSuccess ? context.value("mt_step_flags", "MT_STEP_ON_SUCCESS") : 0;
  return { length_arg: ARG_NONE, ...rest, ...encodeCondition(step.when), flags: flags | onSuccess };
}

interface Take {
  readonly take: number;
  readonly arg: number;
  readonly length_arg?: number;
  readonly size?: number;
  readonly flags?: number;
}

function encodeTake(event: EventRow, step: Step, variant: Variant, context: StepContext): Take | null {
  const take = (name: string) => context.value("mt_take", `MT_TAKE_${name}`);
  switch (step.take) {
    case "string":
      return { take: take("STRING"), arg: step.arg };
    case "cookie":
      return { take: take("COOKIE"), arg: step.arg };
    case "fixed":
      return { take: take("STRUCT"), arg: step.arg, size: step.bytes };
    case "struct": {
      const size = context.sizeOf(variant === "native" ? step.struct.native : step.struct.compat);
      return size === null ? null : { take: take("STRUCT"), arg: step.arg, size };
    }
    case "bytes": {
      // mtype before mtext is a long of the caller's ABI.
      const long = variant === "native" ? 8 : 4;
      const size = step.prefix === "long" ? long : 0;
      return { take: take("BYTES"), arg: step.arg, length_arg: operand(step.length), size };
    }
    case "msghdr":
      return {
        take: take("MSGHDR"),
        arg: step.arg,
        size: 1 + flagsArgument(event),
        flags: messageFlags(step, context),
      };
    case "mmsghdr": {
      const length_arg = operand(step.count);
      const size = 1 + flagsArgument(event);
      return { take: take("MMSGHDR"), arg: step.arg, length_arg, size, flags: messageFlags(step, context) };
    }
    case "key":
      return { take: take("KEY"), arg: step.arg };
    case "mqd":
      return { take: take("MQD"), arg: operand(step.from) };
    case "msqid":
      return { take: take("MSQID"), arg: operand(step.from) };
    case "socket":
      return { take: take("SOCKET"), arg: operand(step.from) };
  }
}

function operand(from: Operand): number {
  return from === "ret" ? ARG_RET : from.arg;
}

/** The argument with MSG_TRUNC and its like; -1: there is none. */
function flagsArgument(event: EventRow): number {
  return event.args.findIndex(({ value }) => value.kind === "scalar" && value.notation === "msg_flags");
}

function messageFlags(step: { payload: boolean; received: boolean }, context: StepContext): number {
  const payload = step.payload ? context.value("mt_step_flags", "MT_STEP_PAYLOAD") : 0;
  const received = step.received ? context.value("mt_step_flags", "MT_STEP_RECEIVED") : 0;
  return payload | received;
}

function encodeCondition(when: Condition | undefined): StructValues {
  if (when === undefined) return { when_arg: ARG_NONE };
  const set = (when.low ?? []).reduce((bits, value) => bits | (1 << value), 0);
  return {
    when_arg: when.arg,
    when_mask: when.mask >>> 0,
    when_value: when.value >>> 0,
    when_set: set >>> 0,
  };
}
