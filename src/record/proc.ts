/**
 * What /proc adds to a task while it lives: the executable's path, the whole command line, the cgroup's path;
 * and the processes that descend from one. Says nothing about a task unless its start time proves that the
 * process under this number is still the same one.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import type { TaskEntry } from "../format/types.js";

/** USER_HZ, in which /proc/PID/stat counts, is 100 on every architecture that is recorded. */
const TICK_NS = 10_000_000n;
/** Inode of the initial pid namespace (PROC_PID_INIT_INO in include/uapi/linux/nsfs.h). */
const INITIAL_PID_NAMESPACE = 0xeffffffc;
const CMDLINE_MAX_BYTES = 4096;

export type TaskFacts = Pick<TaskEntry, "exe" | "cmdline" | "cgroupPath">;

/** Records name tasks as the initial pid namespace does: elsewhere /proc speaks of other processes. */
export function seesInitialPids(): boolean {
  try {
    return statSync("/proc/self/ns/pid").ino === INITIAL_PID_NAMESPACE;
  } catch {
    return false;
  }
}

/** Whether /proc shows this process to us. */
export function seesProcess(pid: number, proc = "/proc"): boolean {
  return existsSync(`${proc}/${pid}/stat`);
}

/** A process's program, as /proc has it now. */
export interface ProcessFacts {
  readonly exe: string;
  /** At most CMDLINE_MAX_BYTES of it. */
  readonly cmdline: Uint8Array;
  /** The text of /proc/PID/cgroup. */
  readonly cgroup: string;
}

/** Throws when the process that began then is gone, or cannot be looked at. */
export type ReadProcess = (tgid: number, startTicks: bigint) => ProcessFacts;

/** What /proc knows of the task's process; the task's own facts where /proc knows nothing better. */
export function readTaskFacts(task: TaskEntry, read: ReadProcess = processReader()): TaskFacts {
  const kept = { exe: null, cmdline: task.cmdline, cgroupPath: null };
  if (task.processStartNs === null) return kept;
  try {
    const { exe, cmdline, cgroup } = read(task.tgid, task.processStartNs / TICK_NS);
    return {
      exe: knownExe(exe, task),
      cmdline: knownCmdline(new Uint8Array(cmdline), task),
      cgroupPath: /^0::(.*)$/m.exec(cgroup)?.[1] ?? null,
    };
  } catch {
    return kept;
  }
}

/** By our own right to look. */
export function processReader(proc = "/proc"): ReadProcess {
  return (tgid, ticks) => {
    const directory = `${proc}/${tgid}`;
    const facts = {
      exe: readlinkSync(`${directory}/exe`),
      cmdline: readFileSync(`${directory}/cmdline`).subarray(0, CMDLINE_MAX_BYTES),
      cgroup: readFileSync(`${directory}/cgroup`, "utf8"),
    };
    // Looked at last: when the number was reused meanwhile, all of the above may be another process's.
    if (startTicks(directory) !== ticks) throw new Error(`process ${tgid} is another one by now`);
    return facts;
  };
}

/** True only when the task has certainly ended. */
export function isGone(task: TaskEntry, proc = "/proc"): boolean {
  try {
    return startTicks(`${proc}/${task.tid}`) !== task.startNs / TICK_NS;
  } catch {
    return true;
  }
}

/** The processes of `roots` and all that descend from them now. */
export function descendantsOf(roots: ReadonlySet<number>, proc = "/proc"): ReadonlySet<number> {
  const children = new Map<number, number[]>();
  for (const name of readdirSync(proc)) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(`${proc}/${name}`);
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = new Set(roots);
  for (const pid of found) for (const child of children.get(pid) ?? []) found.add(child);
  return found;
}

/** A later exec changes the link; the name that the kernel programs saw tells. */
function knownExe(exe: string, task: TaskEntry): string | null {
  const seen = task.exeName === null ? null : Buffer.from(task.exeName);
  const name = Buffer.from(exe.replace(/ \(deleted\)$/, "").replace(/^.*\//, ""));
  return seen !== null && !name.subarray(0, seen.length).equals(seen) ? null : exe;
}

/** The kernel programs keep the beginning of it; a later exec or a rewritten one begins otherwise. */
function knownCmdline(whole: Uint8Array, task: TaskEntry): Uint8Array | null {
  if (whole.length === 0) return task.cmdline;
  if (task.cmdline === null) return whole;
  const begins = Buffer.from(whole.subarray(0, task.cmdline.length)).equals(task.cmdline);
  return begins ? whole : task.cmdline;
}

/** Field 22 of /proc/PID/stat: start time in ticks since boot. Throws when there is no such task. */
function startTicks(directory: string): bigint {
  return BigInt(statFields(directory)[19] ?? "-1");
}

function parentOf(directory: string): number | null {
  try {
    return Number(statFields(directory)[1]);
  } catch {
    return null;
  }
}

/** The fields from the third on: the second, the name, may hold blanks and parentheses. */
function statFields(directory: string): readonly string[] {
  const text = readFileSync(`${directory}/stat`, "latin1");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}
