/**
 * Which records of a capture a slice keeps: all of the calls that pass the filter, entry and exit with all their parts, and
 * what the planes tell of them. One pass; holds a bit a record.
 */

import { eventById } from "../../catalog/events.js";
import { libcFunctionById } from "../../catalog/libc.js";
import type { Capture, ChunkStep } from "../../format/capture.js";
import type { ChunkBody, Problem } from "../../format/types.js";
import type { NamedCall } from "../../replay/call-line.js";
import { lineMaker, namedCalls, requireRecorderBtf } from "../../replay/calls.js";
import {
  type CallFilter,
  EVERYTHING,
  passes,
  passesComm,
  passesQueue,
  passesWindow,
} from "../../replay/filter.js";
import { inventoryNames } from "../../replay/inventory-names.js";
import { nameTable } from "../../replay/names.js";
import { type KernelRecord, type LibcRecord, planesReader } from "../../replay/planes.js";
import { emptyHead, HeadResult, headReader, RecordType } from "../../replay/records.js";
import type { CaptureClock } from "../../replay/time.js";
import { type Bits, bits } from "./bits.js";
import { pending } from "./pending.js";

export interface Kept {
  /** By their numbers in the order of the file, from 0. */
  readonly records: Bits;
  /** Likewise, of the planes. */
  readonly planes: Bits;
  readonly calls: number;
  /** From the first entry to the last end of what is kept; null: nothing is. */
  readonly span: { readonly fromNs: number; readonly toNs: number } | null;
  /** Entry of the last call that is not known to have ended, and not to be in flight; null: there is none. */
  readonly openUncertainNs: number | null;
}

/** Times of the filter are those of `clock`. */
export function keptRecords(
  capture: Capture,
  filter: CallFilter,
  clock: CaptureClock,
  onProblem: (problem: Problem) => void,
): Kept {
  const lines = lineMaker(capture, { clock, onProblem });
  const { layouts } = lines;
  const { baseNs } = clock;
  const kept = { records: bits(), planes: bits() };
  const ofRecords = pending(kept.records);
  const ofPlanes = pending(kept.planes);
  const names = nameTable(baseNs, inventoryNames(capture));
  const readHead = headReader(layouts, baseNs);
  const readPlanes = planesReader(requireRecorderBtf(capture), layouts, baseNs);
  const head = emptyHead();
  const next = { record: 0, plane: 0 };

  const noteRecords = ({ records }: ChunkBody) => {
    const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    for (let at = 0; at < records.byteLength; at += head.sizeBytes, next.record++) {
      const result = readHead(view, at, head);
      if (result === HeadResult.STOP) return;
      if (result === HeadResult.RECORD) {
        ofRecords.note(
          recordKey(head.type === RecordType.ENTRY ? "in" : "out", head, head.timeNs),
          next.record,
        );
      }
    }
  };

  /** Those of calls come before their exit. What belongs to no call is judged by itself; what is not understood is kept. */
  const notePlanes = (body: ChunkBody) => {
    const { planes } = body;
    if (planes === undefined) return;
    names.load(body);
    const view = new DataView(planes.buffer, planes.byteOffset, planes.byteLength);
    for (let at = 0; at < planes.byteLength; next.plane++) {
      const size = view.getUint32(at + layouts.record.size, true);
      let found: KernelRecord | LibcRecord | null = null;
      const take = (record: KernelRecord | LibcRecord) => {
        found = record;
      };
      readPlanes(planes.subarray(at, at + size), take, () => {});
      notePlane(found, next.plane);
      at += size;
    }
  };

  const notePlane = (record: KernelRecord | LibcRecord | null, number: number) => {
    if (record?.plane === "kernel" && record.call !== null) {
      ofPlanes.note(callKey(record, record.call), number);
    } else if (record === null || passesAlone(filter, record, names)) kept.planes.add(number);
  };

  const watched = Object.create(capture, {
    chunks: {
      *value(): Generator<ChunkStep> {
        for (const step of capture.chunks()) {
          if (step.body !== undefined) {
            ofRecords.age((key) => key.startsWith("in"));
            ofPlanes.age(() => true);
            noteRecords(step.body);
            notePlanes(step.body);
          }
          yield step;
        }
      },
    },
  }) as Capture;

  let calls = 0;
  let [fromNs, toNs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let openUncertainNs: number | null = null;
  for (const named of namedCalls(watched, EVERYTHING, lines, { names })) {
    const { call } = named;
    const isKept = isWanted(filter, named);
    if (call.enterNs !== null) ofRecords.settle(recordKey("in", call, call.enterNs), isKept);
    if (call.exitNs !== null) ofRecords.settle(recordKey("out", call, call.exitNs), isKept);
    if (call.call !== null) ofPlanes.settle(callKey(call, call.call), isKept);
    if (!isKept) continue;
    calls++;
    fromNs = Math.min(fromNs, call.enterNs ?? call.endedNs);
    toNs = Math.max(toNs, call.endedNs);
    if (call.state === "uncertain" && call.exitNs === null && call.enterNs !== null) {
      openUncertainNs = Math.max(openUncertainNs ?? call.enterNs, call.enterNs);
    }
  }
  return { ...kept, calls, span: calls === 0 ? null : { fromNs, toNs }, openUncertainNs };
}

function isWanted(filter: CallFilter, { call, comm, queue }: NamedCall): boolean {
  return passes(filter, call) && passesComm(filter, comm) && passesQueue(filter, queue);
}

interface TaskKey {
  readonly tid: number;
  readonly startLow: number;
  readonly startHigh: number;
}

function recordKey(side: "in" | "out", { tid, startLow, startHigh }: TaskKey, timeNs: number): string {
  return `${side} ${tid} ${startLow} ${startHigh} ${timeNs}`;
}

function callKey({ tid, startLow, startHigh }: TaskKey, call: number): string {
  return `${tid} ${startLow} ${startHigh} ${call}`;
}

/**
 * Of a record of the planes that belongs to no recorded call. What the kernel did with messages beside them may concern any
 * queue. A function of the C library tells no queue, and its result is not that of a call.
 */
function passesAlone(
  filter: CallFilter,
  record: KernelRecord | LibcRecord,
  names: Pick<ReturnType<typeof nameTable>, "comm">,
): boolean {
  const { pids, tids, comms, events } = filter;
  if (!passesWindow(filter, record.timeNs, record.timeNs)) return false;
  if (pids !== null && !pids.has(record.tgid)) return false;
  if (tids !== null && !tids.has(record.tid)) return false;
  const { tid, startLow, startHigh, timeNs } = record;
  if (comms !== null && !passesComm(filter, names.comm(tid, startLow, startHigh, timeNs))) return false;
  if (record.plane === "kernel") return true;
  if (filter.queues !== null || filter.errnos !== null || filter.failed || filter.minDurationNs !== null)
    return false;
  if (events === null) return true;
  const own = libcFunctionById(record.function)?.events ?? [];
  return [...events].some((event) => own.includes(eventById(event)?.name ?? ""));
}
