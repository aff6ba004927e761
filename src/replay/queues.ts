/** The queue of a call: which one, what it is called, how deep it was before and after. */
import type { EventRow } from "../catalog/types.js";
import { findItem, parseItems } from "./items.js";
import type { NameTable, QueueKey } from "./names.js";
import { nameText, queueKeyText } from "./names.js";
import type { PairedCall } from "./paired-call.js";
import type { QueueNamer } from "./queue-name.js";
import { type Item, ItemKind, type RecordLayouts } from "./records.js";
import type { CallQueue } from "./types.js";

/** enum mt_queue_kind, in order from 1. */
const KINDS = ["posix", "sysv", "socket"] as const;
/** enum mt_queue_flags. */
const HAS_DEPTH = 1;

/** What a call's records tell of its queue. */
export type QueueEvidence = Pick<PairedCall, "entry" | "exit" | "enterNs" | "exitNs" | "kept">;

export interface SeenQueue {
  readonly key: QueueKey;
  /** null: not read, or there is none (sockets). */
  readonly depth: number | null;
  readonly bytes: number;
  /** POSIX: of one message; System V: of all in the queue. */
  readonly maxBytes: number;
  /** System V: 0, there bytes are the limit. */
  readonly maxMessages: number;
  /** POSIX: the process that is registered for a notification, 0 none; null: not read. */
  readonly notifyPid: number | null;
  /** System V: the last to send and receive; 0: none. */
  readonly lastSendPid: number;
  readonly lastReceivePid: number;
}

/** The first queue that these parts of an entry or exit tell of. */
export function seenQueue(parts: readonly Uint8Array[] | null, layouts: RecordLayouts): SeenQueue | null {
  for (const part of parts ?? []) {
    const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
    const at = findItem(view, 0, part.byteLength, layouts, ItemKind.QUEUE, layouts.queue.sizeBytes);
    if (at < 0) continue;
    const kind = KINDS[view.getUint8(at + layouts.queue.kind) - 1];
    if (kind === undefined) continue;
    const isRead = (view.getUint8(at + layouts.queue.flags) & HAS_DEPTH) !== 0;
    return {
      key: {
        kind,
        namespaceInum: view.getUint32(at + layouts.queue.namespace_inum, true),
        id: view.getBigUint64(at + layouts.queue.id, true),
        generation: view.getBigUint64(at + layouts.queue.generation, true),
      },
      depth: isRead ? view.getUint32(at + layouts.queue.depth, true) : null,
      bytes: Number(view.getBigUint64(at + layouts.queue.bytes, true)),
      maxBytes: Number(view.getBigUint64(at + layouts.queue.max_bytes, true)),
      maxMessages: view.getUint32(at + layouts.queue.max_messages, true),
      notifyPid: isRead && kind === "posix" ? view.getUint32(at + layouts.queue.notify_pid, true) : null,
      lastSendPid: view.getUint32(at + layouts.queue.last_send_pid, true),
      lastReceivePid: view.getUint32(at + layouts.queue.last_receive_pid, true),
    };
  }
  return null;
}

/**
 * The queue as JSON has it; null when the call's records tell of none. The one at entry counts, since the kernel
 * looks its queue up once: another thread may give the descriptor away while the call waits.
 */
export function callQueue(
  call: QueueEvidence,
  event: EventRow | undefined,
  layouts: RecordLayouts,
  names: NameTable,
  nameOf: QueueNamer,
): CallQueue | null {
  const before = seenQueue(call.entry, layouts);
  const after = seenQueue(call.exit, layouts);
  const seen = before ?? after;
  if (seen === null) return namedByArgument(call, event, layouts);
  const key = queueKeyText(seen.key);
  const known = names.queue(seen.key, call.exitNs ?? call.enterNs ?? 0);
  return {
    kind: seen.key.kind,
    key,
    name: (known === null ? null : nameOf(known)) ?? call.kept?.queueName ?? null,
    depth_before: before?.depth ?? null,
    depth_after: after !== null && queueKeyText(after.key) === key ? after.depth : null,
  };
}

/** POSIX calls that take a name and meet no queue, as mq_unlink does: the name is all there is to tell. */
function namedByArgument(
  call: QueueEvidence,
  event: EventRow | undefined,
  layouts: RecordLayouts,
): CallQueue | null {
  if (event?.family !== "posix-mq") return null;
  const index = event.args.findIndex(({ value }) => value.kind === "pointer" && value.to.kind === "string");
  if (index < 0) return null;
  for (const parts of [call.entry, call.exit]) {
    const items: Item[] = [];
    for (const part of parts ?? []) parseItems(part, layouts, items);
    const found = items.find((item) => item.kind === ItemKind.ARGUMENT && item.arg === index);
    // Without its NUL the name may go on: part of a name is no name.
    if (found?.bytes.includes(0)) {
      const name = `/${nameText(found.bytes)}`;
      return { kind: "posix", key: null, name, depth_before: null, depth_after: null };
    }
  }
  return null;
}
