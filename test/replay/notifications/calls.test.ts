/** What calls alone tell of registrations: the kernel's rules, each by the calls that show it. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EBUSY, NotifyTape, task } from "./hand.js";

const test = suite("replay: notifications, by calls");

const SIGNAL = 0;
const NONE = 1;
const THREAD = 2;
/** Process 1 is registered; nobody is; it begins, it ends. */
const ON = [1, 1] as const;
const OFF = [0, 0] as const;
const BEGINS = [0, 1] as const;
const ENDS = [1, 0] as const;

/** Process 1 registered from 10 on. */
function registered(): NotifyTape {
  return new NotifyTape().register(SIGNAL, 10, { tid: 1, span: [10, 11], owner: BEGINS });
}

test("a message into the empty queue fires it, and the next receive follows", () => {
  const tape = registered()
    .send({ tid: 2, span: [20, 21], owner: ENDS, depth: [0, 1] })
    .receive({ tid: 3, span: [25, 26], owner: OFF, ret: -90, depth: [1, 1] })
    .receive({ tid: 1, span: [30, 31], owner: OFF, depth: [1, 0] })
    .receive({ tid: 1, span: [40, 41], owner: OFF, ret: -11 });
  assert.equal(tape.words(), ["11 signal 10 of 1: fired modelled by 20, then 30 modelled"]);
});

test("every field of a line", () => {
  const [line] = registered()
    .send({ tid: 2, span: [20, 21], owner: ENDS, depth: [0, 1] })
    .lines();
  const party = { event: "mq_timedsend", call: 1, enter_ns: 20_000_000, exit_ns: 21_000_000 };
  const start = line?.owner.task?.split(":")[1];
  assert.equal(line, {
    capture: "c1",
    queue: { kind: "posix", key: "posix:4026531839:9:abc", name: "/q" },
    owner: { task: `1:${start}`, tid: 1, tgid: 1, comm: "worker" },
    method: "signal",
    signo: 10,
    registered_ns: 11_000_000,
    call: 1,
    since_ns: 10_000_000,
    last_seen_ns: 20_000_000,
    ended_ns: 21_000_000,
    end: "fired",
    match: "modelled",
    candidates: 1,
    could_be: [],
    by: { task: `2:${start}`, tid: 2, tgid: 2, comm: "worker", ...party },
    receive: null,
    refused: [],
    ignored: [],
  });
});

test("SIGEV_NONE and SIGEV_THREAD are registrations like any", () => {
  for (const [notify, name] of [
    [NONE, "none"],
    [THREAD, "thread"],
  ] as const) {
    const tape = new NotifyTape()
      .register(notify, 5, { tid: 1, span: [10, 11], owner: BEGINS })
      .send({ tid: 2, span: [20, 21], owner: ENDS, depth: [0, 1] });
    assert.equal(tape.words(), [`11 ${name} of 1: fired modelled by 20, then -`]);
  }
});

test("a sigevent that changed during the call: nobody knows which one was used", () => {
  const tape = new NotifyTape()
    .register(SIGNAL, 10, { tid: 1, span: [10, 11], owner: BEGINS }, 12)
    .send({ tid: 2, span: [20, 21], owner: ENDS, depth: [0, 1] });
  assert.equal(tape.words(), ["11 ? of 1: fired modelled by 20, then -"]);
});

test("a message into a queue that has some does not fire it; one after it was emptied does", () => {
  const tape = new NotifyTape()
    .register(SIGNAL, 10, { tid: 1, span: [10, 11], owner: BEGINS, depth: [1, 1] })
    .send({ tid: 2, span: [20, 21], owner: ON, depth: [1, 2] })
    .receive({ tid: 2, span: [30, 31], owner: ON, depth: [2, 1] })
    .receive({ tid: 2, span: [40, 41], owner: ON, depth: [1, 0] })
    .send({ tid: 2, span: [50, 51], owner: ENDS, depth: [0, 1] });
  assert.equal(tape.words(), ["11 signal 10 of 1: fired modelled by 50, then -"]);
});

test("a queue that had a message all along: a send did not fire it, so it was lost", () => {
  const tape = new NotifyTape()
    .register(SIGNAL, 10, { tid: 1, span: [10, 11], owner: BEGINS, depth: [1, 1] })
    .send({ tid: 2, span: [20, 21], owner: ENDS, depth: [1, 2] });
  assert.equal(tape.words(), ["11 signal 10 of 1: lost (close exec exit) modelled"]);
});

