import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { RecordConfig } from "../../src/format/types.js";
import { pageSize, possibleCpus, readHost } from "../../src/record/host.js";

const test = suite("record/host");

test("possible cpus are one more than the highest number, holes or not", () => {
  assert.is(possibleCpus("0"), 1);
  assert.is(possibleCpus("0-1"), 2);
  assert.is(possibleCpus("0-3,8-127"), 128);
  assert.throws(() => possibleCpus(""), "cannot tell how many cpus there are");
});

test("the page size is found among the other pairs", () => {
  const auxv = Buffer.alloc(48);
  [33n, 0x7fff0000n, 6n, 65536n, 0n, 0n].forEach((word, i) => {
    auxv.writeBigUInt64LE(word, i * 8);
  });
  assert.is(pageSize(auxv), 65536);
  assert.throws(() => pageSize(auxv.subarray(0, 16)), "no page size");
});

const CONFIG: RecordConfig = { events: ["msgsnd"], snapBytes: 1, bufferBytes: 2, filters: {}, command: null };
const supported = process.platform === "linux" && ["x64", "arm64"].includes(process.arch);
const named = "this host is what uname, getconf and /proc say";
if (supported) {
  test(named, () => {
    const say = (command: string, ...args: string[]) =>
      spawnSync(command, args, { encoding: "utf8" }).stdout.trimEnd();
    const host = readHost({ version: "1.2.3", config: CONFIG, attachPlan: [] });
    assert.equal(host, {
      hostname: say("uname", "-n"),
      sysname: "Linux",
      release: say("uname", "-r"),
      version: say("uname", "-v"),
      machine: say("uname", "-m"),
      arch: process.arch === "x64" ? "x86_64" : "arm64",
      littleEndian: true,
      pageSize: Number(say("getconf", "PAGESIZE")),
      bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
      cpus: Number(/\d+$/.exec(readFileSync("/sys/devices/system/cpu/possible", "utf8").trim())?.[0]) + 1,
      recorder: { name: "msgtape", version: "1.2.3" },
      synthetic: false,
      config: CONFIG,
      attachPlan: [],
    });
  });
} else {
  console.log(`skipped: ${named} (missing: Linux on x86_64 or arm64)`);
  test.skip(named, () => {});
}

test.run();
