/** The command itself: formats, filters, order, exit status. What matches what: test/replay/flows. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { FlowLine } from "../../src/replay/flows/line.js";
import { queueItem, START, Tape } from "../replay/tape.js";
import { captureFile, program } from "./support.js";

const test = suite("cli: flows");

const SEND = 3;

/** Two messages: the later one is received first. */
function twoMessages(): readonly Uint8Array[] {
  const tape = new Tape();
  const call = (
    tid: number,
    event: number,
    from: number,
    to: number,
    args: readonly bigint[],
    ret: number,
    depth: readonly [number, number],
  ) => [
    tape.entry({ at: from, call: from, tid, tgid: tid, event, args, items: [queueItem(9, depth[0])] }),
    tape.exit({ at: to, call: from, tid, tgid: tid, event, ret, items: [queueItem(9, depth[1])] }),
  ];
  return [
    ...call(100, SEND, 1000, 1100, [3n, 0x1000n, 7n, 0n, 0n], 0, [0, 1]),
    ...call(101, SEND, 2000, 2100, [3n, 0x1000n, 5n, 0n, 0n], 0, [1, 2]),
    ...call(102, 4, 3000, 3100, [3n, 0x1000n, 99n, 0n, 0n], 5, [2, 1]),
    ...call(103, 4, 4000, 4100, [3n, 0x1000n, 99n, 0n, 0n], 7, [1, 0]),
  ];
}

function parse(stdout: string): readonly FlowLine[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as FlowLine);
}

test("one line a message, in order of send; status 0", async () => {
  const file = captureFile({ records: twoMessages() });
  const text = await program(["flows", file]);
  assert.is(text.status, 0);
  assert.is(text.stderr, "");
  assert.is(text.stdout.trimEnd().split("\n").length, 2);
  const { stdout } = await program(["flows", file, "--json"]);
  assert.equal(
    parse(stdout).map(({ send, receive, len }) => [send?.enter_ns, receive?.enter_ns, len]),
    [
      [1000, 4000, 7],
      [2000, 3000, 5],
    ],
  );
});

test("filters ask for either end", async () => {
  const file = captureFile({ records: twoMessages() });
  const found = async (...options: string[]) =>
    parse((await program(["flows", file, "--json", ...options])).stdout).map(({ len }) => len);
  assert.equal(await found("--tid", "103"), [7]);
  assert.equal(await found("--event", "mq_timedsend", "--tid", "101"), [5]);
  assert.equal(await found("--pid", "100,102"), [7, 5]);
  assert.equal(await found("--queue", "/nowhere"), []);
});

test("a loss is told, with status 3, and makes what it touches ambiguous", async () => {
  const gap = { cpu: 0, fromNs: START + 1500n, toNs: START + 1600n, lost: 2n, cause: "ring_full" } as const;
  const file = captureFile({ records: twoMessages(), gaps: [gap] });
  const { status, stdout, stderr } = await program(["flows", file, "--json"]);
  assert.is(status, 3);
  assert.match(stderr, /2 records lost/);
  assert.is(parse(stdout)[0]?.match, "ambiguous");
});

test("several captures: each by itself, on one time line", async () => {
  const [one, other] = [1, 2].map((id) => captureFile({ records: twoMessages(), id })) as [string, string];
  const { stdout } = await program(["flows", one, other, "--json"]);
  assert.equal(
    parse(stdout).map(({ send }) => send?.enter_ns),
    [1000, 1000, 2000, 2000],
  );
});

test.run();
