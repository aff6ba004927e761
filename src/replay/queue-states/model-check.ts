/**
 * Holds the state that the calls of a capture come to against its inventory at the end: for every queue of the ipc
 * namespaces that both inventories list, everything that both know. What the calls leave unsure is counted, and is no
 * difference.
 */
import type { Inventory, InventoryQueue, Problem } from "../../format/types.js";
import { type CallOptions, lineMaker } from "../calls.js";
import { coveredNamespaces } from "../inventory-coverage.js";
import { depthField, fieldNumber, fieldOctal } from "./inventory.js";
import { type QueueState, queueStates } from "./queue-states.js";
import type { StateCapture } from "./timeline.js";

export interface ModelCheck {
  readonly problems: readonly Problem[];
  /**
   * Queues that were compared; null: no inventories at start and end that list all queues of one namespace, or calls are
   * not there because it is a slice.
   */
  readonly queues: number | null;
  /** Fields of them that the calls leave unsure, or that one side does not know. */
  readonly unsure: number;
}

export function checkModel(
  capture: StateCapture,
  options: Pick<CallOptions, "clock" | "onProblem"> = {},
): ModelCheck {
  const all = capture.inventories();
  const start = all.find(({ reason }) => reason === "start");
  const end = all.findLast(({ reason }) => reason === "end");
  const isSlice = capture.host?.sliced !== undefined;
  if (start === undefined || end === undefined || isSlice) return { problems: [], queues: null, unsure: 0 };
  const clock = options.clock ?? lineMaker(capture, options).clock;
  const [answer] = queueStates(capture, [{ kind: "end" }], { ...options, clock, withoutEnd: true });
  const check = counter();
  let isCompared = false;
  for (const kind of ["posix", "sysv"] as const) {
    const covered = namespacesOfBoth(start, end, all, kind);
    const isCovered = (namespace: number | null) => namespace !== null && covered.has(namespace);
    if (covered.size > 0) isCompared = true;
    const listed = new Set<InventoryQueue>();
    const own = (answer?.queues ?? []).filter((queue) => queue.kind === kind && isCovered(queue.namespace));
    for (const queue of own) {
      const found = end.queues.find((one) => isSame(one, queue));
      if (found !== undefined && queue.exists !== "removed") listed.add(found);
      if (queue.exists === "removed" && found !== undefined && listed.has(found)) continue;
      compare(queue, found ?? null, check);
    }
    for (const one of end.queues) {
      if (one.kind !== kind || !isCovered(one.namespaceInum) || listed.has(one)) continue;
      if (own.some((queue) => isSame(one, queue))) continue; // told of above
      check.problem(
        `${nameOf(one)} is in the inventory at the end, and no call and no inventory before tells of it`,
      );
    }
  }
  return { problems: check.problems, queues: isCompared ? check.queues() : null, unsure: check.unsure() };
}

function namespacesOfBoth(
  start: Inventory,
  end: Inventory,
  all: readonly Inventory[],
  kind: "posix" | "sysv",
): ReadonlySet<number> {
  const before = coveredNamespaces(start, kind, all);
  return new Set([...coveredNamespaces(end, kind, all)].filter((namespace) => before.has(namespace)));
}

interface Counter {
  readonly problems: readonly Problem[];
  problem(message: string): void;
  queue(): void;
  doubt(): void;
  queues(): number;
  unsure(): number;
}

function counter(): Counter {
  const problems: Problem[] = [];
  let queues = 0;
  let unsure = 0;
  return {
    problems,
    problem: (message) => problems.push({ code: "model", offset: 0, frame: null, message }),
    queue: () => queues++,
    doubt: () => unsure++,
    queues: () => queues,
    unsure: () => unsure,
  };
}

function isSame(one: InventoryQueue, queue: QueueState): boolean {
  const [, , id] = queue.key.split(":");
  const isNamespace = one.namespaceInum === null || one.namespaceInum === queue.namespace;
  return one.kind === queue.kind && isNamespace && `${one.id}` === id;
}

function compare(queue: QueueState, found: InventoryQueue | null, check: Counter): void {
  check.queue();
  const name = `${queue.name ?? queue.key}${queue.msqid === null ? "" : ` (${queue.msqid})`}`;
  const isThere = queue.exists === "named" || queue.exists === "unlinked";
  if (queue.unsure.includes("exists")) {
    check.doubt();
    if (queue.exists !== "named" || found === null) return;
  } else if (isThere !== (found !== null)) {
    const [calls, inventory] = isThere ? ["is there", "not"] : ["was removed", "still there"];
    check.problem(`${name}: by its calls it ${calls}, in the inventory at the end it is ${inventory}`);
    return;
  }
  if (found === null) return;
  for (const [field, label, value] of comparisons(queue, found)) {
    if (value === null || queue.unsure.includes(field)) {
      check.doubt();
      continue;
    }
    const modelled = modelledValue(queue, field);
    if (modelled === value) continue;
    if (modelled === null) check.doubt();
    else
      check.problem(`${name}: ${label} is ${modelled} by its calls and ${value} in the inventory at the end`);
  }
}

function modelledValue(queue: QueueState, field: keyof QueueState): number | null {
  const value = queue[field];
  if (field === "perms") return queue.perms === null ? null : Number.parseInt(queue.perms, 8);
  if (field === "notify") return queue.notify?.pid ?? 0;
  if (field === "last_send_pid" || field === "last_receive_pid") return Number(value ?? 0);
  return typeof value === "number" ? value : null;
}

/** What the inventory tells: null where it does not. */
function comparisons(
  { kind }: QueueState,
  { fields }: InventoryQueue,
): readonly (readonly [keyof QueueState, string, number | null])[] {
  const number = (name: string) => fieldNumber(fields, name);
  const mode = fieldOctal(fields, kind === "sysv" ? "perms" : "mode");
  const common = [
    ["depth", "its depth", depthField(kind, fields)],
    ["bytes", "its bytes", number(kind === "sysv" ? "cbytes" : "QSIZE")],
    ["perms", "its mode", mode === null ? null : mode & 0o777],
    ["uid", "its owner", number("uid")],
    ["gid", "its group", number("gid")],
  ] as const;
  if (kind === "sysv") {
    return [
      ...common,
      ["cuid", "its creator", number("cuid")],
      ["cgid", "its creator's group", number("cgid")],
      ["last_send_pid", "its last sender", number("lspid")],
      ["last_receive_pid", "its last receiver", number("lrpid")],
    ];
  }
  return [
    ...common,
    ["max_messages", "its mq_maxmsg", number("mq_maxmsg")],
    ["max_message_bytes", "its mq_msgsize", number("mq_msgsize")],
    ["notify", "the process to be notified", number("NOTIFY_PID")],
  ];
}

function nameOf({ kind, name, id }: InventoryQueue): string {
  return kind === "posix" ? `POSIX queue ${name ?? id}` : `System V queue ${name ?? "?"} (${id})`;
}
