/** Checks of a queue that were no longer true when their task acted on them. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EVERYTHING } from "../../../src/replay/filter.js";
import { toctou } from "../../../src/replay/toctou.js";
import { queueEntry, Tape } from "../tape.js";
import { at, capture, found, type HandCall, records } from "./hand.js";

const test = suite("replay/toctou/check-then-act");

const O_CREAT = 0o100;
const O_EXCL = 0o200;

/** The calls of two tasks in turn, 100 ns each, one every 1000 ns. */
function story(...calls: readonly Partial<HandCall>[]): HandCall[] {
  return calls.map((call, i) => ({
    event: "mq_getsetattr",
    from: 1000 * (i + 1),
    to: 1000 * (i + 1) + 100,
    ...call,
  }));
}

const me = { tid: 100 };
const other = { tid: 200 };
const getattr = { event: "mq_getsetattr", args: [3, 0, 0x100] } as const;
const send = { event: "mq_timedsend", args: [3, 0, 0, 0, 0] } as const;
const receive = { event: "mq_timedreceive", args: [3, 0, 64, 0, 0], ret: 5 } as const;

/** `act task/call, of check task/call (what), by change task/call`. */
function stale(calls: readonly HandCall[], withUndecided = false): string[] {
  return found(calls, { withUndecided }).findings.map(
    ({ event, tid, call, check, by, verdict }) =>
      `${verdict} ${event} ${tid}/${call}, ${check?.event} ${check?.call} (${check?.of}), by ${by?.event} ${by?.tid}/${by?.call}`,
  );
}

test("room was there, another sent, then the send: whole", () => {
  const [finding, ...more] = found(
    story({ ...me, ...getattr }, { ...other, ...send }, { ...me, ...send, ret: -11 }),
  ).findings;
  assert.equal(more, []);
  const { queue, check, by, ...rest } = finding ?? {};
  assert.equal(rest, {
    kind: "check_then_act",
    event: "mq_timedsend",
    arg: "mqdes",
    task: "100:77",
    tid: 100,
    enter_ns: 3000,
    window_ns: [1100, 3000],
    verdict: "changed",
    kernel_used: "after",
    first_diff_offset: null,
    entry: null,
    kernel: null,
    exit: null,
    capture: "c1",
    tgid: 100,
    comm: "worker",
    call: 2,
    exit_ns: 3100,
    ret: -11,
    place: null,
    addr: null,
    len: null,
    compared: null,
    kernel_from: null,
    kernel_offset: null,
  });
  assert.is(queue?.name, "/q");
  assert.equal(
    [check?.event, check?.of, check?.call, check?.enter_ns, check?.exit_ns],
    ["mq_getsetattr", "room", 1, 1000, 1100],
  );
  assert.equal(
    [by?.event, by?.tid, by?.enter_ns, by?.exit_ns, by?.ret],
    ["mq_timedsend", 200, 2000, 2100, 0],
  );
});

test("messages were there, another took one, then the receive", () => {
  assert.equal(stale(story({ ...me, ...getattr }, { ...other, ...receive }, { ...me, ...receive })), [
    "changed mq_timedreceive 100/2, mq_getsetattr 1 (messages), by mq_timedreceive 200/1",
  ]);
});

test("what does not make the check untrue is none", () => {
  const none = (...calls: readonly Partial<HandCall>[]) => assert.equal(stale(story(...calls), true), []);
  none({ ...me, ...getattr }, { ...me, ...send }); // nobody in between
  none({ ...me, ...getattr }, { ...other, ...receive }, { ...me, ...send }); // that made more room
  none({ ...me, ...getattr }, { ...other, ...send }, { ...me, ...receive }); // that brought another message
  none({ ...me, ...getattr }, { ...other, ...send, ret: -11 }, { ...me, ...send }); // it did nothing
  none({ ...me, ...getattr }, { ...other, ...send, queue: { id: 10n } }, { ...me, ...send }); // another queue
  none({ ...other, ...send }, { ...me, ...getattr }, { ...me, ...send }); // before the check
  none({ ...me, ...getattr, ret: -9 }, { ...other, ...send }, { ...me, ...send }); // the check failed
  none({ ...me, event: "mq_getsetattr", args: [3, 0x100, 0] }, { ...other, ...send }, { ...me, ...send }); // no check
  none({ ...me, ...send }, { ...other, ...send }, { ...me, ...send }); // nobody checked
});

