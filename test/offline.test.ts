/**
 * Reading captures needs no recorder: the same commands in a copy of the package that has no src/record, no koffi,
 * no native/, no bpf/ and no build/, in a Node that believes it runs on macOS and refuses to load koffi.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { msgtape, temporary } from "./support/msgtape.js";
import { FIXTURES, PACKAGE } from "./support/paths.js";

const test = suite("offline half");

/** Runs before anything else in the copy. */
const ELSEWHERE = `
import { register } from "node:module";
Object.defineProperty(process, "platform", { value: "darwin" });
const hooks = \`export async function resolve(specifier, context, next) {
  if (/koffi|libmsgtape|src\\\\/record/.test(specifier)) throw new Error("reached for the recorder: " + specifier);
  return next(specifier, context);
}\`;
register("data:text/javascript," + encodeURIComponent(hooks));
`;

function copyWithoutRecorder(): string {
  const copy = temporary("offline");
  mkdirSync(`${copy}/dist`, { recursive: true });
  cpSync(`${PACKAGE}package.json`, `${copy}/package.json`);
  cpSync(`${PACKAGE}bin`, `${copy}/bin`, { recursive: true });
  cpSync(`${PACKAGE}dist/src`, `${copy}/dist/src`, { recursive: true });
  rmSync(`${copy}/dist/src/record`, { recursive: true });
  mkdirSync(`${copy}/node_modules`);
  for (const module of readdirSync(`${PACKAGE}node_modules`)) {
    if (!/koffi/.test(module) && !module.startsWith(".")) {
      symlinkSync(`${PACKAGE}node_modules/${module}`, `${copy}/node_modules/${module}`);
    }
  }
  writeFileSync(`${copy}/elsewhere.mjs`, ELSEWHERE);
  return copy;
}

const copy = copyWithoutRecorder();

function elsewhere(args: readonly string[]) {
  return spawnSync(
    process.execPath,
    ["--import", `${copy}/elsewhere.mjs`, `${copy}/bin/msgtape.js`, ...args],
    {
      encoding: "utf8",
      maxBuffer: 1 << 28,
    },
  );
}

for (const args of [
  ["info", "posix"],
  ["info", "posix", "--json"],
  ["calls", "ia32", "--json"],
  ["calls", "sockets"],
  ["latency", "gap"],
  ["latency", "signals", "--by", "event,comm", "--json"],
]) {
  const [command = "", name = "", ...options] = args;
  test(`${args.join(" ")}: the same answer as here`, () => {
    const capture = `${FIXTURES}${name}.mtape`;
    const here = msgtape([command, capture, ...options]);
    const there = elsewhere([command, capture, ...options]);
    assert.equal([there.status, there.stdout, there.stderr], [here.status, here.stdout, here.stderr]);
    assert.ok(here.stdout.length > 100);
  });
}

test("record says in one line that it cannot", () => {
  const ran = elsewhere(["record", "-o", `${copy}/never.mtape`, "--for", "1s"]);
  assert.is(ran.status, 1);
  assert.match(ran.stderr, /^msgtape: [^\n]+\n$/);
});

test.run();
