/** The inventory against queues that a C program made, and against what ipcs and the kernel say of them. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Inventory, InventoryQueue } from "../../src/format/types.js";
import { type InventoryParts, readInventory } from "../../src/record/inventory.js";
import { parseSysvipc } from "../../src/record/inventory-sysv.js";
import { live } from "../support/live.js";
import { PACKAGE } from "../support/paths.js";

const test = suite("record/inventory");

/** Makes queues, says what it made, and waits for its input to end. The mqueue directory is the recorder's own. */
const MAKER = `
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <unistd.h>
#include "msgtape.h"
int main(int argc, char **argv)
{
	struct { long type; char text[100]; } m = { 3, "hello" };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 32 };
	char named[64], gone[64];
	int id = msgget(0xfedcba98, IPC_CREAT | 0640);
	int empty = msgget(IPC_PRIVATE, 0600);
	mqd_t a, b, c;

	snprintf(named, sizeof(named), "/msgtape.test.%d \\xff", getpid());
	snprintf(gone, sizeof(gone), "/msgtape.gone.%d", getpid());
	a = mq_open(named, O_CREAT | O_RDWR, 0620, &attr);
	b = dup(a);
	c = mq_open(gone, O_CREAT | O_RDWR, 0600, &attr);
	if (id < 0 || empty < 0 || a < 0 || b < 0 || c < 0)
		return 1;
	msgsnd(id, &m, 70, 0);
	msgsnd(id, &m, 30, 0);
	mq_send(a, "12345", 5, 0);
	mq_send(a, "678", 3, 1);
	mq_unlink(gone);
	mq_notify(c, &ev);
	printf("%d %d %d %d %d %d\\n", id, empty, a, b, c, mt_mqueue_open());
	fflush(stdout);
	while (getchar() != EOF)
		;
	mq_unlink(named);
	msgctl(id, IPC_RMID, NULL);
	msgctl(empty, IPC_RMID, NULL);
	return 0;
}
`;

interface Made {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly numbers: readonly number[];
}

async function makeQueues(directory: string): Promise<Made> {
  const program = join(directory, "maker");
  writeFileSync(join(directory, "maker.c"), MAKER);
  const arguments_ = ["-D_GNU_SOURCE", `-I${PACKAGE}native`, "-o", program, join(directory, "maker.c")];
  const gcc = spawnSync("gcc", [...arguments_, `${PACKAGE}native/mqueue.c`, "-lrt"]);
  assert.is(gcc.status, 0, String(gcc.stderr));
  const child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.once("data", (data) => resolve(String(data)));
    child.once("exit", (status) => reject(new Error(`the maker ended with ${status}`)));
  });
  return { process: child, pid: child.pid ?? 0, numbers: line.trim().split(" ").map(Number) };
}

async function unmake(made: Made): Promise<void> {
  const ended = new Promise((resolve) => made.process.once("exit", resolve));
  made.process.stdin?.end();
  await ended;
}

/** Without what other programs on this machine did. */
function queuesOf(inventory: Inventory, ids: readonly number[], pid: number): InventoryQueue[] {
  return inventory.queues.filter(
    (queue) => ids.includes(Number(queue.id)) || queue.name?.includes(`.${pid}`) === true,
  );
}

const NOW: Pick<InventoryParts, "boottimeNs"> = { boottimeNs: () => 123n };
const PERMISSION = () => {
  throw Object.assign(new Error("EPERM: operation not permitted, fsopen 'mqueue'"), { code: "EPERM" });
};

