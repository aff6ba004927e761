/** `recover`, `slice` and `merge` themselves: options, files, what is said, exit status. */
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createEncoder } from "../../src/format/encoder.js";
import { concat, REAL_START } from "../replay/tape.js";
import { metadata, Recorder, sampleParts } from "../rewrite/support.js";
import { temporary } from "../support/msgtape.js";
import { program } from "./support.js";

const test = suite("cli/rewriting");
const bytes = concat(sampleParts());

function saved(content: Uint8Array, name = "in.mtape"): string {
  const file = temporary(name);
  writeFileSync(file, content);
  return file;
}

const whole = saved(bytes);
const cut = saved(bytes.slice(0, -900));

/** Another capture, of a boot of its own, that began `laterNs` after the sample. */
function other(number: number, laterNs: bigint, more: object = {}, before = 0): Uint8Array {
  const encoder = createEncoder({
    captureId: new Uint8Array(16).fill(number),
    sync: new Uint8Array(8).fill(number),
    compress: false,
  });
  const recorder = new Recorder();
  const { tape } = recorder;
  tape.lose(before); // in the part before, of which the sequence goes on
  const host = { hostname: `host-${number}`, bootId: `b${number}`, ...more };
  return concat([
    ...metadata(encoder, host, REAL_START + laterNs),
    recorder.chunk(encoder, [
      tape.entry({ at: 10 + 10 * before, call: 1 + before }),
      tape.exit({ at: 20 + 10 * before, call: 1 + before, ret: 0 }),
    ]),
    recorder.finish(encoder),
  ]);
}

test("recover: what is whole, told of on standard output, with status 3", async () => {
  const out = temporary("recovered.mtape");
  const ran = await program(["recover", cut, "-o", out]);
  assert.equal(ran, {
    status: 3,
    stdout: `${out}: 15 records; some may be missing (1 problem)\n`,
    stderr: "",
  });
  assert.is(statSync(out).mode & 0o777, 0o600);
  assert.equal(await program(["verify", out]), { status: 0, stdout: `${out}: ok, 15 records\n`, stderr: "" });
  const read = await program(["calls", out]);
  assert.is(read.status, 3);
  assert.match(read.stderr, /records are missing, how many is not known/);
  const json = await program(["recover", cut, "-o", temporary("again.mtape"), "--json"]);
  const { records, missing, missing_at_least, problems } = JSON.parse(json.stdout);
  assert.equal({ records, missing, missing_at_least }, { records: 15, missing: null, missing_at_least: 0 });
  assert.equal(
    problems.map(({ code }: { code: string }) => code),
    ["truncated"],
  );
});

test("recover: a capture without damage is copied, with status 0", async () => {
  const out = temporary("copy.mtape");
  const ran = await program(["recover", whole, "-o", out]);
  assert.equal(ran, {
    status: 0,
    stdout: `${out}: 15 records; nothing was wrong, it is a copy\n`,
    stderr: "",
  });
  assert.is(Buffer.compare(readFileSync(out), bytes), 0);
});

test("recover: each of several captures in a file", async () => {
  const both = saved(concat([bytes.slice(0, -900), other(1, 0n)]));
  const out = temporary("both.mtape");
  const ran = await program(["recover", both, "-o", out]);
  assert.equal([ran.status, ran.stdout.split("\n").length], [3, 3]);
  assert.is((await program(["verify", out])).status, 0);
});

test("recover: a damaged file header is made anew, with the id that the trailer tells, else with a new one", async () => {
  for (const at of [0, 5, 20, 33, 50, 60]) {
    const flipped = bytes.slice();
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    const out = temporary("mended.mtape");
    const ran = await program(["recover", saved(flipped), "-o", out, "--json"]);
    assert.is(ran.status, 3, ran.stderr);
    const { capture, records, missing, problems } = JSON.parse(ran.stdout);
    assert.equal([capture, records, missing], ["a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0", 15, 0]);
    assert.is(problems[0].message, "the file header was damaged, and is made anew from the first frame");
    assert.is(Buffer.compare(readFileSync(out).subarray(0, 5000), bytes.subarray(0, 5000)), 0);
    assert.is((await program(["verify", out])).status, 0);
  }
  const lost = bytes.slice(0, -900);
  lost[40] = (lost[40] ?? 0) ^ 1;
  const ran = await program(["recover", saved(lost), "-o", temporary("mended.mtape"), "--json"]);
  const { capture, problems } = JSON.parse(ran.stdout);
  assert.not(capture.startsWith("a0a0"));
  assert.match(problems[0].message, /its capture id is lost, and a new one is given/);
  const noise = await program(["recover", saved(new Uint8Array(500)), "-o", temporary("noise")]);
  assert.is(noise.status, 1);
  assert.match(noise.stderr, /not a msgtape capture/);
});

