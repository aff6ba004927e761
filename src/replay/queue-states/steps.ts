/**
 * What happens to queues, in order of time: calls that begin, calls that end with what they did, and inventories.
 * Takes out of a call's records what is needed while its chunk is at hand; decides nothing about a queue.
 */
import { eventById } from "../../catalog/events.js";
import type { Lifecycle } from "../../catalog/types.js";
import type { Inventory, InventoryQueue, QueueEntry } from "../../format/types.js";
import { holds } from "../arguments/steps.js";
import { callEvidence, type NamedCall } from "../call-line.js";
import type { LineMaker } from "../calls.js";
import type { NameTable } from "../names.js";
import type { PairedCall } from "../paired-call.js";
import { type SeenQueue, seenQueue } from "../queues.js";
import type { ArgValue } from "../types.js";
import type { OpenCall } from "./open-call.js";

/** A queue as a record tells of it: its state, its name, and what it is called by. */
export interface SeenNamed {
  readonly seen: SeenQueue;
  readonly name: string | null;
  readonly entry: QueueEntry | null;
}

/** What a call that succeeded did to its queue as a whole. */
export type Act =
  | {
      readonly did: "open";
      readonly isCreating: boolean;
      readonly isNew: boolean;
      readonly mode: number | null;
    }
  | { readonly did: "unlink"; readonly name: string }
  | { readonly did: "remove" }
  | { readonly did: "set" | "stat"; readonly fields: Fields }
  | { readonly did: "notify"; readonly event: Fields | null };

export type Fields = { readonly [name: string]: ArgValue };

export type Step =
  | { readonly kind: "enter"; readonly atNs: number; readonly call: OpenCall; readonly queue: SeenNamed }
  | {
      readonly kind: "leave";
      readonly atNs: number;
      readonly call: OpenCall;
      readonly before: SeenNamed | null;
      readonly after: SeenNamed | null;
      readonly act: Act | null;
      readonly task: string;
      readonly number: number | null;
      readonly uid: number | null;
      readonly gid: number | null;
      readonly isRemovedError: boolean;
    }
  /** One queue of an inventory, read at that time or up to `lateNs` later. */
  | {
      readonly kind: "listed";
      readonly atNs: number;
      readonly lateNs: number;
      readonly queue: InventoryQueue;
    }
  /** After all that it lists; `fromNs`: when it began. */
  | {
      readonly kind: "inventory";
      readonly atNs: number;
      readonly fromNs: number;
      readonly inventory: Inventory;
    };

/** The queue that parts of an entry or exit tell of; null: none, or a socket. */
export function seenNamed(
  parts: readonly Uint8Array[] | null,
  atNs: number,
  lines: LineMaker,
  names: NameTable,
): SeenNamed | null {
  const seen = seenQueue(parts, lines.layouts);
  if (seen === null || seen.key.kind === "socket") return null;
  const entry = names.queue(seen.key, atNs);
  return { seen, entry, name: entry === null ? null : lines.queueName(entry) };
}

/** null: it changed nothing about the queue as a whole, or it failed. */
export function actOf({ call, queue }: NamedCall, lines: LineMaker): Act | null {
  const event = eventById(call.event);
  if (event?.lifecycle === undefined || call.ret === null || call.ret < 0) return null;
  const evidence = callEvidence(call, lines);
  const args = evidence?.args ?? null;
  if (evidence === null || args === null) return null;
  const life = event.lifecycle.find((one) => !("when" in one) || holds(one.when, args[one.when.arg] ?? 0n));
  const decoded = (place: number) => fieldsOf(lines.decode(evidence)?.[event.args[place]?.name ?? ""]);
  switch (life?.does) {
    case "open":
      return opened(life, args);
    case "unlink":
      return queue?.name == null ? null : { did: "unlink", name: queue.name };
    case "remove":
      return { did: "remove" };
    case "notify":
      return { did: "notify", event: decoded(life.event) };
    case "set":
    case "stat": {
      const fields = decoded(life.buffer);
      return fields === null ? null : { did: life.does, fields };
    }
    default:
      return null;
  }
}

function opened(life: Lifecycle & { readonly does: "open" }, args: readonly bigint[]): Act {
  const flags = Number(BigInt.asUintN(32, args[life.flags] ?? 0n));
  const isPrivate = life.key !== undefined && BigInt.asUintN(32, args[life.key] ?? 0n) === 0n;
  const isCreating = isPrivate || (flags & life.creates) !== 0;
  return {
    did: "open",
    isCreating,
    isNew: isPrivate || (isCreating && (flags & life.exclusive) !== 0),
    mode: isCreating ? Number((args[life.mode] ?? 0n) & 0o777n) : null,
  };
}

export function fieldsOf(value: ArgValue | undefined): Fields | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

/** EIDRM: the queue was removed meanwhile. */
const EIDRM = 43;

export function isRemovedError(call: PairedCall): boolean {
  return call.ret === -EIDRM;
}
