import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { OutputDirectory } from "../../src/record/directory.js";
import { errorCode } from "../../src/record/errors.js";

const test = suite<{ root: string }>("directory");

test.before.each((context) => {
  context.root = mkdtempSync(join(tmpdir(), "msgtape-directory-"));
});
test.after.each(({ root }) => rmSync(root, { recursive: true }));

function codeOf(run: () => unknown): string | null {
  try {
    run();
    return null;
  } catch (error) {
    return errorCode(error);
  }
}

test("stays the same directory wherever its path leads by then", ({ root }) => {
  const [path, moved, other] = [join(root, "a"), join(root, "moved"), join(root, "other")];
  mkdirSync(path);
  mkdirSync(other);
  const directory = OutputDirectory.open(path);
  renameSync(path, moved);
  symlinkSync(other, path);
  const fd = directory.create("x");
  assert.equal([readdirSync(moved), readdirSync(other)], [["x"], []]);
  assert.is(statSync(join(moved, "x")).mode & 0o777, 0o600);
  const again = directory.again();
  assert.is(again.path, path);
  closeSync(again.create("y"));
  again.sync();
  again.close();
  assert.equal(readdirSync(moved).sort(), ["x", "y"]);
  assert.ok(directory.freeBytes() > 0n);
  directory.remove("x", fd);
  assert.equal(readdirSync(moved), ["y"]);
  closeSync(fd);
  directory.close();
});

test("makes new files alone, and takes away none but its own", ({ root }) => {
  const directory = OutputDirectory.open(root);
  writeFileSync(join(root, "there"), "");
  symlinkSync(join(root, "nowhere"), join(root, "link"));
  assert.is(
    codeOf(() => directory.create("there")),
    "EEXIST",
  );
  assert.is(
    codeOf(() => directory.create("link")),
    "EEXIST",
  );
  const fd = directory.create("mine");
  assert.equal([directory.leadsTo("mine", fd), directory.leadsTo("there", fd)], [true, false]);
  renameSync(join(root, "there"), join(root, "mine"));
  directory.remove("mine", fd);
  assert.ok(existsSync(join(root, "mine")), "it is another one by now");
  closeSync(fd);
  directory.close();
});

test("what is no directory is none", ({ root }) => {
  writeFileSync(join(root, "file"), "");
  assert.is(
    codeOf(() => OutputDirectory.open(join(root, "file"))),
    "ENOTDIR",
  );
  assert.is(
    codeOf(() => OutputDirectory.open(join(root, "nothing"))),
    "ENOENT",
  );
});

test.run();
