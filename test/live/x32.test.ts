/** Calls of the x32 convention are counted, and nothing is recorded of them. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { live } from "../support/live.js";
import { answer, callLines, record } from "../support/msgtape.js";
import { workload } from "../support/workload.js";

const test = suite("live: x32");

live(
  test,
  "calls with x32's bit are counted, also those with numbers of their own",
  ["root", "bpf", "gcc"],
  () => {
    const { file, status } = record([], [workload("x32")]);
    assert.is(status, 0);
    assert.is(answer<{ x32_calls: number }>(["info", file]).x32_calls, 3);
    assert.equal(callLines(file), []);
  },
);

test.run();
