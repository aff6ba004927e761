/** Spells calls and their evidence by hand: little-endian numbers, items, one call's CallEvidence. */
import { readFileSync } from "node:fs";
import { parseBtf } from "../../src/btf/index.js";
import { eventByName } from "../../src/catalog/events.js";
import type { Abi, Mux } from "../../src/catalog/types.js";
import { type Arguments, argumentDecoder, type CallEvidence } from "../../src/replay/arguments.js";
import { type Item, ItemKind } from "../../src/replay/records.js";
import type { EvidenceStatus } from "../../src/replay/types.js";
import { PACKAGE } from "./paths.js";

const DATA = `${PACKAGE}test/replay/data/`;

/** The structs of Linux 6.18 on x86_64, and those of this version's recorder. */
export const hostBtf = parseBtf(readFileSync(`${DATA}host-structs.btf`));
export const recorderBtf = parseBtf(readFileSync(`${DATA}records.btf`));

const decoder = argumentDecoder(hostBtf, recorderBtf);

type Part = Uint8Array | string;

/** Bytes one after the other; strings stand for their UTF-8. */
export function cat(...parts: readonly Part[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array))));
}

function little(value: number | bigint, sizeBytes: number): Uint8Array {
  const bits = BigInt.asUintN(8 * sizeBytes, BigInt(value));
  return Uint8Array.from({ length: sizeBytes }, (_, i) => Number((bits >> BigInt(8 * i)) & 0xffn));
}

export const u16 = (value: number): Uint8Array => little(value, 2);
export const u32 = (value: number): Uint8Array => little(value, 4);
export const u64 = (value: number | bigint): Uint8Array => little(value, 8);
export const zeros = (length: number): Uint8Array => new Uint8Array(length);
export const base64 = (...parts: readonly Part[]): string => Buffer.from(cat(...parts)).toString("base64");

interface ItemOptions {
  readonly kind?: keyof typeof ItemKind;
  readonly status?: EvidenceStatus;
  readonly wanted?: number;
  readonly message?: number;
  readonly iovec?: number;
  readonly addr?: bigint;
}

/** An item of argument `arg`; whole and read unless told otherwise. */
export function item(arg: number, bytes: Part, options: ItemOptions = {}): Item {
  const all = cat(bytes);
  return {
    kind: ItemKind[options.kind ?? "ARGUMENT"],
    arg,
    status: options.status ?? "read",
    iovec: options.iovec ?? 0,
    message: options.message ?? 0,
    wanted: options.wanted ?? all.length,
    captured: all.length,
    addr: options.addr ?? 0n,
    bytes: all,
  };
}

/** A place that could not be read. */
export function unread(
  arg: number,
  status: "not_resident" | "refused",
  wanted: number,
  options: ItemOptions = {},
): Item {
  return item(arg, "", { ...options, status, wanted });
}

interface CallOptions {
  readonly abi?: Abi;
  readonly via?: Mux;
  readonly entry?: readonly Item[] | null;
  readonly exit?: readonly Item[] | null;
  readonly ret?: number | null;
  /** Both records, unless told otherwise. */
  readonly isWhole?: boolean;
}

/** The evidence of a call that returned 0, without items, unless told otherwise. */
export function evidence(
  event: string,
  args: readonly (number | bigint)[] | null,
  options: CallOptions = {},
): CallEvidence {
  const row = eventByName(event);
  if (row === undefined) throw new Error(`no event ${event}`);
  return {
    event: row,
    abi: options.abi ?? "x86_64",
    via: options.via ?? null,
    args: args === null ? null : args.map(BigInt),
    entryItems: options.entry === undefined ? [] : options.entry,
    exitItems: options.exit === undefined ? [] : options.exit,
    isEntryWhole: options.isWhole ?? true,
    isExitWhole: options.isWhole ?? true,
    ret: options.ret === undefined ? 0 : options.ret,
  };
}

/** Decodes a call with the structs above. */
export function decode(
  event: string,
  args: readonly (number | bigint)[] | null,
  options: CallOptions = {},
): Arguments | null {
  return decoder(evidence(event, args, options));
}
