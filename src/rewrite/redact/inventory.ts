/** Inventories made anew, by the allow-list of their fields: those of /proc/sysvipc/msg and of mqueue files. */
import { IPC_LIMITS } from "../../catalog/ipc-limits.js";
import type { Inventory, InventoryQueue } from "../../format/types.js";
import { queueText } from "./filters.js";
import { gid, keep, nullable, pid, queueId, rebuilt, type Table, uid } from "./metadata.js";
import type { Redaction } from "./redaction.js";

type Holder = InventoryQueue["holders"][number];
type Namespace = NonNullable<Inventory["namespaces"]>[number];
type Missing = Inventory["missing"][number];
type InFlight = Inventory["inFlight"][number];

const HOLDER: Table<Holder> = {
  tgid: pid,
  fd: keep,
  tid: (value, to) => (value === undefined ? undefined : to.ids.pid(value)),
};

const QUEUE: Table<InventoryQueue> = {
  kind: keep,
  namespaceInum: nullable((value, to) => to.ids.namespace(value)),
  id: (value, to, { kind }) => (value === null ? null : queueId(kind, value, to)),
  name: nullable((value, to) => queueText(value, to)),
  fields: (value, to) => fields(value, to),
  holders: (value, to) => value.map((holder) => rebuilt(HOLDER, holder, to)),
  generation: (value, to) => (value === undefined ? undefined : to.ids.generation(value)),
  atNs: keep,
};

const NAMESPACE: Table<Namespace> = {
  namespaceInum: (value, to) => to.ids.namespace(value),
  limits: (value) => limits(value),
  whole: (value) => value?.filter((kind) => kind === "posix" || kind === "sysv"),
};

const MISSING: Table<Missing> = { what: (value) => whatText(value), why: () => "why is not told" };

const IN_FLIGHT: Table<InFlight> = { tid: pid, startNs: keep, event: keep, enterNs: keep };

export const INVENTORY: Table<Inventory> = {
  atNs: keep,
  reason: keep,
  queues: (value, to) => value.map((queue) => rebuilt(QUEUE, queue, to)),
  limits: (value) => limits(value),
  namespaces: (value, to) => value?.map((one) => rebuilt(NAMESPACE, one, to)),
  everyDescriptor: keep,
  missing: (value, to) => value.map((one) => rebuilt(MISSING, one, to)),
  inFlight: (value, to) => value.map((one) => rebuilt(IN_FLIGHT, one, to)),
};

type Change = (value: number, to: Redaction) => number | bigint;

const number: Change = (value) => value;
const seconds: Change = (value, to) => to.clock.seconds(BigInt(value));

/** Decimal numbers all, but for the modes, which are octal and stay. */
const FIELDS: Readonly<Record<string, Change>> = {
  QSIZE: number,
  NOTIFY: number,
  SIGNO: number,
  NOTIFY_PID: pid,
  mode: number,
  nlink: number,
  mq_maxmsg: number,
  mq_msgsize: number,
  mq_curmsgs: number,
  waiting_senders: number,
  waiting_receivers: number,
  key: (value, to) => to.ids.key(value >>> 0) | 0,
  msqid: (value, to) => to.ids.msqid(value >>> 0) | 0,
  perms: number,
  cbytes: number,
  qnum: number,
  lspid: pid,
  lrpid: pid,
  uid,
  gid,
  cuid: uid,
  cgid: gid,
  stime: seconds,
  rtime: seconds,
  ctime: seconds,
};

function fields(value: InventoryQueue["fields"], to: Redaction): InventoryQueue["fields"] {
  const made: Record<string, string> = {};
  for (const [name, text] of Object.entries(value)) {
    const change = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
    if (change === undefined || !/^-?\d{1,19}$/.test(text)) continue;
    made[name] = change === number ? text : `${change(Number(text), to)}`;
  }
  return made;
}

const LIMITS: ReadonlySet<string> = new Set(IPC_LIMITS);

function limits(value: Readonly<Record<string, string>>): Record<string, string> {
  const known = Object.entries(value).filter(([name, text]) => LIMITS.has(name) && /^\d{1,20}$/.test(text));
  return Object.fromEntries(known);
}

/** Beginnings by which readers know what was not looked at: inventory-coverage.ts. */
const MISSING_KINDS: readonly string[] = [
  "System V queues",
  "the ipc namespace",
  "POSIX queues that nobody holds open",
  "POSIX queues",
  "further POSIX queues",
  "open descriptors",
  "other ipc namespaces",
  "further ipc namespaces",
  "queues that nobody holds open, and limits",
  ...LIMITS,
];

function whatText(value: string): string {
  const known = MISSING_KINDS.find((kind) => value.startsWith(kind));
  if (known !== undefined) return known;
  const kinds = /^(System V|POSIX|the ipc|open descriptors)/.exec(value)?.[1];
  return kinds ?? "something";
}
