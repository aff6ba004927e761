/**
 * The values of `record`'s filter options, from text to what the kernel programs compare. The event filter is
 * the catalogue's, and processes are followed through the native half: here they are only read.
 *
 * Every kind of filter that is given must agree; of one kind, one value is enough.
 */
import { readFileSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { RecordError } from "./errors.js";
import { PASSWD_PATH, uidByName } from "./users.js";

export type QueueFilter =
  | { readonly kind: "posix"; readonly name: Uint8Array }
  | { readonly kind: "sysv"; readonly isKey: boolean; readonly value: number };

export interface RecordFilters {
  /** Processes that are recorded with all their descendants. */
  readonly pids: readonly number[];
  readonly comms: readonly Uint8Array[];
  readonly uids: readonly number[];
  /** cgroup v2 ids: inode numbers of their directories. */
  readonly cgroups: readonly bigint[];
  readonly queues: readonly QueueFilter[];
}

/** The options as given, each value by itself. */
export interface FilterText {
  readonly pid?: readonly string[];
  readonly comm?: readonly string[];
  readonly uid?: readonly string[];
  readonly cgroup?: readonly string[];
  readonly queue?: readonly string[];
}

export const NO_FILTERS: RecordFilters = { pids: [], comms: [], uids: [], cgroups: [], queues: [] };

/** TASK_COMM_LEN without the NUL, NAME_MAX, and PID_MAX_LIMIT of a 64-bit kernel. */
const COMM_BYTES = 15;
const NAME_BYTES = 255;
const PID_MAX = 4_194_304;
const CGROUP2_MAGIC = 0x63677270;

/** Reads all filter options. Throws RecordError (wrong usage) that names the option and the value. */
export function parseFilters(text: FilterText): RecordFilters {
  return {
    pids: lists(text.pid).map(parsePid),
    comms: (text.comm ?? []).map(parseComm),
    uids: lists(text.uid).map((value) => parseUid(value)),
    cgroups: (text.cgroup ?? []).map((value) => parseCgroup(value)),
    queues: (text.queue ?? []).map(parseQueueOption),
  };
}

/** Numbers may also come as one list: `--pid 1,2`. Names may not, for commas are legal in them. */
function lists(values: readonly string[] = []): string[] {
  return values.flatMap((value) => value.split(","));
}

function wrong(option: string, value: string, what: string): RecordError {
  return new RecordError(`--${option} ${JSON.stringify(value)}: ${what}`, 2);
}

function parsePid(value: string): number {
  const pid = /^\d{1,7}$/.test(value) ? Number(value) : 0;
  if (pid < 1 || pid > PID_MAX) throw wrong("pid", value, "expected a process id, such as 1234");
  return pid;
}

function parseComm(value: string): Uint8Array {
  const bytes = Buffer.from(value);
  if (bytes.length === 0 || bytes.includes(0)) throw wrong("comm", value, "expected a task's name");
  if (bytes.length > COMM_BYTES) {
    const kept = bytes.subarray(0, COMM_BYTES).toString();
    throw wrong(
      "comm",
      value,
      `the kernel keeps ${COMM_BYTES} bytes of a name; give ${JSON.stringify(kept)}`,
    );
  }
  return new Uint8Array(bytes);
}

/** A number, or a user's name in the host's passwd file. */
export function parseUid(value: string, passwdPath = PASSWD_PATH): number {
  if (/^\d{1,10}$/.test(value) && Number(value) < 0xffffffff) return Number(value);
  const uid = /^\d+$/.test(value) ? undefined : uidByName(value, passwdPath);
  if (uid === undefined) throw wrong("uid", value, `expected a user id or a name in ${passwdPath}`);
  return uid;
}

/** A cgroup v2 directory, its path below the cgroup root as in /proc/PID/cgroup, or its id. */
export function parseCgroup(value: string, mounts = "/proc/self/mounts"): bigint {
  if (/^\d{1,19}$/.test(value)) return BigInt(value);
  const root = cgroupRoot(mounts);
  const directories = [value, ...(root === null ? [] : [join(root, value)])];
  for (const directory of directories) {
    const id = cgroupId(directory);
    if (id !== null) return id;
  }
  const where = root === null ? "no cgroup v2 is mounted here" : `looked there and under ${root}`;
  throw wrong("cgroup", value, `expected a cgroup v2 directory or its id; ${where}`);
}

function cgroupRoot(mounts: string): string | null {
  try {
    const rows = readFileSync(mounts, "utf8")
      .split("\n")
      .map((line) => line.split(" "));
    return rows.find((row) => row[2] === "cgroup2")?.[1] ?? null;
  } catch {
    return null;
  }
}

function cgroupId(directory: string): bigint | null {
  try {
    if (statfsSync(directory).type !== CGROUP2_MAGIC) return null;
    const status = statSync(directory, { bigint: true });
    return status.isDirectory() ? status.ino : null;
  } catch {
    return null;
  }
}

function parseQueueOption(value: string): QueueFilter {
  const queue = parseQueue(value);
  if (typeof queue === "string") throw wrong("queue", value, queue);
  return queue;
}

/**
 * `/name` POSIX; `0x4d2` or `key:1234` a System V key; `1234` or `msqid:1234` a System V id. A text says what was expected
 * of a value that is none of these.
 */
export function parseQueue(value: string): QueueFilter | string {
  if (value.startsWith("/")) {
    const name = Buffer.from(value.slice(1));
    if (name.length === 0 || name.length > NAME_BYTES || name.includes("/") || name.includes(0)) {
      return `expected /NAME with 1 to ${NAME_BYTES} bytes and no further slash`;
    }
    return { kind: "posix", name: new Uint8Array(name) };
  }
  const match =
    /^(?:(key):)?(0x[0-9a-f]{1,8})$/i.exec(value) ?? /^(?:(key|msqid):)?(-?\d{1,10})$/.exec(value);
  const number = Number(match?.[2] ?? Number.NaN);
  const isKey = match?.[1] === "key" || /0x/i.test(value);
  if (
    Number.isNaN(number) ||
    number < (isKey ? -(2 ** 31) : 0) ||
    number > (isKey ? 0xffffffff : 0x7fffffff)
  ) {
    return "expected /NAME (POSIX), 0xKEY, or an id as ipcs -q shows it (System V)";
  }
  // key_t is an int: ipcs prints the upper half as 0x80000000 and above.
  return { kind: "sysv", isKey, value: number | 0 };
}
