/**
 * `queues --at` against what the kernel showed at that very moment: ipcs with each option, /proc/sysvipc/msg and the
 * mqueue file system. `verify --model` after stress.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatQueues, type QueuesAnswer, type View } from "../../src/render/queues.js";
import type { QueueState } from "../../src/replay/queue-states/queue-states.js";
import { program } from "../cli/support.js";
import { asSysvipc, asTimesRow, sysvipcRows } from "../support/ipcs.js";
import { live, scaled } from "../support/live.js";
import { answer, callLines, msgtape, temporary } from "../support/msgtape.js";
import { MSGTAPE } from "../support/paths.js";
import { workload } from "../support/workload.js";

const test = suite("live: queues");

/** In an ipc namespace of its own, where nobody else makes queues: the recorder's too. */
function recordAlone(
  command: readonly string[],
  options: readonly string[] = [],
): { readonly file: string; readonly stdout: string } {
  const file = temporary("capture.mtape");
  // A queue from before makes the namespace known to inventories that list queues alone.
  const script = 'ipcmk -Q -p 0600 >/dev/null && exec "$@"';
  const args = [process.execPath, MSGTAPE, "record", "-o", file, ...options, "--", ...command];
  const ran = spawnSync("unshare", ["-i", "sh", "-c", script, "sh", ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 30,
  });
  assert.is(ran.status, 0, ran.stderr);
  return { file, stdout: ran.stdout };
}

/** Queues of other ipc namespaces are in a recording too, as the inventories found them. */
function ofNamespace(found: QueuesAnswer, namespace: number): QueuesAnswer {
  return { ...found, queues: found.queues.filter((queue) => queue.namespace === namespace) };
}

interface Moment {
  readonly moment: number;
  readonly key: number;
  readonly tid: number;
}

/** The moments of test/workloads/queue-moments.c, each with the call that marks it. */
function recorded(): {
  file: string;
  directory: string;
  namespace: number;
  moments: readonly (Moment & { at: string })[];
} {
  const directory = temporary("moments");
  mkdirSync(directory);
  const recording = recordAlone(["env", "TZ=UTC", "LC_ALL=C", workload("queue-moments"), directory]);
  const told = recording.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Moment);
  assert.ok(told.length >= 12, "a dozen moments");
  const calls = callLines(recording.file, ["--event", "msgget"]);
  const moments = told.map((one) => {
    const mark = calls.find(({ tid, args }) => tid === one.tid && args?.key === one.key);
    assert.ok(mark, `the call of moment ${one.moment} is in the capture`);
    return { ...one, at: `${one.tid}#${mark.call}` };
  });
  const key = calls.find(({ queue }) => queue?.key != null)?.queue?.key ?? "";
  return { file: recording.file, directory, namespace: Number(key.split(":")[1]), moments };
}

/** Lines of a table of ipcs or of `queues`, as words: users by number, the same spaces. */
function tableRows(text: string): readonly string[] {
  return text
    .split("\n")
    .filter((line) => /^(0x[0-9a-f]{8}|\d+) /.test(line))
    .map((line) => line.replaceAll("root", "0").trim().split(/\s+/).join(" "));
}

const TABLES = { status: 6, pid: 4, creator: 6 } as const;

