import { existsSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Btf, encodeStruct, parseBtf, type StructValues, structLayout } from "../../src/btf/index.js";
import type { TaskEntry } from "../../src/format/types.js";
import { nameTables, type TaskFactsSource } from "../../src/record/names.js";
import { PACKAGE } from "../support/paths.js";

const BTF_PATH = `${PACKAGE}build/msgtape.btf`;
const [TASK, QUEUE] = [3, 4];

const test = suite("names");

const nothingMore: TaskFactsSource = {
  facts: (task) => ({ exe: null, cmdline: task.cmdline, cgroupPath: null }),
  isGone: () => false,
};

function recorderBtf(): Btf {
  assert.ok(existsSync(BTF_PATH), "build/msgtape.btf is missing: npm run build");
  return parseBtf(new Uint8Array(readFileSync(BTF_PATH)));
}

function struct(btf: Btf, name: string, values: StructValues): Uint8Array {
  const layout = structLayout(btf, name);
  assert.ok(layout);
  return encodeStruct(layout, values);
}

/** One record: head, body, zeros up to a multiple of 8. */
function record(btf: Btf, head: StructValues, ...body: readonly Uint8Array[]): Uint8Array {
  const length = body.reduce((sum, part) => sum + part.length, 56);
  const size = Math.ceil(length / 8) * 8;
  const bytes = new Uint8Array(size);
  bytes.set(struct(btf, "mt_record", { size, ...head }));
  let at = 56;
  for (const part of body) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function taskRecord(btf: Btf, timeNs: bigint, comm: string, tid = 12, cmdline = "sh\0-c\0x\0"): Uint8Array {
  return record(
    btf,
    { type: TASK, time_ns: timeNs, task_start_ns: 900n, tid, tgid: 11 },
    struct(btf, "mt_task", {
      comm: Buffer.from(comm.padEnd(16, "\0")),
      ppid: 1,
      uid: 1000,
      gid: 100,
      namespace_pid: 2,
      namespace_tid: 3,
      cmdline_len: cmdline.length,
      cgroup_id: 77n,
      process_start_ns: 800n,
      exe: Buffer.from("dash".padEnd(64, "\0")),
    }),
    Buffer.from(cmdline),
  );
}

function queueRecord(btf: Btf, kind: number, name: StructValues): Uint8Array {
  return record(
    btf,
    { type: QUEUE, time_ns: 1000n, tid: 12 },
    struct(btf, "mt_queue", { kind, namespace_inum: 5, id: 6n, generation: 0xfedcba9876543210n }),
    struct(btf, "mt_queue_name", name),
  );
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

const text = (value: Uint8Array | null | undefined) => (value ? Buffer.from(value).toString() : value);

test("reads a task record whole", () => {
  const btf = recorderBtf();
  const names = nameTables(btf, nothingMore);
  names.add(taskRecord(btf, 1000n, "sh"));
  const { tasks, queues } = names.entries([{ tid: 12, startNs: 900n }], [], 1000n);
  assert.equal(queues, []);
  assert.equal(
    tasks.map((task) => ({
      ...task,
      comm: text(task.comm),
      exeName: text(task.exeName),
      cmdline: text(task.cmdline),
    })),
    [
      {
        tid: 12,
        startNs: 900n,
        tgid: 11,
        sinceNs: 1000n,
        comm: "sh",
        ppid: 1,
        uid: 1000,
        gid: 100,
        namespacePid: 2,
        namespaceTid: 3,
        exe: null,
        exeName: "dash",
        cmdline: "sh\0-c\0x\0",
        cgroupId: 77n,
        cgroupPath: null,
        processStartNs: 800n,
      },
    ],
  );
});

test("reads the queues of each kind, and leaves null what is another kind's", () => {
  const btf = recorderBtf();
  const names = nameTables(btf, nothingMore);
  const bytes = (value: readonly number[], length: number) =>
    Uint8Array.from({ length }, (_, i) => value[i] ?? 0);
  names.add(
    concat(
      queueRecord(btf, 1, { name: Buffer.from("ping".padEnd(256, "\0")), name_len: 4, uid: 9 }),
      queueRecord(btf, 2, { key: -5, uid: 1, gid: 2, cuid: 3, cgid: 4, mode: 0o600 }),
      queueRecord(btf, 3, {
        cookie: 8n,
        family: 2,
        type: 1,
        protocol: 17,
        local: bytes([2, 0, 4, 210, 127, 0, 0, 1], 112),
        local_len: 8,
      }),
    ),
  );
  const key = { namespaceInum: 5, id: 6n, generation: 0xfedcba9876543210n };
  const { queues } = names.entries(
    [],
    [
      { kind: "posix", ...key },
      { kind: "sysv", ...key },
      { kind: "socket", ...key },
      { kind: "socket", ...key, id: 99n },
    ],
    2000n,
  );
  const none = {
    name: null,
    key: null,
    uid: null,
    gid: null,
    cuid: null,
    cgid: null,
    mode: null,
    cookie: null,
    family: null,
    socketType: null,
    protocol: null,
    local: null,
    peer: null,
  };
  assert.equal(queues, [
    { kind: "posix", ...key, sinceNs: 1000n, ...none, name: new Uint8Array(Buffer.from("ping")) },
    { kind: "sysv", ...key, sinceNs: 1000n, ...none, key: -5, uid: 1, gid: 2, cuid: 3, cgid: 4, mode: 0o600 },
    {
      kind: "socket",
      ...key,
      sinceNs: 1000n,
      ...none,
      cookie: 8n,
      family: 2,
      socketType: 1,
      protocol: 17,
      local: Uint8Array.of(2, 0, 4, 210, 127, 0, 0, 1),
    },
  ]);
});

test("a chunk gets every version that holds within it, and no older one", () => {
  const btf = recorderBtf();
  const names = nameTables(btf, nothingMore);
  const comms = (fromNs: bigint) =>
    names.entries([{ tid: 12, startNs: 900n }], [], fromNs).tasks.map((task) => text(task.comm));
  names.add(concat(taskRecord(btf, 1000n, "sh"), taskRecord(btf, 2000n, "worker")));
  assert.equal(comms(500n), ["sh", "worker"]);
  assert.equal(comms(1999n), ["sh", "worker"]);
  names.add(taskRecord(btf, 3000n, "done"));
  assert.equal(comms(2000n), ["worker", "done"]);
  assert.equal(comms(9000n), ["done"]);
  assert.equal(comms(9000n), ["done"]);
});

test("asks the host once for a task, not again when it is only renamed", () => {
  const btf = recorderBtf();
  const asked: TaskEntry[] = [];
  const names = nameTables(btf, {
    facts(task) {
      asked.push(task);
      return { exe: "/usr/bin/dash", cmdline: task.cmdline, cgroupPath: "/user" };
    },
    isGone: () => false,
  });
  names.add(taskRecord(btf, 1000n, "sh"));
  names.add(taskRecord(btf, 2000n, "worker"));
  names.add(taskRecord(btf, 3000n, "dash", 12, "dash\0other\0"));
  assert.equal(
    asked.map((task) => task.sinceNs),
    [1000n, 3000n],
  );
  const { tasks } = names.entries([{ tid: 12, startNs: 900n }], [], 0n);
  assert.equal(
    tasks.map((task) => [text(task.comm), task.exe, task.cgroupPath]),
    [
      ["sh", "/usr/bin/dash", "/user"],
      ["worker", "/usr/bin/dash", "/user"],
      ["dash", "/usr/bin/dash", "/user"],
    ],
  );
});

test("stops at a record that says it is longer than what is there, or no bytes long", () => {
  const btf = recorderBtf();
  for (const size of [0, 8, 4096, 0xffffffff]) {
    const names = nameTables(btf, nothingMore);
    const broken = taskRecord(btf, 1000n, "broken", 13);
    new DataView(broken.buffer).setUint32(0, size, true);
    names.add(concat(taskRecord(btf, 1000n, "sh"), broken));
    const keys = [12, 13].map((tid) => ({ tid, startNs: 900n }));
    assert.equal(
      names.entries(keys, [], 0n).tasks.map((task) => text(task.comm)),
      ["sh"],
    );
  }
});

test.run();
