/** `msgtape redact` as users call it: what it writes, what it refuses, what it lets through, what it says of damage. */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Capture, openCapture } from "../../src/format/capture.js";
import { openCaptures } from "../../src/format/sections.js";
import { memorySource } from "../../src/format/source.js";
import { FrameType } from "../../src/format/types.js";
import { captureLoss } from "../../src/replay/losses.js";
import { KINDS } from "../../src/rewrite/redact/kinds.js";
import { item, Tape } from "../replay/tape.js";
import { allBytes } from "../rewrite/redact/all-bytes.js";
import { compareLines, FigureComparer } from "../rewrite/redact/same-figures.js";
import { temporary } from "../support/msgtape.js";
import { FIXTURES } from "../support/paths.js";
import { CAPTURE_ID, captureFile, program } from "./support.js";

const test = suite("msgtape redact");

async function redacted(file: string, ...more: readonly string[]): Promise<string> {
  const out = temporary("redacted.mtape");
  const { status, stderr } = await program(["redact", file, "-o", out, ...more]);
  assert.is(status, 0, stderr);
  return out;
}

function open(file: string) {
  return openCapture(memorySource(new Uint8Array(readFileSync(file)), file));
}

interface Check {
  readonly redacted: boolean;
  readonly kinds: readonly { readonly kind: string; readonly state: string; readonly count: number }[];
}

async function check(file: string): Promise<Check> {
  const { status, stdout, stderr } = await program(["redact", "--check", "--json", file]);
  assert.is(status, 0, stderr);
  return JSON.parse(stdout) as Check;
}

test("the new file is its owner's alone, and another capture", async () => {
  const file = await redacted(`${FIXTURES}sysv.mtape`);
  assert.is(statSync(file).mode & 0o777, 0o600);
  const [before, after] = [open(`${FIXTURES}sysv.mtape`), open(file)];
  assert.is.not(after.captureId, before.captureId);
  assert.equal(after.problems, []);
  assert.equal(after.host?.redacted, { kept: [] });
  const info = await program(["info", file]);
  assert.match(info.stdout, /\nmade by {3}redact [\d.]+\nredacted {2}yes\n/);
  assert.equal(
    after.origins.map(({ madeBy, from, options }) => ({ madeBy, from, options })),
    [{ madeBy: "redact", from: [], options: {} }],
  );
});

test("what could not be read behind a capture leaves a mark that stays", async () => {
  const file = temporary("joined.mtape");
  const [one, other] = ["posix", "sysv"].map((name) => readFileSync(`${FIXTURES}${name}.mtape`));
  if (one === undefined || other === undefined) throw new Error("no fixtures");
  other[40] = (other[40] ?? 0) ^ 1;
  writeFileSync(file, Buffer.concat([one, other]));
  const out = temporary("redacted.mtape");
  const ran = await program(["redact", file, "-o", out]);
  assert.is(ran.status, 3, ran.stderr);
  assert.equal(
    open(out).gaps.map(({ cause, atLeast }) => [cause, atLeast]),
    [["damage", true]],
  );
  assert.is((await program(["calls", out])).status, 3);
});

test("twice, and nothing is replaced by the same: the key is gone", async () => {
  const [one, other] = [
    await redacted(`${FIXTURES}payload.mtape`),
    await redacted(`${FIXTURES}payload.mtape`),
  ];
  const payloads = async (file: string) => {
    const { stdout } = await program(["calls", "--json", "--event", "mq_timedsend", file]);
    return [...stdout.matchAll(/"bytes":"([^"]{12,})"/g)].map(([, text]) => text);
  };
  const [first, second] = [await payloads(one), await payloads(other)];
  assert.ok(first.length > 5);
  assert.is(first.length, second.length);
  assert.equal(
    first.filter((text) => second.includes(text)),
    [],
  );
});

