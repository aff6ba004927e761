/**
 * The committed captures, decoded as everybody decodes them: no root, no kernel. Each must give exactly the calls
 * beside it, agree with what its workload said of itself, and tell nothing of the machine that made it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FIXTURES as LIST } from "../fixtures/list.js";
import { openCapture } from "../src/format/capture.js";
import { fileSource } from "../src/replay/open.js";
import type { ToctouResult } from "../src/replay/toctou/types.js";
import type { CallLine } from "../src/replay/types.js";
import { differencesFromTruth } from "./support/compare.js";
import { msgtape } from "./support/msgtape.js";
import { FIXTURES } from "./support/paths.js";
import { type ToctouTruth, toldOf, wrongFindings } from "./support/toctou.js";
import { parseTruth } from "./support/workload.js";

const test = suite("fixtures");

const names = readdirSync(FIXTURES)
  .filter((file) => file.endsWith(".mtape"))
  .map((file) => file.replace(/\.mtape$/, ""))
  .sort();

test("all are there, and each is in README.md", () => {
  assert.equal(names, LIST.map(({ name }) => name).sort());
  const readme = readFileSync(`${FIXTURES}README.md`, "utf8");
  assert.equal(
    names.filter((name) => !readme.includes(`\`${name}\``)),
    [],
  );
});

function lines(text: string): readonly CallLine[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as CallLine);
}

/** What this program makes of each: filled by the first test of each fixture. */
const decoded = new Map<string, readonly CallLine[]>();

for (const name of names) {
  const file = `${FIXTURES}${name}.mtape`;

  test(`${name}: calls --json is the expected file, and calls has a line of text for each`, () => {
    const expected = lines(readFileSync(`${FIXTURES}${name}.calls.ndjson`, "utf8"));
    const ran = msgtape(["calls", file, "--json"]);
    assert.is(ran.status, name === "gap" ? 3 : 0, ran.stderr);
    const found = lines(ran.stdout);
    for (const [i, call] of found.entries()) assert.equal(call, expected[i], `line ${i + 1}`);
    assert.is(found.length, expected.length);
    decoded.set(name, found);

    const text = msgtape(["calls", file]);
    assert.is(text.status, ran.status, text.stderr);
    assert.is(text.stdout.trimEnd().split("\n").length, found.length);
  });

  test(`${name}: tells nothing of the machine that made it`, () => {
    const source = fileSource(file);
    try {
      const capture = openCapture(source);
      const everything = [capture.host, capture.summary, capture.inventories(), [...capture.chunks()]];
      const text = JSON.stringify(everything, (_key, value) =>
        typeof value === "bigint"
          ? String(value)
          : value instanceof Uint8Array
            ? Buffer.from(value).toString("latin1")
            : value,
      );
      assert.equal(capture.problems, []);
      assert.is(capture.host?.hostname, "tape");
      assert.is(capture.host?.bootId ?? null, "00000000-0000-4000-8000-000000000000");
      assert.equal(text.match(/\/(work|home|root|process_api)\b/g) ?? [], []);
    } finally {
      source.close();
    }
  });
}

/** Those of which the workload tells what changed under its calls. */
const changing = new Set(
  LIST.filter(({ made }) => made.by === "command" && made.changes).map(({ name }) => name),
);

for (const name of changing) {
  test(`${name}: toctou --json is the expected file, and finds what the workload changed, and nothing else`, () => {
    const ran = msgtape(["toctou", `${FIXTURES}${name}.mtape`, "--json"]);
    assert.is(ran.status, 0, ran.stderr);
    const result = JSON.parse(ran.stdout) as ToctouResult;
    assert.equal(result, JSON.parse(readFileSync(`${FIXTURES}${name}.toctou.json`, "utf8")));
    const truth = parseTruth(readFileSync(`${FIXTURES}${name}.truth.ndjson`, "utf8"));
    const told = truth as readonly ToctouTruth[];
    const lines = toldOf(told, decoded.get(name) ?? []);
    assert.equal(
      wrongFindings(told, lines, result, () => "exact"),
      [],
    );
    assert.ok(result.findings.length > 0);
    // A System V type is not in the kernel's copy of the message: there the receiver tells.
    for (const { event, first_diff_offset, kernel_from } of result.findings)
      assert.is(kernel_from, event === "msgsnd" && first_diff_offset === 0 ? "receiver" : "kernel");
  });
}

for (const name of names) {
  if (changing.has(name)) continue;
  let truth: string;
  try {
    truth = readFileSync(`${FIXTURES}${name}.truth.ndjson`, "utf8");
  } catch {
    continue; // Some workloads cannot know what is in the capture: README.md says which.
  }
  test(`${name}: agrees with what the workload said of itself`, () => {
    assert.equal(differencesFromTruth(parseTruth(truth), decoded.get(name) ?? []), []);
  });
}

test("arm64: the same calls as the capture that it was made of, under another ABI, marked synthetic", () => {
  const strip = ({ capture: _capture, wall: _wall, abi, ...call }: CallLine) => ({
    ...call,
    abi: abi && "any",
  });
  const [arm64, posix] = ["arm64", "posix"].map((name) => decoded.get(name));
  assert.ok(arm64?.every((call) => call.abi === "arm64"));
  assert.equal(arm64?.map(strip), posix?.map(strip));
  const source = fileSource(`${FIXTURES}arm64.mtape`);
  const host = openCapture(source).host;
  source.close();
  assert.equal([host?.synthetic, host?.arch, host?.machine], [true, "arm64", "aarch64"]);
});

test("gap: what is lost is said wherever it matters", () => {
  const calls = decoded.get("gap") ?? [];
  assert.ok(calls.some((call) => call.state === "uncertain"));
  assert.ok(calls.some((call) => call.state === "complete"));
  for (const command of ["info", "latency", "calls"]) {
    assert.is(msgtape([command, `${FIXTURES}gap.mtape`]).status, 3, command);
  }
});

test.run();