test("a message to a waiting receiver fires nothing, nor does a blocked sender's", () => {
  const tape = registered()
    .receive({ tid: 3, span: [20, 31], owner: ON })
    .send({ tid: 2, span: [30, 31], owner: ON })
    .send({ tid: 2, span: [40, 41], owner: ENDS, depth: [0, 1] });
  assert.equal(tape.words(), ["11 signal 10 of 1: fired modelled by 40, then -"]);
  const full = new NotifyTape()
    .register(SIGNAL, 10, { tid: 1, span: [10, 11], owner: BEGINS, depth: [1, 1] })
    .send({ tid: 2, span: [20, 41], owner: ON, depth: [1, 1] })
    .receive({ tid: 3, span: [40, 41], owner: ON, depth: [1, 1] })
    .cancel({ tid: 1, span: [50, 51], owner: ENDS, depth: [1, 1] });
  assert.equal(full.words(), ["11 signal 10 of 1: cancelled exact by 50"]);
});

test("ambiguous: two sends that overlap, or a receiver that may have waited", () => {
  const two = registered()
    .send({ tid: 2, span: [20, 22], owner: ENDS, depth: [0, 2] })
    .send({ tid: 3, span: [21, 23], owner: [1, 0], depth: [0, 2] });
  assert.equal(two.words(), ["11 signal 10 of 1: fired ambiguous(2) by 20, then -"]);
  const waited = registered()
    .receive({ tid: 3, span: [15, 25], owner: [1, 0] })
    .send({ tid: 2, span: [20, 21], owner: ENDS, depth: [0, 1] });
  assert.equal(waited.words(), ["11 signal 10 of 1: fired ambiguous(1) by 20, then 15 ambiguous"]);
});

test("a receiver who found it gone did not wait; a send that found it gone did not fire it", () => {
  const tape = registered()
    .send({ tid: 2, span: [20, 30], owner: ENDS, depth: [0, 0] })
    .receive({ tid: 1, span: [25, 26], owner: OFF, depth: [1, 0] })
    .send({ tid: 3, span: [27, 28], owner: OFF, depth: [0, 1] });
  assert.equal(tape.words(), ["11 signal 10 of 1: fired modelled by 20, then 25 modelled"]);
});

test("once only: registered anew by its handler, while the send still lasts", () => {
  const tape = registered()
    .send({ tid: 2, span: [20, 30], owner: [1, 1], depth: [0, 1] })
    .register(SIGNAL, 12, { tid: 1, span: [25, 26], owner: BEGINS, depth: [1, 1] })
    .receive({ tid: 1, span: [27, 28], owner: ON, depth: [1, 0] })
    .send({ tid: 2, span: [40, 41], owner: ENDS, depth: [0, 1] });
  assert.equal(tape.words(), [
    "11 signal 10 of 1: fired modelled by 20, then 27 modelled",
    "26 signal 12 of 1: fired modelled by 40, then -",
  ]);
});

test("it fires before its own mq_notify has returned", () => {
  const tape = new NotifyTape()
    .register(SIGNAL, 10, { tid: 1, span: [10, 16], owner: OFF })
    .send({ tid: 2, span: [12, 14], owner: ENDS, depth: [0, 1] });
  assert.equal(tape.words(), ["16 signal 10 of 1: fired modelled by 12, then -"]);
});

test("EBUSY of others and of its owner; a null from somebody else does nothing", () => {
  const tape = registered()
    .register(SIGNAL, 1, { tid: 2, span: [20, 21], owner: ON, ret: EBUSY })
    .register(NONE, 1, { tid: 1, span: [30, 31], owner: ON, ret: EBUSY })
    .cancel({ tid: 2, span: [40, 41], owner: ON })
    .cancel({ tid: 9, tgid: 1, span: [50, 51], owner: ENDS })
    .cancel({ tid: 1, span: [60, 61], owner: OFF });
  assert.equal(tape.words(), ["11 signal 10 of 1: cancelled exact by 50; refused 20 30; ignored 40"]);
});

test("refused before the one that was first has returned", () => {
  const tape = new NotifyTape()
    .register(SIGNAL, 10, { tid: 1, span: [10, 20], owner: BEGINS })
    .register(SIGNAL, 10, { tid: 2, span: [12, 14], owner: [0, 1], ret: EBUSY })
    .cancel({ tid: 1, span: [30, 31], owner: ENDS });
  assert.equal(tape.words(), ["20 signal 10 of 1: cancelled exact by 30; refused 12"]);
  const unread = new NotifyTape()
    .register(SIGNAL, 10, { tid: 1, span: [10, 20], owner: BEGINS })
    .register(SIGNAL, 10, { tid: 2, span: [12, 14], ret: EBUSY });
  assert.equal(unread.words(), ["20 signal 10 of 1: unknown; refused 12"]);
});