test("a redacted capture can be redacted again, and what is gone is not said to be kept", async () => {
  const once = await redacted(`${FIXTURES}sockets.mtape`);
  const twice = await redacted(once, "--keep", "payloads");
  assert.equal(open(twice).host?.redacted, { kept: [] });
  const states = (await check(twice)).kinds.filter(({ count }) => count > 0).map(({ state }) => state);
  assert.equal([...new Set(states)], ["pseudonymous"]);
});

/** Of each kind, something that is in a fixture: there with `--keep`, and gone without. */
const KEPT: Readonly<Record<string, readonly [file: string, text: string | Uint8Array]>> = {
  payloads: ["posix", "one too many"],
  "queue-names": ["posix", "msgtape-cases-3529-8a041b"],
  "task-names": ["posix", "mq-cases"],
  "command-lines": ["posix", "/opt/workloads/mq-cases"],
  paths: ["in-flight", "/opt/"],
  "host-name": ["posix", Buffer.from("hostname\xa4tape", "latin1")],
  kernel: ["posix", "-fc-v595"],
  "boot-id": ["posix", "00000000-0000-4000-8000-000000000000"],
  "socket-addresses": ["sockets", "msgtape-3601"],
  "user-ids": ["", new Uint8Array(0)],
  "process-ids": ["posix", Uint8Array.of(0xc9, 0x0d, 0, 0, 0xc9, 0x0d, 0, 0)],
  "object-ids": ["posix", Uint8Array.of(0x4b, 0xf6, 0x08, 0, 0, 0, 0, 0)],
  addresses: ["posix", Uint8Array.of(0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11)],
  "wall-clock": ["sysv", ""],
};

for (const { name } of KINDS) {
  test(`--keep ${name} lets it through, and nothing else does`, async () => {
    const [fixture, text] = KEPT[name] ?? ["", ""];
    if (fixture === "" || text === "") {
      // No fixture has bytes of it that come by nothing else: the check tells.
      const kept = await redacted(captureFile(), "--keep", name);
      assert.equal(open(kept).host?.redacted, { kept: [name] });
      return;
    }
    const file = `${FIXTURES}${fixture}.mtape`;
    const has = (path: string) => allBytes(path).includes(Buffer.from(text));
    const [without, kept] = [await redacted(file), await redacted(file, "--keep", name)];
    // Others than this kind hold the same text: those are gone.
    assert.equal([has(file), has(kept), has(without)], [true, true, false]);
    const { kinds } = await check(kept);
    const present = kinds.filter(({ state }) => state === "present").map(({ kind }) => kind);
    assert.equal(present, [name]);
  });
}

test("a command that is kept is kept word by word, and else is the one of its task", async () => {
  const file = `${FIXTURES}toctou-612.mtape`;
  assert.equal(open(await redacted(file, "--keep", "command-lines")).host?.config.command, [
    "/opt/workloads/toctou",
    "both",
    "1",
  ]);
  const other = open(await redacted(file));
  const [step] = other.chunks();
  const lines = step?.body?.tasks.map(({ cmdline }) => Buffer.from(cmdline ?? []).toString());
  assert.equal(other.host?.config.command, ["command-1"]);
  assert.equal(lines?.[0], "command-1\0");
});

test("--keep wall-clock keeps the time of day, and without it the capture begins somewhen in January 2000", async () => {
  const file = `${FIXTURES}sysv.mtape`;
  const created = (path: string) => open(path).createdNs ?? 0n;
  assert.is(created(await redacted(file, "--keep", "wall-clock")), created(file));
  const once = await redacted(file);
  const moved = created(once);
  const seconds = moved / 1_000_000_000n - 946_684_800n;
  assert.ok(seconds > 0n && seconds < 28n * 86_400n, `${seconds} seconds into 2000`);
  assert.is(moved % 1_000_000_000n, created(file) % 1_000_000_000n);
  assert.is.not(created(await redacted(file)), moved);
  assert.is.not(created(await redacted(once)), moved, "a capture of January 2000 is moved too");
});

