/**
 * Names and paths, each replaced by the same pseudonym wherever it stands: `/queue-1`, `task-3`. Counters, in the order
 * in which the names are met. Where a name is the 15 bytes that the kernel keeps of a program's, both are still told to
 * belong together.
 */
import { randomInt } from "node:crypto";
import { MOST_DIFFERENT, RedactError } from "./ids.js";
import type { Census, Kind } from "./kinds.js";

export interface Names {
  /** Without its slash; a slash in front stays. */
  queue(name: Uint8Array): Uint8Array;
  /** Names that are copies of one string at different times: theirs are of equal length and differ where they do. */
  joinQueues(names: readonly Uint8Array[]): void;
  /** A task's name or a program's file name. */
  program(name: Uint8Array): Uint8Array;
  path(path: string): string;
  /** A library's file. */
  library(path: string): string;
  cgroup(path: string): string;
  host(name: string): string;
  /** NUL-separated. */
  commandLine(line: Uint8Array): Uint8Array;
  user(name: string): string;
  /** As joinQueues, of socketPath's. */
  joinSockets(names: readonly Uint8Array[]): void;
  /**
   * The path of a UNIX socket, or an abstract name's bytes, in as many bytes; in more where there are more different ones
   * of that length than can be told apart.
   */
  socketPath(path: Uint8Array): Uint8Array;
}

/** TASK_COMM_LEN without its NUL. */
const COMM_BYTES = 15;

export function newNames(keeps: ReadonlySet<Kind>, census: Census): Names {
  const table = (kind: Kind, make: (count: number, name: Buffer) => string) => {
    const known = new Map<string, Uint8Array>();
    const find = (name: Uint8Array): Uint8Array => {
      if (name.length === 0) return name;
      census.count(kind);
      if (keeps.has(kind)) return name;
      const key = Buffer.from(name).toString("latin1");
      let found = known.get(key);
      if (found === undefined) {
        if (known.size >= MOST_DIFFERENT) {
          throw new RedactError(
            `more than ${MOST_DIFFERENT} different ${kind}: cut the capture with slice first`,
          );
        }
        found = bytesOf(make(known.size + 1, Buffer.from(name)));
        known.set(key, found);
      }
      return found;
    };
    return { find, known };
  };
  const queues = table("queue-names", (count) => `queue-${count}`);
  const tasks = table("task-names", (count) => `task-${count}`);
  const programs = table("task-names", (count, name) => {
    const short = Buffer.from(tasks.find(name.subarray(0, COMM_BYTES))).toString("latin1");
    return `${short}.long-${count}`;
  });
  const folders = table("paths", (count) => `folder-${count}`);
  const libraries = table("paths", (count) => `/library-${count}`);
  const cgroups = table("paths", (count) => `cgroup-${count}`);
  const hosts = table("host-name", (count) => `host-${count}`);
  const users = table("user-ids", (count) => `user-${count}`);
  const lines = table("command-lines", (count) => `command-${count}\0`);
  const sockets = new Map<string, Uint8Array>();
  const taken = new Set<string>();
  const counts = new Map<number, number>();
  const program = (name: Uint8Array) => (name.length <= COMM_BYTES ? tasks : programs).find(upToNul(name));
  const text = (find: (name: Uint8Array) => Uint8Array, value: string) =>
    Buffer.from(find(bytesOf(value))).toString("utf8");
  return {
    queue(name) {
      if (name[0] !== SLASH) return queues.find(name);
      return new Uint8Array([SLASH, ...queues.find(name.subarray(1))]);
    },
    joinQueues(names) {
      if (keeps.has("queue-names")) return;
      const joined = alikeNames(names, queues.known);
      names.forEach((name, i) => {
        const pseudonym = joined?.[i];
        const key = Buffer.from(name).toString("latin1");
        if (pseudonym !== undefined && name.length > 0) queues.known.set(key, pseudonym);
      });
    },
    program,
    path(path) {
      const [, whole = path, gone = ""] = /^(.*?)( \(deleted\))?$/s.exec(path) ?? [];
      const at = whole.lastIndexOf("/");
      if (at < 0 || at === whole.length - 1) return text(folders.find, whole) + gone;
      const folder = at === 0 ? "" : `/${text(folders.find, whole.slice(0, at))}`;
      return `${folder}/${text(program, whole.slice(at + 1))}${gone}`.replace(/^\/+/, "/");
    },
    library: (path) => text(libraries.find, path),
    cgroup: (path) => (path === "/" || path === "" ? path : slashed(text(cgroups.find, path))),
    host: (name) => text(hosts.find, name),
    commandLine: (line) => lines.find(line),
    user: (name) => text(users.find, name),
    joinSockets(names) {
      const made = alikeNames(names, sockets);
      names.forEach((name, i) => {
        const pseudonym = made?.[i];
        if (pseudonym === undefined || name.length === 0) return;
        sockets.set(Buffer.from(name).toString("latin1"), pseudonym);
        taken.add(Buffer.from(pseudonym).toString("latin1"));
      });
    },
    socketPath(path) {
      if (path.length === 0) return path;
      const key = Buffer.from(path).toString("latin1");
      let found = sockets.get(key);
      if (found === undefined) {
        found = pathOfLength(path.length, taken, counts);
        sockets.set(key, found);
      }
      return found;
    },
  };
}

