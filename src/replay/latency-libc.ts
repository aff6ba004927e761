/**
 * What the callers of the C library waited, into latency groups of the layer "libc": one capture's LIBC records, and
 * what is to be said where they are not all there.
 */
import type { Btf } from "../btf/index.js";
import { eventById, eventByName } from "../catalog/events.js";
import { libcFunctionById } from "../catalog/libc.js";
import type { Problem } from "../format/types.js";
import { type CallFilter, passesComm, passesWindow } from "./filter.js";
import { addDuration } from "./histogram.js";
import type { GroupTable } from "./latency-groups.js";
import { type LibcCall, libcCalls } from "./libc-calls.js";
import { nameTable } from "./names.js";
import { recordProblem } from "./pairs.js";
import { planesReader } from "./planes.js";
import { planesState } from "./planes-state.js";
import type { RecordLayouts } from "./records.js";
import type { ReplayCapture } from "./source.js";
import { endNs } from "./time.js";

/** What a capture can tell of the C library's functions. */
export interface LibcLayer {
  readonly capture: string;
  /** False: nothing is known of what callers waited. */
  readonly recorded: boolean;
  /** Those that were hooked. */
  readonly functions: readonly string[];
  /** What was not, and why: what went through there is missing. */
  readonly missing: readonly { readonly function: string; readonly why: string | null }[];
  /** Records of the kernel and the libc plane that were lost; null: not known how many. */
  readonly lost: number | null;
}

export interface LibcPass {
  readonly btf: Btf;
  readonly layouts: RecordLayouts;
  readonly baseNs: bigint;
  readonly filter: CallFilter;
  readonly groups: GroupTable;
  readonly onProblem: (problem: Problem) => void;
}

/** By the capture's attach plan. */
export function libcLayer(capture: Pick<ReplayCapture, "captureId" | "host" | "summary">): LibcLayer {
  const tried = (capture.host?.attachPlan ?? []).filter(({ plane }) => plane === "libc");
  const attached = new Set(tried.filter(({ attached }) => attached).map(({ hook }) => hook));
  const missing = tried.filter(({ attached }) => !attached);
  return {
    capture: capture.captureId,
    recorded: attached.size > 0,
    functions: [...attached],
    missing: missing.map(({ hook, why }) => ({ function: hook, why })),
    lost: capture.summary === null ? null : Number(capture.summary.planesLost ?? 0n),
  };
}

/** Counts every call of a libc function that passes the filter. */
export function countLibcCalls(capture: ReplayCapture, pass: LibcPass): void {
  const { btf, layouts, baseNs, filter } = pass;
  const names = nameTable(baseNs);
  const state = planesState(capture, baseNs);
  const read = planesReader(btf, layouts, baseNs);
  const count = counter(pass, names, Number(endNs(capture) - baseNs), isQueueChosen(capture));
  const calls = libcCalls(state, count);
  for (const item of capture.chunks()) {
    if ("problem" in item) {
      state.damage();
      continue; // the pass over the records tells of it
    }
    if (filter.comms !== null || pass.groups.needsComm) names.load(item.body);
    if (item.body.planes === undefined) continue;
    read(
      item.body.planes,
      (record) => {
        state.see(record);
        if (record.plane === "libc") calls.see(record);
      },
      (message) => {
        state.damage();
        pass.onProblem(recordProblem(item.entry, message));
      },
    );
  }
  // A slice by time leaves out returns that came later.
  calls.end(capture.complete && capture.host?.sliced === undefined);
}

/** By queue: a call of which no system call is in the capture may be one of another queue. */
function isQueueChosen({ host }: ReplayCapture): boolean {
  return [...(host?.config.filters.queue ?? []), ...(host?.sliced?.queue ?? [])].length > 0;
}

function counter(
  { filter, groups }: LibcPass,
  names: ReturnType<typeof nameTable>,
  untilNs: number,
  isQueueChosen: boolean,
): (call: LibcCall) => void {
  return (call) => {
    const event = eventOf(call);
    const { state, enteredNs, endedNs, tid, tgid, startLow, startHigh } = call;
    if (isQueueChosen && call.calls !== null && call.calls[0] === call.calls[1]) return;
    if (filter.events !== null && !filter.events.has(event)) return;
    if (filter.pids !== null && !filter.pids.has(tgid)) return;
    if (filter.tids !== null && !filter.tids.has(tid)) return;
    if (filter.failed && call.ret !== -1) return;
    if (!passesWindow(filter, enteredNs, endedNs ?? Number.POSITIVE_INFINITY)) return;
    if (filter.minDurationNs !== null && !(lastedNs(call, untilNs) >= filter.minDurationNs)) return;
    const isNamed = filter.comms !== null || groups.needsComm;
    const comm = isNamed ? names.comm(tid, startLow, startHigh, endedNs ?? untilNs) : null;
    if (!passesComm(filter, comm)) return;
    const group = groups.find({ event, tgid, comm, queue: null, layer: "libc" });
    if (state === "in_flight") group.inFlight++;
    else if (state === "uncertain" || enteredNs === null || endedNs === null) group.uncertain++;
    else {
      addDuration(group.histogram, endedNs - enteredNs);
      if (call.ret === -1) group.unnamedErrors++;
    }
  };
}

/** NaN: not known. */
function lastedNs({ state, enteredNs, endedNs }: LibcCall, untilNs: number): number {
  if (enteredNs === null || state === "uncertain") return Number.NaN;
  return (endedNs ?? untilNs) - enteredNs;
}

/**
 * The event that the call is counted under: what its system call was, where that is known (a handler's may have been
 * the last one). 0: this version does not know the function.
 */
function eventOf({ function: id, event }: LibcCall): number {
  const names = libcFunctionById(id)?.events ?? [];
  const made = eventById(event)?.name;
  const name = made !== undefined && names.includes(made) ? made : names[0];
  return name === undefined ? 0 : (eventByName(name)?.id ?? 0);
}
