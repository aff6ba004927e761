/** The System V queues of ipc namespaces: every field of /proc/sysvipc/msg, as it stands there. */
import type { InventoryQueue } from "../format/types.js";
import { errorText } from "./errors.js";
import type { Missing } from "./inventory-missing.js";
import type { NamespaceLook } from "./inventory-source.js";

/** All queues, in the order of each namespace's file. A text that is no such file is `missing`, not an empty one. */
export function sysvQueues(looks: readonly NamespaceLook[], missing: Missing[]): readonly InventoryQueue[] {
  return looks.flatMap(({ whySysv, sysv, sysvAtNs, namespaceInum }) => {
    if (whySysv !== null) return [];
    try {
      return parseSysvipc(sysv, namespaceInum).map((queue) => ({ ...queue, atNs: sysvAtNs }));
    } catch (error) {
      missing.push({ what: "System V queues", why: errorText(error) });
      return [];
    }
  });
}

/** Rows under a line of column names. Columns that a later kernel adds are kept under their names. */
export function parseSysvipc(text: string, namespaceInum: number | null): InventoryQueue[] {
  const [columns = [], ...rows] = text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => line.trim().split(/\s+/));
  if (!columns.includes("msqid")) throw new Error("/proc/sysvipc/msg has no column msqid");
  return rows.map((row) => {
    const fields = Object.fromEntries(columns.map((column, i) => [column, row[i] ?? ""]));
    return {
      kind: "sysv",
      namespaceInum,
      id: BigInt(fields.msqid ?? ""),
      name: keyName(fields.key),
      fields,
      holders: [],
    };
  });
}

/** The key as ipcs prints it: the file has it in decimal, with a sign. */
function keyName(key: string | undefined): string | null {
  if (key === undefined) return null;
  return `0x${(Number(key) >>> 0).toString(16).padStart(8, "0")}`;
}
