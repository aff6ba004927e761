import { existsSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { COMMANDS } from "../../src/cli/program.js";
import { VERSION } from "../../src/cli/version.js";
import { temporary } from "../support/msgtape.js";
import { captureFile, program } from "./support.js";

const test = suite("cli: program");

/** One line, and nothing on standard output. */
async function refuses(args: readonly string[], status: number, line: string | RegExp): Promise<void> {
  const answer = await program(args);
  assert.equal([answer.status, answer.stdout], [status, ""], args.join(" "));
  assert.match(answer.stderr, /^msgtape: [^\n]+\n$/);
  if (typeof line === "string") assert.is(answer.stderr, `msgtape: ${line}\n`);
  else assert.match(answer.stderr, line);
}

test("--version and --help are answers", async () => {
  assert.equal(await program(["--version"]), { status: 0, stdout: `${VERSION}\n`, stderr: "" });
  const help = await program(["--help"]);
  assert.equal([help.status, help.stderr], [0, ""]);
  for (const { name, describe } of COMMANDS) {
    assert.match(help.stdout, new RegExp(`msgtape ${name} .*${describe.slice(0, 20)}`));
  }
});

test("each command's help names its options, and its description is the one in the list", async () => {
  for (const entry of COMMANDS) {
    const module = await entry.load();
    assert.is(module.describe, entry.describe);
    assert.is(module.command.split(" ")[0], entry.name);
    const help = await program([entry.name, "--help"]);
    assert.equal([help.status, help.stderr], [0, ""]);
    assert.match(help.stdout, /--json/);
  }
});

test("--count promises no more than it keeps", async () => {
  assert.match((await program(["record", "--help"])).stdout, /--count +end after at least so many calls/);
});

test("a wrong command line is told in one line, with status 2", async () => {
  await refuses([], 2, "no command given: try msgtape --help");
  await refuses(["zap"], 2, /there is no command "zap": the commands are record, info, calls/);
  await refuses(["inof", "x"], 2, 'there is no command "inof": did you mean info?');
  await refuses(["info"], 2, "no capture given: msgtape info FILE");
  await refuses(["calls"], 2, "no capture given: msgtape calls FILE");
  await refuses(["latency", "--"], 2, "no capture given: msgtape latency FILE");
  await refuses(["calls", "x", "--frob"], 2, "unknown option or argument --frob: try msgtape calls --help");
  await refuses(["calls", "--frob", "x"], 2, "unknown option or argument --frob: try msgtape calls --help");
  await refuses(["calls", "--frob=1"], 2, "unknown option or argument --frob: try msgtape calls --help");
  await refuses(["calls", "f", "-xyz"], 2, "unknown option or argument -x, -y, -z: try msgtape calls --help");
  await refuses(["calls", "x", "--pid"], 2, "--pid: its value is missing: try msgtape calls --help");
  await refuses(["record", "-o"], 2, "-o: its value is missing: try msgtape record --help");
  await refuses(["record", "ls"], 2, /unknown option or argument ls: a command to record goes behind --/);
});

test("a flag with a value is refused, not passed over", async () => {
  await refuses(["calls", "x", "--failed=yes"], 2, '--failed: takes no value, found "yes"');
  await refuses(["info", "x", "--json="], 2, '--json: takes no value, found ""');
  await refuses(["record", "-q=1", "--for", "1s"], 2, '-q: takes no value, found "1"');
  const file = captureFile();
  assert.equal(await program(["info", file, "--json=true"]), await program(["info", file, "--json"]));
  assert.equal(await program(["info", file, "--json=false"]), await program(["info", file]));
});

test("record with an empty command records nothing, least of all the whole host", async () => {
  const line = "there is no command behind --: name one, or leave out the --";
  const file = temporary("none.mtape");
  await refuses(["record", "--"], 2, line);
  await refuses(["record", "-o", file, "--"], 2, line);
  await refuses(["record", "-o", file, "--", ""], 2, line);
  assert.not(existsSync(file));
});

test("a pipe is no capture, and is never passed over", async () => {
  const line = "-: a capture cannot be read from a pipe; save it to a file first";
  const file = captureFile();
  for (const command of ["info", "calls", "latency"]) {
    await refuses([command, "-"], 2, line);
    await refuses([command, file, "-"], 2, line);
    await refuses([command, "--", "-"], 2, line);
  }
  await refuses(["calls", "--comm", "-", "-", file], 2, line);
  await refuses(["calls", "--comm=-", "-", file], 2, line);
  const named = await program(["calls", file, "--comm", "-"]);
  assert.equal(named, { status: 0, stdout: "", stderr: "" });
});

test("files may follow --, and options may come before the command", async () => {
  const file = captureFile();
  const plain = await program(["info", file, "--json"]);
  assert.is(plain.status, 0);
  assert.equal(await program(["info", "--json", "--", file]), plain);
  assert.equal(await program(["--json", "info", file]), plain);
});

test("options with wrong values are named", async () => {
  await refuses(["calls", "x", "--pid", "a"], 2, '--pid: expected a number, found "a"');
  await refuses(["calls", "x", "--event", "mq_send"], 2, /^msgtape: --event: .*did you mean mq_timedsend\?/);
  await refuses(["calls", "x", "--errno", "EFOO"], 2, /^msgtape: --errno: expected .*found "EFOO"/);
  await refuses(["calls", "x", "--min-duration", "soon"], 2, /^msgtape: --min-duration: expected/);
  await refuses(["calls", "x", "--from", "then"], 2, /^msgtape: --from: expected/);
  await refuses(["calls", "x", "--sort", "size"], 2, '--sort: expected enter or exit, found "size"');
  await refuses(["latency", "x", "--by", "moon"], 2, /^msgtape: --by: expected .*found "moon"/);
  await refuses(
    ["latency", "x", "--by", "layer,queue"],
    2,
    /^msgtape: --by: layer does not go with the queue/,
  );
  await refuses(["latency", "x", "--by", "layer", "--queue", "/q"], 2, /layer does not go with the queue/);
  await refuses(["latency", "x", "--by", "layer", "--errno", "EINTR"], 2, /layer does not go with the error/);
  await refuses(["latency", "x", "--from", "1s", "--from", "2s"], 2, "--from: is given more than once");
  const file = captureFile();
  await refuses(["calls", file, "--from", "2s", "--to", "1s"], 2, "--to: is not after --from");
});

test("--debug shows where an error comes from", async () => {
  const answer = await program(["--debug", "info", "/no/such/file"]);
  assert.is(answer.status, 1);
  assert.match(answer.stderr, /^msgtape: \/no\/such\/file: no such file\n[\s\S]*\n {4}at /);
});

test("a file's name reaches no terminal as it is", async () => {
  const answer = await program(["info", "/no/\u001b[31mred"]);
  assert.is(answer.stderr, "msgtape: /no/\\033[31mred: no such file\n");
});

test("an error stays one line whatever a file's name has in it", async () => {
  await refuses(["info", "/no/two\nlines"], 1, "/no/two\\nlines: no such file");
});

test("nothing that record says moves a terminal", async () => {
  const hostile = "\u001b[31m\u009b2J\u202ex";
  const rows: readonly (readonly string[])[] = [
    ["-o", `/no/${hostile}/a.mtape`],
    ["--queue", hostile],
    ["--cgroup", hostile],
    ["--uid", hostile],
    ["--events", hostile],
    ["--snap", hostile],
  ];
  for (const options of rows) {
    const answer = await program(["record", ...options]);
    assert.is.not(answer.status, 0);
    assert.match(answer.stderr, /^msgtape: [\x20-\x7e]+\n$/);
    assert.match(answer.stderr, "\\u{9b}2J\\u{202e}x");
  }
});

test.run();
