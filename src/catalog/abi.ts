/**
 * The calling conventions: their numbers in records (enum mt_abi, mt_mux_kind in bpf/records.h), how wide their
 * pointers are, and which layout of the user structs a call has.
 */
import type { Abi, Mux, Variant } from "./types.js";

export interface AbiRow {
  /** enum mt_abi. */
  readonly id: number;
  readonly abi: Abi;
  /** Also the size of `long` and `size_t`. */
  readonly pointerBytes: 4 | 8;
  /** 64-bit code in the kernel's own convention, or 32-bit code with compat structs. */
  readonly native: boolean;
  /** The numbers of rt_sigreturn and sigreturn: no events, but what tells that a signal handler has returned. */
  readonly sigreturn: readonly number[];
}

export interface MuxRow {
  /** enum mt_mux_kind; 0 is "none". */
  readonly id: number;
  readonly mux: Mux;
  /** The multiplexer's own syscall number. Only ia32 has them. */
  readonly number: number;
}

export const ABIS: readonly AbiRow[] = [
  { id: 1, abi: "x86_64", pointerBytes: 8, native: true, sigreturn: [15] },
  { id: 2, abi: "ia32", pointerBytes: 4, native: false, sigreturn: [119, 173] },
  { id: 3, abi: "arm64", pointerBytes: 8, native: true, sigreturn: [139] },
];

export const MUXES: readonly MuxRow[] = [
  { id: 1, mux: "ipc", number: 117 },
  { id: 2, mux: "socketcall", number: 102 },
];

/** The convention with this number in a record; undefined when this version of msgtape does not know it. */
export function abiById(id: number): AbiRow | undefined {
  return ABIS.find((row) => row.id === id);
}

/** Everything of one convention. */
export function abiRow(abi: Abi): AbiRow {
  const row = ABIS.find((candidate) => candidate.abi === abi);
  if (row === undefined) throw new TypeError(`no such calling convention: ${abi}`);
  return row;
}

/** The multiplexer with this number in a record; undefined for 0 (none) and for numbers not known. */
export function muxById(id: number): MuxRow | undefined {
  return MUXES.find((row) => row.id === id);
}

/** Everything of one multiplexer. */
export function muxRow(mux: Mux): MuxRow {
  const row = MUXES.find((candidate) => candidate.mux === mux);
  if (row === undefined) throw new TypeError(`no such multiplexer: ${mux}`);
  return row;
}

/** Which layout of the user structs a call has; the same as enum mt_variant in bpf/config.h. */
export function variantOf(abi: Abi, mux: Mux | null): Variant {
  if (abiRow(abi).native) return "native";
  return mux === "ipc" ? "compat_ipc" : "compat";
}

/** The variants in the order of enum mt_variant. */
export const VARIANTS: readonly Variant[] = ["native", "compat", "compat_ipc"];
