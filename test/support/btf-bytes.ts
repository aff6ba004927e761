/** BTF bytes spelled by hand: types as little-endian words, strings by offset. For tests of bad and odd input. */

export const INT = 1;
export const PTR = 2;
export const ARRAY = 3;
export const STRUCT = 4;
export const UNION = 5;
export const ENUM = 6;
export const FWD = 7;
export const TYPEDEF = 8;
export const VOLATILE = 9;
export const CONST = 10;
export const RESTRICT = 11;
export const FUNC = 12;
export const FUNC_PROTO = 13;
export const VAR = 14;
export const DATASEC = 15;
export const FLOAT = 16;
export const DECL_TAG = 17;
export const TYPE_TAG = 18;
export const ENUM64 = 19;

/** A word, or a name that becomes its offset in the strings. */
export type Word = number | string;

/** [name, kind, entries, kind flag, size or type, then the words that follow]. */
export type HandType = readonly [string, number, number, 0 | 1, number, ...Word[]];

/** An `int` of so many bytes: encoding 1 is signed, 4 bool. */
export function int(name: string, sizeBytes: number, encoding = 0): HandType {
  return [name, INT, 0, 0, sizeBytes, (encoding << 24) | (sizeBytes * 8)];
}

/** BTF of these types; the first has id 1. `patch` may break the bytes before they are returned. */
export function btfBytes(types: readonly HandType[], patch: (bytes: Buffer) => void = () => {}): Uint8Array {
  let strings = "\0";
  const offsetOf = (text: string): number => {
    if (text === "") return 0;
    const found = strings.indexOf(`\0${text}\0`);
    if (found >= 0) return found + 1;
    strings += `${text}\0`;
    return strings.length - text.length - 1;
  };
  const words: number[] = [];
  for (const [name, kind, entries, flag, sizeOrType, ...rest] of types) {
    words.push(offsetOf(name), kind * 2 ** 24 + entries + flag * 2 ** 31, sizeOrType);
    for (const word of rest) words.push(typeof word === "string" ? offsetOf(word) : word >>> 0);
  }
  const bytes = Buffer.alloc(24 + words.length * 4 + strings.length);
  bytes.set([0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 0, 0, 0, 0]);
  bytes.writeUInt32LE(words.length * 4, 12);
  bytes.writeUInt32LE(words.length * 4, 16);
  bytes.writeUInt32LE(strings.length, 20);
  words.forEach((word, i) => {
    bytes.writeUInt32LE(word, 24 + i * 4);
  });
  bytes.write(strings, 24 + words.length * 4, "latin1");
  patch(bytes);
  return new Uint8Array(bytes);
}
