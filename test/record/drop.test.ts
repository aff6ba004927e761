import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { OutputDirectory } from "../../src/record/directory.js";
import { dropUser, findUser, type Invoker, requireWritableBy, whyNotDropped } from "../../src/record/drop.js";
import { RecordError } from "../../src/record/errors.js";
import { live } from "../support/live.js";

const test = suite<{ directory: string }>("drop");

test.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), "msgtape-drop-"));
});
test.after.each(({ directory }) => rmSync(directory, { recursive: true, force: true }));

const USERS: Readonly<Record<string, number>> = { root: 0, toor: 0, ann: 1000, nobody: 65534 };

const ROOT: Invoker = {
  uid: 0,
  env: {},
  find: (name) => {
    const uid = USERS[name];
    return uid === undefined ? `there is no user ${name}` : { name, uid, gid: uid };
  },
};

function nameOf(wanted: string | null, change: Partial<Invoker> = {}): string | null {
  try {
    return dropUser(wanted, { ...ROOT, ...change })?.name ?? null;
  } catch (error) {
    if (error instanceof RecordError) return `${error.exitStatus} ${error.message}`;
    throw error;
  }
}

test("whom to become: who is named, else who called sudo, else nobody", () => {
  assert.is(nameOf(null), "nobody");
  assert.is(nameOf(null, { env: { SUDO_USER: "ann", SUDO_UID: "1000" } }), "ann");
  assert.is(nameOf("ann"), "ann");
  assert.is(nameOf("nobody", { env: { SUDO_USER: "ann", SUDO_UID: "1000" } }), "nobody");
});

test("root stays root when it is told to", () => {
  assert.is(nameOf("root"), null);
  assert.is(nameOf("toor"), null);
});

test("what sudo says is believed only where it fits", () => {
  for (const env of [
    { SUDO_USER: "root", SUDO_UID: "0" },
    { SUDO_USER: "toor", SUDO_UID: "1000" },
    { SUDO_USER: "ann", SUDO_UID: "1001" },
    { SUDO_USER: "ann" },
    { SUDO_USER: "gone", SUDO_UID: "1002" },
    { SUDO_USER: "", SUDO_UID: "1000" },
  ]) {
    assert.is(nameOf(null, { env }), "nobody", JSON.stringify(env));
  }
});

test("who is not root becomes nobody else", () => {
  assert.is(nameOf(null, { uid: 1000 }), null);
  assert.is(nameOf("ann", { uid: 1000 }), "2 --drop-to: only root can become another user: leave it out");
});

test("an unknown user is an error", () => {
  const todo = "name another user, or --drop-to root to stay root";
  assert.is(nameOf("bob"), `2 --drop-to: there is no user bob: ${todo}`);
  const find: Invoker["find"] = () => "there is no user nobody";
  assert.is(nameOf(null, { find }), `2 --drop-to: there is no user nobody: ${todo}`);
});

function thread(proc: string, tid: number, change: Readonly<Record<string, string>> = {}): void {
  const directory = join(proc, "self/task", String(tid));
  mkdirSync(directory, { recursive: true });
  mkdirSync(join(proc, "self/fd"), { recursive: true });
  const fields = {
    Name: "a: b",
    Uid: "5\t5\t5\t5",
    Gid: "6\t6\t6\t6",
    CapPrm: "0000000000000000",
    CapEff: "0000000000000000",
    CapAmb: "0000000000000000",
    NoNewPrivs: "1",
    ...change,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}:\t${value}\n`);
  writeFileSync(join(directory, "status"), lines.join(""));
}

test("one thread that has anything left is found", ({ directory: proc }) => {
  const user = { name: "ann", uid: 5, gid: 6 };
  thread(proc, 10);
  thread(proc, 11);
  assert.is(whyNotDropped(user, proc), null);
  const cases: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
    [{ Uid: "5\t5\t0\t5" }, "thread 11 has the user ids 5\t5\t0\t5"],
    [{ Gid: "6\t6\t6\t0" }, "thread 11 has the group ids 6\t6\t6\t0"],
    [{ CapPrm: "0000000000000020" }, "thread 11 has capabilities (CapPrm 0000000000000020)"],
    [{ NoNewPrivs: "0" }, "thread 11 may get new privileges"],
  ];
  for (const [change, why] of cases) {
    thread(proc, 11, change);
    assert.is(whyNotDropped(user, proc), why);
  }
  thread(proc, 11);
  symlinkSync("anon_inode:[io_uring]", join(proc, "self/fd/7"));
  assert.match(whyNotDropped(user, proc) ?? "", /io_uring/);
});

live(
  test,
  "a directory that the user cannot write is refused, and nothing is left in one that he can",
  ["root", "bpf"],
  ({ directory }) => {
    const nobody = findUser("nobody");
    if (typeof nobody === "string") throw new Error(nobody);
    const refusal = (path: string): string | null => {
      const open = OutputDirectory.open(path);
      try {
        requireWritableBy(open, nobody);
        return null;
      } catch (error) {
        if (error instanceof RecordError) return error.message;
        throw error;
      } finally {
        open.close();
      }
    };
    assert.is(
      refusal(directory),
      `${directory}: nobody, to whom root is given up, cannot make files there: Permission denied: choose another place with -o, or another user with --drop-to`,
    );
    // Below one that he may not even enter: it is held open.
    const mine = join(directory, "mine");
    mkdirSync(mine);
    chownSync(mine, nobody.uid, nobody.gid);
    chmodSync(mine, 0o300);
    assert.is(refusal(mine), null);
    assert.equal(readdirSync(mine), []);
  },
);

test.run();
