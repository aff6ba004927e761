/**
 * How long a message's sender was blocked, the message lay in the queue, and its receiver waited for it. By the
 * kernel's hooks where they told; else by the calls, and null where these leave it open.
 */
import type { Flow } from "./types.js";

export interface FlowTimes {
  readonly senderBlockedNs: number | null;
  readonly queuedNs: number | null;
  readonly receiverWaitingNs: number | null;
}

/** Of a message that nobody took, what is known up to now. */
export function flowTimes(flow: Flow): FlowTimes {
  return flow.life?.loadedNs == null ? timesByCalls(flow) : timesByHooks(flow, flow.life.loadedNs);
}

/**
 * From the kernel's copy to the queue, and from the queue to the receiver's copy. Without msg_insert a POSIX message
 * was handed to a receiver that waited; System V queues have no such hook.
 */
function timesByHooks(flow: Flow, loadedNs: number): FlowTimes {
  const { life, sent, received } = flow;
  const insertedNs = life?.insertedNs ?? null;
  const storedNs = life?.storedNs ?? null;
  const enterNs = received?.party.enterNs ?? null;
  const isWaitedFor = enterNs !== null && enterNs < loadedNs;
  if (insertedNs !== null) {
    return {
      senderBlockedNs: insertedNs - loadedNs,
      queuedNs: storedNs === null ? null : storedNs - insertedNs,
      receiverWaitingNs: enterNs === null ? null : Math.max(insertedNs - enterNs, 0),
    };
  }
  if (sent.queue.kind === "posix" && storedNs !== null && isWaitedFor) {
    return { senderBlockedNs: 0, queuedNs: 0, receiverWaitingNs: loadedNs - enterNs };
  }
  return timesByCalls(flow);
}

function timesByCalls({ sent, received, outcome }: Flow): FlowTimes {
  const senderBlockedNs = blockedNs(sent, received?.fromNs ?? null);
  if (received === null || outcome !== "delivered") {
    return { senderBlockedNs, queuedNs: null, receiverWaitingNs: null };
  }
  const { fromNs, toNs } = sent;
  if (!Number.isFinite(received.fromNs) || !Number.isFinite(fromNs)) {
    return { senderBlockedNs, queuedNs: null, receiverWaitingNs: null };
  }
  // It waited before the sender came: the message was handed over, or taken as soon as it was there.
  if (received.fromNs <= fromNs) {
    return { senderBlockedNs, queuedNs: 0, receiverWaitingNs: fromNs - received.fromNs };
  }
  if (toNs <= received.fromNs) {
    return { senderBlockedNs, queuedNs: received.fromNs - toNs, receiverWaitingNs: 0 };
  }
  return { senderBlockedNs, queuedNs: null, receiverWaitingNs: null };
}

/** A sender that found room, or somebody waiting, was not blocked; one that found none waited for all of its call. */
function blockedNs(sent: Flow["sent"], receivedFromNs: number | null): number | null {
  if (receivedFromNs !== null && receivedFromNs <= sent.fromNs) return 0;
  if (sent.wasFull === null) return null;
  if (!sent.wasFull) return 0;
  const lastedNs = sent.toNs - sent.fromNs;
  return Number.isFinite(lastedNs) ? lastedNs : null;
}
