/** System V ids of every width, and names of sockets of every length: each another one, and none as it was. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newIds } from "../../../src/rewrite/redact/ids.js";
import { newCensus } from "../../../src/rewrite/redact/kinds.js";
import { newNames } from "../../../src/rewrite/redact/names.js";

const test = suite("redacted ids and names");

test("System V ids that no kernel gives are replaced too; indices and -1 stay", () => {
  const ids = newIds(new Set(), newCensus());
  assert.equal([0, 5, 0xffffffff].map(ids.msqid), [0, 5, 0xffffffff]);
  assert.equal([0x9234_5678, 0x80000001, 0x9234_5678].map(ids.msqid), [0x80000001, 0x80000002, 0x80000001]);
  const wide = [98_305n, 0xffff_ffffn, 2n ** 64n - 1n, 2n ** 64n - 2n, 2n ** 53n + 1n].map(ids.wideMsqid);
  assert.equal(wide, [32_769n, 0xffff_ffffn, 2n ** 64n - 1n, 2n ** 32n, 2n ** 32n + 1n]);
});

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const text = (name: Uint8Array) => Buffer.from(name).toString("latin1");

test("socket names are counted for each length", () => {
  const names = newNames(new Set(), newCensus());
  for (let i = 0; i < 1000; i++) names.socketPath(bytes(`a long name of a socket, ${i}`));
  assert.is(text(names.socketPath(bytes("x"))), "1");
  assert.is(text(names.socketPath(bytes("short path"))), "socket-1..");
});

test("as many short ones as there are bytes stay short and apart, and others become longer", () => {
  const names = newNames(new Set(), newCensus());
  const made = Array.from({ length: 256 }, (_, byte) => names.socketPath(Uint8Array.of(byte)));
  assert.is(new Set(made.map(text)).size, 256);
  assert.is(made.filter(({ length }) => length === 1).length, 253);
  assert.equal([...new Set(made.map(({ length }) => length))], [1, 2]);
  assert.is(
    made.slice(0, 253).some((name) => name.includes(0) || name.includes(0x2f)),
    false,
  );
});

test.run();