test("a check of messages or room serves one act; the next check begins anew", () => {
  const others = { ...other, ...send };
  assert.equal(
    stale(story({ ...me, ...getattr }, others, { ...me, ...send }, others, { ...me, ...send })).length,
    1,
  );
  assert.equal(stale(story({ ...me, ...getattr }, { ...me, ...send }, others, { ...me, ...send })).length, 0);
  assert.equal(
    stale(story({ ...me, ...getattr }, others, { ...me, ...getattr }, { ...me, ...send })),
    [],
    "checked again behind the change",
  );
});

test("a change that overlaps the check or the act may have been outside: undecided", () => {
  const waiting = { ...other, ...send, from: 500, to: 2500 };
  const calls = [
    ...story({ ...me, ...getattr }, {}, { ...me, ...send }).filter((_, i) => i !== 1),
    { ...waiting },
  ] as HandCall[];
  assert.equal(stale(calls), []);
  assert.equal(stale(calls, true), [
    "unknown mq_timedsend 100/2, mq_getsetattr 1 (room), by mq_timedsend 200/1",
  ]);
  assert.is(found(calls).undecided.check_then_act, 1);
});

test("a lost record between check and act may have been another check: undecided", () => {
  const tape = new Tape();
  const calls = story({ ...me, ...getattr }, { ...other, ...send }, { ...me, ...send });
  const first = records(calls.slice(0, 2), tape);
  tape.lose(1);
  const second = records([{ ...(calls[2] as HandCall), call: 3 }], tape);
  const lossy = capture([], { chunks: [{ records: [...first, ...second] }] });
  const result = toctou([lossy], EVERYTHING);
  assert.equal([result.findings, result.undecided.check_then_act], [[], 1]);
});

const name = (text: string) => [at(0, 0x500, `${text}\0`)];
const unlink = { event: "mq_unlink", args: [0x500], entry: name("q"), exit: name("q"), queue: null } as const;

test("a name that another removed: acts by the name relied on it, those through a descriptor did not", () => {
  const open = { event: "mq_open", args: [0x500, 2], ret: 3, entry: name("q"), exit: name("q") } as const;
  const gone = { ...me, ...unlink, ret: -2 };
  const met = { ...other, ...getattr };
  const removed = story({ ...me, ...open }, met, { ...other, ...unlink }, gone);
  assert.equal(stale(removed), ["changed mq_unlink 100/2, mq_open 1 (presence), by mq_unlink 200/2"]);
  for (const act of [send, receive, getattr, { event: "mq_notify", args: [3, 0] } as const]) {
    const through = story({ ...me, ...open }, met, { ...other, ...unlink }, { ...me, ...act });
    assert.equal(stale(through, true), [], act.event);
  }
  // Of a process that met no queue the namespace is not known: another /q may have been meant.
  const elsewhere = story({ ...me, ...open }, { ...other, ...unlink }, gone);
  assert.equal(stale(elsewhere), []);
  assert.equal(stale(elsewhere, true).length, 1);
  const created = { ...open, args: [0x500, O_CREAT | O_EXCL | 2] };
  assert.equal(stale(story({ ...me, ...created }, met, { ...other, ...unlink }, gone)), []);
});

test("a name that leads to another queue at the act, or still to the same, settles what the change was about", () => {
  const open = { event: "mq_open", args: [0x500, 2], ret: 3, entry: name("q"), exit: name("q") } as const;
  const again = (generation: bigint) => {
    const calls = story(
      { ...me, ...open },
      { ...other, ...unlink },
      { ...me, ...open, queue: { generation } },
    );
    const queues = [queueEntry(), queueEntry({ generation: 0xdefn })];
    const result = toctou([capture([], { chunks: [{ records: records(calls), queues }] })], EVERYTHING);
    const { check_then_act } = result.undecided;
    return [...result.findings.map(({ verdict, call, by }) => [verdict, call, by?.event]), check_then_act];
  };
  assert.equal(again(0xdefn), [["changed", 2, "mq_unlink"], 0]);
  assert.equal(again(0xabcn), [0]);
});

test("no such queue, another created it, then the open that was to create it", () => {
  const missing = {
    event: "mq_open",
    args: [0x500, 2],
    ret: -2,
    entry: name("q"),
    exit: name("q"),
    queue: null,
  } as const;
  const create = {
    event: "mq_open",
    args: [0x500, O_CREAT | 2],
    ret: 3,
    entry: name("q"),
    exit: name("q"),
  } as const;
  const calls = story(
    { ...me, ...getattr },
    { ...me, ...missing },
    { ...other, ...create },
    { ...me, ...create },
  );
  assert.equal(stale(calls), ["changed mq_open 100/3, mq_open 2 (absence), by mq_open 200/1"]);
});

