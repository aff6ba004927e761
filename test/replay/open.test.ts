import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fileSource, SourceError } from "../../src/replay/open.js";

const test = suite("open");
const directory = mkdtempSync(`${tmpdir()}/msgtape-open-`);
test.after(() => rmSync(directory, { recursive: true }));

test("reads what is there, and less only at the end", () => {
  const path = `${directory}/file`;
  writeFileSync(path, "0123456789");
  const source = fileSource(path);
  assert.is(source.sizeBytes, 10);
  assert.equal(Buffer.from(source.read(2, 3)).toString(), "234");
  assert.equal(Buffer.from(source.read(8, 5)).toString(), "89");
  assert.is(source.read(20, 5).length, 0);
  source.close();
  source.close();
});

test("small pieces and large, in any order, are what the file has there, and stay so", () => {
  const path = `${directory}/large`;
  const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31) ^ (i >> 8));
  writeFileSync(path, bytes);
  const source = fileSource(path);
  const lengths = [1, 40, 4096, 16_384, 16_385, 70_000];
  const kept: { readonly at: number; readonly length: number; readonly piece: Uint8Array }[] = [];
  for (let i = 0; i < 2000; i++) {
    const [at, length] = [(i * 7919) % 201_000, lengths[i % lengths.length] ?? 0];
    kept.push({ at, length, piece: source.read(at, length) });
  }
  source.close();
  for (const { at, length, piece } of kept) {
    const expected = bytes.subarray(Math.min(at, bytes.length), at + length);
    assert.is(Buffer.compare(piece, expected), 0, `${length} bytes at ${at}`);
  }
  // Whoever keeps a small piece does not keep all that was read with it.
  assert.ok(kept.every(({ piece }) => piece.buffer.byteLength <= 70_000 && piece.byteOffset === 0));
  assert.ok(kept.every(({ length, piece }) => piece.buffer.byteLength <= Math.max(length, 64)));
});

test("says in one line why a file cannot be opened", () => {
  const message = (path: string) => {
    try {
      fileSource(path).close();
      return "opened";
    } catch (error) {
      assert.instance(error, SourceError);
      return (error as Error).message;
    }
  };
  assert.is(message(`${directory}/none`), `${directory}/none: no such file`);
  assert.is(message(directory), `${directory}: is a directory, not a capture`);
  assert.is(message(`${directory}/file/x`), `${directory}/file/x: a part of the path is not a directory`);
});

test.run();
