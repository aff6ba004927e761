/**
 * What is known of a queue beside its messages: owner and limits, who sent and received last, who is to be notified.
 * Each is an object that holds from one change to the next: what is learned of it later holds for all of its time.
 */

/** A moment: by a call, between two times, or to the second by an inventory. `isKnown` false: perhaps another. */
export interface When {
  fromNs: number | null;
  atNs: number | null;
  seconds: number | null;
  isKnown: boolean;
}

export const never = (): When => ({ fromNs: null, atNs: null, seconds: null, isKnown: true });
export const unknownWhen = (): When => ({ fromNs: null, atNs: null, seconds: null, isKnown: false });
export const during = (fromNs: number, atNs: number): When => ({
  fromNs,
  atNs,
  seconds: null,
  isKnown: Number.isFinite(fromNs),
});

/** The last send or receive. `pid` null: none, or not known. */
export interface Deed {
  pid: number | null;
  isPidKnown: boolean;
  readonly when: When;
}

export interface Attributes {
  uid: number | null;
  gid: number | null;
  /** Permission bits. */
  mode: number | null;
  /** Of `uid`, `gid`, `mode`: what is likely and not known. */
  readonly guessed: Set<"uid" | "gid" | "mode">;
  maxMessages: number | null;
  /** System V: qbytes. */
  maxBytes: number | null;
  /** POSIX: mq_msgsize. */
  maxMessageBytes: number | null;
  readonly changed: When;
  /** A reading agreed with it up to here. */
  agreedNs: number;
  /** From then on it may hold no more; infinite: nothing is known against it. */
  doubtNs: number;
}

export function attributes(more: Partial<Attributes> = {}): Attributes {
  return {
    uid: null,
    gid: null,
    mode: null,
    guessed: new Set(),
    maxMessages: null,
    maxBytes: null,
    maxMessageBytes: null,
    changed: unknownWhen(),
    agreedNs: Number.NEGATIVE_INFINITY,
    doubtNs: Number.POSITIVE_INFINITY,
    ...more,
  };
}

/** sigev_notify's values, as mq_notify takes them. */
const METHODS: Readonly<Record<number, string>> = { 0: "SIGEV_SIGNAL", 1: "SIGEV_NONE", 2: "SIGEV_THREAD" };

export function methodName(value: number): string {
  return METHODS[value] ?? `${value}`;
}

/** Who is registered between two readings that say otherwise. `pid` 0: nobody; null: not known. */
export interface Registration {
  pid: number | null;
  method: string | null;
  signo: number | null;
  /** The last reading that agreed. */
  agreedNs: number;
  /** A reading found another. */
  endNs: number | null;
}

export function registration(pid: number | null, more: Partial<Registration> = {}): Registration {
  return { pid, method: null, signo: null, agreedNs: Number.NEGATIVE_INFINITY, endNs: null, ...more };
}
