/** Matching on System V queues by what calls tell: selection by type, truncation, copies, removal. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EFAULT, FlowTape } from "../flow-tape.js";

const test = suite("flows: System V");

const MSG_NOERROR = 0o10000;
const MSG_EXCEPT = 0o20000;
const MSG_COPY = 0o40000;
const E2BIG = -7;
const EIDRM = -43;
const EMPTY = [0, null] as const;

/** Types 5, 3, 8, 3 in that order; what receives get that cannot read what they got. */
function fourTypes(): FlowTape {
  return new FlowTape()
    .msgsnd("same", 5, { tid: 1, span: [10, 11], depth: EMPTY })
    .msgsnd("same", 3, { tid: 1, span: [20, 21] })
    .msgsnd("same", 8, { tid: 1, span: [30, 31] })
    .msgsnd("same", 3, { tid: 1, span: [40, 41] });
}

function taken(msgtyp: number, flags = 0): string | undefined {
  return fourTypes()
    .msgrcv("same", 0, { msgtyp, flags }, { tid: 2, span: [100, 101], isUnread: true })
    .words()
    .find((line) => !line.includes("pending"));
}

test("selection by type, though the receiver's memory could not be read", () => {
  assert.is(taken(0), "10 → 100 modelled");
  assert.is(taken(3), "20 → 100 modelled");
  assert.is(taken(8), "30 → 100 modelled");
  assert.is(taken(-4), "20 → 100 modelled");
  assert.is(taken(-8), "20 → 100 modelled");
  assert.is(taken(5, MSG_EXCEPT), "20 → 100 modelled");
  assert.is(taken(3, MSG_EXCEPT), "10 → 100 modelled");
  assert.is(taken(-(2 ** 63)), "20 → 100 modelled", "LONG_MIN asks for any type, the lowest first");
});

test("of one type the oldest first", () => {
  const tape = fourTypes()
    .msgrcv("same", 3, { msgtyp: 3 }, { tid: 2, span: [100, 101] })
    .msgrcv("same", 3, { msgtyp: 3 }, { tid: 2, span: [110, 111] });
  assert.equal(tape.words(), [
    "10 → - pending modelled",
    "20 → 100 modelled",
    "30 → - pending modelled",
    "40 → 110 modelled",
  ]);
});

test("a type that was received tells, whatever was asked for", () => {
  const tape = fourTypes().msgrcv("same", 8, { msgtyp: -100 }, { tid: 2, span: [100, 101] });
  assert.is(tape.words()[2], "30 → 100 modelled");
});

test("MSG_COPY takes nothing", () => {
  const tape = new FlowTape()
    .msgsnd("same", 5, { tid: 1, span: [10, 11], depth: EMPTY })
    .msgrcv("same", 5, { msgtyp: 0, flags: MSG_COPY }, { tid: 2, span: [20, 21] })
    .msgrcv("same", 5, { msgtyp: 0 }, { tid: 2, span: [30, 31] });
  assert.equal(tape.words(), ["10 → 30 modelled"]);
});

test("MSG_NOERROR cuts the message: the longer one fits too, and `len` is as it was sent", () => {
  const tape = new FlowTape()
    .msgsnd("long message", 5, { tid: 1, span: [10, 11], depth: EMPTY })
    .msgsnd("long", 6, { tid: 1, span: [20, 21] })
    .msgrcv("long", 5, { msgtyp: 5, flags: MSG_NOERROR, room: 4 }, { tid: 2, span: [30, 31] })
    .msgrcv("long", 6, { msgtyp: 6, flags: MSG_NOERROR, room: 9 }, { tid: 2, span: [40, 41] });
  assert.equal(tape.words(), ["10 → 30 modelled", "20 → 40 modelled"]);
  assert.equal(
    tape.lines().map(({ len, type }) => [len, type]),
    [
      [12, "5"],
      [4, "6"],
    ],
  );
});

test("E2BIG leaves the message where it is", () => {
  const tape = new FlowTape()
    .msgsnd("long message", 5, { tid: 1, span: [10, 11], depth: EMPTY })
    .msgrcv("", 5, { msgtyp: 0, room: 2 }, { tid: 2, span: [20, 21], ret: E2BIG })
    .msgrcv("long message", 5, { msgtyp: 0 }, { tid: 2, span: [30, 31] });
  assert.equal(tape.words(), ["10 → 30 modelled"]);
});

test("EFAULT takes the message that was asked for", () => {
  const tape = fourTypes().msgrcv("", 8, { msgtyp: 8 }, { tid: 2, span: [100, 101], ret: EFAULT });
  assert.is(tape.words()[2], "30 → 100 dropped:fault modelled");
});

test("a waiting receiver is handed the first message that it asks for", () => {
  const tape = new FlowTape()
    .msgrcv("same", 8, { msgtyp: 8 }, { tid: 2, span: [5, 32], depth: EMPTY })
    .msgsnd("same", 3, { tid: 1, span: [10, 11] })
    .msgsnd("same", 8, { tid: 1, span: [30, 31] })
    .msgrcv("same", 3, { msgtyp: 0 }, { tid: 2, span: [40, 41] });
  assert.equal(tape.words(), ["10 → 40 modelled", "30 → 5 modelled"]);
});

test("blocked senders compete: who returned first came first", () => {
  const room = { bytes: 4n, max_bytes: 4n };
  const tape = new FlowTape()
    .msgsnd("same", 1, { tid: 1, span: [10, 11], depth: EMPTY, room: { bytes: 0n, max_bytes: 4n } })
    .msgsnd("same", 1, { tid: 2, span: [20, 90], depth: [1, null], room })
    .msgsnd("same", 1, { tid: 3, span: [30, 60], depth: [1, null], room })
    .msgrcv("same", 1, { msgtyp: 0 }, { tid: 4, span: [50, 51] })
    .msgrcv("same", 1, { msgtyp: 0 }, { tid: 4, span: [80, 81] })
    .msgrcv("same", 1, { msgtyp: 0 }, { tid: 4, span: [100, 101] });
  assert.equal(tape.words(), ["10 → 50 modelled", "20 → 100 ambiguous(2)", "30 → 80 ambiguous(2)"]);
  assert.equal(
    tape.lines().map((line) => line.sender_blocked_ns),
    [0, 70_000, 30_000],
  );
});

test("IPC_RMID drops what is there, and nothing that was received", () => {
  const tape = new FlowTape()
    .msgsnd("one.", 5, { tid: 1, span: [10, 11], depth: EMPTY })
    .msgsnd("two.", 5, { tid: 1, span: [20, 21] })
    .msgsnd("late", 5, { tid: 3, span: [25, 52], ret: EIDRM })
    .msgrcv("one.", 5, { msgtyp: 0 }, { tid: 2, span: [30, 31] })
    .rmid({ tid: 9, span: [50, 51] });
  assert.equal(tape.words(), ["10 → 30 modelled", "20 → - dropped:removed modelled"]);
  const [, dropped] = tape.lines();
  assert.equal(
    [dropped?.drop?.by?.tid, dropped?.drop?.by?.event, dropped?.drop?.at_ns],
    [9, "msgctl", 51_000],
  );
});

test.run();
