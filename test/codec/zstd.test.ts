/** zstd frames that lie, end early or go on, and that a refusal leaves nothing behind. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import zstd from "zstd-napi/binding.js";
import { CodecError } from "../../src/codec/error.js";
import { compress, decompress } from "../../src/codec/zstd.js";

const test = suite("codec: zstd");
const raw = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 7);
const stored = compress(raw);

function refused(work: () => unknown, message: RegExp): void {
  assert.throws(
    work,
    (error: unknown) => error instanceof CodecError && error.code === "zstd" && message.test(error.message),
  );
  assert.equal(decompress(stored, raw.length), raw, "the next one decompresses");
}

test("what was compressed comes back", () => {
  assert.equal(decompress(stored, raw.length), raw);
  assert.equal(decompress(compress(raw, 9), raw.length), raw);
  assert.equal(decompress(compress(new Uint8Array()), 0), new Uint8Array());
});

test("content size and checksum are in the frame header", () => {
  // RFC 8878 3.1.1.1.1: bits 7-6 and 5 tell the content size's width, bit 2 that a checksum follows.
  const descriptor = stored[4] ?? 0;
  assert.ok((descriptor & 0xe0) !== 0);
  assert.is(descriptor & 4, 4);
});

test("a frame cut anywhere is refused", () => {
  for (const length of [0, 1, 3, 4, 5, 9, 100, stored.length - 5, stored.length - 1]) {
    refused(() => decompress(stored.subarray(0, length), raw.length), /zstd/);
  }
});

test("a cut frame without content size is refused, though zstd finds no error in it", () => {
  const context = new zstd.CCtx();
  context.setParameter(zstd.CParameter.contentSizeFlag, 0);
  const room = new Uint8Array(zstd.compressBound(raw.length));
  const unsized = room.slice(0, context.compress2(room, raw));
  refused(() => decompress(unsized, raw.length), /declares null bytes/);
  refused(() => decompress(unsized.subarray(0, unsized.length - 2000), raw.length), /zstd/);
});

test("a frame that declares another length than its header is refused before anything is allocated", () => {
  refused(() => decompress(stored, raw.length - 1), /declares 300000 bytes, its header 299999/);
  refused(() => decompress(stored, 16), /declares 300000 bytes, its header 16/);
});

test("a bomb that declares 4 GiB is refused by its declaration", () => {
  // Magic; descriptor: 8 bytes of content size, single segment; 4 GiB; one empty raw block, the last.
  const bomb = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0);
  refused(() => decompress(bomb, 1000), /declares 4294967296 bytes, its header 1000/);
});

test("a frame that holds less than it declares is refused", () => {
  const lying = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 8, 1, 0, 0);
  refused(() => decompress(lying, 8), /zstd/);
});

test("a changed byte fails the checksum", () => {
  const changed = stored.slice();
  changed[stored.length - 100] = (changed[stored.length - 100] ?? 0) ^ 1;
  refused(() => decompress(changed, raw.length), /zstd/);
});

test("bytes after the frame, a second frame, and a skippable frame are refused", () => {
  refused(() => decompress(Uint8Array.from([...stored, 0]), raw.length), /are stored/);
  refused(() => decompress(Uint8Array.from([...stored, ...stored]), raw.length), /are stored/);
  refused(() => decompress(Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0), 0), /no zstd frame/);
});

test.run();
