/** A flow as `flows --json` prints it. Field order here is the order in which they are printed. */
import { flowTimes } from "./times.js";
import type { DropReason, Flow, FlowQueue, Match, Outcome, Party, Received } from "./types.js";

export interface FlowParty {
  readonly task: string;
  readonly tid: number;
  readonly tgid: number;
  readonly comm: string | null;
  /** Both null: only the kernel's hooks told of it. */
  readonly enter_ns: number | null;
  readonly exit_ns: number | null;
  readonly event: string | null;
  readonly call: number | null;
  /** sendmmsg, recvmmsg: which message of the vector. */
  readonly message: number | null;
}

export interface FlowLine {
  readonly capture: string;
  readonly queue: FlowQueue;
  readonly len: number | null;
  /** POSIX. */
  readonly prio: number | null;
  /** System V. */
  readonly type: string | null;
  /** null only with `--received`: the send is not in the capture. */
  readonly send: FlowParty | null;
  readonly receive: FlowParty | null;
  readonly queued_ns: number | null;
  readonly match: Match | null;
  readonly outcome: Outcome;
  readonly sender_blocked_ns: number | null;
  readonly receiver_waiting_ns: number | null;
  /** What the match rests on. */
  readonly basis: Flow["basis"];
  readonly candidates: number | null;
  readonly drop: {
    readonly how: DropReason;
    readonly by: FlowParty | null;
    readonly at_ns: number | null;
  } | null;
}

export function flowLine(flow: Flow, captureId: string): FlowLine {
  const { sent, received, drop } = flow;
  const times = flowTimes(flow);
  const receiver = received?.party ?? flow.stranger;
  const rank = sent.rank ?? received?.rank ?? null;
  return {
    capture: captureId,
    queue: queueOf(received ?? sent),
    len: sent.sizeBytes ?? (received?.isCut === true ? null : (received?.sizeBytes ?? null)),
    ...ranks(sent.queue, rank),
    send: partyLine(sent.party),
    receive: receiver === null ? null : partyLine(receiver),
    queued_ns: times.queuedNs,
    match: flow.match,
    outcome: flow.outcome,
    sender_blocked_ns: times.senderBlockedNs,
    receiver_waiting_ns: times.receiverWaitingNs,
    basis: flow.basis,
    candidates: flow.candidates,
    drop:
      drop === null
        ? null
        : { how: drop.how, by: drop.by === null ? null : partyLine(drop.by), at_ns: drop.atNs },
  };
}

/** A message whose send is not in the capture. */
export function orphanLine(received: Received, captureId: string): FlowLine {
  return {
    capture: captureId,
    queue: queueOf(received),
    len: received.isCut ? null : received.sizeBytes,
    ...ranks(received.queue, received.rank),
    send: null,
    receive: partyLine(received.party),
    queued_ns: null,
    match: null,
    outcome: "delivered",
    sender_blocked_ns: null,
    receiver_waiting_ns: null,
    basis: null,
    candidates: null,
    drop: null,
  };
}

function queueOf({ queue: { kind, key, name } }: { readonly queue: FlowQueue }): FlowQueue {
  return { kind, key, name };
}

function ranks(queue: FlowQueue, rank: Flow["sent"]["rank"]): Pick<FlowLine, "prio" | "type"> {
  return {
    prio: queue.kind === "posix" ? (rank === null ? null : Number(rank.value)) : null,
    type: queue.kind === "sysv" ? (rank?.text ?? null) : null,
  };
}

function partyLine(party: Party): FlowParty {
  const { task, tid, tgid, comm, enterNs, exitNs, event, call, message } = party;
  return { task, tid, tgid, comm, enter_ns: enterNs, exit_ns: exitNs, event, call, message };
}