test("closed: nothing else took it, and its process goes on", () => {
  const tape = registered()
    .look({ tid: 2, span: [20, 21], owner: OFF })
    .look({ tid: 1, span: [30, 31], owner: OFF });
  assert.equal(tape.words(), ["11 signal 10 of 1: closed (close) modelled"]);
});

test("lost: its process was not heard of again, or was announced anew, as after an exec", () => {
  const tape = registered().look({ tid: 2, span: [20, 21], owner: OFF });
  assert.equal(tape.words(), ["11 signal 10 of 1: lost (close exec exit) modelled"]);
  tape.look({ tid: 1, span: [30, 31], owner: OFF });
  const tasks = [task(1), task(1, 1, 30), task(2)];
  assert.equal(tape.words({ tasks }), ["11 signal 10 of 1: lost (close exec) modelled"]);
});

test("closed: a thread that is not the leader outlives no exec", () => {
  const tape = registered()
    .look({ tid: 2, span: [20, 21], owner: OFF })
    .look({ tid: 9, tgid: 1, span: [30, 31], owner: OFF });
  const tasks = [task(1), task(2), task(9, 1, 30)];
  assert.equal(tape.words({ tasks }), ["11 signal 10 of 1: closed (close) modelled"]);
});

test("somebody else registered meanwhile: two registrations", () => {
  const tape = registered()
    .send({ tid: 3, span: [20, 21], owner: ENDS, depth: [0, 1] })
    .register(THREAD, 7, { tid: 2, span: [30, 31], owner: [0, 2], depth: [1, 1] })
    .cancel({ tid: 2, span: [40, 41], owner: [2, 0], depth: [1, 1] });
  assert.equal(tape.words(), [
    "11 signal 10 of 1: fired modelled by 20, then -",
    "31 thread of 2: cancelled exact by 40",
  ]);
});

test("a registration whose mq_notify was not recorded", () => {
  const tape = new NotifyTape()
    .look({ tid: 2, span: [10, 11], owner: [7, 7] })
    .send({ tid: 2, span: [20, 21], owner: [7, 0], depth: [0, 1] });
  assert.equal(tape.words(), ["- ? of 7: fired modelled by 20, then -"]);
});

test("a look that came late takes nothing away", () => {
  const tape = registered()
    .look({ tid: 2, span: [20, 20.0004], owner: OFF })
    .look({ tid: 3, span: [20.0002, 20.0006], owner: ON })
    .cancel({ tid: 1, span: [30, 31], owner: ENDS });
  assert.equal(tape.words(), ["11 signal 10 of 1: cancelled exact by 30"]);
});

test("calls right after its end did not end it", () => {
  const soon = registered()
    .send({ tid: 2, span: [20, 20.1], owner: ENDS, depth: [0, 1] })
    .cancel({ tid: 1, span: [20.2, 20.3], owner: OFF, depth: [1, 1] });
  assert.equal(soon.words(), ["11 signal 10 of 1: fired modelled by 20, then -"]);
  const anew = registered()
    .send({ tid: 2, span: [20, 20.1], owner: ENDS, depth: [0, 1] })
    .register(NONE, 0, { tid: 1, span: [20.2, 20.3], owner: BEGINS, depth: [1, 1] })
    .cancel({ tid: 1, span: [20.4, 20.5], owner: ENDS, depth: [1, 1] });
  assert.equal(anew.words(), [
    "11 signal 10 of 1: fired modelled by 20, then -",
    "20.3 none of 1: cancelled exact by 20.4",
  ]);
});

test("likelier: the send that saw it happen", () => {
  const tape = registered()
    .send({ tid: 2, span: [20, 22] })
    .send({ tid: 3, span: [21, 23], owner: ENDS, depth: [0, 1] });
  assert.equal(tape.words(), ["11 signal 10 of 1: fired ambiguous(2) by 21, then -"]);
});

test("a send that could not see the queue at its entry: nobody knows that it was empty", () => {
  const tape = registered().send({ tid: 2, span: [20, 21], owner: [null, 0] });
  assert.equal(tape.words(), ["11 signal 10 of 1: fired ambiguous(1) by 20, then -"]);
});

test("a send after which it was still there did not fire it; a stranger's null did not cancel it", () => {
  const tape = registered()
    .receive({ tid: 3, span: [20, 32], owner: ON })
    .send({ tid: 2, span: [30, 35], owner: ON })
    .look({ tid: 4, span: [40, 41], owner: OFF });
  assert.equal(tape.words(), ["11 signal 10 of 1: lost (close exec exit) modelled"]);
  const closed = registered().cancel({ tid: 2, span: [20, 21], owner: ENDS });
  assert.equal(closed.words(), ["11 signal 10 of 1: lost (close exec exit) modelled; ignored 20"]);
});

