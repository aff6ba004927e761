/**
 * Queues for people, in the columns of util-linux' `ipcs -q`, and POSIX queues in the same spirit. `~` stands before
 * what is not sure, `?` for what is not known. Works on what `--json` prints. Users and groups are numbers: a capture
 * does not know their names.
 */
import type { QueueState } from "../replay/queue-states/queue-states.js";
import { escapeText } from "./text.js";

export const VIEWS = ["status", "time", "pid", "creator", "limits", "summary"] as const;
export type View = (typeof VIEWS)[number];

export interface QueuesAnswer {
  readonly at_ns: number;
  readonly at: string | null;
  readonly queues: readonly QueueState[];
  readonly limits: Readonly<Record<string, number | null>>;
}

export interface QueuesTextOptions {
  readonly view: View;
  readonly colour: boolean;
}

/** A column: its head, the fields that it rests on, and what it prints. */
interface Column {
  readonly head: string;
  readonly of: readonly (keyof QueueState)[];
  readonly text: (queue: QueueState) => string | null;
}

type Table = "status" | "time" | "pid" | "creator";

const field = (head: string, name: keyof QueueState): Column => ({
  head,
  of: [name],
  text: (queue) => valueText(queue[name]),
});
const time = (head: string, name: "last_send" | "last_receive" | "last_change"): Column => ({
  head,
  of: [name],
  text: (queue) =>
    queue[name]?.slice(0, 19).replace("T", " ") ?? (queue.unsure.includes(name) ? null : "Not set"),
});
const pid = (head: string, name: "last_send_pid" | "last_receive_pid"): Column => ({
  head,
  of: [name],
  text: (queue) => valueText(queue[name] ?? (queue.unsure.includes(name) ? null : 0)),
});
const state: Column = {
  head: "state",
  of: ["exists"],
  text: ({ exists, dropped }) =>
    exists === "named"
      ? ""
      : exists === "removed" && dropped !== null
        ? `removed, ${dropped} dropped`
        : exists,
};

const KEY = field("key", "name");
const ID = field("msqid", "msqid");
const OWNER = field("owner", "uid");
const PERMS = field("perms", "perms");
const NAME = field("name", "name");

const SYSV: Readonly<Record<Table, readonly Column[]>> = {
  status: [
    KEY,
    ID,
    OWNER,
    PERMS,
    field("used-bytes", "bytes"),
    field("messages", "depth"),
    field("senders", "waiting_senders"),
    field("receivers", "waiting_receivers"),
    state,
  ],
  time: [
    ID,
    OWNER,
    time("send", "last_send"),
    time("recv", "last_receive"),
    time("change", "last_change"),
    state,
  ],
  pid: [ID, OWNER, pid("lspid", "last_send_pid"), pid("lrpid", "last_receive_pid"), state],
  creator: [
    ID,
    PERMS,
    field("cuid", "cuid"),
    field("cgid", "cgid"),
    field("uid", "uid"),
    field("gid", "gid"),
    state,
  ],
};

const POSIX_TIME = (head: string, name: "last_send" | "last_receive"): Column => ({
  ...time(head, name),
  text: (queue) => queue[name]?.slice(0, 19).replace("T", " ") ?? null,
});
const NOTIFY: Column = {
  head: "notify",
  of: ["notify"],
  text: ({ notify }) =>
    notify === null ? "-" : `${notify.pid}${notify.method === null ? "" : ` ${notify.method}`}`,
};

const POSIX: Readonly<Record<Table, readonly Column[]>> = {
  status: [
    NAME,
    OWNER,
    PERMS,
    field("used-bytes", "bytes"),
    field("messages", "depth"),
    field("maxmsg", "max_messages"),
    field("msgsize", "max_message_bytes"),
    field("senders", "waiting_senders"),
    field("receivers", "waiting_receivers"),
    NOTIFY,
    state,
  ],
  time: [NAME, OWNER, POSIX_TIME("send", "last_send"), POSIX_TIME("recv", "last_receive"), state],
  pid: [NAME, OWNER, field("lspid", "last_send_pid"), field("lrpid", "last_receive_pid"), NOTIFY, state],
  creator: [NAME, PERMS, field("uid", "uid"), field("gid", "gid"), state],
};

