import { suite } from "uvu";
import * as assert from "uvu/assert";
import { calls } from "../../src/replay/calls.js";
import { EVERYTHING } from "../../src/replay/filter.js";
import { latency } from "../../src/replay/latency.js";
import { makeCapture, Tape } from "./tape.js";

const test = suite("captures without layouts of their records");

const damage = { code: "truncated", offset: 792, frame: 1, message: "the file ends" };

function capture(isCutEarly: boolean) {
  const chunks = isCutEarly ? [] : [{ records: [new Tape().entry({ at: 10, call: 1 })] }];
  return { ...makeCapture({ chunks, complete: false }), recorderBtf: null, problems: [damage] };
}

test("cut before the first chunk, a capture has no calls, and its losses are not known", () => {
  assert.equal([...calls(capture(true), EVERYTHING)], []);
  assert.equal(latency([capture(true)], EVERYTHING), {
    groups: [],
    lost: null,
    lost_at_least: 0,
    lost_by_event: null,
  });
});

test("records that cannot be read are an error that names the damage", () => {
  const expected = /^hand\.mtape: damaged at offset 792 \(the file ends\): no layouts of its records/;
  const messageOf = (read: () => unknown) => {
    try {
      read();
    } catch (error) {
      return (error as Error).message;
    }
    return "read";
  };
  assert.match(
    messageOf(() => [...calls(capture(false), EVERYTHING)]),
    expected,
  );
  assert.match(
    messageOf(() => latency([capture(false)], EVERYTHING)),
    expected,
  );
});

test.run();
