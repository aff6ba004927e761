import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { NativeError } from "../../src/record/native.js";
import { Command } from "../../src/record/native-command.js";
import { live } from "../support/live.js";

const test = suite("record: native command");

const directory = mkdtempSync(join(tmpdir(), "msgtape-command-"));
test.after(() => rmSync(directory, { recursive: true, force: true }));
const NATIVE = fileURLToPath(new URL("../../src/record/native-command.js", import.meta.url));

/** Its wait status, once it has one. */
async function ended(command: Command): Promise<number> {
  for (;;) {
    const status = command.poll();
    if (status !== null) return status;
    await delay(2);
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(2);
}

test("waits before its first instruction, then runs and tells its status", async () => {
  const file = join(directory, "ran");
  const command = Command.prepare(["sh", "-c", `echo "$0 $*" > ${file}; exit 7`, "a b", "c", ""], null);
  assert.ok(command.pid > 0 && command.pid !== process.pid);
  assert.is(readFileSync(`/proc/${command.pid}/cmdline`, "utf8").includes("exit 7"), false);
  assert.is(command.poll(), null);
  command.release();
  assert.is(await ended(command), 7 << 8);
  assert.is(readFileSync(file, "utf8"), "a b c \n");
  assert.is(command.poll(), 7 << 8);
  command.signal(15); // it is gone: nothing happens, to nobody
  command.close();
  command.close();
});

test("says what cannot be executed", () => {
  const failure = (argv: readonly string[]): string => {
    const command = Command.prepare(argv, null);
    try {
      command.release();
      return "ran";
    } catch (error) {
      assert.instance(error, NativeError);
      return `${(error as NativeError).code}: ${(error as NativeError).message}`;
    } finally {
      command.close();
    }
  };
  assert.is(failure(["/no/such/program"]), "ENOENT: cannot run /no/such/program: No such file or directory");
  assert.is(failure([directory]), `EACCES: cannot run ${directory}: Permission denied`);
  assert.throws(() => Command.prepare([""], null), /the command is empty/);
  assert.throws(() => Command.prepare(["true"], "no-such-user"), /there is no user no-such-user/);
});

test("takes signals, and has no handler or mask of its parent's", async () => {
  const onUsr2 = () => assert.unreachable("the child's signal ran a handler here");
  process.on("SIGUSR2", onUsr2);
  const waiting = Command.prepare(["true"], null);
  waiting.signal(12); // before its first instruction
  assert.is(await ended(waiting), 12);
  assert.throws(() => waiting.release(), /ended before it was let go/);
  waiting.close();

  const file = join(directory, "status");
  const command = Command.prepare(["sh", "-c", `cat /proc/self/status > ${file}; exec sleep 100`], null);
  command.release();
  await until(() => existsSync(file) && readFileSync(file, "utf8").includes("SigCgt"));
  const masks = readFileSync(file, "utf8").match(/^Sig(Blk|Ign|Cgt):.*$/gm);
  assert.equal(masks, [
    "SigBlk:\t0000000000000000",
    "SigIgn:\t0000000000000000",
    "SigCgt:\t0000000000000000",
  ]);
  command.signal(15);
  assert.is(await ended(command), 15);
  command.close();
  process.off("SIGUSR2", onUsr2);
});

test("leaves no process behind when it is closed before it ran", async () => {
  const command = Command.prepare(["true"], null);
  const { pid } = command;
  command.close();
  assert.is(existsSync(`/proc/${pid}`), false);
  assert.throws(() => command.poll(), /the command is closed/);
});

test("ends with a recorder that dies before it let it go", async () => {
  const source = `
    const { Command } = await import(${JSON.stringify(NATIVE)});
    const command = Command.prepare(["touch", ${JSON.stringify(join(directory, "never"))}], null);
    process.stdout.write(String(command.pid), () => process.kill(process.pid, "SIGKILL"));
  `;
  const recorder = spawnSync(process.execPath, ["--input-type=module", "-e", source], { encoding: "utf8" });
  assert.is(recorder.signal, "SIGKILL", recorder.stderr);
  const pid = Number(recorder.stdout);
  assert.ok(pid > 0);
  // Whoever inherits it may be slow to collect it: a zombie has ended too.
  await until(
    () => !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z "),
  );
  assert.is(existsSync(join(directory, "never")), false);
});

test("leaves Node's own children to Node", async () => {
  const command = Command.prepare(["sleep", "100"], null);
  const child = spawn("sh", ["-c", "exit 5"]);
  command.release();
  const exit = new Promise((resolve) => child.on("exit", resolve));
  command.poll();
  assert.is(await exit, 5);
  command.signal(9);
  assert.is(await ended(command), 9);
  command.close();
});

live(test, "becomes another user, groups and all", ["root"], async () => {
  const file = join(directory, "id");
  writeFileSync(file, "");
  spawnSync("chmod", ["777", directory, file]);
  const groups = process.getgroups?.() ?? [];
  process.setgroups?.([0, 4242]); // none of which the command may keep
  const command = Command.prepare(
    ["sh", "-c", `id -u > ${file}; id -g >> ${file}; id -G >> ${file}`],
    "nobody",
  );
  command.release();
  assert.is(await ended(command), 0);
  const expected = spawnSync("sh", ["-c", "id -u nobody; id -g nobody; id -G nobody"], { encoding: "utf8" });
  assert.is(readFileSync(file, "utf8"), expected.stdout);
  assert.is(userInfo().uid, 0);
  process.setgroups?.(groups);
  command.close();
});

test.run();
