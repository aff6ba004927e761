/** The command itself: formats, order, exit status. What ended what: test/replay/notifications. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { NotificationLine } from "../../src/replay/notifications/line.js";
import { queueItem, START, Tape } from "../replay/tape.js";
import { captureFile, program } from "./support.js";

const test = suite("cli: notifications");

const [SEND, NOTIFY] = [3, 5];

/** Process 100 registers, and 101 fires it; then 101 registers, and cancels. */
function records(): readonly Uint8Array[] {
  const tape = new Tape();
  const seen = (owner: number) => [queueItem(9, 0, { notify_pid: owner })];
  const call = (
    tid: number,
    number: number,
    event: number,
    from: number,
    owners: readonly [number, number],
    sevp = 0x5000n,
  ) => {
    const head = { call: number, tid, tgid: tid, event };
    const args = event === NOTIFY ? [3n, sevp] : [3n, 0x1000n, 1n, 0n, 0n];
    return [
      tape.entry({ ...head, at: from, args, items: seen(owners[0]) }),
      tape.exit({ ...head, at: from + 100, ret: 0, items: seen(owners[1]) }),
    ];
  };
  return [
    ...call(100, 1, NOTIFY, 1000, [0, 100]),
    ...call(101, 1, SEND, 2000, [100, 0]),
    ...call(101, 2, NOTIFY, 3000, [0, 101]),
    ...call(101, 3, NOTIFY, 4000, [101, 0], 0n),
  ];
}

function parse(stdout: string): readonly NotificationLine[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as NotificationLine);
}

test("one line a registration, in order of registration; status 0", async () => {
  const file = captureFile({ records: records() });
  const text = await program(["notifications", file]);
  assert.equal([text.status, text.stderr], [0, ""]);
  assert.is(text.stdout.trimEnd().split("\n").length, 2);
  const { stdout } = await program(["notifications", file, "--json"]);
  assert.equal(
    parse(stdout).map(({ registered_ns, end, by }) => [registered_ns, end, by?.call]),
    [
      [1100, "fired", 1],
      [3100, "cancelled", 3],
    ],
  );
});

test("filters ask for a call that had a part in it", async () => {
  const file = captureFile({ records: records() });
  const found = async (...options: string[]) =>
    parse((await program(["notifications", file, "--json", ...options])).stdout).map(({ end }) => end);
  assert.equal(await found("--tid", "100"), ["fired"]);
  assert.equal(await found("--event", "mq_timedsend"), ["fired"]);
  assert.equal(await found("--pid", "101"), ["fired", "cancelled"]);
  assert.equal(await found("--queue", "/nowhere"), []);
});

test("a loss is told, with status 3, and what it touches is not known", async () => {
  const gap = { cpu: 0, fromNs: START + 1500n, toNs: START + 1600n, lost: 2n, cause: "ring_full" } as const;
  const file = captureFile({ records: records(), gaps: [gap] });
  const { status, stdout, stderr } = await program(["notifications", file, "--json"]);
  assert.is(status, 3);
  assert.match(stderr, /2 records lost/);
  assert.is(parse(stdout)[0]?.match, "ambiguous");
});

test("several captures: each by itself, on one time line", async () => {
  const [one, other] = [1, 2].map((id) => captureFile({ records: records(), id })) as [string, string];
  const { stdout } = await program(["notifications", one, other, "--json"]);
  assert.equal(
    parse(stdout).map(({ registered_ns }) => registered_ns),
    [1100, 1100, 3100, 3100],
  );
});

test.run();