test("its owner asks again while it fires: what is seen meanwhile may be the one or the other", () => {
  const tape = registered()
    .send({ tid: 2, span: [20, 27], owner: ON, depth: [0, 1] })
    .register(SIGNAL, 12, { tid: 1, span: [22, 28], owner: ON, depth: [0, 1] })
    .look({ tid: 3, span: [25, 26], owner: ON, depth: [1, 1] })
    .cancel({ tid: 1, span: [30, 31], owner: ENDS, depth: [1, 1] });
  assert.equal(tape.words(), [
    "11 signal 10 of 1: fired modelled by 20, then -",
    "28 signal 12 of 1: cancelled exact by 30",
  ]);
});

test("over before its mq_notify has returned, and somebody else registered by then", () => {
  const tape = new NotifyTape()
    .register(SIGNAL, 10, { tid: 1, span: [10, 30], owner: [0, 2] })
    .register(SIGNAL, 12, { tid: 2, span: [15, 16], owner: [0, 2] })
    .cancel({ tid: 2, span: [40, 41], owner: [2, 0] });
  assert.equal(tape.words(), [
    "16 signal 12 of 2: cancelled exact by 40",
    "30 signal 10 of 1: lost (close exec exit) modelled",
  ]);
});

test("an EBUSY of long ago is no later registration's", () => {
  const tape = new NotifyTape()
    .register(SIGNAL, 10, { tid: 2, span: [5, 6], ret: EBUSY })
    .register(SIGNAL, 10, { tid: 1, span: [10, 11], owner: BEGINS })
    .cancel({ tid: 1, span: [20, 21], owner: ENDS });
  assert.equal(tape.words(), ["11 signal 10 of 1: cancelled exact by 20"]);
});

test("a receive before the firing is not the one that followed", () => {
  const tape = new NotifyTape()
    .register(SIGNAL, 10, { tid: 1, span: [10, 11], owner: BEGINS, depth: [1, 1] })
    .receive({ tid: 3, span: [20, 21] })
    .send({ tid: 2, span: [30, 31], owner: [null, 0] });
  assert.equal(tape.words(), ["11 signal 10 of 1: fired ambiguous(1) by 30, then -"]);
});

test("who is in his next call may be waiting, although the end of the one before was lost", () => {
  const tape = registered()
    .look({ tid: 3, span: [15, null], owner: ON })
    .receive({ tid: 3, span: [30, 60], owner: [1, 0] })
    .send({ tid: 2, span: [40, 41], owner: ENDS, depth: [0, 1] })
    .look({ tid: 4, span: [45, 46], owner: OFF });
  assert.equal(tape.words(), ["11 signal 10 of 1: fired ambiguous(1) by 40, then 30 ambiguous"]);
});

test("lost: what its process did before, or another of its number, proves nothing", () => {
  const before = registered()
    .look({ tid: 1, span: [15, 25], owner: [1, null] })
    .look({ tid: 2, span: [20, 21], owner: OFF });
  assert.equal(before.words(), ["11 signal 10 of 1: lost (close exec exit) modelled"]);
  const younger = registered()
    .look({ tid: 2, span: [20, 21], owner: OFF })
    .look({ tid: 9, tgid: 1, span: [30, 31], owner: OFF, born: 25 });
  assert.equal(younger.words(), ["11 signal 10 of 1: lost (close exec exit) modelled"]);
});

test("closed: an exec after that proves nothing against it", () => {
  const tape = registered()
    .look({ tid: 2, span: [20, 21], owner: OFF })
    .look({ tid: 1, span: [30, 31], owner: OFF })
    .look({ tid: 1, span: [40, 41], owner: OFF });
  const tasks = [task(1), task(1, 1, 40), task(2)];
  assert.equal(tape.words({ tasks }), ["11 signal 10 of 1: closed (close) modelled"]);
});

test("filters ask for any call that had a part in it", () => {
  const tape = registered()
    .register(SIGNAL, 1, { tid: 5, span: [15, 16], owner: ON, ret: EBUSY })
    .send({ tid: 2, span: [20, 21], owner: ENDS, depth: [0, 1] })
    .receive({ tid: 3, span: [30, 31], owner: OFF, depth: [1, 0] })
    .receive({ tid: 4, span: [40, 41], owner: OFF, ret: -11 });
  const found = [1, 2, 3, 4, 5].filter((tid) => tape.lines({ filter: { tids: new Set([tid]) } }).length > 0);
  assert.equal(found, [1, 2, 3, 5]);
  assert.is(tape.lines({ filter: { queues: new Set(["/other"]) } }).length, 0);
});

test.run();