live(
  test,
  "at a dozen moments: as ipcs, /proc and the mqueue fs had it",
  ["root", "bpf", "gcc", "unshare"],
  async () => {
    const { file, directory, namespace, moments } = recorded();
    const read = (moment: number, what: string) => readFileSync(`${directory}/${moment}.${what}`, "utf8");
    for (const { moment, at } of moments) {
      const { stdout } = await program(["queues", file, "--at", at, "--json"]);
      const found = ofNamespace(JSON.parse(stdout) as QueuesAnswer, namespace);
      const { queues } = found;
      const text = (view: View) => formatQueues(found, { view, colour: false });
      const sysv = queues.filter(({ kind }) => kind === "sysv");
      const proc = sysvipcRows(read(moment, "proc"));
      const told = sysv.map(asSysvipc).map((row) =>
        hideUnsure(
          row,
          proc.find(({ msqid }) => msqid === row.msqid),
        ),
      );
      assert.equal(sortById(told), sortById(proc), `moment ${moment}: /proc/sysvipc/msg`);
      for (const queue of sysv) {
        const unsure = queue.unsure.filter((name) => !/^last_(send|receive|change)$/.test(name));
        assert.equal(unsure, [], `moment ${moment}: ${queue.key} is sure`);
      }
      for (const [view, columns] of Object.entries(TABLES)) {
        const own = tableRows(text(view as View).split("------ POSIX")[0] ?? "").map((row) =>
          row.split(" ").slice(0, columns).join(" "),
        );
        const theirs = tableRows(read(moment, view));
        assert.equal([...own].sort(), [...theirs].sort(), `moment ${moment}: ipcs, ${view}`);
      }
      const times = tableRows(read(moment, "time"));
      assert.is(times.length, sysv.length, `moment ${moment}: ipcs, time`);
      for (const row of sysv.map(asTimesRow)) {
        const pattern = row.split("~").join("(?:Not set|\\w+ \\d+ [\\d:]+)");
        assert.ok(
          times.some((time) => new RegExp(`^${pattern}$`).test(time)),
          `moment ${moment}: ipcs, time: ${row} in\n${times.join("\n")}`,
        );
      }
      comparePosix(queues, read(moment, "mqueue"), read(moment, "depth"), moment);
      const limits = text("limits");
      for (const line of read(moment, "limits")
        .split("\n")
        .filter((line) => line.includes(" = "))) {
        assert.ok(limits.split("\n").includes(line), `moment ${moment}: ${line}`);
      }
      const summary = text("summary").split("\n");
      for (const line of read(moment, "summary")
        .split("\n")
        .filter((line) => line.includes(" = "))) {
        assert.ok(summary.includes(line), `moment ${moment}: ${line} in\n${summary.join("\n")}`);
      }
    }
    const check = msgtape(["verify", file, "--model", "--json"]);
    assert.is(check.status, 0, check.stdout);
    const last = ofNamespace(answer<QueuesAnswer>(["queues", file, "--all"]), namespace);
    const removed = last.queues.filter(({ kind, exists }) => kind === "sysv" && exists === "removed");
    assert.equal(
      removed.map(({ dropped }) => dropped).filter((dropped) => dropped !== 0),
      [2, 1],
      "messages dropped by ipcrm",
    );
  },
);

/** A time that is not sure to the second is no difference. */
function hideUnsure(
  row: Readonly<Record<string, string>>,
  like: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const known = Object.entries(row).map(([name, value]) => [name, value === "~" ? like?.[name] : value]);
  return Object.fromEntries(known) as Record<string, string>;
}

function sortById<T extends Readonly<Record<string, string>>>(rows: readonly T[]): readonly T[] {
  return [...rows].sort((one, other) => Number(one.msqid) - Number(other.msqid));
}

function comparePosix(queues: readonly QueueState[], files: string, depths: string, moment: number): void {
  const posix = queues.filter(({ kind, name }) => kind === "posix" && name?.startsWith("/moments-"));
  const named = posix.filter(({ exists }) => exists === "named");
  const own = named.map(({ name, perms, uid, gid, bytes, notify }) => {
    const signo = notify?.signo ?? 0;
    const method = notify === null || notify.method === "SIGEV_SIGNAL" ? 0 : 1;
    const pid = notify?.pid ?? 0;
    return `${name?.slice(1)} ${perms} ${uid} ${gid} QSIZE:${bytes} NOTIFY:${method} SIGNO:${signo} NOTIFY_PID:${pid}`;
  });
  const theirs = lines(files)
    .filter((line) => line.startsWith("moments-"))
    .map((line) => line.replace(/\s+/g, " "));
  // The recorder does not know the umask: 0622 is the mode as asked for, ~ in text.
  const masked = own.map((line) => line.replace("moments-a 622", "moments-a 600"));
  assert.equal([...masked].sort(), [...theirs].sort(), `moment ${moment}: the mqueue file system`);
  const counts = named.map(
    ({ name, depth, waiting_senders, waiting_receivers }) =>
      `${name?.slice(1)} ${depth} ${waiting_senders} ${waiting_receivers}`,
  );
  assert.equal([...counts].sort(), [...lines(depths)].sort(), `moment ${moment}: messages and who waits`);
  for (const queue of named) {
    for (const name of ["depth", "bytes", "waiting_senders", "waiting_receivers", "exists"]) {
      assert.is(queue.unsure.includes(name), false, `moment ${moment}: ${queue.name}: ${name} is sure`);
    }
  }
}

