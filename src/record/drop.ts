/**
 * Giving up root once the probes are in place, as tcpdump does: whom to become, what he must be able to do, and the
 * proof that every thread has become him.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { OutputDirectory } from "./directory.js";
import { errorCode, RecordError } from "./errors.js";
import { library, MESSAGE_BYTES, messageIn, NativeError, nativeError } from "./native.js";
import type { Tape } from "./native-tape.js";

export interface DropUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Who a name is, or why that is nobody, in words. Throws NativeError where users cannot be looked up at all. */
export type FindUser = (name: string) => DropUser | string;

export interface Invoker {
  readonly uid: number | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly find: FindUser;
}

const NOBODY = "nobody";

/**
 * Whom to become; null: we stay who we are, since we are not root, or are to stay it. `wanted`: the option's value; null:
 * the user who called sudo, else nobody. Throws RecordError.
 */
export function dropUser(wanted: string | null, { uid, env, find }: Invoker): DropUser | null {
  if (uid !== 0) {
    if (wanted === null) return null;
    throw new RecordError("--drop-to: only root can become another user: leave it out", 2);
  }
  if (wanted !== null) return rootStays(found(wanted, find));
  const caller = env.SUDO_USER ?? "";
  // Root may use sudo, too.
  if (caller !== "" && env.SUDO_UID !== "0") {
    const user = find(caller);
    if (typeof user !== "string" && user.uid !== 0 && String(user.uid) === env.SUDO_UID) return user;
  }
  return found(NOBODY, find);
}

function rootStays(user: DropUser): DropUser | null {
  return user.uid === 0 ? null : user;
}

function found(name: string, find: FindUser): DropUser {
  const user = find(name);
  if (typeof user !== "string") return user;
  throw new RecordError(`--drop-to: ${user}: name another user, or --drop-to root to stay root`, 2);
}

/** As the host knows users: passwd, LDAP, and so on. */
export const findUser: FindUser = (name) => {
  const { call } = library();
  const ids = new Uint32Array(2);
  const message = Buffer.alloc(MESSAGE_BYTES);
  if (call.mt_user_find(name, ids, message, message.length) < 0) return messageIn(message);
  const [uid = 0, gid = 0] = ids;
  return { name, uid, gid };
};

/** For those who make further files later: the user makes one there, and takes it away. Throws RecordError. */
export function requireWritableBy(directory: OutputDirectory, user: DropUser): void {
  try {
    check((message) => library().call.mt_writable_by(directory.fd, user.name, message, message.length));
  } catch (error) {
    if (!(error instanceof NativeError)) throw error;
    throw new RecordError(
      `${directory.path}: ${user.name}, to whom root is given up, cannot make files there: ${error.message}: choose another place with -o, or another user with --drop-to`,
      1,
      { cause: error },
    );
  }
}

/** Why a recording by this user could not count its losses, in words; null: it can. Before 5.19 not all may ask for them. */
export function whyNotCounted(user: DropUser, tape: Tape): string | null {
  try {
    check((message) => library().call.mt_counts_as(tape.pointer, user.name, message, message.length));
    return null;
  } catch (error) {
    if (error instanceof NativeError) return error.message;
    throw error;
  }
}

/** Becomes the user for good. Throws RecordError: from then on this process is good for nothing. */
export function dropTo(user: DropUser): void {
  try {
    check((message) => library().call.mt_drop(user.name, message, message.length));
  } catch (error) {
    if (error instanceof NativeError) throw notGivenUp(error.message);
    throw error;
  }
  const why = whyNotDropped(user);
  if (why !== null) throw notGivenUp(why);
}

export function notGivenUp(why: string): RecordError {
  return new RecordError(`root cannot be given up: ${why}: record with --drop-to root to stay root`);
}

/** What is left of root, in words; null: nothing, in no thread. */
export function whyNotDropped(user: DropUser, proc = "/proc"): string | null {
  for (const thread of readdirSync(`${proc}/self/task`)) {
    const status = statusOf(`${proc}/self/task/${thread}/status`);
    const why = status === null ? null : whyRoot(status, user);
    if (why !== null) return `thread ${thread} ${why}`;
  }
  // Node may be told to use it, and its kernel threads keep the rights they began with (UV_USE_IO_URING).
  const ring = readdirSync(`${proc}/self/fd`).some((fd) => isRing(`${proc}/self/fd/${fd}`));
  return ring ? "Node uses io_uring, which keeps them: unset UV_USE_IO_URING" : null;
}

/** Lines of a name and its words; null: the thread has ended. */
function statusOf(path: string): ReadonlyMap<string, string> | null {
  try {
    const lines = readFileSync(path, "latin1").split("\n");
    return new Map(lines.map((line) => [line.split(":")[0] ?? "", line.replace(/^[^:]*:\s*/, "").trim()]));
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes(errorCode(error) ?? "")) return null;
    throw error;
  }
}

function whyRoot(status: ReadonlyMap<string, string>, { uid, gid }: DropUser): string | null {
  const isFour = (field: string, id: number) =>
    (status.get(field)?.split(/\s+/) ?? []).map(Number).join() === [id, id, id, id].join();
  if (!isFour("Uid", uid)) return `has the user ids ${status.get("Uid")}`;
  if (!isFour("Gid", gid)) return `has the group ids ${status.get("Gid")}`;
  for (const set of ["CapPrm", "CapEff", "CapAmb"]) {
    if (/[^0]/.test(status.get(set) ?? "?")) return `has capabilities (${set} ${status.get(set)})`;
  }
  return status.get("NoNewPrivs") === "1" ? null : "may get new privileges";
}

function isRing(path: string): boolean {
  try {
    return readlinkSync(path).includes("io_uring");
  } catch {
    return false;
  }
}

function check(run: (message: Buffer) => number): void {
  const message = Buffer.alloc(MESSAGE_BYTES);
  const result = run(message);
  if (result < 0) throw nativeError(result, messageIn(message));
}
