/** Spells msghdr and iovecs by hand, in both ABIs. */
import { cat, u32, u64 } from "./evidence.js";

export interface Header {
  readonly name?: number;
  readonly namelen?: number;
  readonly iov?: number;
  readonly iovlen?: number | bigint;
  readonly control?: number;
  readonly controllen?: number | bigint;
  readonly flags?: number;
}

/** user_msghdr: name, namelen, pad, iov, iovlen, control, controllen, flags, pad */
export function header(h: Header): Uint8Array {
  const words = [h.iov, h.iovlen, h.control, h.controllen].map((value) => u64(value ?? 0));
  return cat(u64(h.name ?? 0), u32(h.namelen ?? 0), u32(0), ...words, u32(h.flags ?? 0), u32(0));
}

/** compat_msghdr: the same in 32-bit words */
export function header32(h: Header): Uint8Array {
  const words = [h.name, h.namelen, h.iov, h.iovlen, h.control, h.controllen, h.flags];
  return cat(...words.map((value) => u32(Number(value ?? 0))));
}

export const iovecs = (...pairs: readonly (readonly [number, number])[]): Uint8Array =>
  cat(...pairs.map(([base, len]) => cat(u64(base), u64(len))));
export const iovecs32 = (...pairs: readonly (readonly [number, number])[]): Uint8Array =>
  cat(...pairs.map(([base, len]) => cat(u32(base), u32(len))));

/** What an unused msg_control decodes to. */
export const UNUSED_CONTROL = { msg_control: null, msg_controllen: "0" };
