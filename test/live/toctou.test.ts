/**
 * Programs that change their inputs under the kernel's hands at known moments (test/workloads/toctou*.c): every change
 * is found, none is invented, and of the value that the kernel used nothing wrong is said.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ToctouResult } from "../../src/replay/toctou/types.js";
import type { CallLine } from "../../src/replay/types.js";
import { live, type Need } from "../support/live.js";
import { answer, callLines, record } from "../support/msgtape.js";
import { type Demand, type ToctouTruth, wrongFindings } from "../support/toctou.js";
import { parseTruth, workload } from "../support/workload.js";

const test = suite("live: toctou");
const NEEDS: readonly Need[] = ["root", "bpf", "gcc", "userfaultfd"];

/** What of the calls in the capture the program tells of: not what fills queues and takes messages out. */
function isTold({ event, args }: CallLine): boolean {
  const { msg_len, msgp, vlen } = (args ?? {}) as {
    msg_len?: string;
    msgp?: { mtype?: string };
    vlen?: number;
  };
  if (event === "mq_timedsend") return msg_len === "48";
  if (event === "msgsnd") return msgp?.mtype !== "99";
  return vlen === 2;
}

function check(name: string, args: readonly string[], demand: (truth: ToctouTruth) => Demand): void {
  const recording = record([], [workload(name), ...args]);
  assert.is(recording.status, 0, recording.stderr);
  const truth = parseTruth(recording.stdout) as readonly ToctouTruth[];
  assert.ok(truth.length >= 100 && truth.some(({ toctou }) => toctou.used === null));
  const lines = callLines(recording.file).filter(
    (line) => isTold(line) && truth.some(({ tid, event }) => tid === line.tid && event === line.event),
  );
  assert.equal(wrongFindings(truth, lines, answer<ToctouResult>(["toctou", recording.file]), demand), []);
}

live(test, "mq_timedsend: before the copy, behind it, both, not at all", NEEDS, () => {
  check("toctou", ["mq", "20"], () => "or unknown");
});

live(test, "msgsnd: text and type behind their copies, while it waits, not at all", NEEDS, () => {
  check("toctou", ["msg", "20"], () => "or unknown");
});

live(
  test,
  "sendmmsg and recvmmsg: headers, iovecs, payload, of the message at work and of the next",
  NEEDS,
  () => {
    check("toctou-mmsg", ["10"], () => "or unknown");
  },
);

test.run();
