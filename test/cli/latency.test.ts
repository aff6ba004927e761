import { suite } from "uvu";
import * as assert from "uvu/assert";
import { START } from "../replay/tape.js";
import { captureFile, program } from "./support.js";

const test = suite("cli: latency");

/** `key count` of each group. */
async function groups(args: readonly string[]): Promise<string[]> {
  const answer = await program(["latency", "--json", ...args]);
  assert.equal([answer.status, answer.stderr], [0, ""], args.join(" "));
  const result = JSON.parse(answer.stdout) as { groups: { key: Record<string, unknown>; count: number }[] };
  return result.groups.map(({ key, count }) => `${Object.values(key).join(" ")} ${count}`);
}

test("groups by event unless told otherwise, and filters as calls does", async () => {
  const file = captureFile();
  assert.equal(await groups([file]), ["mq_timedreceive 2", "mq_timedsend 1"]);
  assert.equal(await groups([file, "--by", "pid"]), ["100 3"]);
  assert.equal(await groups([file, "--by", "event,pid"]), ["mq_timedreceive 100 2", "mq_timedsend 100 1"]);
  assert.equal(await groups([file, "--failed"]), ["mq_timedsend 1"]);
  assert.equal(await groups([file, "--queue", "/q"]), ["mq_timedreceive 1"]);
});

test("text: a table", async () => {
  const answer = await program(["latency", captureFile()]);
  assert.equal([answer.status, answer.stderr], [0, ""]);
  assert.match(answer.stdout, /^event +calls +errors .*\nmq_timedreceive +2 +0 /);
  const drawn = await program(["latency", captureFile(), "--histogram"]);
  assert.ok(drawn.stdout.length > answer.stdout.length);
});

test("by layer, a capture without the libc plane has the kernel's rows, and says what is not known", async () => {
  const file = captureFile();
  const kernel = ["mq_timedreceive kernel 2", "mq_timedsend kernel 1"];
  assert.equal(await groups([file, "--by", "layer"]), kernel);
  assert.equal(await groups([file, "--by", "layer,event"]), kernel);
  assert.match(
    (await program(["latency", file, "--by", "layer"])).stdout,
    /\n\nlibc: not recorded, so what callers waited is not known: record with --libc\n$/,
  );
});

test("losses are in the answer and in the status", async () => {
  const gap = { cpu: 1, fromNs: START, toNs: START + 9n, lost: 4n, cause: "ring_full" } as const;
  const file = captureFile({ gaps: [gap] });
  const answer = await program(["latency", file, "--json"]);
  assert.equal([answer.status, JSON.parse(answer.stdout).lost], [3, 4]);
  assert.is(answer.stderr, `msgtape: ${file}: 4 records lost: answers near them are marked uncertain\n`);
});

test.run();
