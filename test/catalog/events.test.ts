import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DEFAULT_EVENTS, EVENTS, eventById, eventByName, eventsOfGroup } from "../../src/catalog/events.js";
import type { Argument } from "../../src/catalog/types.js";

/** Copied by hand from the kernel's tables: id, name, x86_64, ia32, arm64, multiplexer calls. */
const NUMBERS = [
  [1, "mq_open", 240, 277, 180, ""],
  [2, "mq_unlink", 241, 278, 181, ""],
  [3, "mq_timedsend", 242, 418, 182, ""],
  [4, "mq_timedreceive", 243, 419, 183, ""],
  [5, "mq_notify", 244, 281, 184, ""],
  [6, "mq_getsetattr", 245, 282, 185, ""],
  [7, "mq_timedsend_time32", null, 279, null, ""],
  [8, "mq_timedreceive_time32", null, 280, null, ""],
  [9, "msgget", 68, 399, 186, "ipc 13 (1,2)"],
  [10, "msgsnd", 69, 400, 189, "ipc 11 (1,4,2,3)"],
  [11, "msgrcv", 70, 401, 188, "ipc 12 (1,4,2,5,3)"],
  [12, "msgctl", 71, 402, 187, "ipc 14 (1,2,4)"],
  [13, "sendmsg", 46, 370, 211, "socketcall 16 (0,1,2)"],
  [14, "recvmsg", 47, 372, 212, "socketcall 17 (0,1,2)"],
  [15, "sendmmsg", 307, 345, 269, "socketcall 20 (0,1,2,3)"],
  [16, "recvmmsg", 299, 417, 243, ""],
  [17, "recvmmsg_time32", null, 337, null, "socketcall 19 (0,1,2,3,4)"],
];

/** Prototypes with tags and direction: what `explain` and every decoder build on. */
const PROTOTYPES: Readonly<Record<string, readonly string[]>> = {
  mq_open: [
    "name: const char * [U TOCTOU] in",
    "oflag: int [K] in",
    "mode: umode_t [K] in",
    "attr: struct mq_attr * [U TOCTOU OPT] in",
  ],
  mq_unlink: ["name: const char * [U TOCTOU] in"],
  mq_timedsend: [
    "mqdes: mqd_t [K] in",
    "msg_ptr: const char * [U TOCTOU] in",
    "msg_len: size_t [K] in",
    "msg_prio: unsigned int [K] in",
    "abs_timeout: const struct __kernel_timespec * [U TOCTOU OPT] in",
  ],
  mq_timedreceive: [
    "mqdes: mqd_t [K] in",
    "msg_ptr: char * [U] out",
    "msg_len: size_t [K] in",
    "msg_prio: unsigned int * [U OPT] out",
    "abs_timeout: const struct __kernel_timespec * [U TOCTOU OPT] in",
  ],
  mq_notify: ["mqdes: mqd_t [K] in", "sevp: const struct sigevent * [U TOCTOU OPT] in"],
  mq_getsetattr: [
    "mqdes: mqd_t [K] in",
    "new: const struct mq_attr * [U TOCTOU OPT] in",
    "old: struct mq_attr * [U OPT] out",
  ],
  mq_timedsend_time32: [
    "mqdes: mqd_t [K] in",
    "msg_ptr: const char * [U TOCTOU] in",
    "msg_len: unsigned int [K] in",
    "msg_prio: unsigned int [K] in",
    "abs_timeout: const struct old_timespec32 * [U TOCTOU OPT] in",
  ],
  mq_timedreceive_time32: [
    "mqdes: mqd_t [K] in",
    "msg_ptr: char * [U] out",
    "msg_len: unsigned int [K] in",
    "msg_prio: unsigned int * [U OPT] out",
    "abs_timeout: const struct old_timespec32 * [U TOCTOU OPT] in",
  ],
  msgget: ["key: key_t [K] in", "msgflg: int [K] in"],
  msgsnd: [
    "msqid: int [K] in",
    "msgp: struct msgbuf * [U TOCTOU] in",
    "msgsz: size_t [K] in",
    "msgflg: int [K] in",
  ],
  msgrcv: [
    "msqid: int [K] in",
    "msgp: struct msgbuf * [U] out",
    "msgsz: size_t [K] in",
    "msgtyp: long [K] in",
    "msgflg: int [K] in",
  ],
  msgctl: ["msqid: int [K] in", "cmd: int [K] in", "buf: struct msqid_ds * [U TOCTOU OPT] inout"],
  sendmsg: ["fd: int [K] in", "msg: struct user_msghdr * [U TOCTOU] in", "flags: unsigned int [K] in"],
  recvmsg: ["fd: int [K] in", "msg: struct user_msghdr * [U TOCTOU] inout", "flags: unsigned int [K] in"],
  sendmmsg: [
    "fd: int [K] in",
    "msgvec: struct mmsghdr * [U TOCTOU] inout",
    "vlen: unsigned int [K] in",
    "flags: unsigned int [K] in",
  ],
  recvmmsg: [
    "fd: int [K] in",
    "msgvec: struct mmsghdr * [U TOCTOU] inout",
    "vlen: unsigned int [K] in",
    "flags: unsigned int [K] in",
    "timeout: struct __kernel_timespec * [U TOCTOU OPT] inout",
  ],
  recvmmsg_time32: [
    "fd: int [K] in",
    "msgvec: struct mmsghdr * [U TOCTOU] inout",
    "vlen: unsigned int [K] in",
    "flags: unsigned int [K] in",
    "timeout: struct old_timespec32 * [U TOCTOU OPT] inout",
  ],
};

