/**
 * How often a file gets an inventory. Readers keep all of a file's inventories, and so many msgpack values of them and no
 * more (`heldItems`): each minute at first, and then as much more seldom as the file grows older and its queues are more.
 * The number in a file grows with the logarithm of its age; what calls tell in between is there in any case.
 */

const LEAST_MS = 60_000;
/** Of a queue with its fields and two holders, measured: 38. */
const QUEUE_VALUES = 40;
/** Of what else is in an inventory. */
const REST_VALUES = 60;
/** While a file grows to e times its age. Of five queues, each minute for four hours. */
const VALUES = 64 * 1024;

/** `ageMs`: of the file; `queues`: in the last inventory. */
export function inventoryIntervalMs(ageMs: number, queues: number): number {
  return Math.max(LEAST_MS, (ageMs * (REST_VALUES + QUEUE_VALUES * queues)) / VALUES);
}