test("recover: a capture behind the first whose file header is damaged is mended, too", async () => {
  const joined = concat([bytes, other(1, 0n), other(2, 0n)]);
  joined[bytes.length + 40] = (joined[bytes.length + 40] ?? 0) ^ 1;
  const out = temporary("joined.mtape");
  const ran = await program(["recover", saved(joined), "-o", out, "--json"]);
  assert.is(ran.status, 3, ran.stderr);
  const answers = ran.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(
    answers.map(({ capture, records, missing, problems }) => [
      capture.slice(0, 2),
      records,
      missing,
      problems.map(({ code }: { code: string }) => code),
    ]),
    [
      ["a0", 15, 0, []],
      ["01", 2, 0, ["file_header_damaged"]],
      ["02", 2, 0, []],
    ],
  );
  assert.is(Buffer.compare(readFileSync(out).subarray(0, bytes.length), bytes), 0);
  assert.is((await program(["verify", out])).status, 0);
});

test("recover and merge: bytes behind a capture that are none leave a mark that stays", async () => {
  const second = other(1, 0n);
  const newer = second.slice();
  newer[8] = 2; // the major
  const ends = { "half a header": second.slice(0, 40), "no whole frame": second.slice(0, 300), newer };
  for (const [name, end] of Object.entries(ends)) {
    const file = saved(concat([bytes, end]), "behind.mtape");
    for (const command of ["recover", "merge"]) {
      const out = temporary("behind-out.mtape");
      const ran = await program([command, file, "-o", out]);
      assert.is(ran.status, 3, `${command}, ${name}: ${ran.stderr}`);
      assert.match(ran.stderr, /may be missing/, `${command}, ${name}`);
      if (command === "recover") assert.match(ran.stdout, /15 records; some may be missing \(1 problem\)\n$/);
      assert.is((await program(["verify", out])).status, 0);
      const calls = await program(["calls", out]);
      assert.is(calls.status, 3, `${command}, ${name}`);
      assert.match(calls.stderr, /records are missing, how many is not known/);
      // And once more: nothing is wrong, and the mark is there.
      const again = temporary("again.mtape");
      assert.is((await program(["recover", out, "-o", again])).status, 0);
      assert.is((await program(["calls", again])).status, 3);
    }
  }
});

test("slice: of captures that are years apart, each by its own clock", async () => {
  const laterNs = 400n * 86_400_000_000_000n + 1n;
  const out = temporary("slice.mtape");
  const years = saved(other(1, laterNs));
  const ran = await program(["slice", whole, years, "--event", "mq_timedsend", "-o", out]);
  assert.is(ran.status, 0, ran.stderr);
  const last = await program(["slice", whole, years, "--from", "300d", "-o", temporary("last.mtape")]);
  assert.is(last.status, 0, last.stderr);
  assert.match(last.stdout, /: 1 call of .*, 2 records\n$/);
});

/** One line. */
const COPIES = /^msgtape: .*: (the same capture as .*, left out|given more than once, read once)\n/;

test("merge and calls: of a capture and what was recovered of it, the capture counts", async () => {
  const shorter = temporary("shorter.mtape");
  assert.is((await program(["recover", saved(bytes.slice(0, -2500)), "-o", shorter])).status, 3);
  const alone = await program(["calls", whole, "--json"]);
  for (const files of [
    [shorter, whole],
    [whole, shorter],
    [whole, whole],
  ]) {
    const out = temporary("merged.mtape");
    assert.is((await program(["merge", ...files, "-o", out])).status, 0);
    assert.is(Buffer.compare(readFileSync(out), bytes), 0);
    const { stderr, ...read } = await program(["calls", ...files, "--json"]);
    assert.equal({ ...read, stderr: stderr.replace(COPIES, "") }, alone);
    assert.match(stderr, COPIES);
  }
});

