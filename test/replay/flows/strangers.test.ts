/** Others who use the queue and are not recorded: depths give them away, and then no likeness proves a match. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FlowTape } from "../flow-tape.js";

const test = suite("flows: strangers");

/** `count` messages of their own, each received at once: after them nobody doubts that payloads tell. */
function manyKinds(tape: FlowTape, count: number): FlowTape {
  for (let i = 0; i < count; i++) {
    tape.send(`number ${i}`, 1, { tid: 1, span: [10 + 20 * i, 11 + 20 * i], depth: [0, 1] });
    tape.receive(`number ${i}`, 1, { tid: 1, span: [20 + 20 * i, 21 + 20 * i], depth: [1, 0] });
  }
  return tape;
}

test("another producer of the same message: the depth shows it, and its payload proves nothing", () => {
  const words = (isThere: boolean) => {
    const more = isThere ? 1 : 0;
    const tape = manyKinds(new FlowTape(), 10)
      .send("number 10", 1, { tid: 1, span: [5000, 5001], depth: [0 + more, 1 + more] })
      .receive("number 10", 1, { tid: 1, span: [5020, 5021], depth: [1 + more, more] });
    if (isThere) tape.receive("number 10", 1, { tid: 1, span: [5040, 5041], depth: [1, 0] });
    tape
      .send("number 11", 1, { tid: 1, span: [9000, 9001], depth: [0, 1] })
      .receive("number 11", 1, { tid: 1, span: [9020, 9021], depth: [1, 0] });
    return tape.words().slice(10);
  };
  assert.equal(words(false), ["5000 → 5020 modelled", "9000 → 9020 modelled"]);
  assert.equal(words(true), ["5000 → 5020 ambiguous(?)", "9000 → 9020 ambiguous(?)"], "from then on");
});

test("behind a call that is blocked for long they are seen too", () => {
  const words = (depth: number) => {
    const tape = new FlowTape()
      .msgrcv("", 99, { msgtyp: 99 }, { tid: 3, span: [1, 9000], depth: [0, 0] })
      .msgsnd("init", 1, { tid: 1, span: [10, 11], depth: [0, 1] })
      .msgrcv("init", 1, { msgtyp: 1 }, { tid: 1, span: [20, 21], depth: [1, 0] })
      .msgsnd("beat", 1, { tid: 1, span: [30, 31], depth: [0, 1] })
      .msgrcv("beat", 1, { msgtyp: 1 }, { tid: 1, span: [5000, 5001], depth: [depth, depth - 1] })
      .msgsnd("", 99, { tid: 2, span: [8000, 8001], depth: [depth - 1, depth - 1] });
    return tape.words();
  };
  assert.equal(words(1), ["10 → 20 modelled", "30 → 5000 modelled", "8000 → 1 modelled"]);
  assert.equal(words(2)[1], "30 → 5000 ambiguous(?)");
});

test("without a blocked call likewise, by payload and by order", () => {
  const words = (text: string) =>
    new FlowTape()
      .send("init", 1, { tid: 1, span: [10, 11], depth: [0, 1] })
      .receive("init", 1, { tid: 1, span: [20, 21], depth: [1, 0] })
      .send(text, 1, { tid: 1, span: [30, 31], depth: [0, 1] })
      .receive(text, 1, { tid: 1, span: [5000, 5001], depth: [2, 1] })
      .words();
  assert.equal(words("beat"), ["10 → 20 modelled", "30 → 5000 ambiguous(?)"]);
  assert.equal(words("init"), ["10 → 20 modelled", "30 → 5000 ambiguous(?)"]);
});

test("calls at once explain what depths show of each other, and failed ones explain nothing", () => {
  const words = (ret: number | undefined) => {
    const failed = ret === undefined ? {} : { ret };
    return new FlowTape()
      .send("one.", 1, { tid: 1, span: [10, 30], depth: [0, 2] })
      .send("two.", 1, { tid: 2, span: [12, 40], depth: [0, 2], ...failed })
      .receive("one.", 1, { tid: 3, span: [5000, 5001], depth: [2, 1] })
      .send("six.", 1, { tid: 1, span: [9000, 9001], depth: [1, 2] })
      .receive("six.", 1, { tid: 3, span: [9010, 9011], depth: [2, 1] })
      .words();
  };
  assert.equal(words(undefined), ["10 → 5000 modelled", "12 → - pending modelled", "9000 → 9010 modelled"]);
  assert.equal(words(-11).slice(-1), ["9000 → 9010 ambiguous(?)"]);
});

test.run();
