/** Selection by types that a double does not tell apart. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { accepts, exactValue, rankOrder, systemVSelector } from "../../../src/replay/flows/selection.js";

const test = suite("flows: selection");

const MSG_EXCEPT = 0o20000;
const low = 2n ** 53n;
const high = low + 1n;
const rank = (type: bigint) => ({ value: exactValue(type), text: `${type}` });

test("types beyond 2^53 are told apart", () => {
  assert.is(accepts(systemVSelector(low, MSG_EXCEPT), rank(high)), true);
  assert.is(accepts(systemVSelector(low, 0), rank(high)), false);
  assert.is(accepts(systemVSelector(-low, 0), rank(high)), false);
  assert.is(rankOrder(systemVSelector(-high, 0), rank(low), rank(high)), -1);
});

test.run();
