/**
 * Check-then-act on queues: a task learned something of a queue, another task's call made it untrue, then the first one
 * acted on it. What checks, relies and changes is the catalogue's data (src/catalog/events/access.ts); docs/toctou.md
 * tells the rules. Calls come nearly in order of exit. Memory: the last checks of each task, the last changes of each
 * queue.
 */
import { isRestart } from "../../catalog/errno.js";
import type { Access, EventRow, Facet } from "../../catalog/types.js";
import { holds } from "../arguments/steps.js";
import type { NamedCall } from "../call-line.js";
import { eventName } from "../call-line.js";
import { errorNumber } from "../filter.js";
import type { LossLedger } from "../losses.js";
import { taskKeyText } from "../names.js";
import type { KernelRecord } from "../planes.js";
import { callRef } from "./findings.js";
import { isSame, type Subject, subjectReader, subjectTexts } from "./subject.js";
import type { CallRef } from "./types.js";

export interface StaleCheck {
  readonly check: CallRef;
  readonly of: string;
  readonly by: CallRef;
  /** The change lies between check and act, on that queue, and no record is missing in between. */
  readonly isCertain: boolean;
  /** What the act was on. */
  readonly subject: Subject;
}

export interface QueueWatch {
  /** What the call acted on although it was no longer true. */
  see(named: NamedCall, event: EventRow, args: readonly bigint[]): StaleCheck[];
  /** __do_notify: a process is told of a message. */
  notified(record: KernelRecord): void;
}

interface Check {
  readonly facet: Facet;
  readonly of: string;
  /** null: all queues of a kind. */
  readonly subject: Subject | null;
  readonly ref: CallRef;
  readonly enterNs: number;
  readonly exitNs: number;
  /** The queue's generation, which is all that a notification tells. */
  readonly generation: string | null;
}

interface Change {
  readonly subject: Subject;
  readonly ref: CallRef;
  readonly enterNs: number;
  readonly exitNs: number;
}

const MAX_CHECKS = 64;
const MAX_CHANGES = 64;
/** Tasks with checks, queues with changes: the latest. */
const MAX_KEYS = 16_384;
/** These serve one act: the next one of the same kind is no longer based on them. */
const SPENT: ReadonlySet<Facet> = new Set<Facet>(["messages", "room"]);

