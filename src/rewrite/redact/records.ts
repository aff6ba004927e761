/**
 * One record, or the parts of one entry or exit, made anew by the capture's own layouts. Records of types that are not
 * known here are left out; so is what comes behind a piece of evidence that claims more than there is, and then the
 * record says that it is not whole.
 */
import { type Btf, type StructLayout, structLayout } from "../../btf/index.js";
import { abiById, muxById, variantOf } from "../../catalog/abi.js";
import { eventById, eventByName } from "../../catalog/events.js";
import { libcFunctionById } from "../../catalog/libc.js";
import { parseItems } from "../../replay/items.js";
import { type Item, RecordFlag, type RecordLayouts, RecordType } from "../../replay/records.js";
import { redactArgs, redactRet } from "./args.js";
import { redactItems } from "./items.js";
import type { Redaction } from "./redaction.js";
import type { CallShape } from "./shape.js";
import { readNumber, redactStruct, writeNumber } from "./structs.js";
import { RECORD_TABLES } from "./tables.js";

/** What is remembered of a call from its entry to its exit. */
export interface OpenCall {
  readonly start: bigint;
  readonly call: bigint;
  readonly event: number;
  readonly args: readonly bigint[];
}

export interface RecordParts {
  readonly to: Redaction;
  /** To be told of each record of which something could not be read. */
  readonly onDamage: () => void;
  readonly layouts: RecordLayouts;
  readonly recorderBtf: Btf;
}

export interface RecordRewriter {
  /** All parts of one entry or exit, as many as there are. */
  call(parts: readonly Uint8Array[]): Uint8Array[];
  /** A KERNEL or LIBC record; null: of another type, or damaged. */
  plane(record: Uint8Array): Uint8Array | null;
}

/** Tasks inside calls. Of those beyond, an exit's structs cannot be told. */
const MOST_OPEN = 131_072;

const STATUSES = ["read", "truncated", "partly", "not_resident", "refused"] as const;