live(
  test,
  "queues that a program made are found with their state and their holders",
  ["root", "gcc"],
  async () => {
    const directory = mkdtempSync(join(tmpdir(), "msgtape-inventory-"));
    const made = await makeQueues(directory);
    try {
      const [id = 0, empty = 0, a = 0, b = 0, c = 0, mqueue] = made.numbers;
      const openMqueue = () => openSync(`/proc/${made.pid}/fd/${mqueue}`, "r");
      const inventory = readInventory({ ...NOW, openMqueue, holdersMs: 60_000 }, "start", []);
      const namespaceInum = statSync("/proc/self/ns/ipc").ino;
      const rows = new Map(sysvRows().map((row) => [Number(row[1]), row]));
      const sysv = (msqid: number, name: string): InventoryQueue => ({
        kind: "sysv",
        namespaceInum,
        id: BigInt(msqid),
        name,
        fields: Object.fromEntries(SYSV_COLUMNS.map((column, i) => [column, rows.get(msqid)?.[i] ?? ""])),
        holders: [],
      });
      const posix = (name: string, fd: number, fields: InventoryQueue["fields"], fds: number[]) => ({
        kind: "posix",
        namespaceInum,
        id: statSync(`/proc/${made.pid}/fd/${fd}`, { bigint: true }).ino,
        name,
        fields,
        holders: fds.map((one) => ({ tgid: made.pid, fd: one })),
      });
      assert.equal(queuesOf(inventory, [id, empty], made.pid), [
        posix(
          `/msgtape.test.${made.pid} \ufffd`,
          a,
          {
            QSIZE: "8",
            NOTIFY: "0",
            SIGNO: "0",
            NOTIFY_PID: "0",
            mode: "0600",
            uid: "0",
            gid: "0",
            nlink: "1",
          },
          [a, b],
        ),
        posix(
          `/msgtape.gone.${made.pid}`,
          c,
          {
            QSIZE: "0",
            NOTIFY: "0",
            SIGNO: "12",
            NOTIFY_PID: String(made.pid),
            mode: "0600",
            uid: "0",
            gid: "0",
            nlink: "0",
          },
          [c],
        ),
        ...[sysv(id, "0xfedcba98"), sysv(empty, "0x00000000")].sort((x, y) => Number(x.id) - Number(y.id)),
      ]);
      const fields = inventory.queues.find((queue) => queue.id === BigInt(id))?.fields;
      assert.is(fields?.cbytes, "100");
      assert.is(fields?.qnum, "2");
      assert.is(fields?.lspid, String(made.pid));
      assert.is(inventory.atNs, 123n);
      // Some hosts have processes that not even root may look into.
      const refused = (one: Inventory["missing"][number]) => one.why === "permission denied";
      assert.equal(
        inventory.missing.filter((one) => !refused(one)),
        [],
      );
      assert.is(inventory.limits["kernel.msgmnb"], readFileSync("/proc/sys/kernel/msgmnb", "utf8").trim());
      assert.is(Object.keys(inventory.limits).length, 8);

      // The same again without the right to open the file system: what descriptors show, and what they cannot.
      const blind = readInventory({ ...NOW, openMqueue: PERMISSION, holdersMs: 60_000 }, "end", []);
      assert.equal(
        queuesOf(blind, [], made.pid).map((queue) => [queue.name, queue.namespaceInum, queue.fields.QSIZE]),
        [
          [`/msgtape.test.${made.pid} \ufffd`, null, "8"],
          [`/msgtape.gone.${made.pid}`, null, "0"],
        ],
      );
      assert.equal(
        blind.missing.filter((one) => !refused(one)),
        [{ what: "POSIX queues that nobody holds open", why: "operation not permitted" }],
      );
    } finally {
      await unmake(made);
      rmSync(directory, { recursive: true });
    }
  },
);

const SYSV_COLUMNS = "key msqid perms cbytes qnum lspid lrpid uid gid cuid cgid stime rtime ctime".split(" ");

/** Rows of the file as awk would split them. */
function sysvRows(): string[][] {
  const lines = readFileSync("/proc/sysvipc/msg", "utf8").trimEnd().split("\n").slice(1);
  return lines.map((line) => line.trim().split(/ +/));
}

