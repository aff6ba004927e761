/**
 * libmsgtape.so (native/msgtape.h), loaded when it is first needed: reading captures needs neither it nor koffi,
 * which only this file knows. Its resources are native-tape.ts and native-command.ts; here are the library itself
 * and the single calls.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { errnoName, errnoText } from "../catalog/errno.js";
import type { BatchLayouts } from "./batch.js";
import { type FieldType, SIGNATURES, STRUCTS, type StructFields } from "./native-abi.js";
import type { StructLayout } from "./struct-view.js";

type Koffi = typeof import("koffi");
type KoffiType = import("koffi").TypeObject;

/** From dist/src/record to the package. */
const LIBRARY_PATH = fileURLToPath(new URL("../../../build/libmsgtape.so", import.meta.url));
/** Room for a line for users. */
export const MESSAGE_BYTES = 512;

/** Why the native half failed, in one line for users. `code`: an errno's name, or null when it was none. */
export class NativeError extends Error {
  readonly code: string | null;

  constructor(message: string, code: string | null, options?: ErrorOptions) {
    super(message, options);
    this.name = "NativeError";
    this.code = code;
  }
}

/** A struct of the C side, owned by it. */
export type Pointer = unknown;
type NativeFunction = ReturnType<import("koffi").LibraryHandle["func"]>;

export interface Library {
  readonly call: Readonly<Record<keyof typeof SIGNATURES, NativeFunction>>;
  readonly clockGettime: NativeFunction;
  readonly layouts: BatchLayouts & {
    readonly [name in
      | "openCall"
      | "totals"
      | "firedTrigger"
      | "found"
      | "foundQueue"
      | "namespace"]: StructLayout;
  };
}

let loaded: Library | null = null;

/** Throws NativeError: koffi is not installed, the library is not built. */
export function library(): Library {
  loaded ??= loadLibrary();
  return loaded;
}

function loadLibrary(): Library {
  const koffi = loadKoffi();
  if (!existsSync(LIBRARY_PATH)) {
    throw new NativeError(`${LIBRARY_PATH} is not there: build it with npm run build`, "ENOENT");
  }
  try {
    const so = koffi.load(LIBRARY_PATH);
    const names = Object.keys(SIGNATURES) as (keyof typeof SIGNATURES)[];
    const call = Object.fromEntries(names.map((name) => [name, so.func(SIGNATURES[name])]));
    return {
      call: call as Library["call"],
      clockGettime: koffi.load("libc.so.6").func("int clock_gettime(int id, void *time)"),
      layouts: structLayouts(koffi),
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new NativeError(
      `cannot load ${LIBRARY_PATH}: ${why}; it needs libbpf.so.1 (Debian: libbpf1), and may have to be built again (npm run build)`,
      null,
      { cause: error },
    );
  }
}

function loadKoffi(): Koffi {
  try {
    return createRequire(import.meta.url)("koffi") as Koffi;
  } catch (error) {
    throw new NativeError(
      "recording needs the package koffi, which is not installed: run npm install (without --omit=optional)",
      null,
      { cause: error },
    );
  }
}

/** Where koffi, by the C compiler's rules, places the fields of the structs that travel. */
function structLayouts(koffi: Koffi): Library["layouts"] {
  const build = (fields: StructFields): KoffiType =>
    koffi.struct(Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, fieldType(type)])));
  const fieldType = (type: FieldType): KoffiType | string => {
    if (typeof type === "string") return type;
    const [element, length] = type;
    return koffi.array(typeof element === "string" ? element : build(element), length);
  };
  return {
    batch: layoutOf(build(STRUCTS.mt_batch)),
    taskKey: layoutOf(build(STRUCTS.mt_task_key)),
    queueKey: layoutOf(build(STRUCTS.mt_queue_key)),
    openCall: layoutOf(build(STRUCTS.mt_open_call)),
    totals: layoutOf(build(STRUCTS.mt_totals)),
    firedTrigger: layoutOf(build(STRUCTS.mt_fired_trigger)),
    found: layoutOf(build(STRUCTS.mt_found)),
    foundQueue: layoutOf(build(STRUCTS.mt_found_queue)),
    namespace: layoutOf(build(STRUCTS.mt_namespace)),
  };
}

function layoutOf(type: KoffiType): StructLayout {
  const fields = Object.entries(type.members ?? {}).map(([name, member]) => {
    const element = member.type.ref ?? member.type;
    return [
      name,
      {
        offsetBytes: member.offset,
        sizeBytes: member.type.size,
        length: member.type.length ?? null,
        struct: element.members === undefined ? null : layoutOf(element),
      },
    ] as const;
  });
  return { sizeBytes: type.size, fields: Object.fromEntries(fields) };
}

/** The line that the C side put there. */
export function messageIn(buffer: Buffer): string {
  const end = buffer.indexOf(0);
  return buffer.toString("utf8", 0, end < 0 ? buffer.length : end);
}

/** An error for a negative errno; `message` may be empty. */
export function nativeError(result: number, message: string): NativeError {
  const code = errnoName(-result);
  return new NativeError(message || (code && errnoText(code)) || `error ${-result}`, code);
}

export interface ProbeResult {
  /** null: it could not be tried, so nothing is known. */
  readonly available: boolean | null;
  /** Why not, or what was found; may be empty. */
  readonly message: string;
}

export const PROBES = [
  "caps",
  "lockdown",
  "btf",
  "tp_btf",
  "raw_tp",
  "ringbuf",
  "task_storage",
  "bpf_rdonly_cast",
  "bpf_loop",
  "fentry",
  "fexit",
  "kprobe",
  "uprobe",
  "iter/task_file",
] as const;

/** Tries one mechanism of this kernel for real. */
export function probe(name: (typeof PROBES)[number]): ProbeResult {
  const message = Buffer.alloc(MESSAGE_BYTES);
  const result: number = library().call.mt_probe(name, message, message.length);
  const isUnknown = errnoName(-result) === "EACCES";
  return { available: isUnknown ? null : result === 0, message: messageIn(message) };
}

/** A clock's reading in ns. `id` as in linux/time.h: 0 realtime, 1 monotonic, 7 boottime. Throws NativeError. */
export function clockGettime(id: number): bigint {
  const time = Buffer.alloc(16);
  if (library().clockGettime(id, time) !== 0) {
    throw new NativeError(`the kernel has no clock ${id}`, "EINVAL");
  }
  return time.readBigInt64LE(0) * 1_000_000_000n + time.readBigInt64LE(8);
}

/**
 * Allocates blocks behind a file's end and leaves its size as it is, on another thread: behind a journal that is
 * being written it takes some 100 ms. 0 or a negative errno.
 */
export function reserveSpace(fd: number, offsetBytes: number, lengthBytes: number): Promise<number> {
  const { call } = library();
  return new Promise((resolve, reject) => {
    call.mt_reserve.async(fd, offsetBytes, lengthBytes, (error: unknown, result: number) =>
      error ? reject(error) : resolve(result),
    );
  });
}