const sysv = { kind: 2, id: 7n, depth: 1 };

test("System V: STAT, then another's receive; msgget, then another's IPC_RMID", () => {
  const stat = { event: "msgctl", args: [7, 2, 0x100], queue: sysv } as const;
  const take = { event: "msgrcv", args: [7, 0x200, 8, 0, 0], ret: 4, queue: sysv } as const;
  assert.equal(stale(story({ ...me, ...stat }, { ...other, ...take }, { ...me, ...take, ret: -42 })), [
    "changed msgrcv 100/2, msgctl 1 (messages), by msgrcv 200/1",
  ]);
  const peek = { ...take, args: [7, 0x200, 8, 0, 0o40000 | 0o4000] };
  assert.equal(
    stale(story({ ...me, ...stat }, { ...other, ...peek }, { ...me, ...take })),
    [],
    "MSG_COPY takes nothing",
  );
  const get = { event: "msgget", args: [0x4d2, 0o600], ret: 7, queue: sysv } as const;
  const remove = { event: "msgctl", args: [7, 0, 0], queue: sysv } as const;
  const put = { event: "msgsnd", args: [7, 0, 0, 0], ret: -43, queue: sysv } as const;
  assert.equal(stale(story({ ...me, ...get }, { ...other, ...remove }, { ...me, ...put })), [
    "changed msgsnd 100/2, msgget 1 (presence), by msgctl 200/1",
  ]);
  // Where the queue is gone before the call begins, the id alone says which one was meant.
  const late = { ...put, ret: -22, queue: null };
  const [finding, ...rest] = found(
    story({ ...me, ...get }, { ...other, ...remove }, { ...me, ...late }),
  ).findings;
  assert.equal(
    [finding?.event, finding?.check?.of, finding?.by?.event, finding?.queue?.key, rest],
    ["msgsnd", "presence", "msgctl", "sysv:4026531839:7:abc", []],
  );
  const unknown = { ...late, args: [8, 0, 0, 0] };
  assert.equal(stale(story({ ...me, ...get }, { ...other, ...remove }, { ...me, ...unknown }), true), []);
  // What was in the queue is not what such an act met.
  const filled = story({ ...me, ...stat }, { ...other, ...put, ret: 0 }, { ...me, ...late });
  assert.equal(stale(filled, true), []);
  const exclusive = { ...get, args: [0x4d2, 0o3600] };
  assert.equal(stale(story({ ...me, ...exclusive }, { ...other, ...remove }, { ...me, ...put })), []);
});

test("MSG_INFO tells of all queues, and of none in particular", () => {
  const info = { event: "msgctl", args: [0, 12, 0x100], queue: null } as const;
  const put = { event: "msgsnd", args: [7, 0, 0, 0], queue: sysv } as const;
  assert.equal(stale(story({ ...me, ...info }, { ...other, ...put }, { ...me, ...put })), [
    "changed msgsnd 100/2, msgctl 1 (room), by msgsnd 200/1",
  ]);
});

test("notified of a message, and another process took it: by the registration, and by the delivery", () => {
  const notify = { event: "mq_notify", args: [3, 0x100], entry: [], exit: [] } as const;
  assert.equal(stale(story({ ...me, ...notify }, { ...other, ...receive }, { ...me, ...receive })), [
    "changed mq_timedreceive 100/2, mq_notify 1 (messages), by mq_timedreceive 200/1",
  ]);
  assert.equal(
    stale(story({ ...me, ...notify, args: [3, 0] }, { ...other, ...receive }, { ...me, ...receive })),
    [],
  );

  // The registration was spent on a receive of its own; the delivery, inside the sender's call, is a new check.
  const calls = story(
    { ...me, ...notify },
    { ...me, ...receive, ret: -11 },
    { tid: 300, ...send },
    { ...other, ...receive },
    { tid: 101, tgid: 100, ...receive, ret: -11 },
  );
  const tape = new Tape();
  const values = { hook: 5, pid: 100, queue: 0xabcn, message: 1n };
  const planes = [tape.kernel({ at: 3050, call: 1, tid: 300, tgid: 300, event: 3 }, values)];
  const chunk = { records: records(calls, tape), planes };
  const result = toctou([capture([], { chunks: [chunk], kernelHooks: ["__do_notify"] })], EVERYTHING);
  assert.equal(
    result.findings.map(({ tid, check, by, window_ns }) => [tid, check?.of, check?.tid, by?.tid, window_ns]),
    [[101, "notification", 300, 200, [3050, 5000]]],
  );
});

test.run();
