/** Matching by the kernel's number for a message: exact, whatever the calls look like, and only then. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EFAULT, FlowTape } from "../flow-tape.js";

const test = suite("flows: kernel plane");

const HOOKS = ["load_msg", "store_msg", "free_msg", "msg_insert"];
const EMPTY = [0, null] as const;
const SEND = 3;
const RECEIVE = 4;
const MSGSND = 10;
const MSGRCV = 11;
const MSGCTL = 12;
const MSG_COPY = 0o40000;
const ETIMEDOUT = -110;

function hooked(): FlowTape {
  const tape = new FlowTape();
  tape.hooks = HOOKS;
  return tape;
}

test("numbers match what looks alike, also against the order of calls", () => {
  const tape = hooked()
    .send("same", 1, { tid: 1, span: [10, 20], depth: EMPTY })
    .send("same", 1, { tid: 2, span: [12, 18] })
    .receive("same", 1, { tid: 3, span: [30, 32] })
    .receive("same", 1, { tid: 3, span: [40, 42] })
    .kernel(
      { at: 15, hook: "load", message: 71, tid: 1, call: 1, event: SEND },
      { at: 13, hook: "load", message: 72, tid: 2, call: 1, event: SEND },
      { at: 31, hook: "store", message: 72, tid: 3, call: 1, event: RECEIVE },
      { at: 41, hook: "store", message: 71, tid: 3, call: 2, event: RECEIVE },
    );
  assert.equal(tape.words(), ["10 → 40 exact", "12 → 30 exact"]);
});

test("a blocked sender: its receiver returns before it does; the time is split by the hooks", () => {
  const tape = hooked()
    .send("same", 1, { tid: 1, span: [10, 90], depth: [1, null], room: { max_messages: 1 } })
    .receive("same", 1, { tid: 2, span: [70, 75] })
    .kernel(
      { at: 12, hook: "load", message: 71, tid: 1, call: 1, event: SEND },
      { at: 50, hook: "insert", message: 71, tid: 5, call: 1, event: RECEIVE },
      { at: 72, hook: "store", message: 71, tid: 2, call: 1, event: RECEIVE },
    );
  assert.equal(tape.words(), ["10 → 70 exact"]);
  const [line] = tape.lines();
  assert.equal(
    [line?.sender_blocked_ns, line?.queued_ns, line?.receiver_waiting_ns, line?.basis, line?.candidates],
    [38_000, 22_000, 0, "identity", 1],
  );
});

test("handed to a receiver that waited: never in the queue", () => {
  const tape = hooked()
    .receive("same", 1, { tid: 2, span: [5, 15], depth: EMPTY })
    .send("same", 1, { tid: 1, span: [10, 13] })
    .kernel(
      { at: 11, hook: "load", message: 71, tid: 1, call: 1, event: SEND },
      { at: 14, hook: "store", message: 71, tid: 2, call: 1, event: RECEIVE },
    );
  const [line] = tape.lines();
  assert.equal(
    [line?.match, line?.sender_blocked_ns, line?.queued_ns, line?.receiver_waiting_ns],
    ["exact", 0, 0, 6_000],
  );
});

test("taken or thrown away by tasks that are in no recorded call", () => {
  const tape = hooked()
    .send("same", 1, { tid: 1, span: [10, 11], depth: EMPTY })
    .send("same", 1, { tid: 1, span: [20, 21] })
    .send("same", 1, { tid: 1, span: [30, 31] })
    .kernel(
      { at: 10, hook: "load", message: 71, tid: 1, call: 1, event: SEND },
      { at: 20, hook: "load", message: 72, tid: 1, call: 2, event: SEND },
      { at: 30, hook: "load", message: 73, tid: 1, call: 3, event: SEND },
      { at: 50, hook: "store", message: 71, tid: 8 },
      { at: 60, hook: "free", message: 72, tid: 9 },
    );
  assert.equal(tape.words(), ["10 → tid 8 exact", "20 → - dropped:closed exact", "30 → - pending exact"]);
  const [, dropped] = tape.lines();
  assert.equal([dropped?.drop?.by?.tid, dropped?.drop?.at_ns], [9, 60_000]);
});

test("received by a recorded call whose own records were lost: its KERNEL record still tells who, never pending", () => {
  const tape = hooked()
    .send("same", 1, { tid: 1, span: [10, 11], depth: EMPTY })
    .send("same", 1, { tid: 1, span: [20, 21] })
    .kernel(
      { at: 10, hook: "load", message: 71, tid: 1, call: 1, event: SEND },
      { at: 20, hook: "load", message: 72, tid: 1, call: 2, event: SEND },
      { at: 50, hook: "store", message: 71, tid: 8, call: 5, event: RECEIVE },
      { at: 60, hook: "free", message: 72, tid: 8, call: 6, event: RECEIVE },
    );
  assert.equal(tape.words(), ["10 → tid 8 exact", "20 → - dropped:fault exact"]);
});

test("EFAULT and IPC_RMID", () => {
  const tape = hooked()
    .msgsnd("same", 1, { tid: 1, span: [10, 11], depth: EMPTY })
    .msgsnd("same", 1, { tid: 1, span: [20, 21] })
    .msgrcv("", 1, { msgtyp: 0 }, { tid: 2, span: [30, 31], ret: EFAULT })
    .rmid({ tid: 3, span: [40, 42] })
    .kernel(
      { at: 10, hook: "load", message: 71, tid: 1, call: 1, event: MSGSND },
      { at: 20, hook: "load", message: 72, tid: 1, call: 2, event: MSGSND },
      { at: 30, hook: "free", message: 71, tid: 2, call: 1, event: MSGRCV },
      { at: 41, hook: "free", message: 72, tid: 3, call: 1, event: MSGCTL },
    );
  assert.equal(tape.words(), ["10 → 30 dropped:fault exact", "20 → - dropped:removed exact"]);
});

test("a send that failed, and MSG_COPY, which loads and stores a message that nobody sent", () => {
  const tape = hooked()
    .msgsnd("same", 1, { tid: 1, span: [10, 11], depth: EMPTY, ret: ETIMEDOUT })
    .msgsnd("same", 1, { tid: 1, span: [20, 21] })
    .msgrcv("same", 1, { msgtyp: 0, flags: MSG_COPY }, { tid: 2, span: [30, 33] })
    .kernel(
      { at: 10, hook: "load", message: 71, tid: 1, call: 1, event: MSGSND },
      { at: 10, hook: "free", message: 71, tid: 1, call: 1, event: MSGSND },
      { at: 20, hook: "load", message: 72, tid: 1, call: 2, event: MSGSND },
      { at: 31, hook: "load", message: 73, tid: 2, call: 1, event: MSGRCV },
      { at: 32, hook: "store", message: 73, tid: 2, call: 1, event: MSGRCV },
    );
  assert.equal(tape.words(), ["20 → - pending exact"]);
});

test("a message from before the recording has no number, and is nobody's", () => {
  const tape = hooked()
    .send("same", 1, { tid: 1, span: [10, 11] })
    .receive("same", 1, { tid: 2, span: [30, 31] })
    .kernel(
      { at: 10, hook: "load", message: 71, tid: 1, call: 1, event: SEND },
      { at: 30, hook: "store", message: 0, tid: 2, call: 1, event: RECEIVE },
    );
  assert.equal(tape.words(), ["10 → - pending exact"]);
});

test("where records of the planes were lost, calls alone tell, and it is not called exact", () => {
  const tape = hooked()
    .send("one.", 1, { tid: 1, span: [10, 11], depth: EMPTY })
    .send("two.", 1, { tid: 1, span: [20, 21] })
    .receive("one.", 1, { tid: 2, span: [30, 31] })
    .receive("two.", 1, { tid: 2, span: [40, 41] })
    .kernel(
      { at: 10, hook: "load", message: 71, tid: 1, call: 1, event: SEND },
      { at: 20, hook: "load", message: 72, tid: 1, call: 2, event: SEND },
      { at: 40, hook: "store", message: 72, tid: 2, call: 2, event: RECEIVE, lost: 1 },
    );
  assert.equal(tape.words(), ["10 → 30 modelled", "20 → 40 exact"]);
});

test("two different numbers are two messages, however alike", () => {
  const tape = new FlowTape()
    .send("same", 1, { tid: 1, span: [10, 11], depth: EMPTY })
    .receive("same", 1, { tid: 2, span: [30, 31] })
    .kernel(
      { at: 10, hook: "load", message: 71, tid: 1, call: 1, event: SEND },
      { at: 30, hook: "store", message: 99, tid: 2, call: 1, event: RECEIVE },
    );
  tape.hooks = ["load_msg", "store_msg"];
  assert.equal(tape.words(), ["10 → - pending ambiguous(2)"]);
});

test("numbers hold across a loss of calls", () => {
  const tape = hooked()
    .send("same", 1, { tid: 1, span: [10, null], depth: EMPTY })
    .receive("same", 1, { tid: 2, span: [30, 31] })
    .kernel(
      { at: 10, hook: "load", message: 71, tid: 1, call: 1, event: SEND },
      { at: 30, hook: "store", message: 71, tid: 2, call: 1, event: RECEIVE },
    );
  assert.equal(tape.words({ lost: 1n }), ["10 → 30 exact"]);
});

test.run();
