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
