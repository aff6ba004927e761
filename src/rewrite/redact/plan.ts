/**
 * What must be known of a whole capture before its first byte is replaced: which contents and names the analyses compare
 * by more than equality. Reads the capture once, and a second time only where messages changed under their calls.
 */
import { hasNothingToRead } from "../../replay/calls.js";
import { MSG_NOERROR } from "../../replay/flows/selection.js";
import { ItemKind } from "../../replay/records.js";
import type { ReplayCapture } from "../../replay/source.js";
import { type CallContents, evidenceOf, placed, type Side } from "./evidence.js";
import { joinAlike } from "./joined.js";
import { overlapping, type Placed } from "./overlapping.js";
import type { Alias } from "./payload.js";
import { type Run, receives, stepOf } from "./shape.js";

export interface Plan {
  /** Lengths up to which contents are compared. */
  readonly checkpoints: ReadonlySet<number>;
  /** Contents that are compared byte by byte. */
  readonly contents: readonly (readonly Uint8Array[])[];
  /** Bytes of two contents that lay in the same memory. */
  readonly aliases: readonly Alias[];
  /** Queue names that are. */
  readonly names: readonly (readonly Uint8Array[])[];
  /** Socket addresses that are, each with the one that it became. */
  readonly addresses: readonly (readonly [Uint8Array, Uint8Array])[];
}

export const NO_PLAN: Plan = { checkpoints: new Set(), contents: [], aliases: [], names: [], addresses: [] };

/** Of captures that are not joined: what one of them needs, all have. */
export function mergedPlans(plans: readonly Plan[]): Plan {
  return {
    checkpoints: new Set(plans.flatMap(({ checkpoints }) => [...checkpoints])),
    contents: plans.flatMap(({ contents }) => contents),
    aliases: plans.flatMap(({ aliases }) => aliases),
    names: merged(plans.flatMap(({ names }) => names)),
    addresses: plans.flatMap(({ addresses }) => addresses),
  };
}

/** A message of which there are copies that differ. */
export interface ChangedMessage {
  readonly queue: string | null;
  /** null: not known. */
  readonly lengthBytes: number | null;
  readonly copies: readonly Uint8Array[];
}

/** One message as one copy shows it. */
export interface SeenContent {
  readonly queue: string | null;
  readonly lengthBytes: number | null;
  readonly bytes: Uint8Array;
}

/** Bytes of copies that are remembered. Beyond, changes of messages are no longer told as they were. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_NAMES = 10_000;

export function planOf(capture: ReplayCapture): Plan {
  if (hasNothingToRead(capture)) return NO_PLAN;
  const checkpoints = new Set<number>();
  const changed: ChangedMessage[] = [];
  const names: Uint8Array[][] = [];
  const addresses: [Uint8Array, Uint8Array][] = [];
  const sending: Placed[] = [];
  let left = MOST_BYTES;
  for (const call of evidenceOf(capture)) {
    for (const length of cutLengths(call)) checkpoints.add(length);
    for (const copies of changedCopies(call)) {
      const bytes = copies.reduce((sum, copy) => sum + copy.length, 0);
      if (bytes > left) continue;
      left -= bytes;
      for (const copy of copies) checkpoints.add(copy.length);
      sending.push(...placed(call, call.exit).map((one) => ({ ...one, content: one.content.slice() })));
      changed.push({
        queue: call.queue,
        lengthBytes: call.lengthBytes,
        copies: copies.map((copy) => copy.slice()),
      });
    }
    if (names.length < MOST_NAMES) names.push(...changedNames(call));
    if (addresses.length < MOST_NAMES) addresses.push(...changedAddresses(call));
  }
  const inMemory = overlapping(sending);
  const contents = changed.length === 0 ? [] : joinAlike(changed, contentsSeen(capture, inMemory.see), left);
  for (const { length } of contents.flat()) checkpoints.add(length);
  const { aliases } = inMemory;
  const received = aliases.map(({ other }) => [other]);
  return { checkpoints, contents: [...contents, ...received], aliases, names: merged(names), addresses };
}

function* contentsSeen(capture: ReplayCapture, received: (placed: Placed) => void): Generator<SeenContent> {
  for (const call of evidenceOf(capture)) {
    const { queue, lengthBytes, runs, kernel, event } = call;
    if (event.message?.does === "receive") for (const one of placed(call, call.exit)) received(one);
    for (const { bytes } of runs) yield { queue, lengthBytes, bytes };
    for (const { bytes } of kernel) yield { queue, lengthBytes, bytes };
  }
}

/** Lengths at which a content ends although its message may go on. */
function* cutLengths({ event, ret, args, exit, runs, kernel }: CallContents): Generator<number> {
  for (const { bytes, isWhole } of runs) if (!isWhole && bytes.length > 0) yield bytes.length;
  for (const { captured, wanted } of kernel) if (captured < wanted && captured > 0) yield captured;
  const { message } = event;
  if (message?.does !== "receive" || exit === null || ret === null || ret < 0) return;
  const { room, select } = message;
  const isNoError = select !== undefined && (Number(args?.[select.flags] ?? 0n) & MSG_NOERROR) !== 0;
  const isFull = args === null || (isNoError && room !== undefined && BigInt(ret) === args[room]);
  for (const run of exit.runs) {
    if (run.bytes.length > 0 && (isFull || isCutDatagram(exit, run))) yield run.bytes.length;
  }
}

