/** The parts of the machines for other kernels that need no machine. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { live } from "../support/live.js";
import { temporary } from "../support/msgtape.js";
import { commandScript } from "./command.js";
import { cpioArchive } from "./cpio.js";
import { dependenciesOf } from "./initramfs.js";
import { packageOf } from "./kernels.js";
import type { Configuration } from "./plan.js";
import { guestScript, lineByLine, sectionsOf, total } from "./report.js";

const test = suite("machines for other kernels: their parts");

const CONFIGURATIONS: readonly Configuration[] = [
  { name: "all it has", holdBack: "", programs: "tp_btf", kernelPlane: "fexit", files: ["live/a", "live/b"] },
  { name: "less", holdBack: "cast,tp_btf", programs: "raw_tp", kernelPlane: "", files: ["live/a"] },
];

test("the package of a kernel is the one that Debian's name for it depends on", () => {
  const shown = `Package: linux-image-amd64
Depends: linux-image-6.1.0-56-amd64 (= 6.1.192-2)

Package: linux-image-6.12-amd64
Depends: linux-image-6.12.117+deb12-amd64 (= 6.12.117-1~deb12u1), something-else
`;
  assert.is(packageOf("6.1", shown), "linux-image-6.1.0-56-amd64");
  assert.is(packageOf("6.12", shown), "linux-image-6.12.117+deb12-amd64");
  assert.is(packageOf("6.1", shown.replaceAll("6.1.", "6.10.")), null);
  assert.is(packageOf("6.12", ""), null);
});

test("a module names those that it needs", () => {
  const module = (text: string) => Buffer.from(`\x7fELF\0license=GPL\0depends=${text}\0intree=Y\0`);
  assert.equal(dependenciesOf(module("netfs,9p-net")), ["netfs", "9p_net"]);
  assert.equal(dependenciesOf(module("")), []);
  assert.equal(dependenciesOf(Buffer.from("no module")), []);
});

live(test, "the archive is one that cpio unpacks", ["cpio"], () => {
  const archive = cpioArchive([
    { path: "bin", bytes: null },
    { path: "bin/odd", bytes: Buffer.from("12345"), isExecutable: true },
    { path: "empty", bytes: new Uint8Array() },
  ]);
  const directory = temporary("unpacked");
  mkdirSync(directory);
  const ran = spawnSync("cpio", ["-i", "--quiet"], { cwd: directory, input: archive, encoding: "utf8" });
  assert.equal([ran.status, ran.stderr], [0, ""]);
  const listed = spawnSync("find", [".", "-printf", "%p %M\n"], { cwd: directory, encoding: "utf8" });
  assert.equal(listed.stdout.trimEnd().split("\n").sort(), [
    ". drwxr-xr-x",
    "./bin drwxr-xr-x",
    "./bin/odd -rwxr-xr-x",
    "./empty -rw-r--r--",
  ]);
  assert.is(readFileSync(`${directory}/bin/odd`, "utf8"), "12345");
});

test("a command comes through as it is, with our variables and no others", () => {
  const env = { MSGTAPE_HOLD_BACK: "cast", SECRET: "x", PATH: process.env.PATH };
  const script = commandScript(["printf", "%s|", "a b", "it's", "$HOME", "*"], "/", env);
  const ran = spawnSync("sh", ["-c", script], { encoding: "utf8", env: {} });
  assert.equal([ran.status, ran.stdout], [0, "a b|it's|$HOME|*|"]);
  const variables = commandScript(["env"], "/tmp", env);
  const shown = spawnSync("sh", ["-c", variables], { encoding: "utf8", env: {} }).stdout.split("\n");
  assert.equal(shown.filter((line) => /^(MSGTAPE|SECRET|HOME|PWD)/.test(line)).sort(), [
    "HOME=/root",
    "MSGTAPE_HOLD_BACK=cast",
    "PWD=/tmp",
  ]);
  assert.is(spawnSync("sh", ["-c", commandScript(["true"], "/not/there", env)]).status, 1);
});

test("each configuration is announced, and gets what it holds back", () => {
  assert.is(
    guestScript(CONFIGURATIONS),
    `echo 'configuration: all it has'
MSGTAPE_REQUIRE_LIVE=1 MSGTAPE_TEST_SECONDS=600 MSGTAPE_TEST_SCALE=0.125 \\
  MSGTAPE_HOLD_BACK='' MSGTAPE_EXPECT_PROGRAMS='tp_btf' \\
  MSGTAPE_EXPECT_KERNEL_PLANE='fexit' \\
  node dist/test/run.js live/a live/b 2>&1
echo 'configuration: less'
MSGTAPE_REQUIRE_LIVE=1 MSGTAPE_TEST_SECONDS=600 MSGTAPE_TEST_SCALE=0.125 \\
  MSGTAPE_HOLD_BACK='cast,tp_btf' MSGTAPE_EXPECT_PROGRAMS='raw_tp' \\
  MSGTAPE_EXPECT_KERNEL_PLANE='' \\
  node dist/test/run.js live/a 2>&1`,
  );
});

const FIRST = `configuration: all it has
ok  live/a: 3 passed
FAILED  live/b: 1 passed, 1 failed, 2 skipped

4 passed, 1 failed, 2 skipped
`;
const SECOND = "configuration: less\nok  live/a: 3 passed\n";

test("the last counts of each configuration are added up", () => {
  const output = `${FIRST}${SECOND}\n9 passed, 0 failed, 0 skipped\n\n3 passed, 0 failed, 0 skipped\n`;
  const sections = sectionsOf(output);
  assert.equal(sections, [
    { name: "all it has", counts: { passed: 4, failed: 1, skipped: 2 } },
    { name: "less", counts: { passed: 3, failed: 0, skipped: 0 } },
  ]);
  assert.equal(total(CONFIGURATIONS, sections), { passed: 7, failed: 1, skipped: 2 });
});

test("a configuration that did not end, or never began, is a failure", () => {
  assert.equal(sectionsOf(`${FIRST}${SECOND}`).at(-1), { name: "less", counts: null });
  assert.equal(total(CONFIGURATIONS, sectionsOf(`${FIRST}${SECOND}`)), { passed: 4, failed: 2, skipped: 2 });
  assert.equal(total(CONFIGURATIONS, sectionsOf(FIRST)), { passed: 4, failed: 2, skipped: 2 });
  assert.equal(total(CONFIGURATIONS, sectionsOf("")), { passed: 0, failed: 2, skipped: 0 });
});

test("lines are passed on when they are whole", () => {
  const lines: string[] = [];
  const take = lineByLine((line) => lines.push(line));
  for (const text of ["one\n", "t", "wo\nthree\n\nfo", "ur"]) take(text);
  assert.equal(lines, ["one", "two", "three", ""]);
});

test.run();
