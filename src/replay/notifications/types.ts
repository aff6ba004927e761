/**
 * Registrations of mq_notify, as `notifications` follows them: who registered, how it ended, and by which call. Plain
 * data; decides nothing.
 */

/** A call that had a part in it. Times of a task whose call is not in the capture are null. */
export interface Caller {
  readonly task: string | null;
  readonly tid: number | null;
  readonly tgid: number | null;
  readonly comm: string | null;
  readonly event: string | null;
  /** The task's call number, as `calls` has it. */
  readonly call: number | null;
  readonly enterNs: number | null;
  readonly exitNs: number | null;
}

/** sigev_notify: SIGEV_SIGNAL, SIGEV_THREAD, SIGEV_NONE. */
export type Method = "signal" | "thread" | "none";

/**
 * - `fired`: a message came into the empty queue
 * - `cancelled`: its owner called with a null sigevent
 * - `closed`: its owner closed a descriptor of the queue, which nothing records: nothing else is left
 * - `lost`: as `closed`, or the owner was gone, or another program by then: `couldBe` says which are left
 * - `queue_gone`: at the capture's end there is no such queue
 * - `still`: in force at the capture's end
 */
export type End = "fired" | "cancelled" | "closed" | "lost" | "queue_gone" | "still" | "unknown";

/** `exact`: the kernel's hook, the owner's own call or an inventory says so. `ambiguous`: another end fits as well. */
export type Match = "exact" | "modelled" | "ambiguous";

/** Where a registration goes without any call that could have been recorded. */
export type Unrecorded = "close" | "exec" | "exit";

/** What a call on a POSIX queue can mean for its registration. */
export type Does = "send" | "receive" | "register" | "cancel" | "other";

/** What one end of a call told of its queue. */
export interface Reading {
  /** The record's time; the queue was read then, or a little later. */
  readonly atNs: number;
  /** null: not read. */
  readonly notifyPid: number | null;
  readonly depth: number | null;
}

/** A call on a queue that has ended, or of which no more will be heard. */
export interface Act {
  readonly does: Does;
  readonly caller: Caller;
  readonly tid: number;
  readonly tgid: number;
  readonly number: number | null;
  /** Infinite where its entry or exit is not known. */
  readonly fromNs: number;
  readonly toNs: number;
  /** null: not known. */
  readonly ret: number | null;
  readonly before: Reading | null;
  readonly after: Reading | null;
  /** When the kernel copied a message to its receiver, by its hook. */
  readonly storedNs: number | null;
  /** Of `register`; null: not known. */
  readonly method: Method | null;
  readonly signo: number | null;
  /** It passes the user's filters. */
  readonly isWanted: boolean;
}

/** __do_notify() as its hook saw it: the registration of `ownerPid` fires. */
export interface Firing {
  readonly atNs: number;
  readonly tid: number;
  readonly call: number | null;
  readonly ownerPid: number | null;
  /** Its task, for when the call is not in the capture. */
  readonly caller: Caller;
}

export interface FollowingReceive {
  readonly act: Act;
  /** `exact`: the kernel copied the message out after the firing. `ambiguous`: another may have been before it. */
  readonly match: Match;
}

/** One registration, from first to last. */
export interface Registration {
  /** The mq_notify that made it; null: it is not in the capture. */
  call: Act | null;
  /** null: not known in the initial pid namespace's numbers. */
  tgid: number | null;
  method: Method | null;
  signo: number | null;
  /** It cannot have begun before; -Infinity: not known. */
  sinceNs: number;
  /** It was in force at this time, or later; null: nothing but its call says so. */
  lastSeenNs: number | null;
  /** How deep the queue was by then; null: not known. */
  lastDepth: number | null;
  /** When it was first seen to be over; null: it was not. */
  goneNs: number | null;
  goneDepth: number | null;
  /** Records are missing between two looks at it: it may have been another of the same process. */
  isUnsure: boolean;
  end: End;
  match: Match | null;
  /** Ends that fit, this one included; null: not known. */
  candidates: number | null;
  couldBe: readonly Unrecorded[];
  endedNs: number | null;
  by: Act | { readonly caller: Caller; readonly isWanted: boolean } | null;
  receive: FollowingReceive | null;
  readonly refused: Act[];
  readonly ignored: Act[];
}
