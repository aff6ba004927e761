/** What doctor says of inventories: whether the kernel itself lists who holds queues, found out by asking it. */
import type { Check } from "./doctor.js";
import { NativeError } from "./native.js";
import { NativeInventory } from "./native-inventory.js";

const NAME = "inventory, iter/task_file";
const USE = "who holds POSIX queues, and how deep they are";
const WITHOUT =
  "nothing: /proc is read instead, which shows no queue that is held through an unusual mount, and no depth of one without a name";
const LIMIT_MS = 1000;

/** `config`: struct mt_config. `held`: why this run does without; null: it does not. */
export function inventoryCheck(config: Uint8Array, held: string | null): Check {
  try {
    const source = NativeInventory.open(config, held);
    try {
      const { queues } = source.held(LIMIT_MS);
      const count = `${queues.length} ${queues.length === 1 ? "descriptor leads" : "descriptors lead"} to queues now`;
      return { name: NAME, status: "ok", detail: `${USE}: ${count}`, todo: null };
    } finally {
      source.close();
    }
  } catch (error) {
    if (!(error instanceof NativeError)) throw error;
    return {
      name: NAME,
      status: "no",
      detail: `${USE}: ${error.message}`,
      todo: held === null ? WITHOUT : null,
    };
  }
}
