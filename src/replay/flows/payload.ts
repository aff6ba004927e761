/**
 * What is kept of a payload to tell messages apart: how much was captured, a hash of it, its first bytes. A fixed
 * size whatever the snap length. What was not captured is unknown: never equal, never different.
 */

export interface Print {
  readonly captured: number;
  readonly low: number;
  readonly high: number;
  readonly head: Uint8Array;
}

const HEAD_BYTES = 64;

export function printOf(bytes: Uint8Array): Print {
  let low = 0x811c9dc5;
  let high = 0x2545f491;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    low = Math.imul(low ^ byte, 0x01000193);
    high = Math.imul(high ^ (byte + 0x5b), 0x9e3779b1);
    high ^= high >>> 15;
  }
  return { captured: bytes.length, low: low >>> 0, high: high >>> 0, head: bytes.slice(0, HEAD_BYTES) };
}

/** Equal for equal captured bytes. */
export function printKey(print: Print): string {
  return `${print.captured}.${print.low}.${print.high}`;
}

/** Are these two copies of the same bytes, as far as both were captured? */
export function compare(one: Print, other: Print): "equal" | "different" | "unknown" {
  const common = Math.min(one.captured, other.captured);
  if (common === 0) return "unknown";
  if (one.captured === other.captured) {
    return one.low === other.low && one.high === other.high ? "equal" : "different";
  }
  for (let i = 0; i < Math.min(common, HEAD_BYTES); i++) {
    if (one.head[i] !== other.head[i]) return "different";
  }
  return common <= HEAD_BYTES ? "equal" : "unknown";
}

/**
 * The same against all copies of a send. Where the payload changed during the call the kernel may have read a mix of
 * what the copies show, so that no receiver's bytes are surely different.
 */
export function compareAny(
  sent: readonly Print[],
  received: Print | null,
): "equal" | "different" | "unknown" {
  if (received === null || sent.length === 0) return "unknown";
  const results = sent.map((print) => compare(print, received));
  if (results.includes("equal")) return "equal";
  return sent.length === 1 && results[0] === "different" ? "different" : "unknown";
}
