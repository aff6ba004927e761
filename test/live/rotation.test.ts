/** Rotation on the live kernel: nothing is lost between two files, and each is complete in itself. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { partName } from "../../src/record/part-files.js";
import { run } from "../support/counting.js";
import { live, patience, scaled } from "../support/live.js";
import { answer, callLines, msgtape, temporary } from "../support/msgtape.js";
import { openFile, outputFor, partFiles, partsOf, until, verified } from "../support/parts.js";
import { MSGTAPE } from "../support/paths.js";
import { workload } from "../support/workload.js";

const test = suite("live: rotation");

const MEBI = 2 ** 20;
const NOBODY = Number(run("id", ["-u", "nobody"]));

interface Closing {
  readonly capture: string | null;
  readonly capture_id: string;
  readonly files: readonly { readonly capture: string; readonly records: number; readonly bytes: number }[];
  readonly records: number;
  readonly lost: number;
}

/** How often mq-ping sends and receives: some files of 1 MiB. */
const ROUNDS = scaled(150_000);
/** Both records of each send and receive, of mq-ping's open and its unlink. */
const recordsOf = (rounds: number) => 4 * rounds + 4;

function closingOf(stderr: string): Closing {
  return JSON.parse(stderr.split("\n").find((line) => line.startsWith("{")) ?? "") as Closing;
}

for (const [what, rounds, options] of [
  ["nothing lost", ROUNDS, []],
  ["rings that are too small", 6 * ROUNDS, ["--buffer", "64K", "--max-age", "1s"]],
] as const) {
  live(test, `parts and losses add up to what happened: ${what}`, ["root", "bpf", "gcc"], () => {
    const output = outputFor("sum.mtape");
    const command = ["--", workload("mq-ping"), String(rounds)];
    const recording = msgtape(["record", "-o", output, "--max-size", "1M", "--json", ...options, ...command]);
    assert.ok(recording.status === 0 || recording.status === 3, recording.stderr);
    const parts = partsOf(output);
    assert.ok(parts.length >= 2, `${parts.length} files`);
    let [records, lost] = [0n, 0n];
    parts.forEach((part, i) => {
      assert.equal([part.complete, part.problems], [true, []], part.file);
      assert.equal(part.recording, { id: parts[0]?.captureId, part: i + 1, firstRecord: records });
      assert.is(part.summary?.ended, i === parts.length - 1 ? "command" : "rotation");
      assert.is(part.summary?.lost, part.lostInGaps);
      assert.ok(statSync(part.file).size <= 2 * MEBI, "no more than one chunk beyond the size");
      records += part.summary?.records ?? 0n;
      lost += part.summary?.lost ?? 0n;
    });
    assert.is(Number(records + lost), recordsOf(rounds));
    if (recording.status === 0) assert.is(lost, 0n);
    const byEvent = parts.flatMap(({ summary }) => summary?.lostByEvent ?? []);
    assert.is(
      byEvent.reduce((sum, { entries, exits }) => sum + entries + exits, 0n),
      lost,
    );
    const closing = closingOf(recording.stderr);
    assert.equal([closing.records, closing.lost], [Number(records), Number(lost)]);
    assert.equal([closing.capture, closing.capture_id], [null, parts[0]?.captureId]);
    assert.equal(
      closing.files.map(({ capture, records, bytes }) => [capture, BigInt(records), bytes]),
      parts.map(({ file, summary }) => [file, summary?.records, statSync(file).size]),
    );
    // Also what was lost between two: each part is good by itself.
    for (const { file } of parts) assert.equal(verified(file), [], file);
    // Its queues at the end are compared over all parts, and told of the last one.
    const verdicts = msgtape(["verify", "--model", "--json", ...parts.map(({ file }) => file)]).stdout;
    const compared = verdicts
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { model: { queues: number | null } }).model.queues !== null);
    assert.equal(
      compared,
      parts.map((_, i) => i === parts.length - 1),
    );
    const middle = parts[1];
    if (middle === undefined) throw new Error("there is no second file");
    assert.is(msgtape(["verify", middle.file]).status, 0);
    const { records: inMiddle } = answer<{ records: number }>(["info", middle.file]);
    assert.is(BigInt(inMiddle), middle.summary?.records);
  });
}

