/** /proc/sysvipc/msg as rows, and what `queues` says in the same columns. */
import type { QueueState } from "../../src/replay/queue-states/queue-states.js";

/** A row of /proc/sysvipc/msg by its columns. */
export function sysvipcRows(text: string): readonly Readonly<Record<string, string>>[] {
  const [head = "", ...lines] = text.split("\n").filter((line) => line.trim() !== "");
  const names = head.trim().split(/\s+/);
  return lines.map((line) => {
    const words = line.trim().split(/\s+/);
    return Object.fromEntries(names.map((name, at) => [name, words[at] ?? ""]));
  });
}

/** A queue as /proc/sysvipc/msg would have it; times that are not sure are `~`. */
export function asSysvipc(queue: QueueState): Readonly<Record<string, string>> {
  const seconds = (name: "last_send" | "last_receive" | "last_change") => {
    if (queue.unsure.includes(name)) return "~";
    const text = queue[name];
    return text === null ? "0" : `${Math.floor(Date.parse(text) / 1000)}`;
  };
  return {
    key: `${Number(queue.name) | 0}`,
    msqid: `${queue.msqid}`,
    perms: `${queue.perms?.replace(/^0+/, "")}`,
    cbytes: `${queue.bytes}`,
    qnum: `${queue.depth}`,
    lspid: `${queue.last_send_pid ?? 0}`,
    lrpid: `${queue.last_receive_pid ?? 0}`,
    uid: `${queue.uid}`,
    gid: `${queue.gid}`,
    cuid: `${queue.cuid}`,
    cgid: `${queue.cgid}`,
    stime: seconds("last_send"),
    rtime: seconds("last_receive"),
    ctime: seconds("last_change"),
  };
}

/** A row of `ipcs -q -t`, in UTC and the C locale, with single spaces; `~` for times that are not sure. */
export function asTimesRow(queue: QueueState): string {
  const time = (name: "last_send" | "last_receive" | "last_change") => {
    if (queue.unsure.includes(name)) return "~";
    const text = queue[name];
    if (text === null) return "Not set";
    // "Thu, 05 Nov 2026 12:41:47 GMT"
    const [, day = "", month = "", , hour = ""] = new Date(Date.parse(text)).toUTCString().split(" ");
    return `${month} ${Number(day)} ${hour}`;
  };
  return `${queue.msqid} ${queue.uid} ${time("last_send")} ${time("last_receive")} ${time("last_change")}`;
}