export function queueWatch(losses: Pick<LossLedger, "between">): QueueWatch {
  const checks = new Map<string, Check[]>();
  const changes = new Map<string, Change[]>();
  const subjects = subjectReader();

  const staleness = (check: Check, act: NamedCall, subject: Subject, leads: boolean): StaleCheck | null => {
    const led = leads ? ledTo(check, subject) : "unsure";
    if (led === "the same") return null;
    const enterNs = act.call.enterNs ?? 0;
    const exitNs = act.call.exitNs ?? enterNs;
    let possible: StaleCheck | null = null;
    for (const text of subjectTexts(subject)) {
      const list = changes.get(changeKey(check.facet, text)) ?? [];
      // The latest is last.
      for (let i = list.length - 1; i >= 0; i--) {
        const change = list[i];
        if (change === undefined || change.ref.task === act.call.task) continue;
        if (check.generation !== null && change.ref.tgid === act.call.tgid) continue;
        if (change.exitNs < check.enterNs || change.enterNs > exitNs) continue;
        const same = isSame(change.subject, check.subject ?? subject, check.facet);
        if (same === "no") continue;
        const isBetween = change.enterNs >= check.exitNs && change.exitNs <= enterNs;
        const isProved = same === "yes" || led === "another";
        const isCertain = isBetween && isProved && !losses.between(check.enterNs, exitNs);
        const found = { check: check.ref, of: check.of, by: change.ref, isCertain, subject };
        if (isCertain) return found;
        possible ??= found;
      }
    }
    return possible;
  };

  const actsOn = (facet: Facet, act: NamedCall, subject: Subject, leads: boolean): StaleCheck[] => {
    const found: StaleCheck[] = [];
    for (const owner of [act.call.task, processKey(act.call.tgid)]) {
      const own = checks.get(owner);
      if (own === undefined) continue;
      for (let i = own.length - 1; i >= 0; i--) {
        const check = own[i];
        if (check?.facet !== facet || !isOf(check, subject) || check.exitNs > (act.call.enterNs ?? 0))
          continue;
        const stale = staleness(check, act, subject, leads);
        if (stale !== null) found.push(stale);
        if (SPENT.has(facet) || stale?.isCertain === true) own.splice(i, 1);
      }
    }
    // Several checks of the same may be stale by the same call: one finding says it.
    const certain = found.filter(({ isCertain }) => isCertain);
    return (certain.length > 0 ? certain : found).slice(0, 1);
  };

  return {
    see(named, event, args) {
      const { call } = named;
      const { enterNs, exitNs, ret } = call;
      if (event.access.length === 0 || call.state !== "complete") return [];
      if (enterNs === null || exitNs === null || ret === null || isRestart(-ret)) return [];
      const subject = subjects.of(named, event, args);
      const parts = event.access.filter((access) => isPlayed(access, args, ret));
      const found: StaleCheck[] = [];
      if (subject !== null) {
        const leads = event.queue?.by === "ret";
        for (const facet of facetsOf(parts, "relies")) {
          // Where no queue was found, nothing in one was met.
          if (subject.isRecalled && facet !== "presence") continue;
          found.push(...actsOn(facet, named, subject, leads));
        }
      }
      const ref = callRef(named);
      for (const access of parts) {
        for (const facet of access.changes ?? []) {
          if (subject === null) continue;
          const change = { subject, ref, enterNs, exitNs };
          for (const text of subjectTexts(subject)) {
            keep(changes, changeKey(facet, text), change, MAX_CHANGES);
          }
        }
        for (const facet of access.checks ?? []) {
          if (subject === null && access.every === undefined) continue;
          const about = access.every === undefined ? subject : null;
          const own = checks.get(call.task);
          const before = own?.findIndex((one) => one.facet === facet && isAgain(one, about)) ?? -1;
          if (before >= 0) own?.splice(before, 1);
          const check = { facet, of: facet, subject: about, ref, enterNs, exitNs, generation: null };
          keep(checks, call.task, check, MAX_CHECKS);
        }
      }
      return found;
    },
    notified(record) {
      if (record.ownerPid === null || record.queueGeneration === null) return;
      const { timeNs } = record;
      const ref: CallRef = {
        task: taskKeyText(record),
        tid: record.tid,
        tgid: record.tgid,
        comm: null,
        event: record.call === null ? "notification" : eventName(record.event),
        call: record.call,
        enter_ns: timeNs,
        exit_ns: timeNs,
        ret: null,
      };
      const generation = record.queueGeneration.toString(16);
      const check = { facet: "messages", of: "notification", subject: null, ref, generation } as const;
      const owner = processKey(record.ownerPid);
      keep(checks, owner, { ...check, enterNs: timeNs, exitNs: timeNs }, MAX_CHECKS);
    },
  };
}

/** Where a name, at the act, led to: its queue's generation settles whether it is the one that was checked. */
function ledTo(check: Check, { key }: Subject): "the same" | "another" | "unsure" {
  const checked = check.facet === "presence" ? (check.subject?.key ?? null) : null;
  if (key === null || checked === null) return "unsure";
  return key === checked ? "the same" : "another";
}

function isOf(check: Check, subject: Subject): boolean {
  if (check.generation !== null) return subject.key?.endsWith(`:${check.generation}`) === true;
  return check.subject === null || isSame(check.subject, subject, check.facet) !== "no";
}

function isAgain(check: Check, subject: Subject | null): boolean {
  if (check.subject === null || subject === null) return check.subject === subject;
  return isSame(check.subject, subject, check.facet) === "yes";
}

function facetsOf(parts: readonly Access[], field: "relies"): readonly Facet[] {
  return [...new Set(parts.flatMap((access) => access[field] ?? []))];
}

function isPlayed({ on, given, when }: Access, args: readonly bigint[], ret: number): boolean {
  if (on === "success" && ret < 0) return false;
  if (on === "ENOENT" && errorNumber(ret) !== ENOENT) return false;
  if (given !== undefined && (args[given] ?? 0n) === 0n) return false;
  return when === undefined || holds(when, args[when.arg] ?? 0n);
}

const ENOENT = 2;

/** Changes of each facet by themselves: a queue sees thousands of messages for one removal. */
function changeKey(facet: Facet, subjectText: string): string {
  return `${facet} ${subjectText}`;
}

function processKey(tgid: number): string {
  return `process ${tgid}`;
}

/** At the end of a list, of which the last `max` are kept. */
function keep<T>(lists: Map<string, T[]>, key: string, value: T, max: number): void {
  const list = lists.get(key);
  if (list !== undefined) {
    list.push(value);
    if (list.length > max) list.shift();
    return;
  }
  const [oldest] = lists.keys();
  if (lists.size >= MAX_KEYS && oldest !== undefined) lists.delete(oldest);
  lists.set(key, [value]);
}
