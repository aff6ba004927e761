/**
 * Messages on their way, as `flows` follows them: what one call sent, what one call received, and how the two were
 * put together. Plain data; decides nothing.
 */
import type { Print } from "./payload.js";
import type { Selector } from "./selection.js";

/** The call at one end of a message. Times of a task that was not recorded are null. */
export interface Party {
  readonly task: string;
  readonly tid: number;
  readonly tgid: number;
  readonly comm: string | null;
  readonly event: string | null;
  /** The task's call number, as `calls` has it. */
  readonly call: number | null;
  /** Which one of a vector of messages; null: the call moved one. */
  readonly message: number | null;
  readonly enterNs: number | null;
  readonly exitNs: number | null;
}

export interface FlowQueue {
  readonly kind: "posix" | "sysv" | "socket";
  readonly key: string | null;
  readonly name: string | null;
}

/** Priority or mtype: what selection goes by. `text` as JSON has it. */
export interface Rank {
  readonly value: number | bigint;
  readonly text: string;
}

/** Addresses as one end knows them; null: not known. */
export interface Route {
  readonly from: Address | null;
  readonly to: Address | null;
}

/** `port` null: a name. `host` null: any of the machine's. */
export interface Address {
  readonly host: string | null;
  readonly port: number | null;
}

/** What is known of a message at one of its ends. */
interface End {
  readonly party: Party;
  readonly queue: FlowQueue;
  /** The message went in or out between these: infinite where the call's entry or exit is not known. */
  readonly fromNs: number;
  readonly toNs: number;
  readonly rank: Rank | null;
  /** The kernel's number for the message; null: not known. */
  readonly identity: bigint | null;
  /** What equal evidence has in common: rank, length and payload; null when a part of it is not known. */
  readonly key: string | null;
  /** Of a datagram; absent: no datagram. */
  readonly route?: Route;
  /** The call passes the user's filters. */
  readonly isWanted: boolean;
}

export interface Sent extends End {
  readonly sizeBytes: number | null;
  /** Copies of the payload: more than one when it changed during the call; none: not read. */
  readonly prints: readonly Print[];
  /** The call is known to have succeeded. Otherwise only its receiver can prove that it was sent. */
  readonly isSure: boolean;
  /** The queue had no room when the call began; null: not known. */
  readonly wasFull: boolean | null;
}

export interface Received extends End {
  /** As received; null: not known. */
  readonly sizeBytes: number | null;
  /** The message may have been longer: MSG_NOERROR cut it, or MSG_TRUNC. */
  readonly isCut: boolean;
  readonly print: Print | null;
  readonly selector: Selector;
  /** `fault`: taken out, and lost since it could not be handed over. `maybe_fault`: or not taken out at all. */
  readonly result: "taken" | "fault" | "maybe_fault";
}

/** What the kernel's hooks told of one message. */
export interface Life {
  loadedNs: number | null;
  insertedNs: number | null;
  storedNs: number | null;
}

export type Match = "exact" | "modelled" | "ambiguous";
export type Outcome = "delivered" | "pending" | "dropped";
/** `removed`: IPC_RMID; `fault`: EFAULT of its receiver; `closed`: the POSIX queue's last descriptor was closed. */
export type DropReason = "removed" | "fault" | "closed";

/** A message from its send to what became of it. */
export interface Flow {
  readonly sent: Sent;
  readonly received: Received | null;
  /** A receiver of which only the kernel's hooks told. */
  readonly stranger: Party | null;
  readonly match: Match;
  readonly basis: "identity" | "payload" | "order" | null;
  /** Answers that fit, this one included; null: records are missing, so nobody knows. */
  readonly candidates: number | null;
  readonly outcome: Outcome;
  readonly drop: { readonly how: DropReason; readonly by: Party | null; readonly atNs: number | null } | null;
  readonly life: Life | null;
}

/** A message that was received, and whose send is not in the capture. */
export type Orphan = Received;

export interface FlowSink {
  flow(flow: Flow): void;
  orphan(received: Orphan): void;
}
