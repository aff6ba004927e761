/**
 * A program that has secrets wherever a capture can hold some, recorded for real on a host with a secret name, in a
 * cgroup with one: none is in the redacted capture, and the analyses say the same.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, rmdirSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { found } from "../rewrite/redact/all-bytes.js";
import { compareLines, FigureComparer } from "../rewrite/redact/same-figures.js";
import { live } from "../support/live.js";
import { msgtape, temporary } from "../support/msgtape.js";
import { MSGTAPE } from "../support/paths.js";
import { workload } from "../support/workload.js";

const test = suite("live: redact");

const WORD = "Hush";
/** What the workload says, and what is around it. */
const SECRETS: readonly (string | Uint8Array)[] = [
  WORD,
  "!HushVal",
  "127.201.202.203",
  // The same, the port, the key, the user and the group as the kernel has them.
  Uint8Array.of(0x7f, 0xc9, 0xca, 0xcb),
  Uint8Array.of(0xca, 0xfe, 0x7f, 0xc9),
  Uint8Array.of(0xab, 0xe7, 0xc2, 0x5e),
  Uint8Array.of(0x4d, 0x5c, 0x6b, 0x7a),
  Uint8Array.of(0x4d, 0x5c, 0x6b, 0x7b),
];
const CGROUP2_MAGIC = 0x63677270;
const CGROUPS = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

/** A cgroup with a secret name; null: there is no cgroup v2 here. */
function cgroup(): string | null {
  for (const root of CGROUPS) {
    try {
      if (statfsSync(root).type !== CGROUP2_MAGIC) continue;
      const path = join(root, `${WORD}-cgroup`);
      mkdirSync(path, { recursive: true });
      return path;
    } catch {
      // Not here.
    }
  }
  return null;
}

live(
  test,
  "none of a program's secrets is left, and the figures are",
  ["root", "bpf", "gcc", "unshare"],
  () => {
    const file = temporary("secrets.mtape");
    const folder = join(dirname(file), `${WORD}-folder`);
    mkdirSync(folder, { recursive: true });
    chmodSync(dirname(file), 0o755);
    chmodSync(folder, 0o777);
    const binary = join(folder, `${WORD}-program-of-a-long-name`);
    copyFileSync(workload("secrets"), binary);
    const group = cgroup();
    try {
      const enter = group === null ? "" : `echo $$ > ${group}/cgroup.procs; `;
      const run = `${process.execPath} ${MSGTAPE} record -q --events all --libc -o ${file} -- ${binary} ${folder} ${WORD}`;
      const inside = `hostname ${WORD}-host; ${enter}${run}`;
      const ran = spawnSync("unshare", ["--uts", "sh", "-c", inside], { encoding: "utf8" });
      assert.is(ran.status, 0, ran.stderr);
    } finally {
      if (group !== null) rmdirSync(group);
    }
    const there = found(file, SECRETS);
    assert.equal(
      SECRETS.filter((secret) => !there.includes(Buffer.from(secret).toString("latin1"))),
      ["127.201.202.203"],
      "the capture itself has all of them but that one spelling",
    );
    const redacted = temporary("redacted.mtape");
    assert.is(msgtape(["redact", file, "-o", redacted]).status, 0);
    assert.equal(found(redacted, SECRETS), []);
    const comparer = new FigureComparer();
    for (const analysis of ["latency", "flows", "toctou", "queues", "notifications"]) {
      const [before, after] = [file, redacted].map((path) => msgtape([analysis, "--json", path]).stdout);
      compareLines(before ?? "", after ?? "", analysis, comparer);
    }
    assert.equal(comparer.differences, []);
  },
);

test.run();