export function recordRewriter({ to, layouts, recorderBtf, onDamage }: RecordParts): RecordRewriter {
  const open = new Map<number, OpenCall>();
  const struct = (name: string): StructLayout | null => structLayout(recorderBtf, name);
  const [record, kernel, libc, item] = ["mt_record", "mt_kernel", "mt_libc", "mt_item"].map(struct);
  const head = (bytes: Uint8Array): Head => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const at = layouts.record;
    return {
      type: view.getUint8(at.type),
      flags: view.getUint8(at.flags),
      start: view.getBigUint64(at.task_start_ns, true),
      tid: view.getUint32(at.tid, true),
      tgid: view.getUint32(at.tgid, true),
      call: view.getBigUint64(at.call, true),
      event: view.getUint8(at.event),
      abi: view.getUint8(at.abi),
      mux: view.getUint8(at.mux),
    };
  };

  /** Head, body and items as one record. */
  const assembled = (
    old: Uint8Array,
    tgid: number,
    body: Uint8Array,
    items: readonly Item[],
    isWhole: boolean,
  ): Uint8Array => {
    const bodyEnd = layouts.record.sizeBytes + body.length;
    const bytes = new Uint8Array(items.reduce((size, one) => size + itemSize(one), bodyEnd));
    bytes.set(body, layouts.record.sizeBytes);
    let itemAt = bodyEnd;
    for (const one of items) {
      putItem(bytes, itemAt, one);
      itemAt += itemSize(one);
    }
    const made = redactStruct(
      to,
      record as StructLayout,
      RECORD_TABLES.mt_record ?? {},
      old.subarray(0, layouts.record.sizeBytes),
      { tgid },
    );
    bytes.set(made);
    const view = new DataView(bytes.buffer);
    view.setUint32(layouts.record.size, bytes.length, true);
    if (!isWhole) {
      onDamage();
      const flags = view.getUint8(layouts.record.flags);
      view.setUint8(layouts.record.flags, flags & ~RecordFlag.LAST);
    }
    return bytes;
  };

  const itemSize = (one: Item) => layouts.item.sizeBytes + ((one.bytes.length + 7) & ~7);

  const putItem = (bytes: Uint8Array, offsetBytes: number, one: Item): void => {
    const at = layouts.item;
    const view = new DataView(bytes.buffer, offsetBytes);
    view.setUint8(at.kind, one.kind);
    view.setUint8(at.arg, one.arg);
    view.setUint8(at.status, STATUSES.indexOf(one.status));
    view.setUint8(at.iovec, one.iovec);
    view.setUint16(at.message, one.message, true);
    view.setUint32(at.wanted, one.wanted, true);
    view.setUint32(at.captured, one.bytes.length, true);
    view.setBigUint64(at.addr, one.addr, true);
    bytes.set(one.bytes, offsetBytes + at.sizeBytes);
  };

  const shapeOf = (first: Head, args: readonly bigint[] | null, ret: bigint | null): CallShape | null => {
    const event = eventById(first.event);
    const abi = abiById(first.abi)?.abi;
    if (event === undefined || abi === undefined) return null;
    const variant = variantOf(abi, muxById(first.mux)?.mux ?? null);
    const side = first.type === RecordType.ENTRY ? "entry" : "exit";
    return { event, variant, side, args, ret, layout: to.layout };
  };

  const argsIn = (bytes: Uint8Array): bigint[] => {
    const from = layouts.record.sizeBytes + layouts.entry.args;
    const view = new DataView(bytes.buffer, bytes.byteOffset + from, 8 * layouts.entry.argCount);
    return Array.from({ length: layouts.entry.argCount }, (_, i) => view.getBigUint64(8 * i, true));
  };

  const argsOf = (first: Head, old: Uint8Array): readonly bigint[] | null => {
    if (first.type === RecordType.ENTRY) {
      const args = argsIn(old);
      open.delete(first.tid);
      if (open.size >= MOST_OPEN)
        for (const oldest of [...open.keys()].slice(0, MOST_OPEN / 2)) open.delete(oldest);
      open.set(first.tid, { ...first, args });
      return (first.flags & RecordFlag.ARGS_UNKNOWN) !== 0 ? null : args;
    }
    const entry = open.get(first.tid);
    const isOwn =
      entry !== undefined &&
      entry.start === first.start &&
      entry.call === first.call &&
      entry.event === first.event;
    return isOwn ? entry.args : null;
  };

  return {
    call(parts) {
      const [old] = parts;
      if (old === undefined || record === null) return [];
      const first = head(old);
      const isEntry = first.type === RecordType.ENTRY;
      const bodyBytes = isEntry ? layouts.entry.sizeBytes : layouts.exit.sizeBytes;
      const perPart = parts.map((part) => {
        const items: Item[] = [];
        return { items, isWhole: parseItems(part, layouts, items) === null };
      });
      const items = perPart.flatMap((one) => one.items);
      const args = argsOf(first, old) ?? givenArgs(items);
      const retAt = layouts.record.sizeBytes + layouts.exit.ret;
      const ret = isEntry ? null : BigInt.asIntN(64, readNumber(old.subarray(retAt, retAt + 8)));
      const shape = shapeOf(first, args, ret);
      const { tgid } = first;
      const newArgs = shape === null || args === null ? null : redactArgs(to, tgid, { ...shape, args });
      const made = redactItems(to, { shape, tgid, newArgs }, items);
      let at = 0;
      return parts.map((part, i) => {
        const count = perPart[i]?.items.length ?? 0;
        const own = made.slice(at, at + count).filter((one) => one !== null);
        at += count;
        const body = new Uint8Array(bodyBytes);
        if (isEntry) {
          const view = new DataView(body.buffer);
          newArgs?.forEach((value, n) => {
            view.setBigUint64(layouts.entry.args + 8 * n, value, true);
          });
        } else if (ret !== null && shape !== null) {
          body.set(writeNumber(BigInt.asUintN(64, redactRet(to, shape, ret)), 8), layouts.exit.ret);
        }
        return assembled(part, tgid, body, own, perPart[i]?.isWhole === true);
      });
    },
    plane(old) {
      const first = head(old);
      const { tgid } = first;
      const isKernel = first.type === RecordType.KERNEL;
      const layout = isKernel ? kernel : first.type === RecordType.LIBC ? libc : null;
      const bodyEnd = layouts.record.sizeBytes + (layout?.sizeBytes ?? 0);
      if (record === null || layout == null || item === null || old.length < bodyEnd) return null;
      const items: Item[] = [];
      if (isKernel && parseItems(old, layouts, items, layout.sizeBytes) !== null) return null;
      const bytes = old.subarray(layouts.record.sizeBytes, bodyEnd);
      const body = redactStruct(to, layout, RECORD_TABLES[isKernel ? "mt_kernel" : "mt_libc"] ?? {}, bytes, {
        tgid,
        parts: { ret: (own) => libcRet(layout, bytes, own) },
      });
      const contents = items
        .filter(({ kind }) => kind === KERNEL_ITEM)
        .map((one) => ({
          ...one,
          addr: to.pointers.move(tgid, one.addr),
          bytes: to.payloads.replace(one.bytes),
        }));
      return assembled(old, tgid, body, contents, true);
    },
  };

  function givenArgs(items: readonly Item[]): bigint[] | null {
    const found = items.find(({ kind }) => kind === ARGS_ITEM);
    if (found === undefined || found.bytes.length < layouts.entry.args + 8 * layouts.entry.argCount)
      return null;
    return Array.from({ length: layouts.entry.argCount }, (_, i) =>
      readNumber(found.bytes.subarray(layouts.entry.args + 8 * i, layouts.entry.args + 8 * i + 8)),
    );
  }
}

const ARGS_ITEM = 10;
const KERNEL_ITEM = 12;

interface Head {
  readonly type: number;
  readonly flags: number;
  readonly start: bigint;
  readonly tid: number;
  readonly tgid: number;
  readonly call: bigint;
  readonly event: number;
  readonly abi: number;
  readonly mux: number;
}

/** What a function of the C library returned; of an `int` only the low half is its own. null: it returned nothing, or an id. */
function libcRet(layout: StructLayout, bytes: Uint8Array, own: Uint8Array): Uint8Array | null {
  const number = (name: string): number => {
    const field = layout.fields.find((one) => one.name === name);
    if (field === undefined) return -1;
    return Number(readNumber(bytes.subarray(field.offsetBytes, field.offsetBytes + field.sizeBytes)));
  };
  const row = libcFunctionById(number("function"));
  const givesId = row?.events.some((name) => ID_GIVERS.has(eventByName(name)?.returns ?? "id")) ?? true;
  if (row === undefined || givesId || number("phase") !== PHASE_RETURNED) return null;
  if (row.returns !== "int") return own;
  return writeNumber(BigInt.asUintN(64, BigInt.asIntN(32, readNumber(own))), own.length);
}

const PHASE_RETURNED = 2;
const ID_GIVERS: ReadonlySet<string> = new Set(["id", "msgctl"]);
