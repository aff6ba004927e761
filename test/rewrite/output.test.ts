import {
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createOutput, OutputFileError } from "../../src/rewrite/output.js";

const test = suite<{ folder: string }>("output file");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "msgtape-output-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

test("a finished file holds what was written, for its owner only", ({ folder }) => {
  const path = join(folder, "out");
  const output = createOutput(path);
  output.write(Uint8Array.of(1, 2));
  output.write(Uint8Array.of(3));
  output.finish();
  output.discard();
  assert.equal([...readFileSync(path)], [1, 2, 3]);
  assert.is(lstatSync(path).mode & 0o777, 0o600);
});

test("a discarded file is gone", ({ folder }) => {
  const path = join(folder, "out");
  const output = createOutput(path);
  output.write(Uint8Array.of(1));
  output.discard();
  assert.throws(() => lstatSync(path), /ENOENT/);
});

test("what is there already is left alone, also behind a symbolic link", ({ folder }) => {
  const path = join(folder, "out");
  writeFileSync(path, "mine");
  assert.throws(() => createOutput(path), /out: cannot be created \(something is there already; /);
  const link = join(folder, "link");
  symlinkSync(join(folder, "nowhere"), link);
  assert.throws(
    () => createOutput(link),
    (error: unknown) => error instanceof OutputFileError,
  );
  assert.throws(() => lstatSync(join(folder, "nowhere")), /ENOENT/);
  assert.is(readFileSync(path, "utf8"), "mine");
});

test("a file that has taken the name meanwhile is not removed", ({ folder }) => {
  const path = join(folder, "out");
  const output = createOutput(path);
  renameSync(path, join(folder, "moved"));
  writeFileSync(path, "mine");
  output.discard();
  assert.is(readFileSync(path, "utf8"), "mine");
});

test("a folder that is not there is told in one line", ({ folder }) => {
  assert.throws(() => createOutput(join(folder, "no", "out")), /no\/out: cannot be created \(ENOENT\)$/);
});

test.run();
