/** The filters that all reading commands share. null: does not filter. A call has to pass every one. */
import type { PairedCall } from "./paired-call.js";
import type { CallQueue } from "./types.js";

export interface CallFilter {
  /** Catalogue ids. */
  readonly events: ReadonlySet<number> | null;
  /** Processes: tgids. */
  readonly pids: ReadonlySet<number> | null;
  readonly tids: ReadonlySet<number> | null;
  readonly comms: ReadonlySet<string> | null;
  /** Names, keys or ids; see `isQueueNamed`. */
  readonly queues: ReadonlySet<string> | null;
  /** Positive error numbers. */
  readonly errnos: ReadonlySet<number> | null;
  /** Only calls that gave an error. */
  readonly failed: boolean;
  /** A call in flight has lasted until the capture's end; one whose duration is not known does not pass. */
  readonly minDurationNs: number | null;
  /** Calls that were going on at some time in `[fromNs, toNs)`. */
  readonly fromNs: number | null;
  readonly toNs: number | null;
}

export const EVERYTHING: CallFilter = {
  events: null,
  pids: null,
  tids: null,
  comms: null,
  queues: null,
  errnos: null,
  failed: false,
  minDurationNs: null,
  fromNs: null,
  toNs: null,
};

const MAX_ERRNO = 4095;

/** The error number in a raw result, 0 when it is no error. */
export function errorNumber(ret: number): number {
  return ret < 0 && ret >= -MAX_ERRNO ? -ret : 0;
}

/** What can be judged before names are looked up. */
export function passes(filter: CallFilter, call: PairedCall): boolean {
  const { events, pids, tids, minDurationNs } = filter;
  if (events !== null && !events.has(call.event)) return false;
  if (pids !== null && !pids.has(call.tgid)) return false;
  if (tids !== null && !tids.has(call.tid)) return false;
  if (minDurationNs !== null && (call.lastedNs === null || call.lastedNs < minDurationNs)) return false;
  return passesResult(filter, call.ret) && passesWindow(filter, call.enterNs, call.endedNs);
}

/** `ret` null: not known, so it passes only where results do not matter. */
export function passesResult(filter: CallFilter, ret: number | null): boolean {
  const { errnos, failed } = filter;
  if (!failed && errnos === null) return true;
  const error = ret === null ? 0 : errorNumber(ret);
  return error !== 0 && (errnos === null || errnos.has(error));
}

/** `enterNs` null: not known, so only its end decides. */
export function passesWindow(filter: CallFilter, enterNs: number | null, endedNs: number): boolean {
  if (filter.fromNs !== null && endedNs < filter.fromNs) return false;
  return filter.toNs === null || (enterNs ?? endedNs) < filter.toNs;
}

export function passesComm(filter: CallFilter, comm: string | null): boolean {
  return filter.comms === null || (comm !== null && filter.comms.has(comm));
}

export function passesQueue(filter: CallFilter, queue: CallQueue | null): boolean {
  if (filter.queues === null) return true;
  if (queue === null) return false;
  for (const wanted of filter.queues) if (isQueueNamed(queue, wanted)) return true;
  return false;
}

/** Does a user mean this queue by `text`? Its name, its key, a POSIX name without slash, a System V key or msqid. */
export function isQueueNamed(queue: CallQueue, text: string): boolean {
  if (text === queue.name || text === queue.key) return true;
  if (queue.kind === "posix") return queue.name === `/${text}`;
  const id = queue.key?.split(":")[2];
  if (id === text) return true;
  if (queue.kind !== "sysv" || queue.name === null || !/^(0x[0-9a-f]+|-?\d+)$/i.test(text)) return false;
  return Number(queue.name) === Number(text) >>> 0;
}