test("--check tells of each kind whether it is there", async () => {
  const { redacted: isRedacted, kinds } = await check(`${FIXTURES}posix.mtape`);
  assert.is(isRedacted, false);
  assert.equal(
    kinds.map(({ kind }) => kind),
    KINDS.map(({ name }) => name),
  );
  const states = Object.fromEntries(kinds.map(({ kind, state }) => [kind, state]));
  assert.is(states.payloads, "present");
  assert.is(states["socket-addresses"], "none");
  const { stdout } = await program(["redact", "--check", await redacted(`${FIXTURES}posix.mtape`)]);
  assert.match(stdout, /: redacted\n {2}payloads {10}pseudonymous +\d+\n/);
  assert.not.match(stdout, /present/);
});

test("several captures become as many in one file, with the same pseudonyms", async () => {
  const files = [`${FIXTURES}posix.mtape`, `${FIXTURES}sysv.mtape`, `${FIXTURES}posix.mtape`];
  const out = temporary("three.mtape");
  const made = await program(["redact", ...files, "-o", out]);
  assert.is(made.status, 0, made.stderr);
  const captures = openCaptures(memorySource(new Uint8Array(readFileSync(out)), out));
  assert.equal(
    captures.map(({ problems, index }) => [problems.length, index.length]),
    files.map((file) => [0, open(file).index.length]),
  );
  const names = captures.map((capture) =>
    [...capture.chunks()].flatMap(
      ({ body }) => body?.queues.map(({ name }) => Buffer.from(name ?? []).toString()) ?? [],
    ),
  );
  assert.equal(names[0], names[2]);
  const comparer = new FigureComparer();
  for (const analysis of ["latency", "queues", "calls"]) {
    const [before, after] = [
      await program([analysis, "--json", ...files.slice(0, 2)]),
      await program([analysis, "--json", ...(await apart(captures, out)).slice(0, 2)]),
    ];
    assert.is(after.status, 0);
    if (analysis !== "calls") compareLines(before.stdout, after.stdout, analysis, comparer);
    else assert.is(after.stdout.split("\n").length, before.stdout.split("\n").length);
  }
  assert.equal(comparer.differences, []);
  const checked = await program(["redact", "--check", "--json", out]);
  assert.is(checked.stdout.trim().split("\n").length, 3);
});

/** The captures of a file as files of their own. */
async function apart(captures: readonly Capture[], file: string): Promise<string[]> {
  const bytes = readFileSync(file);
  let at = 0;
  return captures.map((capture) => {
    const size = capture.sizeBytes ?? 0;
    const own = temporary("part.mtape");
    writeFileSync(own, bytes.subarray(at, at + size));
    at += size;
    return own;
  });
}

test("the parts of one recording still are", async () => {
  const recording = { id: CAPTURE_ID, part: 1, firstRecord: 0n };
  const after = open(await redacted(captureFile({ host: { recording } })));
  assert.equal(after.host?.recording, { ...recording, id: after.captureId });
  assert.is.not(after.captureId, CAPTURE_ID);
});

test("wrong usage", async () => {
  const file = `${FIXTURES}posix.mtape`;
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [[file], /no output given: msgtape redact FILE -o OUT/],
    [
      [file, "-o", "a", "--keep", "everything"],
      /--keep: there is no kind of data "everything": expected one of payloads, /,
    ],
    [[file, "-o", "-"], /-o -: .* it has to be a file/],
    [["--check", file, "-o", "a"], /--check writes nothing/],
    [["-o", "a"], /no capture given/],
  ];
  for (const [args, message] of wrong) {
    const { status, stderr, stdout } = await program(["redact", ...args]);
    assert.is(status, 2, stderr);
    assert.match(stderr, message);
    assert.is(stdout, "");
  }
  assert.equal([existsSync("a"), existsSync("-")], [false, false]);
});

test("a file that is there is not overwritten, nor is the capture itself", async () => {
  const file = captureFile();
  const before = readFileSync(file);
  const { status, stderr } = await program(["redact", file, "-o", file]);
  assert.is(status, 1);
  assert.match(stderr, /something is there already/);
  assert.equal(readFileSync(file), before);
});

