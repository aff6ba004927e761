import { Writable } from "node:stream";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Output, OutputError } from "../../src/cli/io.js";

const test = suite("cli: output");

function failing(code: string): Writable {
  return new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })),
  });
}

test("waits for a slow reader, one block at a time", async () => {
  const taken: number[] = [];
  let waiting: (() => void) | null = null;
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      taken.push(chunk.length);
      waiting = done;
    },
  });
  const output = new Output(stream);
  const line = "x".repeat(1023);
  let full: Promise<void> | undefined;
  let lines = 0;
  for (; full === undefined; lines++) full = output.line(line);
  assert.is(lines, 64);
  let isDone = false;
  const done = full.then(() => {
    isDone = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal([isDone, taken], [false, [65536]]);
  (waiting as (() => void) | null)?.();
  await done;
  assert.is(isDone, true);
});

test("a reader that went away ends the output without an error", async () => {
  const output = new Output(failing("EPIPE"));
  output.line("a");
  await output.flush();
  assert.is(output.isClosed, true);
  output.line("b");
  await output.flush();
});

test("any other error is told", async () => {
  const output = new Output(failing("ENOSPC"));
  output.line("a");
  try {
    await output.flush();
    assert.unreachable();
  } catch (error) {
    assert.instance(error, OutputError);
    assert.is((error as Error).message, "standard output: cannot be written (ENOSPC)");
  }
});

test.run();