function prototype(arg: Argument): string {
  return `${arg.name}: ${arg.cType} [${arg.tags.join(" ")}] ${arg.direction}`;
}

const test = suite("catalogue: events");

test("ids, names, numbers and multiplexer calls are the kernel's", () => {
  const rows = EVENTS.map((event) => [
    event.id,
    event.name,
    event.numbers.x86_64 ?? null,
    event.numbers.ia32 ?? null,
    event.numbers.arm64 ?? null,
    event.muxes.map((mux) => `${mux.mux} ${mux.call} (${mux.from.join(",")})`).join(" "),
  ]);
  assert.equal(rows, NUMBERS);
});

test("arguments, tags and directions are the kernel's", () => {
  assert.equal(
    Object.fromEntries(EVENTS.map((event) => [event.name, event.args.map(prototype)])),
    PROTOTYPES,
  );
});

test("what moves messages, and which arguments say so", () => {
  const roles = EVENTS.flatMap(({ name, args, message }) => {
    if (message === undefined) return [];
    const named = Object.entries(message).flatMap(([what, at]) =>
      typeof at === "number" ? [`${what} ${args[at]?.name}`] : [],
    );
    return [[name, message.does, ...named].join(", ")];
  });
  const receive = "receive, payload msg_ptr, room msg_len, priority msg_prio, input abs_timeout";
  assert.equal(roles, [
    "mq_timedsend, send, payload msg_ptr, priority msg_prio",
    `mq_timedreceive, ${receive}`,
    "mq_timedsend_time32, send, payload msg_ptr, priority msg_prio",
    `mq_timedreceive_time32, ${receive}`,
    "msgsnd, send, payload msgp",
    "msgrcv, receive, payload msgp, room msgsz",
    "msgctl, remove",
    "sendmsg, send, payload msg",
    "recvmsg, receive, payload msg, flags flags",
    "sendmmsg, send, payload msgvec",
    "recvmmsg, receive, payload msgvec, flags flags",
    "recvmmsg_time32, receive, payload msgvec, flags flags",
  ]);
});

test("no number stands for two events", () => {
  for (const abi of ["x86_64", "ia32", "arm64"] as const) {
    const numbers = EVENTS.flatMap((event) => event.numbers[abi] ?? []);
    assert.is(new Set(numbers).size, numbers.length, abi);
  }
});

test("events are found by id, name and group", () => {
  for (const event of EVENTS) {
    assert.is(eventById(event.id), event);
    assert.is(eventByName(event.name), event);
  }
  assert.is(eventById(0), undefined);
  assert.is(eventById(18), undefined);
  assert.is(eventByName("mq_send"), undefined);
  assert.is(eventByName("constructor"), undefined);
  const ids = (group: Parameters<typeof eventsOfGroup>[0]) => eventsOfGroup(group).map((event) => event.id);
  assert.equal(ids("posix-mq"), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.equal(ids("sysv-msg"), [9, 10, 11, 12]);
  assert.equal(ids("socket-msg"), [13, 14, 15, 16, 17]);
  assert.equal(ids("all"), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]);
});

test("only sendmsg and recvmsg wait to be asked for", () => {
  const left = EVENTS.filter((event) => !DEFAULT_EVENTS.includes(event)).map((event) => event.name);
  assert.equal(left, ["sendmsg", "recvmsg"]);
});

test("a multiplexer's call gives every argument, each from another operand", () => {
  for (const event of EVENTS) {
    for (const mux of event.muxes) {
      assert.is(mux.from.length, event.args.length, event.name);
      assert.is(new Set(mux.from).size, mux.from.length, event.name);
      assert.ok(mux.from.every((operand) => operand <= 5));
    }
  }
});

test("related events exist and are others", () => {
  for (const event of EVENTS) {
    for (const name of event.related) {
      assert.ok(eventByName(name), `${event.name}: ${name}`);
      assert.is.not(name, event.name);
    }
  }
});

test.run();
