/**
 * Values that a program gave to get them back: sigev_value. Each byte by a permutation of its place, so that a copy that
 * changed still differs in the same bytes. Zero stays zero.
 */
import type { RedactKey } from "./key.js";

export function scrambler(key: RedactKey): (value: Uint8Array) => Uint8Array {
  const tables: Uint8Array[] = [];
  return (value) =>
    value.map((byte, at) => {
      tables[at] ??= table(key.stream("value", 512, at));
      return tables[at]?.[byte] ?? 0;
    });
}

function table(random: Uint8Array): Uint8Array {
  const made = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  for (let i = 255; i > 1; i--) {
    const other = 1 + (((random[2 * i] ?? 0) * 256 + (random[2 * i + 1] ?? 0)) % i);
    const value = made[i] ?? 0;
    made[i] = made[other] ?? 0;
    made[other] = value;
  }
  return made;
}
