/** One call as `calls --json` prints it, out of its records: names, times, result, decoded arguments. */
import { abiById, muxById } from "../catalog/abi.js";
import { errnoName } from "../catalog/errno.js";
import { eventById } from "../catalog/events.js";
import type { Abi, EventRow } from "../catalog/types.js";
import type { Problem } from "../format/types.js";
import type { CallEvidence } from "./arguments/evidence.js";
import { errorNumber } from "./filter.js";
import { parseItems } from "./items.js";
import { entryArgs, exitArgs, type PairedCall } from "./paired-call.js";
import type { Item, RecordLayouts } from "./records.js";
import type { CaptureClock } from "./time.js";
import type { CallLine, CallQueue } from "./types.js";

/** `null`: nothing at all is known of the arguments. */
export type ArgumentDecoder = (evidence: CallEvidence) => CallLine["args"];

export interface NamedCall {
  readonly endedNs: number;
  readonly call: PairedCall;
  readonly comm: string | null;
  readonly queue: CallQueue | null;
}

/** What is made once for a capture. */
export interface LineParts {
  readonly captureId: string;
  readonly layouts: RecordLayouts;
  readonly clock: CaptureClock;
  readonly decode: ArgumentDecoder;
  readonly onProblem: (problem: Problem) => void;
}

export function callLine({ call, comm, queue }: NamedCall, parts: LineParts): CallLine {
  const error = call.ret === null ? 0 : errorNumber(call.ret);
  const momentNs = call.enterNs ?? call.exitNs;
  return {
    capture: parts.captureId,
    task: call.task,
    call: call.call,
    event: eventName(call.event),
    abi: abiName(call.abi),
    via: muxById(call.mux)?.mux ?? null,
    cpu: call.cpu,
    tid: call.tid,
    tgid: call.tgid,
    comm,
    enter_ns: call.enterNs,
    exit_ns: call.exitNs,
    duration_ns: call.enterNs === null || call.exitNs === null ? null : call.exitNs - call.enterNs,
    wall: momentNs === null ? null : parts.clock.wall(momentNs),
    ret: call.ret,
    errno: error === 0 ? null : (errnoName(error) ?? `${error}`),
    state: call.state,
    restart_of: call.restartOf,
    args: decodedArgs(call, parts),
    queue,
  };
}

/** An event that this version's catalogue does not have is named by its number. */
export function eventName(id: number): string {
  return eventById(id)?.name ?? `event_${id}`;
}

/** A convention that this version does not know is named by its number: its arguments are not decoded. */
function abiName(id: number): Abi {
  return abiById(id)?.abi ?? (`abi_${id}` as Abi);
}

function decodedArgs(call: PairedCall, parts: LineParts): CallLine["args"] {
  const evidence = callEvidence(call, parts);
  return evidence === null ? null : parts.decode(evidence);
}

/** What the call's records hold, item by item; null when its event or calling convention is not known. */
export function callEvidence(
  call: PairedCall,
  parts: Pick<LineParts, "layouts" | "onProblem">,
): CallEvidence | null {
  const event = eventById(call.event);
  const abi = abiById(call.abi)?.abi;
  if (event === undefined || abi === undefined) return null;
  const entry = itemsOf(call.entry, call, event, parts);
  const exit = itemsOf(call.exit, call, event, parts);
  return {
    event,
    abi,
    via: muxById(call.mux)?.mux ?? null,
    args: rawArgs(call, parts.layouts),
    entryItems: entry?.items ?? null,
    exitItems: exit?.items ?? null,
    isEntryWhole: call.isEntryWhole && entry?.isWhole === true,
    isExitWhole: call.isExitWhole && exit?.isWhole === true,
    ret: call.ret,
  };
}

function itemsOf(
  records: readonly Uint8Array[] | null,
  call: PairedCall,
  event: EventRow,
  parts: Pick<LineParts, "layouts" | "onProblem">,
): { readonly items: Item[]; readonly isWhole: boolean } | null {
  if (records === null) return null;
  const items: Item[] = [];
  let isWhole = true;
  for (const record of records) {
    const wrong = parseItems(record, parts.layouts, items);
    if (wrong === null) continue;
    isWhole = false;
    const message = `${event.name} of task ${call.task}, call ${call.call ?? "?"}: ${wrong}`;
    parts.onProblem({ code: "record_invalid", offset: 0, frame: null, message });
  }
  return { items, isWhole };
}

/** The call's raw arguments: from its entry, else from what the exit brings in its place; null: not known. */
function rawArgs(call: PairedCall, layouts: RecordLayouts): bigint[] | null {
  const exit = call.exit?.[0];
  let bytes: Uint8Array | null = null;
  if (call.entry !== null) bytes = entryArgs(call.entry[0], layouts);
  else if (exit !== undefined) {
    bytes = exitArgs(exit, new DataView(exit.buffer, exit.byteOffset, exit.byteLength), 0, layouts);
  }
  return bytes === null ? null : readNumbers(bytes);
}

function readNumbers(bytes: Uint8Array): bigint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers: bigint[] = [];
  for (let at = 0; at < bytes.length; at += 8) numbers.push(view.getBigUint64(at, true));
  return numbers;
}
