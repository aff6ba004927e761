/**
 * Payloads as they are stored, of no particular capture yet: compressed once, they can be kept and written into several.
 * Compressed is what is shorter than its content.
 */
import { encodeMsgpack } from "../codec/msgpack.js";
import { compress } from "../codec/zstd.js";
import { chunkBody, inventoryBody } from "./bodies.js";
import type { ChunkBody, Inventory } from "./types.js";

export interface PackedPayload {
  readonly stored: Uint8Array;
  readonly rawBytes: number;
}

/** Payloads below this are not worth a zstd frame. */
const WORTH_COMPRESSING = 256;

/** `stored` may be a view of more memory than it has bytes: whoever keeps it copies it. */
export function pack(payload: Uint8Array, compressed = true): PackedPayload {
  const packed = !compressed || payload.length < WORTH_COMPRESSING ? payload : compress(payload);
  return { stored: packed.length < payload.length ? packed : payload, rawBytes: payload.length };
}

export function packChunk(body: ChunkBody, compressed = true): PackedPayload {
  return pack(encodeMsgpack(chunkBody.encode(body, ""), body.records.length + 64 * 1024), compressed);
}

export function packInventory(inventory: Inventory, compressed = true): PackedPayload {
  return pack(encodeMsgpack(inventoryBody.encode(inventory, "")), compressed);
}
