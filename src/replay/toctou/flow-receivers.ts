/**
 * What the receivers of some sends got, by the matching of messages. Reads the capture twice: once to match, once for
 * the receivers' bytes. A match that is ambiguous is none.
 */
import { parseBtf } from "../../btf/index.js";
import { type CallContext, callContext, outputOf } from "../arguments/evidence.js";
import { type Structs, structsOf } from "../arguments/structs.js";
import { callEvidence } from "../call-line.js";
import { lineMaker, namedCalls, requireRecorderBtf } from "../calls.js";
import { EVERYTHING } from "../filter.js";
import { flows } from "../flows/flows.js";
import { ItemKind } from "../records.js";
import type { ReplayCapture } from "../source.js";
import { itemBytes } from "./inputs.js";
import { callId, type FindReceived, type ReceivedBytes } from "./receivers.js";

export const findReceived: FindReceived = (capture, calls) => {
  const senderOf = sendersByReceiver(capture, calls);
  const found = new Map<string, readonly ReceivedBytes[]>();
  if (senderOf.size === 0) return found;
  const recorderBtf = requireRecorderBtf(capture);
  const structs = structsOf(capture.hostBtf === null ? null : parseBtf(capture.hostBtf), recorderBtf);
  const lines = lineMaker(capture, {});
  /** Bytes in front of the text, of senders and of received messages. */
  const fronts = new Map<string, number>();
  const messages = new Map<string, { readonly front: number; readonly bytes: Uint8Array }>();
  for (const { call } of namedCalls(capture, EVERYTHING, lines)) {
    const id = callId(call);
    const sender = senderOf.get(id);
    if (sender === undefined && !calls.has(id)) continue;
    const evidence = callEvidence(call, lines);
    if (evidence === null) continue;
    const context = callContext(evidence, structs);
    const { message } = evidence.event;
    const front = frontBytes(context, structs);
    if (sender === undefined) fronts.set(id, front);
    else if (message?.does === "receive") {
      const bytes = itemBytes(outputOf(context, ItemKind.ARGUMENT, message.payload).item);
      if (bytes !== null) messages.set(sender, { front, bytes: bytes.slice() });
    }
  }
  for (const [sender, { front, bytes }] of messages) {
    const own = fronts.get(sender);
    if (own === undefined) continue;
    // A 32-bit receiver's mtype is not as wide as a 64-bit sender's: then the text alone is compared.
    const isAlike = own === front;
    found.set(sender, [
      { message: 0, atBytes: isAlike ? 0 : own, bytes: isAlike ? bytes : bytes.subarray(front) },
    ]);
  }
  return found;
};

function sendersByReceiver(capture: ReplayCapture, calls: ReadonlySet<string>): Map<string, string> {
  const senderOf = new Map<string, string>();
  for (const { queue, send, receive, match } of flows(capture, EVERYTHING)) {
    // Datagrams are matched by the sender's copy at entry: that cannot tell whether it was the one used.
    if (queue.kind === "socket") continue;
    if (send === null || receive === null || receive.call === null || match === "ambiguous") continue;
    const sender = callId(send);
    if (calls.has(sender)) senderOf.set(callId(receive), sender);
  }
  return senderOf;
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
