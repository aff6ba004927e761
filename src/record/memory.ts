/**
 * Keeps the recorder small. A chunk leaves some megabytes of dead buffers behind, and V8 lets 64 MiB of such memory
 * outside its heap pile up before it looks (its external allocation limit): more than a recorder may have. A minor
 * collection frees them and takes less than a millisecond, since hardly anything is alive.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const EVERY_BYTES = 1 << 20;

/** To be called with what was written. Does nothing where V8 offers no such call. */
export function garbageCollection(): (rawBytes: number) => void {
  const collect = minorCollection();
  let bytes = 0;
  return (rawBytes) => {
    bytes += rawBytes;
    if (bytes < EVERY_BYTES) return;
    bytes = 0;
    collect?.();
  };
}

/**
 * With next to nothing alive, helpers cost more than they help: waking V8's four at every chunk took the processor from
 * the recorded task some hundred times a second.
 */
const ON_THIS_THREAD = ["--no-parallel-scavenge", "--no-concurrent-array-buffer-sweeping"];

function minorCollection(): (() => void) | null {
  for (const flag of ["--expose-gc", ...ON_THIS_THREAD]) setFlagsFromString(flag);
  const gc: unknown = runInNewContext("typeof gc === 'function' ? gc : null");
  return typeof gc === "function" ? () => void gc({ type: "minor" }) : null;
}
