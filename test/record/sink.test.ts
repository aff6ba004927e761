import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RecordError } from "../../src/record/errors.js";
import { FileSink, fileSizeLimit, SinkError, SinkFullError, SinkGoneError } from "../../src/record/sink.js";

const ENOSPC = -28;
const EOPNOTSUPP = -95;

const test = suite<{ directory: string }>("sink");

test.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), "msgtape-sink-"));
});
test.after.each(({ directory }) => rmSync(directory, { recursive: true }));

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof RecordError) return `${error.exitStatus} ${error.message}`;
    throw error;
  }
  throw new Error("nothing was thrown");
}

test("creates a file for its owner alone, appends, and gives the reserve back at the end", async ({
  directory,
}) => {
  const path = join(directory, "a.mtape");
  const reserved: [number, number][] = [];
  const sink = FileSink.create(path, async (_fd, offset, length) => {
    reserved.push([offset, length]);
    return 0;
  });
  await sink.reserve(1000);
  await sink.write(Uint8Array.of(1, 2, 3));
  await sink.write(Uint8Array.of(4, 5));
  await sink.sync();
  await sink.close();
  await sink.close();
  assert.equal([...readFileSync(path)], [1, 2, 3, 4, 5]);
  assert.is(statSync(path).mode & 0o777, 0o600);
  assert.is(sink.writtenBytes, 5);
  assert.equal(reserved, [[0, 8 << 20]]);
});

test("never writes over a file and never goes through a link", ({ directory }) => {
  const path = join(directory, "there.mtape");
  writeFileSync(path, "old");
  const link = join(directory, "link.mtape");
  symlinkSync(join(directory, "elsewhere.mtape"), link);
  for (const name of [path, link]) {
    assert.is(
      messageOf(() => FileSink.create(name, null)),
      `1 ${name}: exists already, and a recording never writes over a file: choose another name with -o`,
    );
  }
  assert.is(readFileSync(path, "utf8"), "old");
  assert.equal(readdirSync(directory).sort(), ["link.mtape", "there.mtape"]);
});

test("says what is wrong with the place", ({ directory }) => {
  const missing = join(directory, "no", "a.mtape");
  assert.is(
    messageOf(() => FileSink.create(missing, null)),
    `1 ${missing}: there is no directory ${join(directory, "no")}: make it first, or choose another with -o`,
  );
  writeFileSync(join(directory, "file"), "");
  const under = join(directory, "file", "a.mtape");
  assert.is(
    messageOf(() => FileSink.create(under, null)),
    `1 ${under}: ${join(directory, "file")} is not a directory: choose another with -o`,
  );
});

test("says of a directory that it is one, and of none that is there that it is missing", ({ directory }) => {
  for (const path of [directory, `${directory}/`]) {
    assert.is(
      messageOf(() => FileSink.create(path, null)),
      `1 ${path}: is a directory: name a file with -o`,
    );
  }
  assert.is(
    messageOf(() => FileSink.create("/proc/x", null)),
    "1 /proc/x: no file can be made in /proc: choose another place with -o",
  );
});

test("reserves exactly what is missing where a whole step does not fit", async ({ directory }) => {
  const asked: [number, number][] = [];
  const sink = FileSink.create(join(directory, "a.mtape"), async (_fd, offset, length) => {
    asked.push([offset, length]);
    return length > 100_000 ? ENOSPC : 0;
  });
  await sink.reserve(1000);
  await sink.reserve(1500);
  assert.equal(asked, [
    [0, 8 << 20],
    [0, 1000],
    [1000, 8 << 20],
    [1000, 500],
  ]);
  sink.discard();
});