function lines(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}

interface Verdict {
  readonly ok: boolean;
  readonly problems: readonly { readonly message: string }[];
  readonly model: { readonly queues: number | null; readonly unsure: number };
}

interface History {
  readonly queues: readonly { readonly depths: readonly ({ readonly depth: number | null } | null)[] }[];
}

live(
  test,
  "stress-ng: the calls explain the end of every queue",
  ["root", "bpf", "stress-ng", "unshare"],
  () => {
    const seconds = `${scaled(2)}`;
    const { file } = recordAlone(
      ["stress-ng", "--mq", "1", "--msg", "1", "-t", seconds],
      ["--buffer", "256M"],
    );
    const verdict = answer<Verdict>(["verify", file, "--model"]);
    process.stdout.write(
      `\nmeasured: ${verdict.model.queues} queues, ${verdict.model.unsure} values not sure\n`,
    );
    assert.equal(verdict.problems, []);
    assert.ok((verdict.model.queues ?? 0) > 100, "stress-ng made queues by the hundred");
    const { queues } = answer<History>(["queues", file, "--watch-depth"]);
    const depths = queues.flatMap((queue) => queue.depths.flatMap((one) => one?.depth ?? []));
    assert.ok(depths.some((depth) => depth > 0));
    assert.ok(
      depths.every((depth) => depth >= 0),
      "no depth is negative",
    );
  },
);

live(
  test,
  "an id that recurs is another queue each time",
  ["root", "bpf", "gcc", "msg_next_id", "unshare"],
  () => {
    const { file } = recordAlone([workload("ipc-namespace"), "reuse"]);
    const { queues } = answer<QueuesAnswer>(["queues", file, "--all"]);
    const own = queues.filter(({ msqid }) => msqid === 7);
    assert.is(own.length, 12);
    assert.is(new Set(own.map(({ key, created_ns }) => `${key} ${created_ns}`)).size, 12);
    for (const { exists, dropped, unsure } of own) {
      const other = unsure.filter((name) => !/^last_(send|receive|change)$/.test(name));
      assert.equal([exists, dropped, other], ["removed", 1, []]);
    }
    // Between two of them there is none.
    for (const { created_ns } of own) {
      const at = answer<QueuesAnswer>(["queues", file, "--at", `${(created_ns ?? 0) + 1}ns`]).queues;
      assert.equal(
        at.filter(({ msqid }) => msqid === 7).map((one) => one.created_ns),
        [created_ns],
      );
    }
  },
);

live(test, "two ipc namespaces have an id each of the same number", ["root", "bpf", "unshare"], () => {
  const inner = "ipcmk -Q -p 0611 && ipcrm -q 0";
  const { file } = recordAlone(["sh", "-c", `ipcrm -q 0; ipcmk -Q -p 0622; unshare -i sh -c '${inner}'`]);
  const used = new Set(callLines(file).flatMap(({ queue }) => queue?.key?.split(":")[1] ?? []));
  const found = answer<QueuesAnswer>(["queues", file, "--all"]);
  const queues = found.queues.filter(({ namespace }) => used.has(`${namespace}`));
  const told = queues.map(({ msqid, perms, exists }) => `${msqid} ${perms} ${exists}`);
  assert.equal([...told].sort(), ["0 600 removed", "0 611 removed", "1 622 named"].sort());
  assert.is(new Set(queues.map(({ namespace }) => namespace)).size, 2);
});

test.run();
