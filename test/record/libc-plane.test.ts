/** Which files have the C library's functions, and what comes of probing them. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DEFAULT_EVENTS, eventsOfGroup } from "../../src/catalog/events.js";
import { LIBC_FUNCTIONS } from "../../src/catalog/libc.js";
import { findLibcFiles, type LibcFile, mappedLibraries } from "../../src/record/libc-files.js";
import { type LibcPlace, libcFunctionsOf, probeLibraries } from "../../src/record/libc-plane.js";
import { live } from "../support/live.js";
import { workload } from "../support/workload.js";

const test = suite("record: libc plane");

const directory = mkdtempSync(join(tmpdir(), "msgtape-libc-"));
test.after(() => rmSync(directory, { recursive: true, force: true }));

const MAPS = `55d0a0000000-55d0a0001000 r--p 00000000 fe:00 11 /usr/bin/worker
7f0000000000-7f0000001000 r--p 00000000 fe:00 12 /lib/x86_64-linux-gnu/libc.so.6
7f0000001000-7f0000002000 r-xp 00001000 fe:00 12 /lib/x86_64-linux-gnu/libc.so.6
7f0000003000-7f0000004000 r-xp 00001000 fe:00 13 /opt/a b/librt-2.31.so (deleted)
7f0000005000-7f0000006000 r-xp 00001000 fe:00 14 /lib/ld-musl-x86_64.so.1
7f0000007000-7f0000008000 r-xp 00001000 fe:00 15 /lib/mylibc.so.6
7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0 [vdso]
`;

function fakeProcess(pid: number, maps: string): void {
  mkdirSync(join(directory, `${pid}/map_files`), { recursive: true });
  writeFileSync(join(directory, `${pid}/maps`), maps);
}

test("the libraries that a process has code of, deleted ones and other namespaces' too", () => {
  fakeProcess(7, MAPS);
  writeFileSync(join(directory, "7/map_files/7f0000003000-7f0000004000"), "");
  const base = `${directory}/7`;
  assert.equal(mappedLibraries(base), [
    { path: `${base}/root/lib/x86_64-linux-gnu/libc.so.6`, name: "/lib/x86_64-linux-gnu/libc.so.6" },
    { path: `${base}/map_files/7f0000003000-7f0000004000`, name: "/opt/a b/librt-2.31.so (deleted)" },
    { path: `${base}/root/lib/ld-musl-x86_64.so.1`, name: "/lib/ld-musl-x86_64.so.1" },
  ]);
  assert.is(mappedLibraries(`${directory}/8`), null);
});

test("one file is found once, and who maps none is named where asked for", () => {
  const file = join(directory, "libc.so.6");
  writeFileSync(file, "");
  for (const pid of [21, 22]) {
    fakeProcess(pid, MAPS.split("\n").slice(2, 3).join("\n").concat("\n"));
    symlinkSync(file, join(directory, `${pid}/map_files/7f0000001000-7f0000002000`));
  }
  fakeProcess(23, "55d0a0000000-55d0a0001000 r-xp 00000000 fe:00 11 /usr/bin/go-program\n");
  const found = findLibcFiles({ pids: [21, 22, 23, 99], areNamed: true, command: null }, directory);
  assert.is(found.files.filter(({ path }) => path.startsWith(directory)).length, 1);
  assert.equal(found.notes, [
    "process 23 maps no C library: it makes its system calls itself, and its functions are not seen",
  ]);
});

live(test, "this machine's own, and a command without any", ["gcc"], () => {
  const look = (command: string | null) => findLibcFiles({ pids: [], areNamed: true, command });
  const names = look(null).files.map(({ name }) => name);
  if (process.arch === "x64") assert.ok(names.includes(realpathSync("/lib/x86_64-linux-gnu/libc.so.6")));
  assert.equal([look("sh").notes, look("/no/such/program").notes], [[], []]);
  const script = join(directory, "script");
  const program = workload("libc-storm", 64, "static");
  writeFileSync(script, `#! ${program} x\n`);
  for (const command of [program, script]) {
    assert.match(
      look(command).notes.join(),
      /libc-storm-static is linked statically: it makes its system calls/,
    );
  }
  assert.match(
    look(join(directory, "libc.so.6")).notes.join(),
    /cannot tell which C library .*not an ELF file/,
  );
});

const KNOWN = LIBC_FUNCTIONS.filter(({ name }) => name === "mq_open" || name === "msgsnd");

function library(): LibcFile {
  const found = findLibcFiles({ pids: [process.pid], areNamed: false, command: null }).files[0];
  if (found === undefined) throw new Error("Node maps no C library");
  return found;
}

live(test, "each function is tried by itself, and what came of it is in the plan", ["root"], () => {
  const probed: [number, string][] = [];
  const tape = {
    libcFunctions: (path: string, places: readonly LibcPlace[]) => {
      if (places.some(({ id }) => id === 1)) throw new Error("no room");
      for (const { id } of places) probed.push([id, path]);
    },
  };
  const file = library();
  const broken = { path: "/no/such/libc.so.6", name: "/elsewhere/libc.so.6" };
  const { plan, notes } = probeLibraries(tape, () => {}, KNOWN, { files: [file, broken], notes: ["said"] });
  assert.equal(
    plan
      .map(({ plane, hook, attached, why, mechanism }) => [
        plane,
        hook,
        attached,
        why,
        mechanism.split("+0x")[0],
      ])
      .sort((a, b) => (String(a[1]) < String(b[1]) ? -1 : 1)),
    [
      ["libc", "mq_open", false, "no room", `uprobe at ${file.name}`],
      ["libc", "msgsnd", true, null, `uprobe at ${file.name}`],
    ],
  );
  assert.equal(probed, [[7, file.path]]);
  assert.equal(notes.length, 3);
  assert.equal(notes[0], "libc: said");
  assert.match(notes[1] ?? "", /^libc: \/elsewhere\/libc\.so\.6: ENOENT/);
  assert.is(notes[2], "libc: mq_open: no room");
});

test("without programs or libraries nothing is probed, and the plan says why", () => {
  const tape = {
    libcFunctions: () => {
      throw new Error("must not be called");
    },
  };
  const refuse = () => {
    throw new Error("the kernel refused the program");
  };
  const plan = (why: string) =>
    KNOWN.map(({ name }) => ({ plane: "libc", hook: name, mechanism: "uprobe", attached: false, why }));
  const none = { files: [], notes: [] };
  assert.equal(probeLibraries(tape, refuse, KNOWN, none), {
    plan: plan("the kernel refused the program"),
    notes: ["libc: the kernel refused the program"],
  });
  assert.equal(probeLibraries(tape, () => {}, KNOWN, none).plan, plan("no C library was found"));
});

test("functions go by the events that are recorded", () => {
  const names = (events: Parameters<typeof libcFunctionsOf>[0]) =>
    libcFunctionsOf(events).map(({ name }) => name);
  assert.equal(names(eventsOfGroup("sysv-msg")), ["msgsnd", "msgrcv"]);
  assert.equal(names([]), []);
  assert.is(libcFunctionsOf(DEFAULT_EVENTS).length, LIBC_FUNCTIONS.length);
});

test.run();