test("a full disk is found before anything is written, and what was kept can still be used", async ({
  directory,
}) => {
  const path = join(directory, "a.mtape");
  let room = 64;
  const sink = FileSink.create(path, async (_fd, _offset, length) => {
    if (length > room) return ENOSPC;
    room -= length;
    return 0;
  });
  await sink.reserve(64);
  await sink.write(new Uint8Array(32).fill(1));
  const full = await failureOf(() => sink.reserve(33));
  assert.instance(full, SinkFullError);
  assert.is(full.message, `${path}: no space left on the disk`);
  await sink.write(new Uint8Array(32).fill(2));
  await sink.close();
  assert.is(statSync(path).size, 64);
});

test("without fallocate it asks how much room there is", async ({ directory }) => {
  const sink = FileSink.create(join(directory, "a.mtape"), async () => EOPNOTSUPP);
  await sink.reserve(4096);
  assert.instance(await failureOf(() => sink.reserve(2 ** 52)), SinkFullError);
  sink.discard();
});

test("after a failed write every call fails with that first error", async ({ directory }) => {
  const path = join(directory, "a.mtape");
  const sink = FileSink.create(path, null);
  await sink.write(Uint8Array.of(1));
  // The descriptor goes away under the sink: the next write gets EBADF, or hits what took its number.
  const fd = openSync(path, "r");
  closeSync(fd);
  closeSync(fd - 1);
  const first = await failureOf(() => sink.write(Uint8Array.of(2)));
  assert.instance(first, SinkError);
  assert.is(first.message, `${path}: cannot be written: bad file descriptor`);
  assert.is(await failureOf(() => sink.write(Uint8Array.of(3))), first);
  assert.is(await failureOf(() => sink.sync()), first);
  assert.is(await failureOf(() => sink.reserve(1)), first);
  assert.equal([...readFileSync(path)], [1]);
});

test("writes to the file's end also when that has moved back, as it does when a torn write is cut off", async ({
  directory,
}) => {
  const path = join(directory, "a.mtape");
  const sink = FileSink.create(path, null);
  await sink.write(Uint8Array.of(1, 2, 3));
  truncateSync(path, 1);
  await sink.write(Uint8Array.of(4));
  await sink.close();
  assert.equal([...readFileSync(path)], [1, 4]);
});

test("discard takes away its own file and nobody else's", ({ directory }) => {
  const own = join(directory, "own.mtape");
  FileSink.create(own, null).discard();
  assert.equal(readdirSync(directory), []);
  const sink = FileSink.create(own, null);
  rmSync(own);
  mkdirSync(own);
  sink.discard();
  assert.equal(readdirSync(directory), ["own.mtape"]);
});

async function failureOf(run: () => Promise<void>): Promise<Error> {
  try {
    await run();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("nothing was thrown");
}

test("a file that was removed is told of at the next sync, and at the latest at the end", async ({
  directory,
}) => {
  const path = join(directory, "a.mtape");
  const gone = `${path}: was removed while it was written`;
  const synced = FileSink.create(path, null);
  await synced.write(Uint8Array.of(1));
  await synced.sync();
  rmSync(path);
  for (const run of [() => synced.sync(), () => synced.write(Uint8Array.of(2)), () => synced.reserve(1)]) {
    const failure = await failureOf(run);
    assert.instance(failure, SinkGoneError);
    assert.is(failure.message, gone);
  }
  await synced.close();
  const closed = FileSink.create(path, null);
  rmSync(path);
  assert.instance(await failureOf(() => closed.close()), SinkGoneError);
  await closed.close();
});

test("room is kept from the limit of file sizes as from a full disk", ({ directory }) => {
  const limits = join(directory, "limits");
  const text = (soft: string) =>
    `Limit  Soft Limit  Hard Limit  Units\nMax cpu time  1  2  seconds\nMax file size  ${soft}  9  bytes\n`;
  writeFileSync(limits, text("409600"));
  assert.is(fileSizeLimit(limits), 409_600);
  writeFileSync(limits, text("unlimited"));
  assert.is(fileSizeLimit(limits), Number.POSITIVE_INFINITY);
  assert.is(fileSizeLimit(join(directory, "none")), Number.POSITIVE_INFINITY);
});

test.run();
