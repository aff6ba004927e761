/** The two BTF blobs of a capture: the program object's, whole, and a slice of the running kernel's. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Btf, parseBtf, sliceBtf } from "../btf/index.js";
import type { BtfFrame } from "../format/types.js";
import { errorText, RecordError } from "./errors.js";

export const HOST_BTF_PATH = "/sys/kernel/btf/vmlinux";

/** Reads and indexes BTF. Throws RecordError when it is not there or is none. */
export function readBtfFile(path: string): Btf {
  try {
    return parseBtf(readFileSync(path));
  } catch (error) {
    throw new RecordError(`cannot read the BTF in ${path}: ${errorText(error)}`, 1, { cause: error });
  }
}

/** Both blobs as a capture carries them; structs that the host lacks are `missing`, which is no error. */
export function btfFrames(
  recorderBtf: Btf,
  hostBtf: Btf,
  structs: readonly string[],
): { readonly frames: readonly BtfFrame[]; readonly missing: readonly string[] } {
  const { data, missing } = sliceBtf(hostBtf, structs);
  return { frames: [frame("recorder", recorderBtf.bytes), frame("host", data)], missing };
}

function frame(origin: BtfFrame["origin"], data: Uint8Array): BtfFrame {
  return { origin, sha256: createHash("sha256").update(data).digest("hex"), data };
}
