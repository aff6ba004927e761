/** `queues` and `verify` themselves: options, formats, exit status. What is in a queue when: test/replay/queue-states. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { QueuesAnswer } from "../../src/render/queues.js";
import type { DepthHistory } from "../../src/replay/queue-states/history.js";
import { queueItem, Tape } from "../replay/tape.js";
import { captureFile, program } from "./support.js";

const test = suite("cli: queues");

/** One message is put in after a second: thread 100's first call. */
function oneSend(): readonly Uint8Array[] {
  const tape = new Tape();
  const limits = { max_messages: 4, max_bytes: 64n };
  const head = { call: 1, tid: 100, event: 3, args: [3n, 0x1000n, 8n, 0n, 0n] };
  return [
    tape.entry({ ...head, at: 1_000_000_000, items: [queueItem(9, 0, limits)] }),
    tape.exit({ ...head, at: 1_000_001_000, ret: 0, items: [queueItem(9, 1, { ...limits, bytes: 8n })] }),
  ];
}

const file = captureFile({ records: oneSend() });

test("at the end, at a time, and after a call", async () => {
  const depth = async (...at: string[]) => {
    const { status, stdout } = await program(["queues", file, "--json", ...at]);
    const answer = JSON.parse(stdout) as QueuesAnswer;
    return [status, answer.at_ns, answer.queues.map((queue) => queue.depth)];
  };
  assert.equal(await depth(), [0, 1_500_000_000, [1]]);
  assert.equal(await depth("--at", "0.5s"), [0, 500_000_000, [0]]);
  assert.equal(await depth("--at", "10:00:00.5"), [0, 499_999_999, [0]]);
  assert.equal(await depth("--at", "100#1"), [0, 1_000_001_000, [1]]);
  assert.equal(await depth("--queue", "/q"), [0, 1_500_000_000, [1]]);
  assert.equal(await depth("--queue", "/other"), [0, 1_500_000_000, []]);
});

test("text: ~ before what is not sure, ? for what is not known", async () => {
  // Somebody else's calls were left out (--comm), and nothing was read behind the send.
  const { stdout } = await program(["queues", file]);
  const [head, row] = stdout.split("\n").slice(-3);
  assert.is(
    head?.split(/\s+/).join(" "),
    "name owner perms used-bytes messages maxmsg msgsize senders receivers notify",
  );
  assert.is(row?.split(/\s+/).join(" "), "/q ? ? ~8 ~1 4 64 0 0 ~-");
});

test("every view has its tables", async () => {
  for (const view of ["status", "time", "pid", "creator", "limits", "summary"]) {
    const { status, stdout } = await program(["queues", file, "--view", view]);
    assert.is(status, 0);
    assert.match(stdout, /^at 2026-11-21T10:00:01\.500000001Z, 1\.500000000 s after the start\n/);
    assert.match(stdout, /\n------ Message/);
    assert.match(stdout, /\n------ POSIX Message/);
  }
});

test("depths over time", async () => {
  const { stdout } = await program(["queues", file, "--watch-depth"], { columns: 16 });
  const [, , title, blocks, marks] = stdout.split("\n");
  assert.is(title, "/q, at most 1 of 4");
  assert.is(blocks, "··········▂▂▂▂▂");
  assert.is(marks, "~~~~~~~~~ ~~~~~");
  const json = await program(["queues", file, "--watch-depth", "--json"]);
  const history = JSON.parse(json.stdout) as DepthHistory;
  assert.is(history.queues[0]?.depths.length, 79);
});

test("wrong usage says what was expected", async () => {
  const wrong = async (...options: string[]) => {
    const { status, stderr } = await program(["queues", file, ...options]);
    assert.is(status, 2);
    return stderr;
  };
  assert.match(await wrong("--view", "all"), /--view: expected one of status, time/);
  assert.match(await wrong("--at", "noon"), /--at: expected 1.5s .* or TID#CALL, found "noon"/);
  assert.match(await wrong("--at", "100#7"), /--at: no such call ended in the capture: "100#7"/);
  assert.match(
    await wrong("--at", "2s"),
    /--at: is not in the capture, which ends 1.500000 s after the start/,
  );
});

test("verify: ok, or what is wrong with status 3", async () => {
  const good = await program(["verify", file, "--json"]);
  assert.is(good.status, 0);
  const { ok, problems, records } = JSON.parse(good.stdout) as { ok: boolean; problems: []; records: number };
  assert.equal([ok, problems, records], [true, [], 2]);
  const cut = await program(["verify", captureFile({ records: oneSend(), cut: 20 })]);
  assert.is(cut.status, 3);
  assert.match(cut.stdout, /offset \d+: .*\n/);
  const model = await program(["verify", file, "--model"]);
  assert.is(model.status, 0);
  assert.match(model.stdout, /not compared: it has no inventories at its start and its end/);
});

test.run();
