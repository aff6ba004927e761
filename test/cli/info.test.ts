import { suite } from "uvu";
import * as assert from "uvu/assert";
import { START } from "../replay/tape.js";
import { CAPTURE_ID, captureFile, program } from "./support.js";

const test = suite("cli: info");

const GAP = { cpu: 1, fromNs: START + 5n, toNs: START + 9n, lost: 7n, cause: "ring_full" } as const;

test("tells everything as JSON", async () => {
  const file = captureFile();
  const answer = await program(["info", file, "--json"]);
  assert.equal([answer.status, answer.stderr], [0, ""]);
  const { bytes, ...info } = JSON.parse(answer.stdout);
  assert.type(bytes, "number");
  assert.equal(info, {
    file,
    format: "1.3",
    capture_id: CAPTURE_ID,
    created: "2026-11-21T10:00:00.000000001Z",
    complete: true,
    ended: "signal",
    host: "tape",
    kernel: "6.18.0",
    arch: "x86_64",
    cpus: 2,
    boot_id: "b007",
    recorder: "msgtape 0.1.0",
    synthetic: true,
    recording: null,
    sliced: null,
    redacted_but: null,
    made_by: [],
    command: ["./a b", "\u001b[31m"],
    events: ["mq_timedsend", "mq_timedreceive"],
    filters: { comm: ["worker"] },
    snap_bytes: 256,
    buffer_bytes: 65536,
    duration_ns: 1_500_000_000,
    records: 6,
    lost: 0,
    lost_at_least: 0,
    lost_by_cause: {},
    planes_lost: 0,
    gaps: 0,
    by_event: {
      mq_timedsend: { entries: 1, exits: 1, lost: 0 },
      mq_timedreceive: { entries: 2, exits: 2, lost: 0 },
    },
    in_flight: 0,
    x32_calls: 0,
    chunks: 1,
    hooks: [
      { plane: "syscall", hook: "sys_enter", mechanism: "tp_btf", attached: true, why: null },
      { plane: "kernel", hook: "load_msg", mechanism: "fentry", attached: false, why: "EPERM" },
    ],
    from: "index",
    problems: [],
  });
});

test("tells it to people, with nothing that moves a terminal", async () => {
  const file = captureFile({ context: { openCalls: 2, oldestOpenNs: START } });
  const answer = await program(["info", file], { stdoutIsTerminal: true, env: { NO_COLOR: "1" } });
  assert.equal([answer.status, answer.stderr], [0, ""]);
  assert.equal(answer.stdout.split("\n").slice(2), [
    "created   2026-11-21T10:00:00.000000001Z (synthetic)",
    "duration  1.5 s, ended by signal",
    "host      tape, 2 cpus",
    "kernel    6.18.0 x86_64",
    "recorder  msgtape 0.1.0",
    'command   "./a b" "\\\\u001b[31m"',
    "events    mq_timedsend, mq_timedreceive",
    "filters   --comm worker",
    "kept      256 bytes of each piece of evidence",
    "records   6 in 1 chunk",
    "lost      0",
    "in flight 2 at the end",
    "hooks     sys_enter by tp_btf",
    "          load_msg by fentry: not attached, EPERM",
    "",
    "event            entries  exits  lost",
    "mq_timedsend           1      1     0",
    "mq_timedreceive        2      2     0",
    "",
  ]);
});

test("colours are for terminals alone", async () => {
  const file = captureFile();
  const colourful = await program(["info", file], { stdoutIsTerminal: true });
  assert.match(colourful.stdout, "\u001b[2mcapture");
  const plain = await program(["info", file]);
  assert.not.match(plain.stdout, "\u001b");
});

