/**
 * The queues that are there, who holds them, and the limits: what a recording finds at its start and leaves at
 * its end. Looks at the recorder's own ipc namespace, and at the descriptors of every process.
 *
 * Nothing here fails: what could not be looked at is in `missing`, so that absent is never taken for empty.
 */
import { readFileSync, statSync } from "node:fs";
import type { Inventory } from "../format/types.js";
import { errorText } from "./errors.js";
import { readHolders } from "./inventory-holders.js";
import { readPosixQueues } from "./inventory-posix.js";
import { readSysvQueues } from "./inventory-sysv.js";
import type { OpenCall } from "./tape.js";

export type Missing = Inventory["missing"][number];

export interface InventoryParts {
  /** A descriptor of this ipc namespace's mqueue file system; closed after use. Throws an errno error. */
  readonly openMqueue: () => number;
  readonly boottimeNs: () => bigint;
  readonly proc?: string;
  /** How long to look for descriptors: the recorder cannot write meanwhile. */
  readonly holdersMs?: number;
}

const HOLDERS_MS = 250;

/** The limits by their names under /proc/sys; each ipc namespace has its own. */
const LIMITS = [
  "fs.mqueue.msg_default",
  "fs.mqueue.msg_max",
  "fs.mqueue.msgsize_default",
  "fs.mqueue.msgsize_max",
  "fs.mqueue.queues_max",
  "kernel.msgmax",
  "kernel.msgmnb",
  "kernel.msgmni",
];

/** Looks at everything now. `inFlight`: the calls that were entered before and have not yet returned. */
export function readInventory(
  parts: InventoryParts,
  reason: Inventory["reason"],
  inFlight: readonly OpenCall[],
): Inventory {
  const proc = parts.proc ?? "/proc";
  const missing: Missing[] = [];
  const atNs = parts.boottimeNs();
  const namespaceInum = ipcNamespace(proc, missing);
  const holders = readHolders(proc, parts.holdersMs ?? HOLDERS_MS, missing);
  const queues = [
    ...readPosixQueues(parts.openMqueue, namespaceInum, holders, missing),
    ...readSysvQueues(proc, namespaceInum, missing),
  ];
  return {
    atNs,
    reason,
    queues,
    limits: readLimits(proc, missing),
    missing,
    inFlight: inFlight.map(({ tid, startNs, event, enterNs }) => ({ tid, startNs, event, enterNs })),
  };
}

function ipcNamespace(proc: string, missing: Missing[]): number | null {
  try {
    return statSync(`${proc}/self/ns/ipc`).ino;
  } catch (error) {
    missing.push({ what: "the ipc namespace", why: errorText(error) });
    return null;
  }
}

function readLimits(proc: string, missing: Missing[]): Readonly<Record<string, string>> {
  const limits: Record<string, string> = {};
  for (const name of LIMITS) {
    try {
      limits[name] = readFileSync(`${proc}/sys/${name.replaceAll(".", "/")}`, "utf8").trim();
    } catch (error) {
      missing.push({ what: name, why: errorText(error) });
    }
  }
  return limits;
}
