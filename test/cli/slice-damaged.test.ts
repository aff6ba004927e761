/** `slice` of what is not whole: what it makes of it, what it says, and that its advice helps. */
import { writeFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { concat, START } from "../replay/tape.js";
import { captureWith } from "../replay/verify/support.js";
import { encoderOf, metadata, Recorder, sampleParts } from "../rewrite/support.js";
import { temporary } from "../support/msgtape.js";
import { FIXTURES } from "../support/paths.js";
import { program } from "./support.js";

const test = suite("cli/slice: damaged");

function saved(content: Uint8Array, name = "in.mtape"): string {
  const file = temporary(name);
  writeFileSync(file, content);
  return file;
}

/** Part `number` of a recording, of one call. Sequences go on from part to part. */
function part(number: number, ended = "rotation"): Uint8Array {
  const before = 2 * (number - 1);
  const encoder = encoderOf(number);
  const recorder = new Recorder();
  recorder.tape.lose(before);
  const recording = {
    id: "01010101-0101-0101-0101-010101010101",
    part: number,
    firstRecord: BigInt(before),
  };
  return concat([
    ...metadata(encoder, { recording }),
    recorder.chunk(encoder, [
      recorder.tape.entry({ at: 1000 * number, call: number }),
      recorder.tape.exit({ at: 1000 * number + 500, call: number, ret: 0 }),
    ]),
    recorder.finish(encoder, { ended }),
  ]);
}

test("files of a recording with one of them missing: a slice with a gap, one line, status 3", async () => {
  const files = [saved(part(1)), saved(part(3))];
  const out = temporary("slice.mtape");
  const ran = await program(["slice", ...files, "--tid", "100", "-o", out, "--json"]);
  const hole = `in ${files[1]}: 2 records of the recording before this part are in none of the files`;
  const told = `msgtape: ${files[0]} and 1 more of its recording: offset 2040, ${hole} (records_missing)`;
  assert.equal([ran.status, ran.stderr], [3, `${told}: the slice has a gap for it\n`]);
  const { calls, records, problems } = JSON.parse(ran.stdout);
  assert.equal(
    [calls, records, problems],
    [2, 4, [{ code: "records_missing", offset: 2040, frame: null, message: hole }]],
  );
  assert.equal(await program(["verify", out]), { status: 0, stdout: `${out}: ok, 4 records\n`, stderr: "" });
  const read = await program(["calls", out]);
  assert.is(read.status, 3);
  assert.match(read.stderr, /2 records lost: answers near them are marked uncertain/);
  assert.match(read.stderr, /records are missing, how many is not known/);
  // Once more: nothing is new, and the gap is still there.
  const again = temporary("again.mtape");
  assert.is((await program(["slice", out, "--tid", "100", "-o", again])).status, 0);
  assert.is((await program(["calls", again])).status, 3);
});

test("a slice that the hole does not concern says so", async () => {
  const files = [1, 3, 4].map((number) => saved(part(number)));
  const ran = await program(["slice", ...files, "--from", "3900ns", "-o", temporary("slice.mtape")]);
  assert.is(ran.status, 3);
  assert.match(ran.stderr, /\(records_missing\): the slice does not reach so far\n$/);
});

test("a set with a file that was cut: it is named, and once it is recovered the set can be sliced", async () => {
  const cut = saved(part(2).slice(0, -900), "cut.mtape");
  const [first, third] = [saved(part(1)), saved(part(3))];
  const refused = await program(["slice", first, cut, third, "--tid", "100", "-o", temporary("x")]);
  assert.is(refused.status, 1);
  assert.match(refused.stderr, /cut\.mtape: damaged, .*: msgtape recover it first\n$/);
  const mended = temporary("mended.mtape");
  assert.is((await program(["recover", cut, "-o", mended])).status, 3);
  const out = temporary("slice.mtape");
  const ran = await program(["slice", first, mended, third, "--tid", "100", "-o", out]);
  assert.is(ran.status, 0, ran.stderr);
  assert.is((await program(["verify", out])).status, 0);
  assert.match((await program(["calls", out])).stderr, /records are missing, how many is not known/);
});

for (const name of ["valid/records-of-other-types", "future/record-types-unknown"]) {
  test(`${name}: records that readers pass by are a gap in the slice, in one command`, async () => {
    const out = temporary("slice.mtape");
    const ran = await program(["slice", `${FIXTURES}${name}.mtape`, "--event", "all", "-o", out]);
    assert.is(ran.status, 3, ran.stderr);
    assert.match(
      ran.stderr,
      /^msgtape: .*: offset 1896, 3 records have numbers .* \(implausible\): the slice has a gap/,
    );
    assert.is(ran.stderr.split("\n").length, 2);
    assert.is((await program(["verify", out])).status, 0);
    const read = await program(["calls", out]);
    assert.is(read.status, 3);
    assert.match(read.stderr, /3 records lost: answers near them are marked uncertain/);
  });
}

test("numbers of a later minor are no problem there, and left out of what is written in this one", async () => {
  const bytes = captureWith({
    records: (t) => [t.entry({ at: 1000, call: 1, event: 99 }), t.exit({ at: 2000, call: 1, ret: 0 })],
    context: {
      counts: [
        { event: 4, entries: 0, exits: 1 },
        { event: 99, entries: 1, exits: 0 },
      ],
    },
  });
  const header = new DataView(bytes.buffer, bytes.byteOffset, 64);
  header.setUint16(10, 4, true);
  header.setUint32(60, crc32(bytes.subarray(0, 60)), true);
  const [file, out] = [saved(bytes), temporary("slice.mtape")];
  assert.is((await program(["verify", file])).status, 0);
  const ran = await program(["slice", file, "--event", "all", "-o", out]);
  assert.match(ran.stderr, /a record has numbers that the format does not have/);
  assert.equal([ran.status, (await program(["verify", out])).status], [3, 0]);
});

const whole = sampleParts();

/** With a bit of part `number` turned, or without it. */
function spoilt(number: number, how: "flipped" | "removed"): Uint8Array {
  const parts = whole.map((bytes) => bytes.slice());
  const [own] = parts.splice(number, 1);
  if (own === undefined) throw new Error("no such part");
  if (how === "flipped") {
    own[50] = (own[50] ?? 0) ^ 1;
    parts.splice(number, 0, own);
  }
  return concat(parts);
}

const NAMES = ["file header", "HOST", "CLOCKS", "BTF", "INVENTORY", "CHUNK", "CHUNK"];
const DAMAGED: readonly [string, Uint8Array][] = [
  ...NAMES.flatMap((name, i): [string, Uint8Array][] =>
    i === 0
      ? []
      : [
          [`${name} ${i} damaged`, spoilt(i, "flipped")],
          [`${name} ${i} removed`, spoilt(i, "removed")],
        ],
  ),
  ["cut", concat(whole).slice(0, -700)],
  ["cut before its chunks", concat(whole.slice(0, 4))],
  ["bytes behind it", concat([...whole, Uint8Array.of(1, 2, 3)])],
  ["a host that cannot be", captureWith({ host: { cpus: 0 } })],
  [
    "a gap that cannot be",
    captureWith({
      after: (e) => [e.gap({ cpu: 0, fromNs: START + 9n, toNs: START, lost: 0n, cause: "unknown" })],
      summary: { gaps: 1 },
    }),
  ],
];

for (const [name, bytes] of DAMAGED) {
  test(`${name}: the advice helps, and where nothing helps none is given`, async () => {
    const file = saved(bytes);
    const slice = (from: string) => program(["slice", from, "--tid", "100", "-o", temporary("slice.mtape")]);
    const refused = await slice(file);
    assert.is(refused.status, 1);
    assert.match(refused.stderr, /^msgtape: [^\n]*: damaged, [^\n]*\n$/);
    const out = temporary("recovered.mtape");
    const recovered = await program(["recover", file, "-o", out]);
    const after = recovered.status === 1 ? recovered : await slice(out);
    assert.is(after.status !== 1, refused.stderr.endsWith("msgtape recover it first\n"), refused.stderr);
  });
}

test("a capture that was given twice is read once, and that is said in a line; it is no problem", async () => {
  const once = saved(concat(whole), "once.mtape");
  const copy = saved(concat(whole), "copy.mtape");
  for (const command of ["calls", "latency", "flows", "toctou", "queues", "notifications"]) {
    const alone = await program([command, once]);
    const both = await program([command, once, copy]);
    const said = `msgtape: ${copy}: the same capture as ${once}, left out\n`;
    assert.equal(both, { ...alone, stderr: said + alone.stderr }, command);
  }
  const three = await program(["calls", once, once, copy]);
  assert.match(
    three.stderr,
    /^msgtape: .*once\.mtape: given more than once, read once; and so 1 more capture\n/,
  );
  const out = temporary("slice.mtape");
  const sliced = await program(["slice", once, copy, "--tid", "100", "-o", out]);
  assert.equal(
    [sliced.status, sliced.stderr],
    [0, `msgtape: ${copy}: the same capture as ${once}, left out\n`],
  );
  // These tell of each file by itself.
  for (const command of ["info", "verify"]) {
    assert.not.match((await program([command, once, copy])).stderr, /the same capture/);
  }
});

test.run();