live(test, "System V queues are those of ipcs -q", ["root", "gcc"], async () => {
  const directory = mkdtempSync(join(tmpdir(), "msgtape-inventory-"));
  const made = await makeQueues(directory);
  try {
    const ipcs = spawnSync("ipcs", ["-q"], { encoding: "utf8" });
    const expected = [...ipcs.stdout.matchAll(/^(0x\w+)\s+(\d+)\s+\S+\s+(\d+)\s+(\d+)\s+(\d+)/gm)];
    const inventory = readInventory({ ...NOW, openMqueue: PERMISSION, holdersMs: 0 }, "interval", []);
    const found = inventory.queues.filter((queue) => queue.kind === "sysv");
    const mine = (id: string) => made.numbers.slice(0, 2).includes(Number(id));
    assert.equal(
      found
        .map(({ name, id, fields }) => [name, String(id), fields.perms, fields.cbytes, fields.qnum])
        .filter(([, id]) => mine(id ?? "")),
      expected.map((row) => row.slice(1)).filter(([, id]) => mine(id ?? "")),
    );
    assert.is(expected.filter((row) => mine(row[2] ?? "")).length, 2);
    assert.match(inventory.missing[0]?.what ?? "", /^open descriptors of (\d+) of \1 processes$/);
  } finally {
    await unmake(made);
    rmSync(directory, { recursive: true });
  }
});

test("a host where nothing can be looked at says so, and is not an empty one", () => {
  const proc = mkdtempSync(join(tmpdir(), "msgtape-proc-"));
  try {
    mkdirSync(join(proc, "sysvipc"));
    writeFileSync(join(proc, "sysvipc/msg"), "key perms\n");
    const call = { tid: 5, startNs: 1n, event: 3, enterNs: 9n };
    const inventory = readInventory({ ...NOW, proc, openMqueue: PERMISSION }, "rotation", [call]);
    const where = "no such file or directory";
    assert.equal(inventory.queues, []);
    assert.equal(inventory.limits, {});
    assert.equal(inventory.inFlight, [call]);
    assert.equal(
      inventory.missing.filter((one) => one.what !== "open descriptors"),
      [
        { what: "the ipc namespace", why: where },
        { what: "POSIX queues that nobody holds open", why: "operation not permitted" },
        { what: "System V queues", why: "/proc/sysvipc/msg has no column msqid" },
        ...["msg_default", "msg_max", "msgsize_default", "msgsize_max", "queues_max"].map((name) => ({
          what: `fs.mqueue.${name}`,
          why: where,
        })),
        ...["msgmax", "msgmnb", "msgmni"].map((name) => ({ what: `kernel.${name}`, why: where })),
      ],
    );
  } finally {
    rmSync(proc, { recursive: true });
  }
});

test("every column of /proc/sysvipc/msg is kept, those of a later kernel too", () => {
  const text =
    "       key      msqid perms      later\n-1 98304   640 seven\n      1234          0     0          0\n";
  assert.equal(parseSysvipc(text, 4026531839), [
    {
      kind: "sysv",
      namespaceInum: 4026531839,
      id: 98304n,
      name: "0xffffffff",
      fields: { key: "-1", msqid: "98304", perms: "640", later: "seven" },
      holders: [],
    },
    {
      kind: "sysv",
      namespaceInum: 4026531839,
      id: 0n,
      name: "0x000004d2",
      fields: { key: "1234", msqid: "0", perms: "0", later: "0" },
      holders: [],
    },
  ]);
  assert.equal(parseSysvipc("key msqid\n", null), []);
});

test("the descriptor is closed after use", () => {
  const empty = mkdtempSync(join(tmpdir(), "msgtape-mqueue-"));
  let opened = -1;
  const openMqueue = () => {
    opened = openSync(empty, "r");
    return opened;
  };
  try {
    readInventory({ ...NOW, openMqueue, holdersMs: 0 }, "start", []);
    assert.throws(() => closeSync(opened), "EBADF");
  } finally {
    rmSync(empty, { recursive: true });
  }
});

test.run();
