/**
 * Who holds POSIX queues open, where the kernel's own list of descriptors cannot be had: those that /proc shows of every
 * process. Does not see queues that are held through a mount in an unusual place, nor how deep an unlinked one is.
 */
import { type BigIntStats, readdirSync, readFileSync, readlinkSync, statfsSync, statSync } from "node:fs";
import type { InventoryQueue } from "../format/types.js";
import { errorCode, errorText } from "./errors.js";
import { counted, type Missing, tooLong } from "./inventory-missing.js";
import { seesInitialPids } from "./proc.js";

/** A queue as descriptors show it. */
export interface HeldQueue {
  /** One mqueue file system, so one ipc namespace. */
  readonly device: bigint;
  readonly inode: bigint;
  /** Any descriptor's path: opening it reads the queue's file. */
  readonly path: string;
  /** The name with its slash; of a queue that has none any more " (deleted)" follows. */
  readonly link: string;
  readonly holders: { readonly tgid: number; readonly fd: number }[];
}

/** MQUEUE_MAGIC in include/uapi/linux/magic.h. */
const MQUEUE_MAGIC = 0x19800202;
const SLASH = 0x2f;

/** All queues that any process holds, looking no longer than `limitMs`; what was not looked at is `missing`. */
export function scanHolders(proc: string, limitMs: number, missing: Missing[]): readonly HeldQueue[] {
  // Records name processes as the initial pid namespace does; here other numbers would stand for them.
  if (!seesInitialPids()) {
    missing.push({ what: "open descriptors", why: "this is not the initial pid namespace" });
    return [];
  }
  const found = new Map<string, HeldQueue>();
  const deadline = performance.now() + limitMs;
  const processes = readdirSync(proc).filter((name) => /^\d+$/.test(name));
  const refused = new Map<string, number>();
  let done = 0;
  for (const process of processes) {
    if (performance.now() > deadline) break;
    const why = readProcess(`${proc}/${process}/fd`, Number(process), found);
    if (why !== null) refused.set(why, (refused.get(why) ?? 0) + 1);
    done++;
  }
  for (const [why, count] of refused)
    missing.push({ what: `open descriptors of ${counted(count, "process", "processes")}`, why });
  if (done < processes.length) {
    const what = `open descriptors of ${processes.length - done} of ${processes.length} processes`;
    missing.push({ what, why: tooLong(limitMs) });
  }
  return [...found.values()];
}

/** Why the process could not be looked at wholly; null: it was, or it is gone. */
function readProcess(directory: string, tgid: number, found: Map<string, HeldQueue>): string | null {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    return isGone(error) ? null : errorText(error);
  }
  let why: string | null = null;
  for (const name of names) {
    try {
      addHolder(`${directory}/${name}`, tgid, Number(name), found);
    } catch (error) {
      if (!isGone(error)) why = errorText(error);
    }
  }
  return why;
}

function isGone(error: unknown): boolean {
  return ["ENOENT", "ESRCH"].includes(errorCode(error) ?? "");
}

function addHolder(path: string, tgid: number, fd: number, found: Map<string, HeldQueue>): void {
  const link = readlinkSync(path, { encoding: "buffer" });
  // This spares two calls for nearly every descriptor. mqueue has no directories, so what mq_open() gave leads to
  // one name; who opened the file instead went through a mount, which by convention is /dev/mqueue.
  const isName = link.length > 1 && link.lastIndexOf(SLASH) === 0;
  if (!isName && !link.includes("/mqueue/")) return;
  if (statfsSync(path).type !== MQUEUE_MAGIC) return;
  const status = statSync(path, { bigint: true });
  if (!status.isFile()) return;
  const key = `${status.dev}:${status.ino}`;
  const known = found.get(key);
  if (known === undefined) {
    const name = link.subarray(link.lastIndexOf(SLASH)).toString();
    found.set(key, { device: status.dev, inode: status.ino, path, link: name, holders: [{ tgid, fd }] });
  } else {
    known.holders.push({ tgid, fd });
  }
}

/** A queue as one of its descriptors shows it; null when it went away meanwhile. */
export function readScanned(
  held: HeldQueue,
  namespaceInum: number | null,
  missing: Missing[],
): InventoryQueue | null {
  const { path, link, inode, holders } = held;
  try {
    const status = statSync(path, { bigint: true });
    // Under a descriptor's path there may be another file by now.
    if (status.ino !== inode) return null;
    const fields = { ...readState(path, link, missing), ...statusFields(status) };
    // A name may end with " (deleted)" itself; only the count of links tells.
    const name = fields.nlink === "0" ? link.replace(/ \(deleted\)$/, "") : link;
    return { kind: "posix", namespaceInum, id: inode, name, fields, holders };
  } catch (error) {
    if (!isGone(error)) missing.push({ what: link, why: errorText(error) });
    return null;
  }
}

/** QSIZE, NOTIFY, SIGNO and NOTIFY_PID, as the queue's file says them. */
function readState(path: string, name: string, missing: Missing[]): Record<string, string> {
  try {
    const pairs = readFileSync(path, "latin1").matchAll(/(\w+):(\S+)/g);
    return Object.fromEntries([...pairs].map(([, key = "", value = ""]) => [key, value]));
  } catch (error) {
    if (errorCode(error) === "ENOENT") throw error;
    missing.push({ what: `the state of ${name}`, why: errorText(error) });
    return {};
  }
}

/** What the file's inode says, by the names of stat(2). */
function statusFields(status: BigIntStats): Record<"mode" | "uid" | "gid" | "nlink", string> {
  return {
    mode: (status.mode & 0o7777n).toString(8).padStart(4, "0"),
    uid: String(status.uid),
    gid: String(status.gid),
    nlink: String(status.nlink),
  };
}