test("losses are told by cause, by event where that is known, and make the status 3", async () => {
  const file = captureFile({
    gaps: [GAP, { ...GAP, cpu: 0, lost: 3n, cause: "recursion" }],
    summary: { lost: 12n, lostByEvent: [{ event: 3, entries: 4n, exits: 8n }] },
  });
  const answer = await program(["info", file, "--json"]);
  assert.equal(
    [answer.status, answer.stderr],
    [3, `msgtape: ${file}: 12 records lost: answers near them are marked uncertain\n`],
  );
  const info = JSON.parse(answer.stdout);
  assert.equal(
    [info.lost, info.lost_at_least, info.gaps, info.lost_by_cause, info.by_event],
    [
      12,
      12,
      2,
      { ring_full: 7, recursion: 3, unknown: 2 },
      {
        mq_timedsend: { entries: 1, exits: 1, lost: 12 },
        mq_timedreceive: { entries: 2, exits: 2, lost: 0 },
      },
    ],
  );
  const text = await program(["info", file]);
  assert.match(text.stdout, "\nlost      12 (ring_full 7, recursion 3, unknown 2) in 2 gaps\n");
});

test("losses that no event is known for are no event's 0", async () => {
  const file = captureFile({ gaps: [GAP] });
  const info = JSON.parse((await program(["info", file, "--json"])).stdout);
  assert.equal([info.lost, info.by_event.mq_timedsend.lost], [7, null]);
});

test("what became of the recorder's file is told, and a loss that nobody could count is not 0", async () => {
  const file = captureFile({
    gaps: [{ cpu: null, fromNs: START + 9n, toNs: null, lost: 0n, cause: "damage", atLeast: true }],
    host: { recording: { id: "r-1", part: 3, firstRecord: 40n }, redacted: { kept: ["payloads"] } },
    origins: [
      {
        madeBy: "recover",
        version: "0.1.0",
        from: ["c-1"],
        options: {},
        problems: [{ code: "truncated", offset: 900, frame: 7, message: "cut" }],
      },
      { madeBy: "slice", version: "0.1.0", from: ["c-2"], options: { pid: ["1", "2"] }, problems: [] },
    ],
  });
  const answer = await program(["info", file, "--json"]);
  const info = JSON.parse(answer.stdout);
  assert.equal([answer.status, info.lost, info.lost_at_least, info.complete], [3, null, 0, true]);
  assert.is(
    answer.stderr,
    `msgtape: ${file}: records are missing, how many is not known: answers near them are marked uncertain\n`,
  );
  assert.equal(
    [info.recording, info.redacted_but, info.made_by],
    [
      { id: "r-1", part: 3, first_record: 40 },
      ["payloads"],
      [
        {
          command: "recover",
          version: "0.1.0",
          from: ["c-1"],
          options: {},
          problems: [{ code: "truncated", offset: 900, frame: 7, message: "cut" }],
        },
        { command: "slice", version: "0.1.0", from: ["c-2"], options: { pid: ["1", "2"] }, problems: [] },
      ],
    ],
  );
  const text = await program(["info", file]);
  assert.equal(text.stdout.split("\n").slice(4, 10), [
    "part      3 of recording r-1, from its record 40 on",
    "made by   recover 0.1.0, 1 thing could not be taken over",
    "          from c-1",
    "made by   slice 0.1.0 --pid 1,2",
    "          from c-2",
    "redacted  yes, but for payloads",
  ]);
});

test("a capture that was cut says so, and its losses are not known to be none", async () => {
  const file = captureFile({ cut: 200 });
  const answer = await program(["info", file, "--json"]);
  assert.is(answer.status, 3);
  assert.match(
    answer.stderr,
    /^msgtape: [^\n]+: the recording did not end as it should[^\n]*: calls and losses at its end are not known\n$/,
  );
  const info = JSON.parse(answer.stdout);
  assert.equal(
    [info.complete, info.ended, info.records, info.lost, info.lost_at_least, info.in_flight, info.from],
    [false, null, 6, null, 0, null, "scan"],
  );
  assert.equal(info.by_event.mq_timedsend, { entries: 1, exits: 1, lost: null });
  assert.is(info.duration_ns, 9000);
  const text = await program(["info", file]);
  assert.match(text.stdout, /\nduration {2}9 µs, and then cut off\n/);
  assert.match(text.stdout, /\nlost {6}unknown\nin flight unknown\n/);
});

test("several captures: an object each", async () => {
  const files = [captureFile(), captureFile()];
  const answer = await program(["info", ...files, "--json"]);
  const found = answer.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).file);
  assert.equal(found, files);
});

test.run();
