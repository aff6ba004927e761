/** Which nodes are on a cycle together. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { components } from "../../../src/replay/flows/cycles.js";

const test = suite("flows: cycles");

/** Nodes by component, each in order. */
function groups(wants: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const found = new Map<number, number[]>();
  components(wants).forEach((component, node) => {
    const group = found.get(component);
    if (group === undefined) found.set(component, [node]);
    else group.push(node);
  });
  return [...found.values()].sort((one, other) => (one[0] ?? 0) - (other[0] ?? 0));
}

test("alone, in pairs, in rings, and with one way only", () => {
  assert.equal(groups([]), []);
  assert.equal(groups([[0], []]), [[0], [1]]);
  assert.equal(groups([[0, 1], [1]]), [[0], [1]]);
  assert.equal(groups([[1], [0], [1]]), [[0, 1], [2]]);
  assert.equal(groups([[1], [2], [0]]), [[0, 1, 2]]);
  assert.equal(groups([[1], [2], [3], [1, 4], []]), [[0], [1, 2, 3], [4]]);
  assert.equal(groups([[2, 1], [0], [3], [2]]), [
    [0, 1],
    [2, 3],
  ]);
});

test("a ring longer than any stack of calls is deep", () => {
  const size = 200_000;
  const ring = Array.from({ length: size }, (_, at) => [(at + 1) % size]);
  assert.is(groups(ring).length, 1);
  assert.is(groups(ring.map((to, at) => (at === 7 ? [] : to))).length, size);
});

test.run();
