/**
 * Matches by the kernel's own number for a message, from load_msg to store_msg or free_msg: exact whatever else is
 * unknown. Where the hooks did not tell, it says only what cannot be; queue-model.ts does the rest.
 */
import { eventById } from "../../catalog/events.js";
import type { KernelRecord } from "../planes.js";
import type { PlanesState } from "../planes-state.js";
import type { FlowSink, Life, Party, Received, Sent } from "./types.js";

export interface Identities {
  /** To be told of each KERNEL record, before the calls of its chunk. */
  see(record: KernelRecord): void;
  /** A send ended. True: what became of it is known already, and was told. */
  sent(sent: Sent): boolean;
  /** A receive ended. True: its send is known, or will be when its call ends. */
  received(received: Received): boolean;
  excludes(sent: Sent, received: Received): boolean;
  isSurelyThere(sent: Sent): boolean;
  /** At the end, before what is left passes for pending: who took it, of calls whose own records were lost. */
  settle(): void;
  finish(): void;
}

export interface IdentityOptions {
  readonly planes: PlanesState;
  readonly sink: FlowSink;
  /** The call of a task at that time, as far as a record tells. */
  readonly partyOf: (record: KernelRecord) => Party;
  /** The queue model that has this send is to forget it. */
  readonly forget: (sent: Sent) => void;
}

interface Message {
  readonly life: { -readonly [field in keyof Life]: Life[field] };
  /** Loaded as the dummy of MSG_COPY, or by a send that failed: nobody sent it. */
  isNoMessage: boolean;
  sent: Sent | null;
  received: Received | null;
  /** Somebody who is in no recorded call took it, or threw it away. */
  fate: KernelRecord | null;
  /** A recorded call took it, which need not be in the capture whole. */
  taken: KernelRecord | null;
}

/** Messages under way at a time; the oldest are forgotten, and then matched like those without a number. */
const MOST = 262_144;

export function identities(options: IdentityOptions): Identities {
  const { planes, sink } = options;
  const messages = new Map<bigint, Message>();
  const { load_msg, store_msg, free_msg } = planes.inPlace;
  const isWatched = load_msg && store_msg && free_msg;

  const messageOf = (identity: bigint): Message => {
    let message = messages.get(identity);
    if (message === undefined) {
      const life = { loadedNs: null, insertedNs: null, storedNs: null };
      message = { life, isNoMessage: false, sent: null, received: null, fate: null, taken: null };
      messages.set(identity, message);
      if (messages.size > MOST) forgetOldest();
    }
    return message;
  };
  const forgetOldest = () => {
    for (const [identity, message] of messages) {
      messages.delete(identity);
      if (message.received !== null) sink.orphan(message.received);
      return;
    }
  };

  const deliver = (identity: bigint, sent: Sent, received: Received, life: Life) => {
    messages.delete(identity);
    options.forget(sent);
    const isTaken = received.result === "taken";
    sink.flow({
      ...exactly(sent, life),
      received,
      outcome: isTaken ? "delivered" : "dropped",
      drop: isTaken ? null : { how: "fault", by: received.party, atNs: received.party.exitNs },
    });
  };

  /** Taken or thrown away in no recorded receive. */
  const decide = (identity: bigint, sent: Sent, fate: KernelRecord, life: Life) => {
    messages.delete(identity);
    options.forget(sent);
    const by = options.partyOf(fate);
    if (fate.hook === "store_msg") {
      sink.flow({ ...exactly(sent, life), stranger: by, outcome: "delivered" });
      return;
    }
    // In a receive: the buffer could not be written. Else freed with its queue: by IPC_RMID, or at the last close.
    const isReceive = eventById(fate.event)?.message?.does === "receive";
    const how = isReceive ? "fault" : sent.queue.kind === "posix" ? "closed" : "removed";
    sink.flow({ ...exactly(sent, life), outcome: "dropped", drop: { how, by, atNs: fate.timeNs } });
  };

  return {
    see(record) {
      const { message: identity, hook, timeNs } = record;
      if (identity === null) return;
      const message = messageOf(identity);
      const does = eventById(record.event)?.message?.does;
      if (hook === "load_msg") {
        message.life.loadedNs = timeNs;
        if (does !== "send") message.isNoMessage = true;
      } else if (hook === "msg_insert") message.life.insertedNs = timeNs;
      else if (hook === "store_msg") message.life.storedNs = timeNs;
      if (message.isNoMessage && (hook === "store_msg" || hook === "free_msg")) {
        messages.delete(identity);
        return;
      }
      if (hook === "free_msg" && does === "send") {
        messages.delete(identity); // the send failed
        return;
      }
      if (hook !== "store_msg" && hook !== "free_msg") return;
      if (record.call !== null && does === "receive") {
        message.taken ??= record;
        return;
      }
      message.fate = record;
      if (message.sent !== null) decide(identity, message.sent, record, message.life);
    },
    sent(sent) {
      const { identity } = sent;
      const message = identity === null ? undefined : messages.get(identity);
      if (identity === null || message === undefined) return false;
      if (message.received !== null) deliver(identity, sent, message.received, message.life);
      else if (message.fate !== null) decide(identity, sent, message.fate, message.life);
      else {
        message.sent = sent;
        return false;
      }
      return true;
    },
    received(received) {
      const { identity } = received;
      const message = identity === null ? undefined : messages.get(identity);
      if (identity === null || message === undefined) return false;
      if (message.sent !== null) {
        deliver(identity, message.sent, received, message.life);
        return true;
      }
      // Without its load_msg the send has no number to be found by.
      if (message.life.loadedNs === null) return false;
      message.received = received;
      return true;
    },
    excludes(sent, received) {
      if (!isWatched || (sent.identity === null) === (received.identity === null)) return false;
      return !planes.lostBetween(sent.fromNs, received.toNs);
    },
    isSurelyThere(sent) {
      const { identity } = sent;
      const message = identity === null ? undefined : messages.get(identity);
      if (!isWatched || message === undefined || message.taken !== null) return false;
      return !planes.lostBetween(sent.fromNs, Number.POSITIVE_INFINITY);
    },
    settle() {
      for (const [identity, { sent, taken, life }] of messages) {
        if (sent !== null && taken !== null) decide(identity, sent, taken, life);
      }
    },
    finish() {
      for (const { received } of messages.values()) if (received !== null) sink.orphan(received);
      messages.clear();
    },
  };
}

function exactly(sent: Sent, life: Life) {
  return {
    sent,
    received: null,
    stranger: null,
    match: "exact",
    basis: "identity",
    candidates: 1,
    drop: null,
    life,
  } as const;
}
