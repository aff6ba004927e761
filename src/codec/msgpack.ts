/**
 * msgpack values from and to bytes. 64-bit integers are bigint in both directions; nothing is decoded before
 * its structure was checked (structure.ts).
 */
import { Decoder, Encoder } from "@msgpack/msgpack";
import { CodecError } from "./error.js";
import { checkStructure, type DecodeLimits } from "./structure.js";

export type { DecodeLimits } from "./structure.js";

/**
 * @param sizeHint bytes to start with, so that a value with one large `bin` is not copied again and again.
 * A number must be a 32-bit integer or meant as a float; wider integers must be bigint.
 */
export function encodeMsgpack(value: unknown, sizeHint = 2048): Uint8Array {
  return new Encoder({ useBigInt64: true, initialBufferSize: sizeHint }).encodeSharedRef(value);
}

/**
 * The one value that `bytes` is. `bin` values are views of `bytes`, not copies; integers of 64-bit markers are
 * bigint, others number.
 *
 * @param onItems told how many values there are, before they are decoded.
 * @throws CodecError for anything malformed, beyond `limits`, or with a key twice.
 */
export function decodeMsgpack(
  bytes: Uint8Array,
  limits: DecodeLimits,
  onItems?: (items: number) => void,
): unknown {
  const items = checkStructure(bytes, limits);
  onItems?.(items);
  const most = bytes.length;
  try {
    return new Decoder({
      useBigInt64: true,
      maxStrLength: most,
      maxBinLength: most,
      maxArrayLength: most,
      maxMapLength: most,
      maxExtLength: 0,
    }).decode(bytes);
  } catch (cause) {
    // Truncation throws RangeError, other faults DecodeError; `__proto__` as a key is refused by the library.
    throw new CodecError("msgpack", `msgpack: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
