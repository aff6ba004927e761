/**
 * The host as it says of itself: what a reader elsewhere needs to understand its records. Fails only where
 * records could not be understood either; a fact that is not to be had is null.
 */
import { readFileSync } from "node:fs";
import { endianness, hostname, machine, release, type, version } from "node:os";
import type { AttachedHook, HostInfo, RecordConfig } from "../format/types.js";
import { RecordError } from "./errors.js";

/** What the recording itself adds to the host's facts. */
export interface RecorderFacts {
  readonly version: string;
  readonly config: RecordConfig;
  readonly attachPlan: readonly AttachedHook[];
}

/** The kernel's own calling convention. Throws RecordError on a machine that cannot be recorded. */
export function hostArch(): HostInfo["arch"] {
  // Node's own architecture: uname's is a lie under `setarch`.
  if (process.platform === "linux" && process.arch === "x64") return "x86_64";
  if (process.platform === "linux" && process.arch === "arm64") return "arm64";
  throw new RecordError(
    `cannot record on ${process.platform} ${process.arch}: Linux on x86_64 or arm64 is needed; captures can be read here`,
  );
}

/** The HOST frame. Throws RecordError on a machine that cannot be recorded. */
export function readHost(recorder: RecorderFacts): HostInfo {
  return {
    hostname: hostname(),
    sysname: type(),
    release: release(),
    version: version(),
    machine: machine(),
    arch: hostArch(),
    littleEndian: endianness() === "LE",
    pageSize: pageSize(readFileSync("/proc/self/auxv")),
    bootId: textOf("/proc/sys/kernel/random/boot_id"),
    cpus: possibleCpus(),
    recorder: { name: "msgtape", version: recorder.version },
    synthetic: false,
    config: recorder.config,
    attachPlan: recorder.attachPlan,
  };
}

const AT_PAGESZ = 6n;

/** The page size in the auxiliary vector: pairs of key and value, 8 bytes each. */
export function pageSize(auxv: Uint8Array): number {
  const view = new DataView(auxv.buffer, auxv.byteOffset, auxv.byteLength);
  for (let at = 0; at + 16 <= auxv.length; at += 16) {
    if (view.getBigUint64(at, true) === AT_PAGESZ) return Number(view.getBigUint64(at + 8, true));
  }
  throw new RecordError("/proc/self/auxv has no page size; is this Linux?");
}

/**
 * How many cpus the kernel may ever use: records name them by number, and numbers can have holes, so this is one
 * more than the highest.
 */
export function possibleCpus(list = textOf("/sys/devices/system/cpu/possible")): number {
  const highest = /(\d+)$/.exec(list ?? "")?.[1];
  if (highest === undefined) {
    throw new RecordError(
      "cannot tell how many cpus there are: /sys/devices/system/cpu/possible is not readable",
    );
  }
  return Number(highest) + 1;
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}
