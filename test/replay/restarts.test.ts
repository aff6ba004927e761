/** Which entries are linked to an interrupted call. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RecordFlag } from "../../src/replay/records.js";
import { outlines } from "./outline.js";
import { Tape } from "./tape.js";

const test = suite("restarts");

const RESTART = RecordFlag.LAST | RecordFlag.RESTART;

test("links each restart to the call that it begins anew", () => {
  const tape = new Tape();
  const records = [1, 2, 3].flatMap((call) => [
    tape.entry({ at: 100 * call, call, ...(call > 1 ? { flags: RESTART } : {}) }),
    tape.exit({ at: 100 * call + 50, call, ret: call < 3 ? -512 : 5 }),
  ]);
  assert.equal(outlines({ chunks: [{ records }] }), [
    "100#1 mq_timedreceive complete 100..150 ret=-512",
    "100#2 mq_timedreceive complete 200..250 ret=-512 restart_of=1",
    "100#3 mq_timedreceive complete 300..350 ret=5 restart_of=2",
  ]);
});

test("finds the interrupted call behind those that its signal handler made", () => {
  const tape = new Tape();
  const records = [
    tape.entry({ at: 10, call: 1 }),
    tape.exit({ at: 20, call: 1, ret: -512 }),
    tape.entry({ at: 30, call: 2, event: 3 }),
    tape.exit({ at: 40, call: 2, event: 3, ret: 0 }),
    tape.entry({ at: 50, call: 3, flags: RESTART }),
    tape.exit({ at: 60, call: 3, ret: 5 }),
  ];
  assert.equal(outlines({ chunks: [{ records }] }), [
    "100#1 mq_timedreceive complete 10..20 ret=-512",
    "100#2 mq_timedsend complete 30..40 ret=0",
    "100#3 mq_timedreceive complete 50..60 ret=5 restart_of=1",
  ]);
});

test("links no other call to an interrupted one", () => {
  const second = {
    "the program's own retry": { call: 2 },
    "a restart with other arguments": { call: 2, args: [4n], flags: RESTART },
    "a restart of another event": { call: 2, event: 3, flags: RESTART },
  };
  for (const [name, head] of Object.entries(second)) {
    const tape = new Tape();
    const { flags: _, ...exit } = { flags: 0, ...head };
    const records = [
      tape.entry({ at: 10, call: 1 }),
      tape.exit({ at: 20, call: 1, ret: -512 }),
      tape.entry({ at: 30, ...head }),
      tape.exit({ at: 40, ret: 0, ...exit }),
    ];
    assert.not.match(outlines({ chunks: [{ records }] }).join(), /restart_of/, name);
  }
  const tape = new Tape();
  const records = [
    tape.entry({ at: 10, call: 1 }),
    tape.exit({ at: 20, call: 1, ret: -4 }),
    tape.entry({ at: 30, call: 2, flags: RESTART }),
  ];
  assert.not.match(outlines({ chunks: [{ records }] }).join(), /restart_of/, "EINTR is final");
});

test.run();
