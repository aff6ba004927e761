/** Spans are met exactly as looking at each of them says. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Span, spanTable } from "../../src/replay/spans.js";

const test = suite("replay: spans");

const ENDS = [Number.NEGATIVE_INFINITY, -3, 0, 1, 2, 5, 9, Number.POSITIVE_INFINITY];

test("as looking at each of them", () => {
  const all = ENDS.flatMap((fromNs) => ENDS.map((toNs) => ({ fromNs, toNs })));
  const sets: Span[][] = [
    [],
    ...all.map((one, i) => [one, all[(i * 7) % all.length] as Span, all[(i * 31) % all.length] as Span]),
  ];
  for (const spans of sets) {
    const table = spanTable(spans);
    for (const { fromNs, toNs } of all) {
      if (fromNs > toNs) continue;
      // A span that ends before it begins has no moment, but a hostile capture may tell of one.
      const met = spans.some((span) => span.fromNs <= toNs && span.toNs >= fromNs);
      assert.is(table.meets(fromNs, toNs), met, JSON.stringify({ spans, fromNs, toNs }));
    }
    assert.is(
      table.lastNs,
      spans.reduce((last, { toNs }) => Math.max(last, toNs), Number.NEGATIVE_INFINITY),
    );
  }
});

test("a hundred thousand cost no more than a search", () => {
  const table = spanTable(Array.from({ length: 100_000 }, (_, i) => ({ fromNs: 10 * i, toNs: 10 * i + 1 })));
  const start = process.cpuUsage();
  let met = 0;
  for (let i = 0; i < 100_000; i++) if (table.meets(10 * i + 2, 10 * i + 9)) met++;
  assert.is(met, 0);
  const { user } = process.cpuUsage(start);
  assert.ok(user < 2_000_000, `${user} us`);
});

test.run();
