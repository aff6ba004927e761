/** What a call's pieces of evidence are: the catalogue's steps, for one side of one call. Reads no bytes. */
import type { StructLayout } from "../../btf/index.js";
import type { EventRow, Step, Variant } from "../../catalog/types.js";
import { holds } from "../../replay/arguments/steps.js";
import { type Item, ItemKind } from "../../replay/records.js";

export interface CallShape {
  readonly event: EventRow;
  readonly variant: Variant;
  readonly side: "entry" | "exit";
  /** null: not known; then only steps without a condition can be told. */
  readonly args: readonly bigint[] | null;
  /** Of an exit. */
  readonly ret: bigint | null;
  readonly layout: (name: string) => StructLayout | null;
}

type ArgumentStep = Extract<Step, { readonly arg: number }>;

/** The step that took what this argument leads to. null: none, or it cannot be told which. */
export function stepOf(shape: CallShape, arg: number): ArgumentStep | null {
  const candidates = shape.event[shape.side].filter(
    (step): step is ArgumentStep =>
      "arg" in step &&
      step.arg === arg &&
      step.take !== "cookie" &&
      step.take !== "key" &&
      applies(shape, step),
  );
  return candidates.length === 1 || shape.args !== null ? (candidates[0] ?? null) : null;
}

/** An id of a System V queue stands there, in a call such as this: in an argument, or in the result. */
export function isMsqid(shape: Pick<CallShape, "event" | "variant" | "args">, at: number | "ret"): boolean {
  const steps = [...shape.event.entry, ...shape.event.exit];
  return steps.some(
    (step) =>
      step.take === "msqid" &&
      (at === "ret" ? step.from === "ret" : step.from !== "ret" && step.from.arg === at) &&
      applies(shape, step),
  );
}

function applies({ variant, args }: Pick<CallShape, "variant" | "args">, step: Step): boolean {
  if (step.only !== undefined && !step.only.includes(variant)) return false;
  return step.when === undefined || args === null || holds(step.when, args[step.when.arg] ?? 0n);
}

/** Does the argument's memory hold what the call received? */
export function receives(event: EventRow, arg: number): boolean {
  return event.exit.some(
    (step) => (step.take === "msghdr" || step.take === "mmsghdr") && step.arg === arg && step.received,
  );
}

/** Bytes in front of a System V message's text. */
export function frontBytes({ variant, layout }: Pick<CallShape, "variant" | "layout">): number {
  const mtype = layout(variant === "native" ? "msgbuf" : "compat_msgbuf")?.fields.find(
    ({ name }) => name === "mtype",
  );
  return mtype === undefined ? (variant === "native" ? 8 : 4) : mtype.offsetBytes + mtype.sizeBytes;
}

/** Bytes of one message, or a piece of it, that are replaced as one content. */
export interface Run {
  readonly arg: number;
  readonly message: number;
  /** Of several in one message: the first is the message's beginning. */
  readonly number: number;
  readonly bytes: Uint8Array;
  /** Everything that was meant is there. */
  readonly isWhole: boolean;
  /** Where the bytes lie: which item, and from where in it. */
  readonly parts: readonly { readonly item: number; readonly from: number; readonly to: number }[];
}

/**
 * The contents among the items of one side of a call. A message that lies in several buffers is one content, up to the
 * first byte that is not there; what is there of later buffers are contents of their own.
 */
export function contentRuns(shape: CallShape, items: readonly Item[]): Run[] {
  const runs: OpenRun[] = [];
  const open = new Map<string, OpenRun>();
  items.forEach((item, index) => {
    const front = contentFront(shape, item);
    if (front === null) return;
    const { captured, wanted, arg, message } = item;
    const key = `${item.kind} ${arg} ${message}`;
    let run = open.get(key);
    if (run === undefined || (!run.isWhole && captured > front)) {
      run = { arg, message, number: (run?.number ?? -1) + 1, isWhole: true, parts: [], pieces: [] };
      open.set(key, run);
      runs.push(run);
    }
    run.parts.push({ item: index, from: Math.min(front, captured), to: captured });
    run.pieces.push(item.bytes.subarray(Math.min(front, captured), captured));
    if (captured < wanted) run.isWhole = false;
  });
  return runs.map(({ pieces, ...run }) => ({ ...run, bytes: joined(pieces) }));
}

interface OpenRun {
  readonly arg: number;
  readonly message: number;
  readonly number: number;
  isWhole: boolean;
  readonly parts: { item: number; from: number; to: number }[];
  readonly pieces: Uint8Array[];
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : new Uint8Array(Buffer.concat(pieces));
}

/** Where in the item the content begins; null: it holds none. */
function contentFront(shape: CallShape, item: Item): number | null {
  if (item.kind === ItemKind.DATA || item.kind === ItemKind.COOKIE) return 0;
  if (item.kind !== ItemKind.ARGUMENT) return null;
  const step = stepOf(shape, item.arg);
  if (step?.take !== "bytes") return null;
  return step.prefix === "long" ? frontBytes(shape) : 0;
}
