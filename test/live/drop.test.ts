/** Root is given up once the probes are in place, in every thread and for good, and nothing of a recording is missing. */
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openCapture } from "../../src/format/capture.js";
import type { Inventory } from "../../src/format/types.js";
import { fileSource } from "../../src/replay/open.js";
import { expectedQueues, foundQueues, InventoryWorkload } from "../support/inventory.js";
import { live } from "../support/live.js";
import { answer, callLines, msgtape, temporary } from "../support/msgtape.js";
import { childrenNamed, killRecorders, niceOf, Recorder, threadsHave, until } from "../support/recorder.js";

const test = suite("live: drop");

test.after.each(killRecorders);

const NO_SUDO = { SUDO_USER: undefined, SUDO_UID: undefined };
const NOBODY = 65534;
const DAEMON = 1;

/** Who asks for what, and who the recorder then is. */
const CASES = [
  { what: "nobody by default", options: [], env: NO_SUDO, uid: NOBODY, groups: "65534" },
  {
    what: "the user who called sudo",
    options: [],
    env: { SUDO_USER: "daemon", SUDO_UID: "1" },
    uid: DAEMON,
    groups: "1",
  },
  { what: "a user by name", options: ["--drop-to", "daemon"], env: NO_SUDO, uid: DAEMON, groups: "1" },
  { what: "a user by number", options: ["--drop-to", "1"], env: NO_SUDO, uid: DAEMON, groups: "1" },
] as const;

/** Ends with 7 by a signal, and with the recorder. */
const PATIENT = [
  "sh",
  "-c",
  `trap 'exit 7' TERM INT; echo ready; while [ -d /proc/$PPID ]; do sleep 0.05; done`,
];

for (const { what, options, env, uid, groups } of CASES) {
  live(test, `becomes ${what}, in all threads`, ["root", "bpf"], async () => {
    const recorder = new Recorder(options, { env, command: PATIENT });
    await recorder.commandSays("ready");
    const four = `${uid}\t${uid}\t${uid}\t${uid}`;
    assert.equal(threadsHave(recorder.pid, "Uid"), [four]);
    assert.equal(threadsHave(recorder.pid, "Gid"), [four]);
    assert.equal(threadsHave(recorder.pid, "Groups"), [groups]);
    for (const set of ["CapPrm", "CapEff", "CapAmb"]) {
      assert.equal(threadsHave(recorder.pid, set), ["0000000000000000"]);
    }
    assert.equal(threadsHave(recorder.pid, "NoNewPrivs"), ["1"]);
    // What it does in time it goes on doing in time.
    await until(() => niceOf(recorder.pid, "msgtape-drain").join() === "-10");
    // Nobody else who is that user may look into it.
    assert.is(statSync(`/proc/${recorder.pid}/mem`).uid, 0);

    const [keeper = 0, ...others] = childrenNamed(recorder.pid, "msgtape-keeper");
    assert.equal(others, []);
    assert.equal(threadsHave(keeper, "Uid"), ["0\t0\t0\t0"]);
    assert.equal(threadsHave(keeper, "NoNewPrivs"), ["1"]);
    // Its standard descriptors, the socket, the iterator, the command: the output is not its business any more. While it
    // looks at a task it has more for a moment.
    await until(() => readdirSync(`/proc/${keeper}/fd`).sort().join() === "0,1,2,3,4,5");

    // Root's command gets the recorder's signal, and its status is the answer.
    const { status, stderr } = await recorder.end("SIGTERM");
    assert.is(status, 7, stderr);
    assert.not(existsSync(`/proc/${keeper}`));
    const file = statSync(recorder.file);
    assert.equal([file.uid, file.gid, file.mode & 0o777], [uid, uid, 0o600]);
    const info = answer<{ complete: boolean; ended: string }>(["info", recorder.file]);
    assert.equal([info.complete, info.ended], [true, "command"]);
  });
}

