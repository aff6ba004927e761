import { suite } from "uvu";
import * as assert from "uvu/assert";
import { VersionTable } from "../../src/record/versions.js";

const test = suite("record: versions");

const AT = { sinceNs: 1n };

test("keeps what was announced last, which is not announced again, and of the rest what was used last", () => {
  const table = new VersionTable<typeof AT>(10, 4);
  for (let i = 0; i < 10; i++) table.add(`old ${i}`, AT);
  for (const key of ["a", "b", "c", "d"]) table.add(key, AT);
  for (let i = 0; i < 10; i++) table.since(`old ${i}`, 1n);
  table.trim(() => false);
  assert.is(table.size, 9);
  for (const key of ["a", "b", "c", "d"]) assert.equal(table.since(key, 1n), [AT]);
  const left = Array.from({ length: 10 }, (_, i) => i).filter((i) => table.since(`old ${i}`, 1n).length > 0);
  assert.equal(left, [5, 6, 7, 8, 9]);
});

test("is bounded whatever comes, and first lets go what is gone", () => {
  const table = new VersionTable<typeof AT>(10, 4);
  for (let i = 0; i < 1000; i++) {
    table.add(`${i}`, AT);
    table.trim(() => false);
    assert.ok(table.size <= 10);
  }
  const gone = new VersionTable<typeof AT>(10, 100);
  for (let i = 0; i < 12; i++) gone.add(`${i}`, AT);
  gone.trim(() => true);
  assert.is(gone.size, 9);
});

test.run();
