/** Cuts, flips and moves parts of a spelled capture. */
import { join } from "../format/support.js";
import type { Part, Tape } from "./spell.js";

/** Where a part begins. */
export function offsetOf(tape: Tape, name: string): number {
  let offset = 0;
  for (const part of tape.parts) {
    if (part.name === name) return offset;
    offset += part.bytes.length;
  }
  throw new Error(`no part ${name}`);
}

export function partOf(tape: Tape, name: string): Uint8Array {
  const part = tape.parts.find((one) => one.name === name);
  if (part === undefined) throw new Error(`no part ${name}`);
  return part.bytes;
}

/** Everything before byte `at` of a part; negative: from its end. */
export function cut(tape: Tape, name: string, at: number): Uint8Array {
  const within = at < 0 ? partOf(tape, name).length + at : at;
  return tape.bytes.subarray(0, offsetOf(tape, name) + within);
}

/** One bit of a byte of a part is another; checksums stay. */
export function flip(tape: Tape, name: string, at: number, bit = 0): Uint8Array {
  const bytes = tape.bytes;
  const within = at < 0 ? partOf(tape, name).length + at : at;
  const place = offsetOf(tape, name) + within;
  bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
  return bytes;
}

/** The parts in this order; a part may come twice or not at all. */
export function order(tape: Tape, ...names: readonly string[]): Uint8Array {
  return join(...names.map((name) => partOf(tape, name)));
}

export function names(tape: Tape): string[] {
  return tape.parts.map((part) => part.name);
}

export function without(tape: Tape, ...left: readonly string[]): Uint8Array {
  return order(tape, ...names(tape).filter((name) => !left.includes(name)));
}

/** Bytes come in at byte `at` of a part, or so many go out there. */
export function splice(
  tape: Tape,
  name: string,
  at: number,
  remove: number,
  bytes: Uint8Array | readonly number[] = [],
): Uint8Array {
  const whole = tape.bytes;
  const place = offsetOf(tape, name) + at;
  return join(whole.subarray(0, place), bytes, whole.subarray(place + remove));
}

/** The part is another one, and nothing else changes. */
export function replace(tape: Tape, name: string, bytes: Uint8Array): Uint8Array {
  return join(...tape.parts.map((part: Part) => (part.name === name ? bytes : part.bytes)));
}
