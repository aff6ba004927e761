/** The program as a process: what only that shows. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openCapture } from "../../src/format/capture.js";
import { memorySource } from "../../src/format/source.js";
import { msgtape, temporary } from "../support/msgtape.js";
import { MSGTAPE } from "../support/paths.js";
import { captureFile } from "./support.js";

const test = suite("cli: process");

const READERS = ["info", "calls", "latency"];

function fileOf(bytes: Uint8Array | string): string {
  const file = temporary("bad");
  writeFileSync(file, bytes);
  return file;
}

/** A good capture with one byte changed, its header's checksum not mended. */
function changed(at: number, value: number): string {
  const bytes = readFileSync(captureFile());
  bytes[at] = value;
  return fileOf(bytes);
}

test("what cannot be read: one line that says what and where, status 1", () => {
  const directory = temporary("directory");
  mkdirSync(directory);
  const bad: readonly [string, RegExp][] = [
    ["/no/such/file", /no such file/],
    [directory, /is a directory, not a capture/],
    ["/dev/null", /not a regular file/],
    ["/dev/tty", /not a regular file/],
    [fileOf(""), /is empty, not a capture/],
    [fileOf("just some text, as long as a header is, and a little longer still"), /not a msgtape capture/],
    [fileOf(readFileSync(captureFile()).subarray(0, 40)), /ends after 40 bytes, expected at least 64/],
    [changed(8, 9), /format 9\.3, this msgtape reads up to 1\.x: use a newer msgtape/],
    [changed(40, 0xff), /file header is damaged/],
  ];
  for (const command of READERS) {
    for (const [file, why] of bad) {
      const ran = msgtape([command, file]);
      assert.equal([ran.status, ran.stdout], [1, ""], `${command} ${file}`);
      assert.match(ran.stderr, why);
      assert.match(ran.stderr, new RegExp(`^msgtape: ${file}: [^\n]+\n$`));
    }
  }
});

test("damage inside: the rest is answered, status 3", () => {
  const file = captureFile();
  const bytes = readFileSync(file);
  const chunk = Number(openCapture(memorySource(bytes)).index.at(0)?.offset);
  bytes[chunk + 200] = (bytes[chunk + 200] ?? 0) ^ 0xff;
  const ran = msgtape(["calls", fileOf(bytes), "--json"]);
  assert.equal([ran.status, ran.stdout], [3, ""]);
  assert.match(ran.stderr, new RegExp(`^msgtape: [^\n]+: damaged: offset ${chunk}, [^\n]+\n$`));
});

test("| head ends it quietly", () => {
  const file = captureFile();
  const many = Array.from({ length: 200 }, () => file).join(" ");
  for (const command of READERS) {
    const pipeline = `${process.execPath} ${MSGTAPE} ${command} ${many} | head -n 1; echo "\${PIPESTATUS[0]}"`;
    const ran = spawnSync("bash", ["-c", pipeline], { encoding: "utf8", timeout: 60_000 });
    assert.is(ran.stderr.replace(/^msgtape: .*: given more than once, .*\n/, ""), "", command);
    assert.is(ran.stdout.trimEnd().split("\n").at(-1), "0", command);
  }
});

test("a full disk behind standard output is an error", () => {
  if (!existsSync("/dev/full")) return;
  for (const args of [`calls ${captureFile()}`, "--help", "calls --help", "--version"]) {
    const command = `${process.execPath} ${MSGTAPE} ${args} >/dev/full`;
    const ran = spawnSync("bash", ["-c", command], { encoding: "utf8" });
    const line = "msgtape: standard output: cannot be written (ENOSPC)\n";
    assert.equal([ran.status, ran.stderr], [1, line], args);
  }
});

test.run();