const SLASH = 0x2f;

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "utf8"));
}

function upToNul(name: Uint8Array): Uint8Array {
  const end = name.indexOf(0);
  return end < 0 ? name : name.subarray(0, end);
}

function slashed(path: string): string {
  return path.startsWith("/") ? path : `/${path}`;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

/**
 * Pseudonyms of as many bytes as the names have, equal in each place where the names are. null: it cannot be done,
 * there are more different bytes in one place than letters, or one of them has a pseudonym already.
 */
function alikeNames(
  names: readonly Uint8Array[],
  known: ReadonlyMap<string, Uint8Array>,
): readonly Uint8Array[] | null {
  if (names.some((name) => known.has(Buffer.from(name).toString("latin1")))) return null;
  const taken = new Set([...known.values()].map((one) => Buffer.from(one).toString("latin1")));
  for (let attempt = 0; attempt < 64; attempt++) {
    const places: Map<number, number>[] = [];
    const made: Uint8Array[] = [];
    for (const name of names) {
      const bytes = new Uint8Array(name.length);
      for (let at = 0; at < name.length; at++) {
        places[at] ??= new Map();
        const place = places[at] as Map<number, number>;
        const letter = place.get(name[at] ?? 0) ?? freeLetter(place);
        if (letter === null) return null;
        place.set(name[at] ?? 0, letter);
        bytes[at] = letter;
      }
      made.push(bytes);
    }
    if (made.every((one) => !taken.has(Buffer.from(one).toString("latin1")))) return made;
  }
  return null;
}

function freeLetter(place: ReadonlyMap<number, number>): number | null {
  const used = new Set(place.values());
  const free = [...LETTERS].map((letter) => letter.charCodeAt(0)).filter((letter) => !used.has(letter));
  return free.length === 0 ? null : (free[randomInt(free.length)] ?? null);
}

/** What a name's byte may be, letters first. No NUL, which ends a path, and no slash. */
const NAME_BYTES: readonly number[] = [
  ...Buffer.from("0123456789abcdefghijklmnopqrstuvwxyz"),
  ...Array.from({ length: 255 }, (_, i) => i + 1).filter(
    (byte) => byte !== SLASH && !LETTERS.includes(String.fromCharCode(byte)),
  ),
];

/** `socket-12....`, cut and counted for each length, so that no two are alike. */
function pathOfLength(lengthBytes: number, taken: Set<string>, counts: Map<number, number>): Uint8Array {
  const most = NAME_BYTES.length ** lengthBytes;
  for (let number = (counts.get(lengthBytes) ?? 0) + 1; number < most; number++) {
    counts.set(lengthBytes, number);
    const text = `socket-${number}`;
    const made =
      text.length <= lengthBytes ? bytesOf(text.padEnd(lengthBytes, ".")) : shortName(number, lengthBytes);
    const key = Buffer.from(made).toString("latin1");
    if (taken.has(key)) continue;
    taken.add(key);
    return made;
  }
  return pathOfLength(lengthBytes + 1, taken, counts);
}

function shortName(number: number, lengthBytes: number): Uint8Array {
  const made = new Uint8Array(lengthBytes);
  for (let at = lengthBytes - 1, rest = number; at >= 0; at--, rest = Math.floor(rest / NAME_BYTES.length)) {
    made[at] = NAME_BYTES[rest % NAME_BYTES.length] ?? 0;
  }
  return made;
}