const MSG_TRUNC = 0x20;

/** Its msg_flags say so, or are not there. */
function isCutDatagram({ shape, items }: Side, { arg, message }: Run): boolean {
  if (!receives(shape.event, arg)) return false;
  const isNative = shape.variant === "native";
  const flags = shape
    .layout(isNative ? "user_msghdr" : "compat_msghdr")
    ?.fields.find(({ name }) => name === "msg_flags");
  const header = items.find(
    (item) =>
      item.arg === arg &&
      item.message === message &&
      (item.kind === ItemKind.MMSGHDR || item.kind === ItemKind.ARGUMENT),
  );
  if (flags === undefined || header === undefined || flags.offsetBytes + 4 > header.bytes.length) return true;
  const { buffer, byteOffset, byteLength } = header.bytes;
  return (new DataView(buffer, byteOffset, byteLength).getUint32(flags.offsetBytes, true) & MSG_TRUNC) !== 0;
}

/** Copies of one message, at entry, by the kernel and at exit, of which none is the other's beginning. */
function* changedCopies({ event, entry, exit, kernel }: CallContents): Generator<Uint8Array[]> {
  if (entry === null) return;
  const loaded = event.message?.does === "send" ? kernel.slice(0, 1) : [];
  for (const run of entry.runs) {
    const twin = exit?.runs.find(
      (one) => one.arg === run.arg && one.message === run.message && one.number === run.number,
    );
    const copies = [
      run.bytes,
      ...(twin === undefined ? [] : [twin.bytes]),
      ...loaded.map(({ bytes }) => bytes),
    ];
    const different = copies.filter((copy, i) => copies.findIndex((one) => equal(one, copy)) === i);
    if (different.some((one) => different.some((other) => !isAlike(one, other)))) yield different;
  }
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && Buffer.compare(one, other) === 0;
}

function isAlike(one: Uint8Array, other: Uint8Array): boolean {
  const length = Math.min(one.length, other.length);
  return Buffer.compare(one.subarray(0, length), other.subarray(0, length)) === 0;
}

function* changedNames({ entry, exit }: CallContents): Generator<Uint8Array[]> {
  if (entry === null || exit === null) return;
  for (const item of entry.items) {
    if (item.kind !== ItemKind.ARGUMENT || stepOf(entry.shape, item.arg)?.take !== "string") continue;
    const twin = exit.items.find(({ kind, arg }) => kind === item.kind && arg === item.arg);
    if (twin === undefined) continue;
    const both = [item.bytes, twin.bytes].map(nameOf);
    const [one, other] = both;
    if (one !== undefined && other !== undefined && !equal(one, other))
      yield both.map((name) => name.slice());
  }
}

/** Where a send's messages were to go, at entry and at exit. */
function* changedAddresses({ entry, exit }: CallContents): Generator<[Uint8Array, Uint8Array]> {
  if (entry === null || exit === null) return;
  for (const item of entry.items) {
    if (item.kind !== ItemKind.NAME) continue;
    const twin = exit.items.find(
      ({ kind, arg, message }) => kind === item.kind && arg === item.arg && message === item.message,
    );
    if (twin !== undefined && !equal(item.bytes, twin.bytes)) yield [item.bytes.slice(), twin.bytes.slice()];
  }
}

const SLASH = 0x2f;

function nameOf(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  const name = end < 0 ? bytes : bytes.subarray(0, end);
  return name[0] === SLASH ? name.subarray(1) : name;
}

/** Groups that share a name are one. */
function merged(groups: readonly (readonly Uint8Array[])[]): Uint8Array[][] {
  const byName = new Map<string, Map<string, Uint8Array>>();
  for (const names of groups) {
    const group = new Map<string, Uint8Array>();
    for (const name of names) {
      const key = Buffer.from(name).toString("latin1");
      for (const [other, bytes] of byName.get(key) ?? [[key, name] as const]) group.set(other, bytes);
    }
    for (const key of group.keys()) byName.set(key, group);
  }
  return [...new Set(byName.values())].map((group) => [...group.values()]);
}
