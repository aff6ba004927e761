/** SIGUSR1, however early, leaves nobody a debugger to connect to. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { live } from "../support/live.js";
import { killRecorders, Recorder } from "../support/recorder.js";

const test = suite("live: debugger");
test.after.each(killRecorders);

/** TCP_LISTEN in include/net/tcp_states.h. */
const LISTENS = "0A";

/** Inodes of all sockets that listen for TCP. */
function listening(): ReadonlySet<string> {
  const lines = ["tcp", "tcp6"].flatMap((file) =>
    readFileSync(`/proc/net/${file}`, "latin1").split("\n").slice(1),
  );
  const fields = lines.map((line) => line.trim().split(/\s+/));
  return new Set(
    fields.flatMap(([, , , state, , , , , , inode]) => (state === LISTENS && inode ? [inode] : [])),
  );
}

function listensItself(pid: number): boolean {
  const sockets = listening();
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      return inode !== undefined && sockets.has(inode);
    } catch {
      return false;
    }
  });
}

live(test, "what Node opened before the first line is closed again", ["root", "bpf"], async () => {
  let [opened, killed] = [0, 0];
  for (let ms = 20; ms <= 240; ms += 20) {
    const recorder = new Recorder(["--pid", String(process.pid)]);
    await delay(ms);
    recorder.child.kill("SIGUSR1");
    const isKilled = await Promise.race([
      recorder.ended.then(({ signal }) => signal === "SIGUSR1"),
      recorder.recording().then(
        () => false,
        () => true,
      ),
    ]);
    if (isKilled) {
      // Before Node takes the signal up it kills, as any program.
      assert.is((await recorder.ended).signal, "SIGUSR1");
      killed++;
      continue;
    }
    assert.not(listensItself(recorder.pid), `after ${ms} ms`);
    recorder.child.kill("SIGUSR1");
    await delay(50);
    assert.not(listensItself(recorder.pid), "while it records");
    const { status, stderr } = await recorder.end("SIGINT");
    assert.is(status, 0, stderr);
    if (stderr.includes("Debugger listening")) opened++;
  }
  console.log(
    `measured: SIGUSR1 within 240 ms of the start: killed ${killed}, opened and closed ${opened} of 12`,
  );
});

test.run();
