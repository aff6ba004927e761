/** Puts calls that come nearly in order into order, holding a bounded number of them. */

interface Ending {
  /** Infinite: it never ends. */
  readonly endedNs: number;
}

/**
 * By `endedNs`; what never ends comes last, as it came. Right as long as nothing is more than `held` places late:
 * cpus write into one ring, and a record may be overtaken between its time and its place there.
 * `weight` of all that is held stays under `maxWeight`, at the price of order.
 */
export function* inOrder<T extends Ending>(
  items: Iterable<T>,
  weight: (item: T) => number,
  held = 256,
  maxWeight = 8 * 1024 * 1024,
): Generator<T> {
  let waiting: T[] = [];
  let total = 0;
  for (const item of items) {
    waiting.push(item);
    total += weight(item);
    if (waiting.length < 2 * held && total < maxWeight) continue;
    waiting.sort(byEnding);
    const ready = Math.max(1, waiting.length - held, total < maxWeight ? 0 : waiting.length >> 1);
    yield* waiting.slice(0, ready);
    waiting = waiting.slice(ready);
    total = waiting.reduce((sum, one) => sum + weight(one), 0);
  }
  yield* waiting.sort(byEnding);
}

/** Merges sequences that are each in order; equals keep the order of the sequences. */
export function* merge<T extends Ending>(sources: readonly Iterator<T>[]): Generator<T> {
  const heads = sources.map((source) => ({ source, next: source.next() }));
  for (;;) {
    let least: { source: Iterator<T>; next: IteratorResult<T> } | null = null;
    let leastNs = Number.NaN;
    for (const head of heads) {
      if (head.next.done || (least !== null && head.next.value.endedNs >= leastNs)) continue;
      least = head;
      leastNs = head.next.value.endedNs;
    }
    if (least === null) return;
    yield least.next.value;
    least.next = least.source.next();
  }
}

function byEnding(a: Ending, b: Ending): number {
  return a.endedNs < b.endedNs ? -1 : a.endedNs > b.endedNs ? 1 : 0;
}
