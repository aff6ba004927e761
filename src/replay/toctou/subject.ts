/**
 * Which queue a call is about, as far as two calls can be compared by it: by the queue's key, or by its name where one
 * of them has nothing else, as mq_unlink and calls that found no queue do. Names are those of an ipc namespace.
 */
import type { EventRow, Facet } from "../../catalog/types.js";
import type { NamedCall } from "../call-line.js";

export interface Subject {
  readonly kind: "posix" | "sysv";
  readonly key: string | null;
  /** `/q`, or a System V key in hex; null: not known, or it has none (IPC_PRIVATE). */
  readonly name: string | null;
  /** Of the queue; where that is not known, the one in which the process met its queues. */
  readonly namespaceInum: string | null;
  /** The call itself found no queue: its task had met this one under the id that it was given. */
  readonly isRecalled: boolean;
}

export interface SubjectReader {
  /** null: the call is about no queue that could be named. */
  of(named: Pick<NamedCall, "call" | "queue">, event: EventRow, args: readonly bigint[]): Subject | null;
}

const PRIVATE_KEY = "0x00000000";
/** Processes of which the namespace is remembered. */
const MAX_PROCESSES = 65_536;
/** Tasks of which System V ids are remembered: the latest, and of each its last ones. */
const MAX_TASKS = 16_384;
const MAX_IDS = 64;

export function subjectReader(): SubjectReader {
  const namespaces = new Map<number, string | null>();
  const met = new Map<string, Map<string, Subject>>();
  const remember = (task: string, id: string, subject: Subject) => {
    let own = met.get(task);
    if (own === undefined) {
      const [oldest] = met.keys();
      if (met.size >= MAX_TASKS && oldest !== undefined) met.delete(oldest);
      own = new Map();
      met.set(task, own);
    }
    own.delete(id);
    own.set(id, subject);
    const [first] = own.keys();
    if (own.size > MAX_IDS && first !== undefined) own.delete(first);
  };
  return {
    of({ call, queue }, event, args) {
      const kind = event.queue?.kind ?? queue?.kind ?? (event.family === "posix-mq" ? "posix" : "sysv");
      if (kind === "socket") return null;
      const key = queue?.key ?? null;
      const own = key?.split(":")[1] ?? null;
      if (own !== null) {
        const before = namespaces.get(call.tgid);
        if (namespaces.size >= MAX_PROCESSES && before === undefined) namespaces.clear();
        // A process that met two cannot be placed.
        namespaces.set(call.tgid, before === undefined || before === own ? own : null);
      }
      if (queue === null && kind === "sysv") {
        const id = idArgument(event, args);
        const recalled = id === null ? undefined : met.get(call.task)?.get(id);
        if (recalled !== undefined) return { ...recalled, isRecalled: true };
      }
      const name = queue?.name ?? keyName(event, args);
      if (key === null && name === null) return null;
      const subject = {
        kind,
        key,
        name: name === PRIVATE_KEY ? null : name,
        namespaceInum: own ?? namespaces.get(call.tgid) ?? null,
        isRecalled: false,
      };
      const id = kind === "sysv" ? key?.split(":")[2] : undefined;
      if (id !== undefined) remember(call.task, id, subject);
      return subject;
    },
  };
}

/** The id by which a call on a System V queue names it. */
function idArgument(event: EventRow, args: readonly bigint[]): string | null {
  const by = event.queue?.by;
  return by === undefined || by === "ret" ? null : `${BigInt.asIntN(32, args[by.arg] ?? 0n)}`;
}

/** A System V key among the arguments: all that a call tells which found no queue. */
function keyName(event: EventRow, args: readonly bigint[]): string | null {
  const at = event.args.findIndex(({ value }) => value.kind === "scalar" && value.notation === "key");
  if (at < 0) return null;
  return `0x${BigInt.asUintN(32, args[at] ?? 0n)
    .toString(16)
    .padStart(8, "0")}`;
}

/** Is it the same queue? By name only for what a name can tell: whether it leads to a queue. */
export function isSame(one: Subject, other: Subject, facet: Facet): "yes" | "no" | "unsure" {
  if (one.kind !== other.kind) return "no";
  if (one.key !== null && one.key === other.key) return "yes";
  if (facet === "messages" || facet === "room") return "no";
  if (one.name === null || one.name !== other.name) return "no";
  if (one.namespaceInum === null || other.namespaceInum === null) return "unsure";
  return one.namespaceInum === other.namespaceInum ? "yes" : "no";
}

/** Under what a change of the queue is found again. */
export function subjectTexts({ kind, key, name }: Subject): string[] {
  return [
    ...(key === null ? [] : [`${kind} key ${key}`]),
    ...(name === null ? [] : [`${kind} name ${name}`]),
  ];
}
