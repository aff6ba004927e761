/** What may become of the output while it is written: removed, its directory closed to writers, no more room, a size limit. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { live, patience } from "../support/live.js";
import { answer, callLines, msgtape, temporary } from "../support/msgtape.js";
import { MSGTAPE } from "../support/paths.js";
import { childrenNamed, killRecorders, Recorder, until } from "../support/recorder.js";
import { countRecords } from "../support/records.js";
import { workload } from "../support/workload.js";

const test = suite("live: stress, output");
test.after.each(killRecorders);

interface Info {
  readonly complete: boolean;
  readonly ended: string;
  readonly records: number;
  readonly lost: number;
}

/** A directory and a file to be in it. */
function place(): { readonly directory: string; readonly file: string } {
  const directory = temporary("place");
  mkdirSync(directory);
  return { directory, file: `${directory}/a.mtape` };
}

live(
  test,
  "a file that is removed ends the recording, which says so and fails",
  ["root", "bpf"],
  async () => {
    const { directory, file } = place();
    const recorder = new Recorder(["--pid", String(process.pid)], { file });
    await recorder.recording();
    const [keeper] = childrenNamed(recorder.pid, "msgtape-keeper");
    // The start is over when the output is no longer in the keeper's hands.
    await until(() => !existsSync(`/proc/${keeper}/fd/7`));
    rmSync(directory, { recursive: true });
    // It is found by itself, within some seconds.
    const { status, stderr } = await recorder.ended;
    assert.is(
      stderr,
      `msgtape: ${file}: was removed while it was written: the recording ended, and nothing is left of it\n`,
    );
    assert.is(status, 1);
  },
);

live(test, "a file that is removed at the last moment is missed at the end", ["root", "bpf"], () => {
  const { file } = place();
  const ran = msgtape(["record", "-o", file, "--", "rm", file]);
  assert.match(
    ran.stderr,
    /^msgtape: [^\n]*a\.mtape: was removed while it was written[^\n]*nothing is left of it\n$/,
  );
  assert.is(ran.status, 125);
  const failed = msgtape(["record", "-o", file, "--", "sh", "-c", `rm ${file}; exit 9`]);
  assert.is(failed.status, 9, "a command's own failure comes first");
});

live(test, "a directory that is closed to writers meanwhile changes nothing", ["root", "bpf", "gcc"], () => {
  const { directory, file } = place();
  const ping = workload("mq-ping");
  const ran = msgtape([
    "record",
    "-q",
    "-o",
    file,
    "--",
    "sh",
    "-c",
    `chmod 0 ${directory}; ${ping} 100 >/dev/null`,
  ]);
  chmodSync(directory, 0o700);
  assert.is(ran.status, 0, ran.stderr);
  assert.is(callLines(file).length, 202);
});

live(test, "a path that is led elsewhere meanwhile changes nothing", ["root", "bpf"], () => {
  const { directory, file } = place();
  const other = temporary("other");
  mkdirSync(other);
  const swap = `mv ${directory} ${directory}-moved; ln -s ${other} ${directory}; exit 3`;
  const ran = msgtape(["record", "-o", file, "--", "sh", "-c", swap]);
  assert.is(ran.status, 3, ran.stderr);
  assert.equal(answer<Info>(["info", `${directory}-moved/a.mtape`]).complete, true);
  assert.not(existsSync(`${other}/a.mtape`));
});

live(test, "no link is followed to the output, and none is made of it", ["root", "bpf"], () => {
  const { directory, file } = place();
  symlinkSync(`${directory}/target`, file);
  const ran = msgtape(["record", "-o", file, "--for", "1s"]);
  assert.is(ran.status, 1);
  assert.match(ran.stderr, /exists already/);
  assert.not(existsSync(`${directory}/target`));
});

/** The file as it is when the room for it was used up: whole, with its end. */
function isFull(
  file: string,
  ran: { readonly status: number | null; readonly stderr: string },
  words: RegExp,
): void {
  assert.is(ran.status, 3, ran.stderr);
  assert.match(ran.stderr, words);
  assert.not.match(ran.stderr, /^\s+at /m);
  const info = answer<Info>(["info", file]);
  assert.equal([info.complete, info.ended], [true, "disk_full"]);
  const counted = countRecords(file);
  assert.equal([counted.problems, counted.repeated, counted.records], [[], 0, info.records]);
  assert.ok(info.records > 0 && info.lost > 0, `${info.records} records, ${info.lost} lost`);
}

live(test, "a limit of file sizes ends it with a whole file", ["root", "bpf", "gcc"], () => {
  const { file } = place();
  const limit = 'ulimit -f 800; exec "$@"'; // of 512 bytes each
  const recorder = [process.execPath, MSGTAPE, "record", "-o", file, "--snap", "8192"];
  const command = [workload("mq-ping"), "200000", "8000"];
  const ran = spawnSync("sh", ["-c", limit, "sh", ...recorder, "--", ...command], {
    encoding: "utf8",
    timeout: patience(120_000),
  });
  isFull(file, ran, /a\.mtape: the limit of file sizes \(ulimit -f\) is reached: the recording ended/);
  assert.ok(statSync(file).size <= 800 * 512);
});

live(test, "a user's quota ends it with a whole file", ["root", "bpf", "gcc", "unshare"], () => {
  const keep = temporary("quota.mtape");
  // tmpfs keeps quotas itself since Linux 6.6: 600 KiB for the user that root is given up for, on 16 MiB.
  const script = `
    mount -t tmpfs -o size=16m,usrquota,usrquota_block_hardlimit=600k none /mnt 2>/dev/null || exit 99
    mkdir -m 777 /mnt/d
    "$1" "$2" record -o /mnt/d/q.mtape --snap 8192 -- "$3" 200000 8000 >/dev/null
    status=$?
    cp /mnt/d/q.mtape "$4"
    exit $status`;
  const ran = spawnSync(
    "unshare",
    ["-m", "sh", "-c", script, "sh", process.execPath, MSGTAPE, workload("mq-ping"), keep],
    { encoding: "utf8", timeout: patience(120_000) },
  );
  if (ran.status === 99) {
    console.log("skipped: a user's quota (missing: quotas of tmpfs, CONFIG_TMPFS_QUOTA)");
    return;
  }
  isFull(keep, ran, /q\.mtape: [^\n]*(quota|no space left)/);
  assert.ok(statSync(keep).size <= 600 * 1024);
});

live(test, "killed, it leaves no keeper behind", ["root", "bpf"], async () => {
  const recorder = new Recorder(["--pid", String(process.pid)]);
  await recorder.recording();
  const [keeper] = childrenNamed(recorder.pid, "msgtape-keeper");
  assert.ok(keeper !== undefined);
  await recorder.end("SIGKILL");
  while (existsSync(`/proc/${keeper}`)) await new Promise((resolve) => setTimeout(resolve, 10));
});

test.run();
