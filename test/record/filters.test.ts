import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RecordError } from "../../src/record/errors.js";
import {
  type FilterText,
  NO_FILTERS,
  parseCgroup,
  parseFilters,
  parseUid,
} from "../../src/record/filters.js";

const test = suite("record/filters");

function refusal(text: FilterText): string {
  try {
    parseFilters(text);
  } catch (error) {
    if (error instanceof RecordError) return `${error.exitStatus} ${error.message}`;
    throw error;
  }
  return "nothing was thrown";
}

test("nothing given is no filter", () => {
  assert.equal(parseFilters({}), NO_FILTERS);
});

test("every kind is read", () => {
  assert.equal(
    parseFilters({
      pid: ["1,22", "4194304"],
      comm: ["a,b"],
      uid: ["0", "4294967294"],
      cgroup: ["77"],
      queue: ["/jobs", "0x4d2", "0xFFFFFFFF", "key:-5", "key:1234", "msqid:98304", "7"],
    }),
    {
      pids: [1, 22, 4194304],
      comms: [new Uint8Array([97, 44, 98])],
      uids: [0, 4294967294],
      cgroups: [77n],
      queues: [
        { kind: "posix", name: new Uint8Array(Buffer.from("jobs")) },
        { kind: "sysv", isKey: true, value: 1234 },
        { kind: "sysv", isKey: true, value: -1 },
        { kind: "sysv", isKey: true, value: -5 },
        { kind: "sysv", isKey: true, value: 1234 },
        { kind: "sysv", isKey: false, value: 98304 },
        { kind: "sysv", isKey: false, value: 7 },
      ],
    },
  );
});

test("what is no value of an option is wrong usage that names both", () => {
  assert.is(refusal({ pid: ["0"] }), '2 --pid "0": expected a process id, such as 1234');
  assert.is(refusal({ pid: ["1,"] }), '2 --pid "": expected a process id, such as 1234');
  assert.is(refusal({ pid: ["4194305"] }), '2 --pid "4194305": expected a process id, such as 1234');
  assert.is(
    refusal({ comm: ["sixteen-bytes-xx"] }),
    '2 --comm "sixteen-bytes-xx": the kernel keeps 15 bytes of a name; give "sixteen-bytes-x"',
  );
  assert.is(refusal({ uid: ["4294967295"] }).slice(0, 22), '2 --uid "4294967295": ');
  assert.is(refusal({ cgroup: ["/no/such"] }).slice(0, 24), '2 --cgroup "/no/such": e');
  const queue = "expected /NAME (POSIX), 0xKEY, or an id as ipcs -q shows it (System V)";
  for (const value of ["jobs", "0x123456789", "msqid:-1", "-1", "msqid:0x10", "2147483648", ""]) {
    assert.is(refusal({ queue: [value] }), `2 --queue ${JSON.stringify(value)}: ${queue}`);
  }
  for (const value of ["/", "/a/b", `/${"x".repeat(256)}`, "/a\0"]) {
    assert.match(refusal({ queue: [value] }), "expected /NAME with 1 to 255 bytes");
  }
});

test("a user's name is looked up", () => {
  const directory = mkdtempSync(join(tmpdir(), "msgtape-filters-"));
  try {
    const passwd = join(directory, "passwd");
    writeFileSync(passwd, "root:x:0:0::/root:/bin/sh\nmail:x:8:8::/:/bin/false\nodd:x:x:1\n");
    assert.is(parseUid("mail", passwd), 8);
    assert.throws(() => parseUid("nobody-here", passwd), "expected a user id or a name");
    assert.throws(() => parseUid("odd", passwd), "expected a user id or a name");
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("a directory that is no cgroup v2 is refused", () => {
  assert.throws(() => parseCgroup(tmpdir(), "/nonexistent"), "no cgroup v2 is mounted here");
});

const cgroup2 = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].find((path) => {
  try {
    return statSync(join(path, "cgroup.procs")).isFile();
  } catch {
    return false;
  }
});
const named = "a cgroup's id is its directory's inode number, by either path";
if (cgroup2 === undefined) {
  console.log(`skipped: ${named} (missing: cgroup v2)`);
  test.skip(named, () => {});
} else {
  test(named, () => {
    const id = BigInt(statSync(cgroup2).ino);
    assert.is(parseCgroup(cgroup2), id);
    assert.is(parseCgroup("/"), id);
  });
}

test.run();