const TITLES: Readonly<Record<Table, string>> = {
  status: "Message Queues",
  time: "Message Queues Send/Recv/Change Times",
  pid: "Message Queues PIDs",
  creator: "Message Queues Creators/Owners",
};

/** Lines, without the last newline. */
export function formatQueues(answer: QueuesAnswer, options: QueuesTextOptions): string {
  const lines = [`at ${answer.at ?? "?"}, ${(answer.at_ns / 1e9).toFixed(9)} s after the start`];
  const { view } = options;
  if (view === "limits") return [...lines, ...limitLines(answer)].join("\n");
  if (view === "summary") return [...lines, ...summaryLines(answer)].join("\n");
  const namespaces = [...new Set(answer.queues.map(({ namespace }) => namespace))].sort(
    (one, other) => (one ?? Number.POSITIVE_INFINITY) - (other ?? Number.POSITIVE_INFINITY),
  );
  for (const namespace of namespaces.length === 0 ? [null] : namespaces) {
    const own = answer.queues.filter((queue) => queue.namespace === namespace || namespaces.length === 0);
    if (namespaces.length > 1) lines.push("", `ipc namespace ${namespace ?? "?"}`);
    for (const [kind, title, columns] of [
      ["sysv", TITLES[view], SYSV[view]],
      ["posix", `POSIX ${TITLES[view]}`, POSIX[view]],
    ] as const) {
      const queues = own.filter((queue) => queue.kind === kind);
      if (queues.length > 0 || kind === "sysv") {
        lines.push("", bold(`------ ${title} --------`, options), ...table(columns, queues));
      }
    }
  }
  return lines.join("\n");
}

function table(columns: readonly Column[], queues: readonly QueueState[]): string[] {
  const cells = queues.map((queue) => columns.map((column) => cellText(column, queue)));
  const widths = columns.map(({ head }, at) =>
    Math.max(head.length, ...cells.map((row) => row[at]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((text, at) => text.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd();
  const hasState = cells.some((row) => row.at(-1) !== "");
  const heads = columns.map(({ head }) => (head === "state" && !hasState ? "" : head));
  return [line(heads), ...cells.map(line)];
}

function cellText({ of, text }: Column, queue: QueueState): string {
  const value = text(queue);
  if (value === null) return "?";
  return of.some((name) => queue.unsure.includes(name)) ? `~${value}` : value;
}

function valueText(value: QueueState[keyof QueueState]): string | null {
  return value === null ? null : escapeText(String(value));
}

function limitLines({ limits }: QueuesAnswer): string[] {
  const of = (name: string) => limits[name] ?? "?";
  return [
    "",
    "------ Messages Limits --------",
    `max queues system wide = ${of("kernel.msgmni")}`,
    `max size of message (bytes) = ${of("kernel.msgmax")}`,
    `default max size of queue (bytes) = ${of("kernel.msgmnb")}`,
    "",
    "------ POSIX Messages Limits --------",
    `max queues = ${of("fs.mqueue.queues_max")}`,
    `max messages in a queue = ${of("fs.mqueue.msg_max")}`,
    `max size of message (bytes) = ${of("fs.mqueue.msgsize_max")}`,
    `default messages in a queue = ${of("fs.mqueue.msg_default")}`,
    `default size of message (bytes) = ${of("fs.mqueue.msgsize_default")}`,
  ];
}

function summaryLines({ queues }: QueuesAnswer): string[] {
  return (["sysv", "posix"] as const).flatMap((kind) => {
    const own = queues.filter((queue) => queue.kind === kind && queue.exists !== "removed");
    const sum = (name: "depth" | "bytes") => {
      if (own.some((queue) => queue[name] === null)) return "?";
      const mark = own.some((queue) => queue.unsure.includes(name) || queue.unsure.includes("exists"))
        ? "~"
        : "";
      return `${mark}${own.reduce((total, queue) => total + (queue[name] ?? 0), 0)}`;
    };
    const mark = own.some((queue) => queue.unsure.includes("exists")) ? "~" : "";
    return [
      "",
      `------ ${kind === "posix" ? "POSIX " : ""}Messages Status --------`,
      `allocated queues = ${mark}${own.length}`,
      `used headers = ${sum("depth")}`,
      `used space = ${sum("bytes")} bytes`,
    ];
  });
}

function bold(text: string, options: QueuesTextOptions): string {
  return options.colour ? `\u001b[1m${text}\u001b[0m` : text;
}