live(test, "--drop-to root stays root, without a keeper", ["root", "bpf"], async () => {
  const recorder = new Recorder(["--drop-to", "root"], { command: PATIENT });
  await recorder.commandSays("ready");
  assert.equal(threadsHave(recorder.pid, "Uid"), ["0\t0\t0\t0"]);
  assert.equal(childrenNamed(recorder.pid, "msgtape-keeper"), []);
  assert.is((await recorder.end("SIGINT")).status, 7);
  assert.is(statSync(recorder.file).uid, 0);
});

live(test, "the command's user is its own, and gets signals too", ["root", "bpf", "setpriv"], async () => {
  const recorder = new Recorder(["--user", "daemon", "--drop-to", "nobody"], { command: PATIENT });
  await recorder.commandSays("ready");
  const [command = 0] = childrenNamed(recorder.pid, "sh");
  assert.equal(threadsHave(command, "Uid"), ["1\t1\t1\t1"]);
  assert.equal(
    threadsHave(command, "NoNewPrivs"),
    ["0"],
    "what the recorder is barred from the command is not",
  );
  assert.is((await recorder.end("SIGINT")).status, 7);
});

interface Told {
  readonly tasks: readonly unknown[];
  readonly start: Inventory | undefined;
  readonly end: Inventory | undefined;
}

/** What is told of tasks and of the workload's queues. */
async function record(options: readonly string[]): Promise<Told> {
  const queues = new InventoryWorkload();
  try {
    const before = await queues.ready();
    const pids = [before.pid, before.other].flatMap((pid) => ["--pid", String(pid)]);
    const recorder = new Recorder([...options, ...pids], { env: NO_SUDO });
    await recorder.recording();
    const after = await queues.more();
    const { status, stderr } = await recorder.end("SIGINT");
    assert.is(status, 0, stderr);
    const capture = openCapture(fileSource(recorder.file));
    const [start, end] = ["start", "end"].map((why) =>
      capture.inventories().find(({ reason }) => reason === why),
    );
    assert.equal(foundQueues(start?.queues ?? [], before.queues), expectedQueues(before.queues));
    assert.equal(foundQueues(end?.queues ?? [], after.queues), expectedQueues(after.queues));
    return { tasks: tasksOf(recorder.file), start, end };
  } finally {
    await queues.end();
  }
}

/** What /proc adds to the tasks of a capture's calls. */
function tasksOf(file: string): readonly unknown[] {
  const tasks = [...openCapture(fileSource(file)).chunks()].flatMap((item) =>
    "problem" in item ? [] : item.body.tasks,
  );
  return [
    ...new Set(
      tasks.map(({ exe, cmdline, cgroupPath }) =>
        [exe, cmdline === null ? null : Buffer.from(cmdline).toString("latin1"), cgroupPath].join(" | "),
      ),
    ),
  ].sort();
}

