/** Corners of the kernel where a recorder that trusts an address, an id or a name once seen tells untruths. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { differencesFromTruth } from "../support/compare.js";
import { live, type Need } from "../support/live.js";
import { callLines, type Recording, record } from "../support/msgtape.js";
import { parseTruth, type Truth, workload } from "../support/workload.js";

const test = suite("live: corner cases");

interface Case {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly calls: number;
  readonly options?: readonly string[];
  readonly needs?: readonly Need[];
}

/** Each compared whole: these calls and no others, every field that the program knows. */
const CASES: readonly Case[] = [
  {
    name: "a UDP socket's name follows connect() there and back",
    command: ["socket-names", "udp"],
    calls: 7,
  },
  {
    name: "an IPv6 socket's name follows connect(), though the port stays",
    command: ["socket-names", "udp6"],
    calls: 6,
    needs: ["ipv6"],
  },
  {
    name: "a Unix socket's name follows connect() to peers in reused memory",
    command: ["socket-names", "unix"],
    calls: 12,
  },
  {
    name: "a socket pair's name follows the bind() of either end",
    command: ["socket-names", "pair"],
    calls: 3,
  },
  {
    name: "MSG_TRUNC on TCP brings no bytes; an address is cut at the room that was given",
    command: ["received"],
    calls: 7,
    options: ["--events", "recvmsg,recvmmsg"],
  },
  {
    name: "a handler's identical call is not the restart; the kernel's own is",
    command: ["handlers", "same"],
    calls: 7,
  },
  {
    name: "a handler that leaves by siglongjmp() leaves nothing to restart",
    command: ["handlers", "jump"],
    calls: 7,
  },
  {
    name: "a System V id that recurs is another queue, with its own key",
    command: ["ipc-namespace", "reuse"],
    calls: 36,
    needs: ["msg_next_id"],
  },
  { name: "the mqueue directory is no queue", command: ["ipc-namespace", "directory"], calls: 3 },
  {
    name: "--queue keeps calls whose name cannot be read at entry, and no others",
    command: ["cold-names"],
    calls: 6,
    options: ["--queue", "/msgtape-cold-want"],
  },
];

for (const { name, command, calls, options = [], needs = [] } of CASES) {
  live(test, name, ["root", "bpf", "gcc", ...needs], () => {
    const recording = run(command, options);
    const truth = parseTruth(recording.stdout);
    assert.is(truth.length, calls, "the workload told its truth");
    assert.equal(differencesFromTruth(truth, callLines(recording.file)), []);
  });
}

function run([program, ...args]: readonly [string, ...string[]], options: readonly string[]): Recording {
  const recording = record(options, [workload(program), ...args]);
  assert.is(recording.status, 0, recording.stderr);
  return recording;
}

/** What `renamed` tells of a call. */
function told(truth: Truth | undefined) {
  return { tid: truth?.tid, event: truth?.event, ret: truth?.ret, mqdes: truth?.args?.mqdes };
}

live(test, "--comm: a name that changes inside a call makes no false pair", ["root", "bpf", "gcc"], () => {
  const recording = run(["renamed"], ["--comm", "wanted"]);
  const [received, sent] = parseTruth(recording.stdout);
  // The first was wanted when it began: it is whole. Of the second only the end was wanted: its begin is not there.
  assert.equal(
    callLines(recording.file).map(({ tid, event, state, ret, enter_ns, args }) => ({
      tid,
      event,
      state,
      ret,
      entered: enter_ns !== null,
      mqdes: args?.mqdes,
    })),
    [
      { ...told(received), state: "complete", entered: true },
      { ...told(sent), state: "no_entry", entered: false },
    ],
  );
});

live(test, "--snap 65536 keeps 65536 bytes of mtext, sent and received", ["root", "bpf", "gcc"], () => {
  const recording = run(["ipc-namespace", "long"], ["--snap", "65536", "--events", "msgsnd,msgrcv"]);
  const calls = callLines(recording.file);
  assert.equal(differencesFromTruth(parseTruth(recording.stdout), calls), []);
  const sent = Buffer.from(Array.from({ length: 65536 }, (_, i) => i % 251)).toString("base64");
  const bytes = calls.map(({ args }) => {
    const message = args?.msgp as { readonly mtext: { readonly bytes: string } } | undefined;
    return message?.mtext.bytes === sent;
  });
  assert.equal(bytes, [true, true]);
});

live(
  test,
  "exec by a thread: no call of the old leader's and the new one's is the same",
  ["root", "bpf", "gcc"],
  () => {
    const calls = callLines(run(["deaths"], []).file);
    const keys = calls.map(({ task, call }) => `${task} ${call}`);
    assert.ok(keys.length > 10);
    assert.equal(
      keys.filter((key, i) => keys.indexOf(key) !== i),
      [],
    );
  },
);

test.run();
