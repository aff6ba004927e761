/**
 * How often a file gets an inventory. Readers keep all of a file's inventories, and so many msgpack values of them and no
 * more (`heldItems`): each minute at first, and then as much more seldom as the file grows older and its queues are more.
 * The number in a file grows with the logarithm of its age; what calls tell in between is there in any case.
 */
import { LIMITS } from "../format/limits.js";

const LEAST_MS = 60_000;
/** Of a queue with its fields and two holders, measured: 38. */
const QUEUE_VALUES = 40;
/** Of what else is in an inventory. */
const REST_VALUES = 60;
/** While a file grows to e times its age. Of five queues, each minute for four hours. */
const PACE_VALUES = 64 * 1024;
/** Of all inventories of a file; other metadata has some too. */
const MOST_VALUES = 0.8 * LIMITS.heldItems;
/** Those that come in any case: at the changes from capture to capture in a file, and at the end. */
const ENDS = 6;

/** About how many values an inventory of so many queues has. */
export function inventoryValues(queues: number): number {
  return REST_VALUES + QUEUE_VALUES * queues;
}

/**
 * `ageMs`: of the file; `queues`: in its last inventory; `usedValues`: of its inventories so far. null: none until it ends,
 * which is the one that is asked for most.
 */
export function inventoryIntervalMs(ageMs: number, queues: number, usedValues: number): number | null {
  const values = inventoryValues(queues);
  if (usedValues + (ENDS + 1) * values > MOST_VALUES) return null;
  return Math.max(LEAST_MS, (ageMs * values) / PACE_VALUES);
}
