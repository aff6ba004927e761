/**
 * The random key under which everything is replaced. It is made for one file, never leaves memory, and is overwritten
 * when the file is done: from then on nobody, we included, can tell what stood where.
 */
import { createHash, createHmac, randomBytes } from "node:crypto";

export type KeyPart = Uint8Array | string | number;

export interface RedactKey {
  /** 32 bytes that depend on all of the parts. */
  digest(label: string, ...parts: readonly KeyPart[]): Buffer;
  /** As many bytes as are asked for. */
  stream(label: string, lengthBytes: number, ...parts: readonly KeyPart[]): Uint8Array;
  /** A running digest of one long part, which can be read at any place. */
  running(label: string): Running;
  /** Afterwards it can be used no more. */
  destroy(): void;
}

export interface Running {
  add(bytes: Uint8Array): void;
  /** 32 bytes that depend on all that was added up to here. */
  read(): Buffer;
}

export function newKey(): RedactKey {
  const key = randomBytes(32);
  let isDestroyed = false;
  const own = (): Buffer => {
    if (isDestroyed) throw new TypeError("the key is gone");
    return key;
  };
  return {
    digest: (label, ...parts) => createHmac("sha256", own()).update(joined(label, parts)).digest(),
    stream: (label, lengthBytes, ...parts) => {
      if (lengthBytes === 0) return new Uint8Array(0);
      const seed = createHmac("sha256", own()).update(joined(label, parts)).digest();
      const bytes = createHash("shake256", { outputLength: lengthBytes }).update(seed).digest();
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    running: (label) => {
      const hash = createHash("sha256").update(own()).update(joined(label, []));
      return {
        add: (bytes) => void hash.update(bytes),
        // Once more under the key: the digest of a beginning says nothing of what may follow.
        read: () => createHmac("sha256", own()).update(hash.copy().digest()).digest(),
      };
    },
    destroy() {
      key.fill(0);
      isDestroyed = true;
    },
  };
}

/** Each part behind its length, so that no two lists of parts are alike. */
function joined(label: string, parts: readonly KeyPart[]): Buffer {
  const all: Buffer[] = [];
  for (const part of [label, ...parts]) {
    const bytes = part instanceof Uint8Array ? Buffer.from(part) : Buffer.from(String(part), "utf8");
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    all.push(length, bytes);
  }
  return Buffer.concat(all);
}