live(
  test,
  "of files with one lost in between, a slice says what the others say",
  ["root", "bpf", "gcc"],
  () => {
    const output = outputFor("lost.mtape");
    const options = [
      "record",
      "-o",
      output,
      "--max-size",
      "1M",
      "--",
      workload("mq-ping"),
      String(2 * ROUNDS),
    ];
    const ran = msgtape(options);
    assert.ok(ran.status === 0 || ran.status === 3, ran.stderr);
    const [first, lost, third] = partsOf(output);
    if (first === undefined || lost === undefined || third === undefined)
      throw new Error("fewer than three files");
    const slice = temporary("slice.mtape");
    // Calls near the hole: the last of the file before it, the first of the one behind.
    const last = first.chunks.at(-1)?.context.firstTimeNs ?? 0n;
    const next = third.chunks[0]?.context.lastTimeNs ?? 0n;
    const at = (ns: bigint) => `${ns - first.startNs}ns`;
    const window = ["--from", at(last), "--to", at(next)];
    const set = [first.file, third.file];
    const made = msgtape(["slice", ...set, ...window, "-o", slice]);
    assert.is(made.status, 3, made.stderr);
    const missing = lost.summary?.records ?? 0n;
    assert.is(made.stderr.trim().split("\n").length, 1);
    assert.match(
      made.stderr,
      new RegExp(`: ${missing} records of the recording before this part .*: the slice has`),
    );
    assert.equal(verified(slice), []);
    const states = (file: readonly string[]) => {
      const { stdout } = msgtape(["calls", ...file, ...window, "--json"]);
      const lines = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      return lines.map(({ call, task, state, ret }) => `${task} ${call} ${state} ${ret}`);
    };
    const expected = states(set);
    assert.ok(expected.length > 1000, `${expected.length} calls`);
    assert.equal(states([slice]), expected);
    const gaps = openFile(slice).lostInGaps;
    assert.ok(gaps >= missing, `${gaps} of ${missing}`);
  },
);

live(test, "the newest files are kept, and no file of others is touched", ["root", "bpf", "gcc"], () => {
  const output = outputFor("kept.mtape");
  const other = partName(output, 0).replace(".000000.", ".0.");
  writeFileSync(other, "another's");
  const ran = msgtape([
    ...["record", "-o", output, "--max-size", "1M", "--max-files", "2", "--json", "--drop-to", "nobody"],
    ...["--", workload("mq-ping"), String(ROUNDS)],
  ]);
  assert.is(ran.status, closingOf(ran.stderr).lost > 0 ? 3 : 0, ran.stderr);
  const stem = basename(output, ".mtape");
  const there = readdirSync(dirname(output)).filter((name) => name.startsWith(stem));
  const kept = closingOf(ran.stderr).files.map(({ capture }) => basename(capture));
  assert.is(kept.length, 2);
  assert.equal(there.sort(), [basename(other), ...kept].sort());
  // Later files are made and deleted by the user that the recorder has become.
  assert.equal(
    there.filter((name) => name !== basename(other)).map((name) => statSync(join(dirname(output), name)).uid),
    [NOBODY, NOBODY],
  );
  const numbers = partsOf(output).map(({ recording }) => recording?.part ?? 0);
  assert.ok((numbers[0] ?? 0) > 1 && numbers[1] === (numbers[0] ?? 0) + 1, numbers.join(", "));
});

