/**
 * What the receivers of some sends got, by the matching of messages. Reads the capture up to three times: to match, for
 * the messages' bytes, and to hold messages that were matched by a model against all others. A match that is ambiguous
 * is none; nor is one that is modelled, unless no other message could be taken for this one (own-mark.ts).
 */
import { parseBtf } from "../../btf/index.js";
import type { MessageRole } from "../../catalog/types.js";
import { type CallContext, callContext, outputOf } from "../arguments/evidence.js";
import { type Structs, structsOf } from "../arguments/structs.js";
import { callEvidence, type NamedCall } from "../call-line.js";
import { lineMaker, namedCalls, requireRecorderBtf } from "../calls.js";
import { EVERYTHING } from "../filter.js";
import { flows } from "../flows/flows.js";
import { captureLoss } from "../losses.js";
import { type Item, ItemKind } from "../records.js";
import type { ReplayCapture } from "../source.js";
import { itemBytes } from "./inputs.js";
import { ownMarks, type SeenMessage } from "./own-mark.js";
import { callId, type FindReceived, type ReceivedBytes } from "./receivers.js";

interface Matches {
  readonly senderOf: ReadonlyMap<string, string>;
  /** Receivers, by senders of which only a model says who received what they sent. */
  readonly modelled: ReadonlyMap<string, string>;
}

export const findReceived: FindReceived = (capture, calls) => {
  const { senderOf, modelled } = matchesOf(capture, calls);
  const found = new Map<string, readonly ReceivedBytes[]>();
  if (senderOf.size === 0) return found;
  /** Bytes in front of the text, of senders and of received messages. */
  const fronts = new Map<string, number>();
  const messages = new Map<string, { readonly front: number; readonly bytes: Uint8Array }>();
  const marks = ownMarks();
  for (const one of messageCalls(capture)) {
    const { id, context, front, message } = one;
    if (calls.has(id)) fronts.set(id, front);
    const receiver = modelled.get(id);
    const seen = receiver === undefined ? null : seenMessage(one);
    if (seen !== null && receiver !== undefined) marks.add({ ...seen, receiver });
    const sender = senderOf.get(id);
    if (sender === undefined || message.does !== "receive") continue;
    const bytes = itemBytes(outputOf(context, ItemKind.ARGUMENT, message.payload).item);
    if (bytes !== null) messages.set(sender, { front, bytes: bytes.slice() });
  }
  if (modelled.size > 0) {
    for (const one of messageCalls(capture)) {
      const seen = seenMessage(one);
      if (seen !== null) marks.see(seen);
    }
  }
  const unmistakable = marks.unmistakable();
  for (const [sender, { front, bytes }] of messages) {
    const own = fronts.get(sender);
    if (own === undefined || (modelled.has(sender) && !unmistakable.has(sender))) continue;
    // A 32-bit receiver's mtype is not as wide as a 64-bit sender's: then the text alone is compared.
    const isAlike = own === front;
    found.set(sender, [
      { message: 0, atBytes: isAlike ? 0 : own, bytes: isAlike ? bytes : bytes.subarray(front) },
    ]);
  }
  return found;
};

function matchesOf(capture: ReplayCapture, calls: ReadonlySet<string>): Matches {
  const senderOf = new Map<string, string>();
  const modelled = new Map<string, string>();
  // What was lost may have been another message that looks the same.
  const loss = captureLoss(capture);
  const isWhole = loss.lost === 0 && loss.whole;
  for (const { queue, send, receive, match, basis } of flows(capture, EVERYTHING)) {
    // Datagrams are matched by the sender's copy at entry: that cannot tell whether it was the one used.
    if (queue.kind === "socket") continue;
    if (send === null || receive === null || receive.call === null || match === "ambiguous") continue;
    const sender = callId(send);
    const isExact = match === "exact" && basis === "identity";
    if (!calls.has(sender) || (!isExact && !isWhole)) continue;
    senderOf.set(callId(receive), sender);
    if (!isExact) modelled.set(sender, callId(receive));
  }
  return { senderOf, modelled };
}

interface MessageCall {
  readonly id: string;
  readonly named: NamedCall;
  readonly context: CallContext;
  readonly message: MessageRole & { readonly does: "send" | "receive" };
  readonly front: number;
}

/** Calls on queues that send or receive. */
function* messageCalls(capture: ReplayCapture): Generator<MessageCall> {
  const recorderBtf = requireRecorderBtf(capture);
  const structs = structsOf(capture.hostBtf === null ? null : parseBtf(capture.hostBtf), recorderBtf);
  const lines = lineMaker(capture, {});
  for (const named of namedCalls(capture, EVERYTHING, lines)) {
    const evidence = callEvidence(named.call, lines);
    const message = evidence?.event.message;
    if (evidence == null || evidence.event.queue?.kind === "socket") continue;
    if (message === undefined || message.does === "remove") continue;
    const context = callContext(evidence, structs);
    yield { id: callId(named.call), named, context, message, front: frontBytes(context, structs) };
  }
}

/** null: it moved no message. */
function seenMessage({ id, named, context, message, front }: MessageCall): SeenMessage | null {
  const { call, queue } = named;
  if (call.ret !== null && call.ret < 0) return null;
  if (message.does === "receive" && call.state === "in_flight") return null;
  const [entry, exit] = [context.entry, context.exit].map((items) =>
    items?.(ItemKind.ARGUMENT, message.payload, 0, 0),
  );
  const known = message.does === "send" ? (entry ?? exit) : exit;
  const room = message.does === "receive" && message.room !== undefined ? message.room : null;
  return {
    id,
    queue: queue?.key ?? null,
    lengthBytes: known === undefined ? null : known.wanted - front,
    isCut: room !== null && BigInt(call.ret ?? 0) === (context.call.args?.[room] ?? 0n),
    copies: (message.does === "send" ? [entry, exit] : [exit]).map((item) => textOf(item, front)),
  };
}

function textOf(item: Item | undefined, front: number): Uint8Array | null {
  return itemBytes(item ?? null)?.subarray(front) ?? null;
}

/** System V: mtype lies in front of the text. */
function frontBytes(context: CallContext, structs: Structs): number {
  const step = [...context.call.event.entry, ...context.call.event.exit].find(
    (one) => one.take === "bytes" && one.prefix === "long",
  );
  if (step === undefined) return 0;
  const layout = structs.layout(context.variant === "native" ? "msgbuf" : "compat_msgbuf");
  const mtype = layout?.fields.find((field) => field.name === "mtype");
  return mtype === undefined ? 0 : mtype.offsetBytes + mtype.sizeBytes;
}
