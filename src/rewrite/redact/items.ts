/**
 * The evidence of one side of a call, piece by piece, made anew. A piece that nobody here knows is left out; one whose
 * struct cannot be told is replaced like payload.
 */
import type { StructNames } from "../../catalog/types.js";
import { type Item, ItemKind } from "../../replay/records.js";
import { redactArgs } from "./args.js";
import { fraction, redactControl, wallSeconds } from "./control.js";
import type { Redaction } from "./redaction.js";
import { type CallShape, contentRuns, receives, stepOf } from "./shape.js";
import { bounded, readNumber, redactStruct, writeNumber } from "./structs.js";
import { RECORD_TABLES, USER_TABLES } from "./tables.js";

/** Of what a call it is: without an event that is known here only the queue's piece can be told. */
export interface ItemsOf {
  readonly shape: CallShape | null;
  readonly tgid: number;
  /** As redactArgs made them; null: not known. */
  readonly newArgs: readonly bigint[] | null;
}

/** null in place of one that is left out. */
export function redactItems(to: Redaction, of: ItemsOf, items: readonly Item[]): (Item | null)[] {
  const { shape } = of;
  const contents = new Map<number, Uint8Array>();
  for (const run of shape === null ? [] : contentRuns(shape, items)) {
    const made = to.payloads.replace(run.bytes);
    let at = 0;
    for (const { item, from, to: end } of run.parts) {
      const old = items[item];
      if (old === undefined) continue;
      const bytes = contents.get(item) ?? new Uint8Array(old.captured);
      bytes.set(made.subarray(at, at + end - from), from);
      at += end - from;
      contents.set(item, bytes);
    }
  }
  return items.map((item, index) => {
    const content = contents.get(index);
    const moved = { ...item, addr: to.pointers.move(of.tgid, item.addr) };
    if (item.kind === ItemKind.QUEUE) return redactQueue(to, moved, of.tgid);
    if (shape === null) return null;
    if (content !== undefined) {
      if (item.kind === ItemKind.ARGUMENT) putFront(shape, item, content);
      return { ...moved, bytes: content };
    }
    return otherItem(to, { ...of, shape }, moved);
  });
}

/** mtype, in front of the text. */
function putFront(shape: CallShape, item: Item, content: Uint8Array): void {
  const step = stepOf(shape, item.arg);
  if (step?.take !== "bytes" || step.prefix !== "long") return;
  const layout = shape.layout(shape.variant === "native" ? "msgbuf" : "compat_msgbuf");
  const mtype = layout?.fields.find(({ name }) => name === "mtype");
  if (mtype === undefined) return;
  content.set(item.bytes.subarray(mtype.offsetBytes, mtype.offsetBytes + mtype.sizeBytes), mtype.offsetBytes);
}

type Known = ItemsOf & { readonly shape: CallShape };

function otherItem(to: Redaction, of: Known, item: Item): Item | null {
  const { shape, tgid } = of;
  switch (item.kind) {
    case ItemKind.ARGUMENT:
      return argument(to, of, item);
    case ItemKind.MMSGHDR:
      return { ...item, bytes: header(to, of, item, "mmsghdr") };
    case ItemKind.NAME: {
      const made = to.sockets.address(item.bytes);
      // A short name may have become a longer one.
      return { ...item, wanted: Math.max(item.wanted, made.length), captured: made.length, bytes: made };
    }
    case ItemKind.IOV:
      return { ...item, bytes: iovecs(to, of, item.bytes) };
    case ItemKind.CONTROL:
      return { ...item, bytes: redactControl(to, item.bytes, shape.variant, tgid) };
    case ItemKind.OPERANDS:
      return { ...item, bytes: operands(of, item.bytes.length) };
    case ItemKind.ARGS:
      return item.bytes.length === to.layout("mt_entry")?.sizeBytes
        ? { ...item, bytes: ownArgs(to, of, item.bytes) }
        : null;
    case ItemKind.NOT_KEPT:
      return { ...item, captured: 0, bytes: new Uint8Array(0) };
    default:
      return null;
  }
}

