/**
 * The POSIX queues: every file of the mqueue file system of the recorder's ipc namespace, and the queues that
 * only descriptors still show, because their name is gone or they belong to another namespace.
 */
import { type BigIntStats, closeSync, fstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import type { InventoryQueue } from "../format/types.js";
import { errorCode, errorText } from "./errors.js";
import type { Missing } from "./inventory.js";
import type { HeldQueue } from "./inventory-holders.js";

/** All queues with a name in this namespace, then those that are only held. */
export function readPosixQueues(
  openMqueue: () => number,
  namespaceInum: number | null,
  held: readonly HeldQueue[],
  missing: Missing[],
): InventoryQueue[] {
  const listed = readListed(openMqueue, namespaceInum, held, missing);
  const shown = new Set(listed.queues.map((queue) => queue.id));
  const rest = held.filter((one) => one.device !== listed.device || !shown.has(one.inode));
  return [
    ...listed.queues,
    ...rest.flatMap((one) => readHeld(one, one.device === listed.device ? namespaceInum : null, missing)),
  ];
}

interface Listed {
  readonly queues: readonly InventoryQueue[];
  /** null: this namespace's file system could not be opened. */
  readonly device: bigint | null;
}

function readListed(
  openMqueue: () => number,
  namespaceInum: number | null,
  held: readonly HeldQueue[],
  missing: Missing[],
): Listed {
  let mqueue: number;
  try {
    mqueue = openMqueue();
  } catch (error) {
    missing.push({ what: "POSIX queues that nobody holds open", why: errorText(error) });
    return { queues: [], device: null };
  }
  try {
    const device = fstatSync(mqueue, { bigint: true }).dev;
    const directory = Buffer.from(`/proc/self/fd/${mqueue}/`);
    const queues = readdirSync(directory, { encoding: "buffer" }).flatMap((name) => {
      const holdersOf = (inode: bigint) =>
        held.find((one) => one.device === device && one.inode === inode)?.holders ?? [];
      return readQueue(Buffer.concat([directory, name]), `/${name}`, namespaceInum, holdersOf, missing);
    });
    return { queues, device };
  } catch (error) {
    missing.push({ what: "POSIX queues that nobody holds open", why: errorText(error) });
    return { queues: [], device: null };
  } finally {
    closeSync(mqueue);
  }
}

function readHeld(held: HeldQueue, namespaceInum: number | null, missing: Missing[]): InventoryQueue[] {
  const { link } = held;
  const queues = readQueue(held.path, link, namespaceInum, () => held.holders, missing, held.inode);
  return queues.map((queue) => {
    // A name may end with " (deleted)" itself; only the count of links tells.
    const name = queue.fields.nlink === "0" ? link.replace(/ \(deleted\)$/, "") : link;
    return { ...queue, name };
  });
}

/** One queue, or none when it went away meanwhile. */
function readQueue(
  path: string | Buffer,
  name: string,
  namespaceInum: number | null,
  holdersOf: (inode: bigint) => InventoryQueue["holders"],
  missing: Missing[],
  inode?: bigint,
): InventoryQueue[] {
  try {
    const status = statSync(path, { bigint: true });
    // Under a descriptor's path there may be another file by now.
    if (inode !== undefined && status.ino !== inode) return [];
    const fields = { ...readState(path, name, missing), ...statusFields(status) };
    return [{ kind: "posix", namespaceInum, id: status.ino, name, fields, holders: holdersOf(status.ino) }];
  } catch (error) {
    if (!["ENOENT", "ESRCH"].includes(errorCode(error) ?? ""))
      missing.push({ what: name, why: errorText(error) });
    return [];
  }
}

/** QSIZE, NOTIFY, SIGNO and NOTIFY_PID, as the queue's file says them. */
function readState(path: string | Buffer, name: string, missing: Missing[]): Record<string, string> {
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
function statusFields(status: BigIntStats): Record<string, string> {
  return {
    mode: (status.mode & 0o7777n).toString(8).padStart(4, "0"),
    uid: String(status.uid),
    gid: String(status.gid),
    nlink: String(status.nlink),
  };
}
