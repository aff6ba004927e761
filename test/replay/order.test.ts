import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inOrder, merge } from "../../src/replay/order.js";

const test = suite("order");

const ending = (endedNs: number, name = "") => ({ endedNs, name });
const times = (items: Iterable<{ endedNs: number }>) => [...items].map((item) => item.endedNs);

test("sorts what comes at most so many places late", () => {
  const late = Array.from({ length: 1000 }, (_, index) => index ^ 7); // up to 7 places off
  const held = inOrder(
    late.map((at) => ending(at)),
    () => 1,
    8,
  );
  assert.equal(
    times(held),
    Array.from({ length: 1000 }, (_, index) => index),
  );
});

test("holds no more than it may", () => {
  let taken = 0;
  function* source() {
    for (let at = 0; at < 100; at++) {
      taken++;
      yield ending(at);
    }
  }
  const byPlaces = inOrder(source(), () => 1, 4);
  byPlaces.next();
  assert.is(taken, 8);
  taken = 0;
  const byWeight = inOrder(source(), () => 50, 1000, 200);
  byWeight.next();
  assert.is(taken, 4);
  assert.is(times(byWeight).length, 99);
});

test("what never ends stays last, as it came", () => {
  const never = Number.POSITIVE_INFINITY;
  const sorted = [...inOrder([ending(5), ending(never, "a"), ending(never, "b"), ending(3)], () => 1)];
  assert.equal(
    sorted.map((item) => `${item.endedNs}${item.name}`),
    ["3", "5", "Infinitya", "Infinityb"],
  );
});

test("merges, equals in the order of their sources", () => {
  const merged = merge([
    [ending(1, "a"), ending(4, "a"), ending(Number.POSITIVE_INFINITY, "a")].values(),
    [].values(),
    [ending(1, "b"), ending(2, "b"), ending(Number.POSITIVE_INFINITY, "b")].values(),
  ]);
  assert.equal(
    [...merged].map((item) => `${item.endedNs}${item.name}`),
    ["1a", "1b", "2b", "4a", "Infinitya", "Infinityb"],
  );
});

test.run();