function argument(to: Redaction, of: Known, item: Item): Item {
  const { shape, tgid } = of;
  const { bytes } = item;
  const step = stepOf(shape, item.arg);
  switch (step?.take) {
    case "string":
      return string(to, item);
    case "fixed":
      return { ...item, bytes: bytes.slice(0, step.bytes), captured: Math.min(bytes.length, step.bytes) };
    case "msghdr":
      return { ...item, bytes: header(to, of, item, "msghdr") };
    case "struct": {
      const isSigevent = step.struct.native === "sigevent";
      const made = struct(to, shape, step.struct, bytes, {
        tgid,
        reads: step.reads,
        parts: {
          tv_sec: shape.event.args[item.arg]?.direction === "in" ? (own) => wallSeconds(to, own) : duration,
          tv_nsec: (own) => fraction(shape.variant === "native" ? own : lowHalf(own)),
          ...(isSigevent ? { sigev_value: (own: Uint8Array) => sigevValue(to, of, bytes, own) } : {}),
        },
      });
      return { ...item, bytes: made ?? to.payloads.replace(bytes) };
    }
    default:
      return { ...item, bytes: to.payloads.replace(bytes) };
  }
}

function struct(
  to: Redaction,
  { variant, layout }: CallShape,
  names: StructNames,
  bytes: Uint8Array,
  place: Parameters<typeof redactStruct>[4],
): Uint8Array | null {
  const name = variant === "native" ? names.native : names.compat;
  const found = layout(name);
  const table = USER_TABLES[name];
  return found === null || table === undefined ? null : redactStruct(to, found, table, bytes, place);
}

/** The kernel drops the upper half of tv_nsec for 32-bit callers: whatever their libc left there. */
function lowHalf(own: Uint8Array): Uint8Array {
  return writeNumber(readNumber(own) & 0xffffffffn, own.length);
}

function duration(own: Uint8Array): Uint8Array {
  const bits = 8 * own.length;
  return writeNumber(BigInt.asUintN(bits, bounded(BigInt.asIntN(bits, readNumber(own)))), own.length);
}

/** A queue's name, up to its NUL if it has one: every string among the arguments is. */
function string(to: Redaction, item: Item): Item {
  const end = item.bytes.indexOf(0);
  const name = to.names.queue(end < 0 ? item.bytes : item.bytes.subarray(0, end));
  if (end < 0) {
    const wanted = item.wanted === item.captured ? name.length : item.wanted;
    return { ...item, wanted, captured: name.length, bytes: name };
  }
  const bytes = new Uint8Array(name.length + 1);
  bytes.set(name);
  return { ...item, wanted: bytes.length, captured: bytes.length, bytes };
}

const SIGEV_THREAD = 2;

/** With SIGEV_THREAD it is the cookie's address; else what the program wants to have back. */
function sigevValue(to: Redaction, { shape, tgid }: Known, bytes: Uint8Array, own: Uint8Array): Uint8Array {
  const layout = shape.layout(shape.variant === "native" ? "sigevent" : "compat_sigevent");
  const notify = layout?.fields.find(({ name }) => name === "sigev_notify");
  const at = notify?.offsetBytes ?? 0;
  const how = readNumber(bytes.subarray(at, at + 4));
  if (notify !== undefined && how === BigInt(SIGEV_THREAD)) {
    return writeNumber(to.pointers.move(tgid, readNumber(own)), own.length);
  }
  return to.value(own);
}