live(test, "inventories and tasks are as root sees them", ["root", "bpf", "gcc"], async () => {
  const [asRoot, dropped] = [await record(["--drop-to", "root"]), await record([])];
  assert.equal(dropped.tasks, asRoot.tasks);
  assert.match(String(asRoot.tasks[0]), /\/workloads\/inventory \| .*inventory\0 \| \//);
  for (const when of ["start", "end"] as const) {
    const [mine, roots] = [dropped[when], asRoot[when]];
    assert.equal(mine?.missing, roots?.missing);
    assert.equal(mine?.limits, roots?.limits);
    assert.equal([mine?.everyDescriptor, mine?.namespaces?.length], [true, roots?.namespaces?.length]);
  }
});

live(
  test,
  "without the iterator, what only root may look at is missing at the end",
  ["root", "bpf"],
  async () => {
    const env = { ...NO_SUDO, MSGTAPE_HOLD_BACK: "iter" };
    const recorder = new Recorder(["--for", "300ms", "--pid", String(process.pid)], { env });
    const { status, stderr } = await recorder.ended;
    assert.is(status, 0, stderr);
    const end = openCapture(fileSource(recorder.file))
      .inventories()
      .find(({ reason }) => reason === "end");
    const refused = end?.missing.filter(({ what }) => /^open descriptors of \d+ processes$/.test(what));
    assert.equal(
      refused?.map(({ why }) => why),
      ["permission denied"],
    );
    assert.is(end?.everyDescriptor, false);
    assert.ok((end?.namespaces?.length ?? 0) > 0, "namespaces are the keeper's, and looked into");
  },
);

live(test, "the keeper's own looks are not recorded", ["root", "bpf", "gcc"], async () => {
  // Queues that nobody holds are opened at each inventory, and asked for their attributes: calls as others make them.
  const queues = new InventoryWorkload();
  try {
    const { queues: known } = await queues.ready();
    const file = temporary("whole-host.mtape");
    const ran = msgtape([
      "record",
      "-o",
      file,
      "--for",
      "200ms",
      "--comm",
      "msgtape-keeper",
      "--comm",
      "node",
    ]);
    assert.is(ran.status, 0, ran.stderr);
    const source = fileSource(file);
    const [start] = openCapture(source).inventories();
    source.close();
    assert.equal(foundQueues(start?.queues ?? [], known), expectedQueues(known));
    assert.equal(callLines(file), []);
  } finally {
    await queues.end();
  }
});

live(
  test,
  "a keeper that hangs holds nobody up, and what it does not tell is missing",
  ["root", "bpf"],
  async () => {
    const recorder = new Recorder(["--pid", String(process.pid)], { env: NO_SUDO });
    await recorder.recording();
    const [keeper = 0] = childrenNamed(recorder.pid, "msgtape-keeper");
    await until(() => !existsSync(`/proc/${keeper}/fd/7`));
    process.kill(keeper, "SIGSTOP");
    const { status, stderr } = await recorder.end("SIGINT");
    process.kill(keeper, "SIGCONT");
    assert.is(status, 0, stderr);
    const source = fileSource(recorder.file);
    const capture = openCapture(source);
    const end = capture.inventories().find(({ reason }) => reason === "end");
    source.close();
    assert.is(capture.complete, true);
    const whys = end?.missing.map(({ why }) => why).filter((why) => why.includes("msgtape-keeper")) ?? [];
    assert.match(whys.join("; "), /did not answer in time; .*has not yet answered.*; .*has not yet answered/);
  },
);

live(
  test,
  "a command that does not start leaves no file, though it is no longer ours",
  ["root", "bpf"],
  () => {
    const directory = temporary("roots");
    mkdirSync(directory, 0o700);
    const ran = msgtape(["record", "-o", `${directory}/a.mtape`, "--", "/nowhere/no-such-program"]);
    assert.is(ran.status, 127, ran.stderr);
    assert.equal(readdirSync(directory), []);
  },
);

live(
  test,
  "without its keeper a recording ends whole, and says what it did not see",
  ["root", "bpf"],
  async () => {
    const recorder = new Recorder([], { env: NO_SUDO, command: PATIENT });
    await recorder.commandSays("ready");
    const [keeper = 0] = childrenNamed(recorder.pid, "msgtape-keeper");
    const [command = 0] = childrenNamed(recorder.pid, "sh");
    process.kill(keeper, "SIGKILL");
    // It cannot be passed on any more: so the recording ends by it.
    const { status, stderr } = await recorder.end("SIGTERM");
    process.kill(command, "SIGKILL");
    assert.is(status, 128 + 15, stderr);
    const capture = openCapture(fileSource(recorder.file));
    const end = capture.inventories().find(({ reason }) => reason === "end");
    const gone = "msgtape-keeper, which stayed root for this, has ended";
    assert.ok(
      end?.missing.some(({ why }) => why.includes(gone)),
      JSON.stringify(end?.missing),
    );
    assert.is(end?.everyDescriptor, false);
    assert.ok(capture.summary !== null);
  },
);

test("an unknown user is refused before anything is done", () => {
  const file = temporary("unknown.mtape");
  const ran = msgtape(["record", "-o", file, "--drop-to", "no-such-user", "--", "true"]);
  if (process.getuid?.() === 0)
    assert.match(ran.stderr, /^msgtape: --drop-to: there is no user no-such-user: [^\n]*root\n$/);
  assert.is(ran.status, 2, ran.stderr);
  assert.not(existsSync(file));
});

test.run();