test("merge: a file of which nothing can be read or recovered is named and left out", async () => {
  const noise = saved(new Uint8Array(500), "noise");
  const header = saved(other(1, 0n).slice(0, 64), "header.mtape");
  const out = temporary("merged.mtape");
  const ran = await program(["merge", noise, whole, header, "-o", out, "--json"]);
  assert.is(ran.status, 3, ran.stderr);
  assert.match(ran.stderr, /noise: not a msgtape capture .*; it is left out\n/);
  assert.match(ran.stderr, /header\.mtape: nothing can be recovered: .*; it is left out\n/);
  const { captures, left_out } = JSON.parse(ran.stdout);
  assert.equal(
    captures.map(({ file, records }: { file: string; records: number }) => [file, records]),
    [[whole, 15]],
  );
  assert.is(left_out.length, 2);
  assert.is(Buffer.compare(readFileSync(out), bytes), 0);
  assert.is((await program(["merge", noise, noise, "-o", temporary("x")])).status, 1);
});

test("recover: what cannot be recovered leaves no file", async () => {
  const out = temporary("nothing.mtape");
  const ran = await program(["recover", saved(bytes.slice(0, 64)), "-o", out]);
  assert.is(ran.status, 1);
  assert.match(ran.stderr, /^msgtape: .*: nothing can be recovered: no frame of it is whole\n$/);
  assert.not(existsSync(out));
});

test("nothing is written over, through a link, to a pipe or without a name; the input stays", async () => {
  const there = saved(Uint8Array.of(1), "there");
  const link = temporary("link");
  symlinkSync(temporary("nowhere"), link);
  const wrong = async (args: readonly string[], status: number, text: RegExp) => {
    const ran = await program(args);
    assert.is(ran.status, status, ran.stderr);
    assert.match(ran.stderr, text);
  };
  for (const command of [["recover"], ["merge"], ["slice", "--tid", "100"]]) {
    await wrong([...command, whole, "-o", there], 1, /something is there already/);
    await wrong([...command, whole, "-o", link], 1, /cannot be created/);
    await wrong([...command, whole, "-o", whole], 1, /something is there already/);
    await wrong([...command, whole], 2, /no output given/);
    await wrong([...command, whole, "-o", "-"], 2, /it has to be a file/);
  }
  assert.equal([...readFileSync(there)], [1]);
  assert.is(Buffer.compare(readFileSync(whole), bytes), 0);
  await wrong(["recover", whole, cut, "-o", temporary("x")], 2, /recover takes one file/);
  await wrong(["slice", whole, "-o", temporary("x")], 2, /no filter given/);
});

test("slice: the calls that pass, and what of", async () => {
  const out = temporary("slice.mtape");
  const ran = await program(["slice", whole, "--queue", "/other", "-o", out]);
  assert.equal(ran.stdout, `${out}: 1 call of ${whole}, 2 records\n`);
  assert.is(ran.status, 0);
  const info = await program(["info", out, "--json"]);
  assert.equal(JSON.parse(info.stdout).sliced, { queue: ["/other"] });
  assert.match(
    (await program(["flows", out])).stderr,
    /a slice by queue: of calls that it leaves out nothing is known/,
  );
  const damaged = await program(["slice", cut, "--tid", "100", "-o", temporary("x")]);
  assert.is(damaged.status, 1);
  assert.match(damaged.stderr, /msgtape recover it first/);
});

test("slice: the parts of one recording give one slice", async () => {
  const part = (number: number, firstRecord: bigint) => ({
    bootId: "b9",
    recording: { id: "09090909-0909-0909-0909-090909090909", part: number, firstRecord },
  });
  const out = temporary("slice.mtape");
  const files = [saved(other(9, 0n, part(1, 0n))), saved(other(10, 50n, part(2, 2n), 2))];
  const ran = await program(["slice", ...files, "--tid", "100", "-o", out]);
  assert.match(ran.stdout, /: 2 calls of .* and 1 more of its recording, 4 records\n$/, ran.stderr);
  const verified = await program(["verify", out, "--json"]);
  assert.equal([verified.status, JSON.parse(verified.stdout).records], [0, 4], verified.stdout);
  const info = JSON.parse((await program(["info", out, "--json"])).stdout);
  assert.equal([info.recording, info.sliced], [null, { tid: ["100"] }]);
});