/** A msghdr, or one of a vector of them. What the kernel gives is there only where it gave something. */
function header(to: Redaction, { shape, tgid }: Known, item: Item, kind: "msghdr" | "mmsghdr"): Uint8Array {
  const isNative = shape.variant === "native";
  const outer = isNative ? (kind === "msghdr" ? "user_msghdr" : "mmsghdr") : `compat_${kind}`;
  const layout = shape.layout(outer);
  const table = USER_TABLES[outer];
  if (layout === null || table === undefined) return to.payloads.replace(item.bytes);
  const ret = shape.ret ?? -1n;
  const isWritten = shape.side === "exit" && ret >= 0n && (kind === "msghdr" || BigInt(item.message) < ret);
  const isReceived = isWritten && receives(shape.event, item.arg);
  const inner = layout.fields.find(({ name }) => name === "msg_hdr")?.struct ?? null;
  return redactStruct(to, layout, table, item.bytes, {
    tgid,
    isGiven: kind === "msghdr" ? isReceived : isWritten,
    parts: {
      msg_hdr: (own) =>
        inner === null
          ? null
          : redactStruct(to, inner, USER_TABLES.user_msghdr ?? {}, own, { tgid, isGiven: isReceived }),
    },
  });
}

function iovecs(to: Redaction, { shape, tgid }: Known, bytes: Uint8Array): Uint8Array {
  const name = shape.variant === "native" ? "iovec" : "compat_iovec";
  const layout = shape.layout(name);
  const table = USER_TABLES[name];
  if (layout === null || table === undefined || layout.sizeBytes === 0) return to.payloads.replace(bytes);
  const out = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length; at += layout.sizeBytes) {
    const end = Math.min(at + layout.sizeBytes, bytes.length);
    out.set(redactStruct(to, layout, table, bytes.slice(at, end), { tgid }), at);
  }
  return out;
}

/** ia32's operands in memory: as the arguments are, which came from there. */
function operands({ shape, newArgs }: Known, lengthBytes: number): Uint8Array {
  const out = new Uint8Array(lengthBytes);
  const put = (place: number, value: bigint | undefined) => {
    if (value === undefined || 4 * place + 4 > lengthBytes) return;
    out.set(writeNumber(value & 0xffffffffn, 4), 4 * place);
  };
  for (const { mux, from } of newArgs === null ? [] : shape.event.muxes) {
    from.forEach((operand, at) => {
      // ipc: the pair that ptr (4) leads to, with fifth (5) behind it.
      const place = mux === "socketcall" ? operand : operand - PTR;
      if (place >= 0) put(place, newArgs?.[at]);
    });
  }
  return out;
}

const PTR = 4;

function ownArgs(to: Redaction, { shape, tgid }: Known, bytes: Uint8Array): Uint8Array {
  const args = Array.from({ length: bytes.length >> 3 }, (_, i) =>
    readNumber(bytes.subarray(8 * i, 8 * i + 8)),
  );
  const made = redactArgs(to, tgid, { event: shape.event, variant: shape.variant, args });
  const out = new Uint8Array(bytes.length);
  made.forEach((value, i) => {
    out.set(writeNumber(value, 8), 8 * i);
  });
  return out;
}

/** enum mt_queue_kind. */
const QUEUE_POSIX = 1;
const QUEUE_SYSV = 2;
const QUEUE_SOCKET = 3;

/** null: a kind of queue that nobody knows. */
function redactQueue(to: Redaction, item: Item, tgid: number): Item | null {
  const { bytes } = item;
  const layout = to.layout("mt_queue");
  const kind = layout?.fields.find(({ name }) => name === "kind");
  const value = kind === undefined ? 0 : (bytes[kind.offsetBytes] ?? 0);
  if (layout === null || value < QUEUE_POSIX || value > QUEUE_SOCKET) return null;
  const id = (old: bigint): bigint => {
    if (value === QUEUE_SYSV) return to.ids.wideMsqid(old);
    return value === QUEUE_SOCKET ? to.ids.socketInode(old) : to.ids.posixInode(old);
  };
  const made = redactStruct(to, layout, RECORD_TABLES.mt_queue ?? {}, bytes, {
    tgid,
    parts: { id: (own) => writeNumber(id(readNumber(own)), own.length) },
  });
  return { ...item, bytes: made };
}
