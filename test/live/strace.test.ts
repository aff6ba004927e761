/** The same run seen by strace inside msgtape: same calls, same order per thread, same scalars, results and errnos. */
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EVENTS } from "../../src/catalog/events.js";
import { differencesFromStrace } from "../support/compare.js";
import { live, type Need } from "../support/live.js";
import { callLines, record, temporary } from "../support/msgtape.js";
import { parseStrace } from "../support/strace.js";
import { workload } from "../support/workload.js";

const test = suite("live: beside strace");

/** What strace knows on x86_64, by the same names. */
const NATIVE = EVENTS.filter((event) => event.numbers.x86_64 !== undefined);
const ON_REQUEST = ["sendmsg", "recvmsg"];
const BY_DEFAULT = NATIVE.map((event) => event.name).filter((name) => !ON_REQUEST.includes(name));

interface Case {
  readonly name: string;
  readonly command: () => readonly string[];
  readonly needs?: readonly Need[];
  readonly events?: "all";
  readonly atLeast: number;
}

const CASES: readonly Case[] = [
  {
    name: "stress-ng --mq",
    command: () => stress("--mq", "1", "--mq-ops", "2000"),
    needs: ["stress-ng"],
    atLeast: 4000,
  },
  {
    name: "stress-ng --msg",
    command: () => stress("--msg", "1", "--msg-ops", "2000"),
    needs: ["stress-ng"],
    atLeast: 4000,
  },
  {
    name: "stress-ng --sock, events by default",
    command: () => stress("--sock", "1", "--sock-opts", "random", "--sock-ops", "200"),
    needs: ["stress-ng"],
    atLeast: 1000,
  },
  {
    name: "stress-ng --sock, all events",
    command: () => stress("--sock", "1", "--sock-opts", "random", "--sock-ops", "200"),
    needs: ["stress-ng"],
    events: "all",
    atLeast: 4000,
  },
  { name: "POSIX cases", command: () => [workload("mq-cases")], atLeast: 30 },
  { name: "System V cases", command: () => [workload("sysv-cases")], atLeast: 30 },
  { name: "socket cases", command: () => [workload("sockets")], events: "all", atLeast: 20 },
  { name: "signals", command: () => [workload("signals"), "sockets"], events: "all", atLeast: 15 },
  { name: "deaths", command: () => [workload("deaths")], atLeast: 10 },
  { name: "calls that seccomp refuses", command: () => [workload("refused")], atLeast: 8 },
];

function stress(...args: readonly string[]): readonly string[] {
  return ["stress-ng", ...args, "--timeout", "60"];
}

for (const { name, command, needs = [], events, atLeast } of CASES) {
  live(test, name, ["root", "bpf", "gcc", "strace", ...needs], () => {
    const output = temporary("strace.txt");
    const wanted = events === "all" ? NATIVE.map((event) => event.name) : BY_DEFAULT;
    const tracer = ["strace", "-f", "-ttt", "-T", "-e", "raw=all", "-e", "signal=none", "-o", output];
    const recording = record(events === "all" ? ["--events", "all"] : [], [
      ...tracer,
      "-e",
      `trace=${wanted.join(",")}`,
      ...command(),
    ]);
    assert.is(recording.status, 0, recording.stderr);
    const seen = parseStrace(readFileSync(output, "utf8"));
    const calls = callLines(recording.file);
    assert.ok(calls.length >= atLeast, `${calls.length} calls are too few to show anything`);
    const differences = differencesFromStrace(seen, calls);
    assert.is(
      differences.length,
      0,
      `${differences.length} differences: ${differences.slice(0, 20).join("\n")}`,
    );
  });
}

test.run();