test("what cannot be read leaves no file behind", async () => {
  const out = temporary("nothing.mtape");
  const file = temporary("noise.mtape");
  writeFileSync(file, "no capture at all, whatever it is called");
  assert.is((await program(["redact", file, "-o", out])).status, 1);
  assert.is(existsSync(out), false);
});

test("losses stay losses", async () => {
  const file = `${FIXTURES}gap.mtape`;
  const out = temporary("gap.mtape");
  const { status } = await program(["redact", file, "-o", out]);
  const [before, after] = [open(file), open(out)];
  assert.is(status, (await program(["latency", file])).status);
  assert.equal(after.gaps, before.gaps);
  assert.is(after.summary?.lost, before.summary?.lost);
});

test("a recording that was cut is not made to look whole", async () => {
  const file = captureFile({ cut: 8 });
  const out = temporary("cut.mtape");
  const { status, stderr } = await program(["redact", file, "-o", out]);
  assert.is(status, 3, stderr);
  assert.is(open(out).complete, false);
  assert.is((await program(["latency", out])).status, 3);
});

test("a chunk that is damaged becomes a gap, which readers take for a loss", async () => {
  const file = `${FIXTURES}posix.mtape`;
  const bytes = readFileSync(file);
  const { index } = open(file);
  const [chunk] = index;
  if (chunk === undefined) throw new Error("no chunk");
  const at = Number(chunk.offset) + 200;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  const damaged = temporary("damaged.mtape");
  writeFileSync(damaged, bytes);
  const out = temporary("out.mtape");
  const { status, stderr } = await program(["redact", damaged, "-o", out]);
  assert.is(status, 3);
  assert.match(stderr, /frame_body_damaged/);
  const after = open(out);
  assert.is(after.index.length, index.length - 1);
  const gaps = after.gaps.map(({ cause, lost }) => [cause, lost]);
  assert.equal(gaps, [["damage", BigInt(chunk.context.records)]]);
  assert.is(after.summary?.lost, BigInt(chunk.context.records));
  assert.equal(
    after.origins.map(({ problems }) => problems.map(({ code }) => code)),
    [["frame_body_damaged"]],
  );
  assert.is((await program(["latency", out])).status, 3);
});

test("where an inventory was damaged, nobody takes the new capture for whole", async () => {
  const file = `${FIXTURES}posix.mtape`;
  const bytes = readFileSync(file);
  const frame = open(file).frames.find(({ type }) => type === FrameType.INVENTORY);
  if (frame === undefined) throw new Error("no inventory");
  const at = frame.offset + 60;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  const damaged = temporary("damaged.mtape");
  writeFileSync(damaged, bytes);
  const out = temporary("out.mtape");
  const { status, stderr } = await program(["redact", damaged, "-o", out]);
  assert.is(status, 3);
  assert.match(stderr, /frame_body_damaged/);
  const after = open(out);
  assert.equal(
    after.gaps.map(({ cause, plane, atLeast }) => [cause, plane, atLeast]),
    [["damage", "planes", true]],
  );
  assert.is(captureLoss(after).whole, false);
});

test("evidence that claims more bytes than its record has is left out, and a gap says so", async () => {
  const tape = new Tape();
  const lying = item({ kind: 1, arg: 1, addr: 4096n }, new Uint8Array(8));
  new DataView(lying.buffer).setUint32(12, 4000, true);
  const head = { call: 1, event: 3 };
  const records = [
    tape.entry({ ...head, at: 100, args: [3n, 4096n, 8n, 0n, 0n], items: [lying] }),
    tape.exit({ ...head, at: 200, ret: 0 }),
  ];
  const out = temporary("out.mtape");
  const { status, stderr } = await program(["redact", captureFile({ records }), "-o", out]);
  assert.is(status, 3);
  assert.match(stderr, /1 place could not be read: gaps stand for them/);
  assert.equal(
    open(out).gaps.map(({ cause, lost }) => [cause, lost]),
    [["damage", 1n]],
  );
  const { stdout } = await program(["calls", "--json", out]);
  assert.match(stdout, /"msg_ptr":\{[^}]*"status":"unknown"/);
});

test.run();
