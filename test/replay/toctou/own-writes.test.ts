/** Inputs that the call's own outputs cover: what lies there at exit says nothing of the input. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { without } from "../../../src/replay/toctou/compare.js";
import { at, found, type HandCall } from "./hand.js";

const test = suite("replay/toctou/own-writes");

const EFAULT = -14;

/** `arg calls changed unknown`, and the findings. */
function told(call: HandCall) {
  const { exposure, findings } = found([call]);
  return [
    ...exposure.map(({ arg, calls, changed, unknown }) => `${arg} ${calls} ${changed} ${unknown}`),
    ...findings.map(({ arg, first_diff_offset, compared }) => ({ arg, first_diff_offset, compared })),
  ];
}

test("mq_setattr with one struct for both", () => {
  const attr = (text: string, arg: number) => at(arg, 0x3000, text.padEnd(64));
  const call: HandCall = {
    event: "mq_getsetattr",
    from: 1,
    to: 2,
    args: [3, 0x3000, 0x3000],
    entry: [attr("nonblock", 1)],
    exit: [attr("blocking", 1), attr("blocking", 2)],
  };
  assert.equal(told(call), ["new 1 0 1"]);
  // Elsewhere it is what somebody else has changed.
  const apart = {
    ...call,
    args: [3, 0x3000, 0x4000],
    exit: [attr("blocking", 1), at(2, 0x4000, "x".repeat(64))],
  };
  assert.equal(told(apart), ["new 1 1 0", { arg: "new", first_diff_offset: 0, compared: [[0, 8]] }]);
});

function receive(more: Partial<HandCall>): HandCall {
  return { event: "mq_timedreceive", from: 1, to: 2, args: [3, 0x1000, 64, 0, 0x1000], ...more };
}

test("a timeout inside the receive buffer", () => {
  const entry = [at(4, 0x1000, "seconds.nanosecs")];
  const whole = receive({
    ret: 20,
    entry,
    exit: [at(4, 0x1000, "a message that is lo"), at(1, 0x1000, "a message that is lo")],
  });
  assert.equal(told(whole), ["abs_timeout 1 0 1"]);
  const exit = (timeout: string) => [at(4, 0x1000, timeout), at(1, 0x1000, "four")];
  assert.equal(told(receive({ ret: 4, entry, exit: exit("fournds.nanosecs") })), ["abs_timeout 1 0 1"]);
  assert.equal(told(receive({ ret: 4, entry, exit: exit("fournds.nanoseXs") })), [
    "abs_timeout 1 1 0",
    { arg: "abs_timeout", first_diff_offset: 14, compared: [[4, 16]] },
  ]);
});

test("msg_prio inside the timeout", () => {
  const call = receive({
    args: [3, 0x1000, 64, 0x2008, 0x2000],
    ret: 1,
    entry: [at(4, 0x2000, "seconds.nanosecs")],
    exit: [at(4, 0x2000, "seconds.\x07\0\0\0secs"), at(1, 0x1000, "x"), at(3, 0x2008, "\x07\0\0\0")],
  });
  assert.equal(told(call), ["abs_timeout 1 0 1"]);
});

test("a receive that failed over one output may have written another", () => {
  const of = (ret: number) =>
    told(
      receive({
        ret,
        entry: [at(4, 0x1000, "seconds.nanosecs")],
        exit: [at(4, 0x1000, "a message that i")],
      }),
    );
  assert.equal(of(EFAULT), ["abs_timeout 1 0 1"]);
  assert.is(of(-110)[0], "abs_timeout 1 1 0");
});

test("ranges without others", () => {
  assert.equal(without(null, 16, []), null);
  assert.equal(without(null, 16, [[4, 8]]), [
    [0, 4],
    [8, 16],
  ]);
  assert.equal(
    without(
      [
        [0, 8],
        [12, 16],
      ],
      16,
      [
        [6, 13],
        [15, 20],
      ],
    ),
    [
      [0, 6],
      [13, 15],
    ],
  );
  assert.equal(without([[0, 8]], 64, [[0, 64]]), []);
});

test.run();
