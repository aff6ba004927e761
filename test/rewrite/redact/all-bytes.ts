/** Everything that is in a capture's file: its bytes as they are, and the payload of each frame decompressed. */
import { readFileSync } from "node:fs";
import { decompress } from "../../../src/codec/zstd.js";
import { FRAME_HEADER_BYTES, FrameFlag, frameBytes, parseFrameHeader } from "../../../src/format/frame.js";

export function allBytes(file: string): Buffer {
  const raw = readFileSync(file);
  const sync = raw.subarray(48, 56);
  const parts: Uint8Array[] = [raw];
  for (let at = 64; ; ) {
    const header = parseFrameHeader(raw.subarray(at, at + FRAME_HEADER_BYTES), sync);
    if (header === null) break;
    const from = at + FRAME_HEADER_BYTES + header.contextBytes;
    const stored = raw.subarray(from, from + header.storedBytes);
    if ((header.flags & FrameFlag.ZSTD) !== 0) parts.push(decompress(stored, header.rawBytes));
    at += frameBytes(header);
  }
  return Buffer.concat(parts);
}

/** Those of the secrets that are there, as they are or in another spelling. */
export function found(file: string, secrets: readonly (string | Uint8Array)[]): string[] {
  const all = allBytes(file);
  return secrets.flatMap((secret) => {
    const bytes = typeof secret === "string" ? Buffer.from(secret, "utf8") : Buffer.from(secret);
    const spellings: readonly (readonly [string, Buffer])[] = [
      ["", bytes],
      [" backwards", Buffer.from(bytes).reverse()],
      [" in hex", Buffer.from(bytes.toString("hex"))],
      [" in base64", Buffer.from(bytes.toString("base64").replace(/=+$/, "").slice(0, -1))],
      [" in UTF-16", Buffer.from(bytes.toString("latin1"), "utf16le")],
      [" in capitals", Buffer.from(bytes.toString("latin1").toUpperCase(), "latin1")],
    ];
    return spellings
      .filter(([, spelled]) => spelled.length >= 4 && all.includes(spelled))
      .map(([how]) => `${bytes.toString("latin1")}${how}`);
  });
}