test("merge: captures byte for byte, in the order of their starts, with what aligns them", async () => {
  const late = other(1, 5_000_000_000n);
  const early = other(2, -5_000_000_000n);
  const out = temporary("merged.mtape");
  const files = [saved(late), whole, saved(early), whole];
  const ran = await program(["merge", ...files, "-o", out]);
  assert.equal([ran.status, ran.stdout], [0, `${out}: 3 captures, 19 records\n`]);
  assert.is(Buffer.compare(readFileSync(out), concat([early, bytes, late])), 0);
  const said = ran.stderr.split("\n");
  assert.match(said[0] ?? "", /host-2, from 2026-11-21T09:59:55.000000001Z, to 100 ns by its own clock/);
  assert.match(said[1] ?? "", /tape, from 2026-11-21T10:00:00.000000001Z, to 100 ns by its own clock/);
  assert.match(said[2] ?? "", /host-1, from 2026-11-21T10:00:05.000000001Z, to 100 ns by its own clock/);
  assert.match(said[3] ?? "", /the same capture as .*, left out/);
  assert.match(said[4] ?? "", /of different boots: their order is that of their hosts' clocks/);
  const calls = await program(["calls", out, "--json"]);
  const ids = calls.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).capture.slice(0, 2));
  assert.equal([...new Set(ids)], ["02", "a0", "01"]);
});

test("merge: parts of one recording in their order, a file of several taken apart, a damaged one recovered", async () => {
  const recording = (part: number, firstRecord: bigint) => ({
    bootId: "b9",
    recording: { id: "09090909-0909-0909-0909-090909090909", part, firstRecord },
  });
  const second = other(10, 1000n, recording(2, 2n));
  const first = other(9, 2000n, recording(1, 0n));
  const out = temporary("merged.mtape");
  const ran = await program(["merge", saved(concat([second, first])), cut, "-o", out, "--json"]);
  assert.is(ran.status, 3);
  const { captures } = JSON.parse(ran.stdout);
  assert.equal(
    captures.map(({ capture, problems }: { capture: string; problems: { code: string }[] }) => [
      capture.slice(0, 2),
      problems.map(({ code }) => code),
    ]),
    [
      ["a0", ["truncated"]],
      ["09", []],
      ["0a", []],
    ],
  );
  assert.match(ran.stderr, /exact to .*: one boot, one CLOCK_BOOTTIME/);
  assert.match(ran.stderr, /damaged \(1 problem\): recovered on the way/);
  assert.is((await program(["verify", out])).status, 0);
});

test("verify: names that are not there are told of, and no fault", async () => {
  const file = saved(other(3, 0n));
  const ran = await program(["verify", file, "--json"]);
  assert.equal(JSON.parse(ran.stdout), {
    capture: "03030303-0303-0303-0303-030303030303",
    ok: true,
    problems: [],
    records: 2,
    unnamed: { tasks: 0, queues: 0 },
  });
});

test("verify: between parts of one recording nothing is missing, else it says so", async () => {
  const part = (number: number, firstRecord: bigint) => {
    const recording = { id: "09090909-0909-0909-0909-090909090909", part: number, firstRecord };
    return saved(other(8 + number, 0n, { bootId: "b9", recording }, Number(firstRecord)));
  };
  const [first, second, third] = [part(1, 0n), part(2, 2n), part(3, 4n)];
  const whole = await program(["verify", first, second, third]);
  assert.equal([whole.status, whole.stderr], [0, ""]);
  const holed = await program(["verify", third, first]);
  assert.is(holed.stdout, `${third}: ok, 2 records\n${first}: ok, 2 records\n`);
  const hole = "2 records of the recording before this part are in none of the files (records_missing)";
  assert.equal([holed.status, holed.stderr], [3, `msgtape: in ${third}: ${hole}\n`]);
});

test("verify: a file or a capture that is refused takes no verdict from the others", async () => {
  const newer = other(4, 0n);
  newer[8] = 2; // the major
  const [good, refused, joined] = [saved(bytes), saved(newer), saved(concat([bytes, newer]))];
  const ran = await program(["verify", good, refused, joined, "--json"]);
  const verdicts = ran.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(
    [ran.status, ...verdicts.map(({ capture, ok }) => [capture?.slice(0, 2) ?? null, ok])],
    [3, ["a0", true], ["a0", false], [null, false]],
  );
  assert.equal(
    verdicts.map(({ problems }) => problems.map(({ code }: { code: string }) => code)),
    [[], ["trailing_bytes"], ["newer_major"]],
  );
  const calls = await program(["calls", joined]);
  assert.is(calls.status, 3);
  assert.match(calls.stderr, /the capture behind this one is refused \(newer_major\)/);
  assert.is((await program(["verify", refused])).status, 1);
});

test.run();