live(
  test,
  "a call that is open when a file ends: in flight there, and told of by the next",
  ["root", "bpf", "gcc"],
  async () => {
    const output = outputFor("open.mtape");
    const recorder = spawn(
      process.execPath,
      [MSGTAPE, "record", "-o", output, "--max-age", "1s", "--", workload("in-flight")],
      { stdio: ["pipe", "pipe", "pipe"] },
    );
    const ended = new Promise((resolve) => recorder.once("close", resolve));
    const lines = createInterface({ input: recorder.stdout })[Symbol.asyncIterator]();
    const { first } = JSON.parse((await lines.next()).value as string) as { first: number };
    await until(() => existsSync(partName(output, 2)), "the second file");
    recorder.stdin.write("first\n");
    await lines.next();
    recorder.stdin.end();
    assert.is(await ended, 0);

    const parts = partsOf(output);
    const inFlight = parts.map(({ inventories }) =>
      inventories.map((look) => look.inFlight.some(({ tid }) => tid === first)),
    );
    const calls = parts.map(({ file }) => callLines(file).filter(({ tid }) => tid === first));
    const states = calls.map((of) => of.map(({ state, enter_ns, ret }) => [state, enter_ns, ret]));
    const entered = calls[0]?.[0]?.enter_ns;
    assert.equal(states[0], [["in_flight", entered, null]]);
    const last = states.findLastIndex((of) => of.length > 0);
    assert.ok(last >= 1);
    // Alone it knows from its first inventory that the entry was before it.
    assert.equal(states[last], [["no_entry", null, 2]]);
    assert.equal([inFlight[0]?.at(-1), inFlight[last]?.[0], inFlight[last]?.at(-1)], [true, true, false]);
    const open = parts[last]?.inventories[0]?.inFlight.find(({ tid }) => tid === first);
    assert.is(Number((open?.enterNs ?? 0n) - (parts[0]?.startNs ?? 0n)), entered);
    // Read together they are one recording again.
    const [{ file = "" } = {}, ...others] = parts;
    const joined = callLines(
      file,
      others.map((part) => part.file),
    ).filter(({ tid }) => tid === first);
    assert.equal(
      joined.map(({ state, enter_ns, ret }) => [state, enter_ns, ret]),
      [["complete", entered, 2]],
    );
  },
);

live(
  test,
  "a reading command takes a file that is still being written, and those before are whole",
  ["root", "bpf"],
  async () => {
    const output = outputFor("running.mtape");
    const recorder = spawn(process.execPath, [
      ...[MSGTAPE, "record", "-o", output, "--max-age", "1s", "--pid", String(process.pid)],
    ]);
    const ended = new Promise((resolve) => recorder.once("close", resolve));
    try {
      await until(() => existsSync(partName(output, 3)), "three files", patience(60_000));
      const first = openFile(partName(output, 1));
      assert.equal([first.complete, first.problems, first.summary?.ended], [true, [], "rotation"]);
    } finally {
      recorder.kill("SIGKILL");
      await ended;
    }
    // The last may be empty, and the one before without its end.
    for (const file of partFiles(output).slice(0, -2)) assert.ok(openFile(file).complete, file);
  },
);

live(
  test,
  "refused at the start: files of that row, a pipe, sizes that make no sense",
  ["root", "bpf"],
  () => {
    const output = outputFor("refused.mtape");
    const there = partName(output, 4);
    writeFileSync(there, "old");
    const refusal = (...options: readonly string[]) => {
      const { status, stderr } = msgtape(["record", "-o", output, ...options, "--for", "1s"]);
      return `${status} ${stderr.trim()}`;
    };
    assert.is(
      refusal("--max-size", "1M"),
      `1 msgtape: ${there}: exists already, and a recording never writes over a file: choose another name with -o`,
    );
    assert.is(
      refusal("--max-size", "1000"),
      '2 msgtape: --max-size: expected a size of at least 1M, such as 100M, found "1000"',
    );
    assert.is(
      refusal("--max-files", "3"),
      "2 msgtape: --max-files: when does a file end? add --max-size or --max-age",
    );
    const closed = temporary("closed.mtape");
    const dropped = msgtape([
      "record",
      "-o",
      closed,
      "--max-age",
      "1s",
      "--drop-to",
      "nobody",
      "--for",
      "1s",
    ]);
    assert.is(dropped.status, 1);
    assert.match(
      dropped.stderr,
      /nobody, to whom root is given up, cannot make files there: [^\n]*--drop-to\n$/,
    );
    const piped = msgtape(["record", "-o", "-", "--max-size", "1M", "--for", "1s"]);
    assert.equal(
      [piped.status, piped.stderr.trim()],
      [2, "msgtape: --output: several files do not go into a pipe: name a file"],
    );
    assert.is(statSync(there).size, 3);
  },
);

test.run();
