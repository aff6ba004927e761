import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatJson } from "../../src/render/json.js";

const test = suite("render: JSON");

test("what could move or mislead a terminal is escaped, and the value is the same", () => {
  const value = { "\u009b": 'a\u007f\u0085\u202e\u2066\u200b\u2028\u{e0001}\ud800 \\ "é𝄞€\u001b' };
  const text = formatJson(value);
  assert.is(
    text,
    '{"\\u009b":"a\\u007f\\u0085\\u202e\\u2066\\u200b\\u2028\\udb40\\udc01\\ud800 \\\\ \\"é𝄞€\\u001b"}',
  );
  assert.equal(JSON.parse(text), value);
});

test("plain values are as JSON.stringify has them", () => {
  for (const value of [null, 1, "a b", [true], { a: { b: ["c", null] } }]) {
    assert.is(formatJson(value), JSON.stringify(value));
  }
});

test.run();
