/** What a call on a POSIX queue means for its registration, out of its evidence. Follows nothing. */
import { eventById } from "../../catalog/events.js";
import { callEvidence, eventName, type LineParts, type NamedCall } from "../call-line.js";
import { queueKeyText } from "../names.js";
import { entryArgs, type PairedCall } from "../paired-call.js";
import { seenQueue } from "../queues.js";
import { type Item, ItemKind, type RecordLayouts } from "../records.js";
import type { ArgValue } from "../types.js";
import type { Act, Caller, Does, Method, Reading } from "./types.js";

/** include/uapi/asm-generic/siginfo.h. */
const METHODS: ReadonlyMap<ArgValue, Method> = new Map<ArgValue, Method>([
  [0, "signal"],
  [1, "none"],
  [2, "thread"],
]);

/** sigev_notify, or NOTIFY of the mqueue file system; null: no method of mq_notify. */
export function methodOf(sigevNotify: ArgValue): Method | null {
  return METHODS.get(sigevNotify) ?? null;
}

/** `args`: as entered; null: not known, and then neither is what a call that may register does. */
export function doesOf(event: number, args: Uint8Array | null): Does {
  const row = eventById(event);
  if (row?.family !== "posix-mq") return "other";
  const does = row.message?.does;
  if (does === "send" || does === "receive") return does;
  if (row.notify === undefined || args === null) return "other";
  const at = 8 * row.notify.sevp;
  return args.subarray(at, at + 8).some((byte) => byte !== 0) ? "register" : "cancel";
}

/** What these parts of an entry or exit tell of the queue with this key; null: nothing. */
export function readingOf(
  parts: readonly Uint8Array[] | null,
  atNs: number | null,
  key: string,
  layouts: RecordLayouts,
): Reading | null {
  const seen = atNs === null ? null : seenQueue(parts, layouts);
  if (seen === null || atNs === null || queueKeyText(seen.key) !== key) return null;
  return { atNs, notifyPid: seen.notifyPid, depth: seen.depth };
}

export function actOf(named: NamedCall, key: string, parts: LineParts, isWanted: boolean): Act {
  const { call } = named;
  const { layouts } = parts;
  const does = doesOf(call.event, argsOf(call, parts));
  return {
    does,
    caller: callerOf(named),
    tid: call.tid,
    tgid: call.tgid,
    number: call.call,
    fromNs: call.enterNs ?? Number.NEGATIVE_INFINITY,
    toNs: call.exitNs ?? Number.POSITIVE_INFINITY,
    ret: call.ret,
    before: readingOf(call.entry, call.enterNs, key, layouts),
    after: readingOf(call.exit, call.exitNs, key, layouts),
    storedNs: call.kernel.findLast(({ hook }) => hook === "store_msg")?.timeNs ?? null,
    ...(does === "register" ? askedFor(call, parts) : { method: null, signo: null }),
    isWanted,
  };
}

function callerOf({ call, comm }: NamedCall): Caller {
  const { task, tid, tgid, enterNs, exitNs } = call;
  return { task, tid, tgid, comm, event: eventName(call.event), call: call.call, enterNs, exitNs };
}

/** The raw arguments, also those that the exit brings when the entry was lost. */
function argsOf(call: PairedCall, parts: LineParts): Uint8Array | null {
  if (call.entry !== null) return entryArgs(call.entry[0], parts.layouts);
  if (eventById(call.event)?.notify === undefined) return null;
  const args = callEvidence(call, parts)?.args ?? null;
  return args === null ? null : new Uint8Array(BigUint64Array.from(args).buffer);
}

/** The sigevent, unless its memory changed during the call: then nobody knows which one the kernel used. */
function askedFor(call: PairedCall, parts: LineParts): Pick<Act, "method" | "signo"> {
  const nothing = { method: null, signo: null };
  const evidence = callEvidence(call, parts);
  const arg = evidence?.event.notify?.sevp;
  if (evidence === null || arg === undefined) return nothing;
  const [before, after] = [evidence.entryItems, evidence.exitItems].map((items) => eventItem(items, arg));
  if (before !== undefined && after !== undefined && !isSame(before, after)) return nothing;
  const name = evidence.event.args[arg]?.name ?? "";
  const sigevent = parts.decode(evidence)?.[name] ?? null;
  if (typeof sigevent !== "object" || sigevent === null || !("sigev_notify" in sigevent)) return nothing;
  const method = methodOf(sigevent.sigev_notify ?? null);
  const signo = method === "signal" ? sigevent.sigev_signo : null;
  return { method, signo: typeof signo === "number" ? signo : null };
}

function eventItem(items: readonly Item[] | null, arg: number): Item | undefined {
  return items?.find(
    ({ kind, arg: of, status }) => kind === ItemKind.ARGUMENT && of === arg && status === "read",
  );
}

function isSame(one: Item, other: Item): boolean {
  return one.bytes.length === other.bytes.length && one.bytes.every((byte, at) => byte === other.bytes[at]);
}
