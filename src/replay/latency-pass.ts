/**
 * One capture's records straight into latency groups: no object for a record, none for a call. Judges by the same
 * rules as the pass that makes calls (pairing.ts); what is counted where is up to latency-counter.ts.
 */
import type { IndexEntry, Problem } from "../format/types.js";
import { chunkPlan } from "./chunk-plan.js";
import { type EarlyCalls, earlyCalls } from "./early-calls.js";
import { inventoryNames } from "./inventory-names.js";
import {
  type CounterOptions,
  type LatencyCounter,
  type LatencyTask,
  latencyCounter,
  newLatencyTask,
} from "./latency-counter.js";
import { captureLoss, type LossLedger, lossLedger } from "./losses.js";
import { nameTable } from "./names.js";
import {
  enter,
  forgetIdle,
  giveUpCalls,
  isSameTask,
  isWithoutEntry,
  judgeEntry,
  judgeExit,
  leave,
  Phase,
  Verdict,
} from "./pairing.js";
import { CROWD, recordProblem } from "./pairs.js";
import {
  emptyHead,
  HeadResult,
  headProblem,
  headReader,
  type RecordHead,
  type RecordLayouts,
  RecordType,
  readRet,
} from "./records.js";
import type { ReplayCapture } from "./source.js";
import { endNs } from "./time.js";

export interface LatencyPass extends Omit<CounterOptions, "names" | "untilNs"> {
  readonly baseNs: bigint;
  readonly onProblem: (problem: Problem) => void;
}

/** Counts every call of the capture that passes the filter. */
export function countLatencies(capture: ReplayCapture, pass: LatencyPass): void {
  const { layouts, baseNs, filter } = pass;
  const names = nameTable(baseNs, inventoryNames(capture));
  const counter = latencyCounter({ ...pass, names, untilNs: Number(endNs(capture) - baseNs) });
  const losses = lossLedger(capture, baseNs);
  const loss = captureLoss(capture);
  const plan = chunkPlan(capture, filter, baseNs, loss.whole && loss.lost === 0);
  const tasks = new Map<number, LatencyTask>();
  const early = earlyCalls(capture);
  /** Gives up the calls that are too many to be held, and forgets tasks not heard of lately. */
  const relieve = (atNs: number) => {
    for (const task of giveUpCalls(tasks, entryBytes)) {
      counter.unfinished(task, atNs, false);
      task.entry = [];
    }
    forgetIdle(tasks, () => true);
  };
  const count = recordCounter({ layouts, baseNs, losses, counter, tasks, early, relieve });
  const isOpenBefore = (beforeNs: number) => {
    for (const task of tasks.values()) {
      if (task.phase === Phase.INSIDE && task.enterNs < beforeNs) return true;
    }
    return false;
  };
  const isNeeded = (entry: IndexEntry) => {
    const isRead = plan(entry, isOpenBefore) === "read";
    if (!isRead) losses.skip();
    return isRead;
  };

  for (const item of capture.chunks(isNeeded)) {
    if ("problem" in item) {
      losses.damage();
      pass.onProblem(item.problem);
      continue;
    }
    if (!isNeeded(item.entry)) continue;
    counter.nextChunk();
    if (counter.needsNames) names.load(item.body);
    count(item.body.records, (message) => pass.onProblem(recordProblem(item.entry, message)));
    if (counter.needsNames) for (const task of tasks.values()) counter.keep(task);
    relieve(lastNs(item.entry, baseNs));
  }
  for (const task of tasks.values()) {
    if (task.phase !== Phase.INSIDE) continue;
    counter.unfinished(task, Number.POSITIVE_INFINITY, !losses.after(task.enterNs));
  }
}

function lastNs(entry: IndexEntry, baseNs: bigint): number {
  return entry.context.lastTimeNs === null ? 0 : Number(entry.context.lastTimeNs - baseNs);
}

function entryBytes(task: LatencyTask): number {
  let bytes = 0;
  for (const part of task.entry) bytes += part.byteLength;
  return bytes;
}

/** Makes the function that goes over a chunk's records. */
function recordCounter({
  layouts,
  baseNs,
  losses,
  counter,
  tasks,
  early,
  relieve,
}: {
  layouts: RecordLayouts;
  baseNs: bigint;
  losses: LossLedger;
  counter: LatencyCounter;
  tasks: Map<number, LatencyTask>;
  early: EarlyCalls;
  relieve: (atNs: number) => void;
}): (records: Uint8Array, onDamage: (message: string) => void) => void {
  const { needsQueue } = counter;
  const readHead = headReader(layouts, baseNs);
  const head = emptyHead();
  let crowd = CROWD;

  const onEntry = (task: LatencyTask, records: Uint8Array, offset: number) => {
    const verdict = judgeEntry(task, head);
    if (verdict === Verdict.PART) {
      if (needsQueue) task.entry.push(records.slice(offset, offset + head.sizeBytes));
      return;
    }
    if (verdict === Verdict.REOPENS) counter.unfinished(task, head.timeNs, false);
    enter(task, head);
    task.tgid = head.tgid;
    task.keptComm = null;
    task.keptQueue = null;
    if (needsQueue) task.entry = [records.subarray(offset, offset + head.sizeBytes)];
  };

  const onExit = (task: LatencyTask, records: Uint8Array, view: DataView, offset: number) => {
    const verdict = judgeExit(task, head, losses);
    if (verdict === Verdict.PART) return;
    if (verdict === Verdict.LATE) {
      leave(task, head);
      return;
    }
    const isPaired = verdict === Verdict.CLOSES;
    const isAlone = !isPaired && isWithoutEntry(task, head, early);
    if (verdict === Verdict.LONE_REOPENS) counter.unfinished(task, head.timeNs, false);
    const enterNs = isPaired ? task.enterNs : null;
    if (!isPaired) {
      task.keptComm = null;
      task.keptQueue = null;
    }
    leave(task, head);
    const exit = needsQueue ? records.subarray(offset, offset + head.sizeBytes) : null;
    counter.left(task, enterNs, readRet(view, offset, layouts), isAlone, exit);
    if (needsQueue) task.entry = []; // a view would keep its whole chunk
  };

  return (records, onDamage) => {
    const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    for (let offset = 0; offset < records.byteLength; offset += head.sizeBytes) {
      const result = readHead(view, offset, head);
      if (result !== HeadResult.RECORD) {
        losses.damage();
        const wrong = headProblem(view, offset, layouts);
        if (wrong !== null) onDamage(wrong);
        if (result === HeadResult.STOP) return;
        continue;
      }
      losses.see(head);
      const task = taskOf(tasks, head, counter);
      if (head.type === RecordType.ENTRY) onEntry(task, records, offset);
      else onExit(task, records, view, offset);
      if (tasks.size > crowd) {
        relieve(head.timeNs);
        crowd = Math.max(CROWD, tasks.size + CROWD / 2);
      }
    }
  };
}

function taskOf(tasks: Map<number, LatencyTask>, head: RecordHead, counter: LatencyCounter): LatencyTask {
  const known = tasks.get(head.tid);
  if (known !== undefined && isSameTask(known, head)) return known;
  // The tid is somebody else's now, so that task is gone and whatever it had open ended unseen.
  if (known !== undefined && known.phase === Phase.INSIDE) counter.unfinished(known, head.timeNs, false);
  const task = newLatencyTask(head);
  tasks.set(head.tid, task);
  return task;
}
