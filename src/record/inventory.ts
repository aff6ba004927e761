/**
 * The queues that are there, who holds them, and the limits: what a recording finds at its start and leaves at its end.
 * Looks into every ipc namespace that it can find, and at the descriptors of every process.
 *
 * Nothing here fails: what could not be looked at is in `missing`, so that absent is never taken for empty.
 */
import type { Inventory } from "../format/types.js";
import { errorText } from "./errors.js";
import { parseLimits } from "./inventory-limits.js";
import { counted, type Missing, unseen } from "./inventory-missing.js";
import { lookIntoNamespaces } from "./inventory-namespaces.js";
import { type Held, posixQueues } from "./inventory-posix.js";
import { scanHolders } from "./inventory-scan.js";
import type { InventorySource, NamespaceLook } from "./inventory-source.js";
import { sysvQueues } from "./inventory-sysv.js";
import type { OpenCall } from "./tape.js";

export interface InventoryParts {
  readonly source: InventorySource;
  readonly boottimeNs: () => bigint;
  readonly proc?: string;
  /** How long to look for descriptors: the recorder cannot write meanwhile. */
  readonly holdersMs?: number;
  /** How long to look for other ipc namespaces, and then into them. */
  readonly namespacesMs?: number;
  /** How many of them to look into. */
  readonly namespacesMax?: number;
}

/** Far more than it takes on a host with some thousand processes. */
const HOLDERS_MS = 250;
const NAMESPACES_MS = 250;
const NAMESPACES_MAX = 256;

/** Looks at everything now. `inFlight`: the calls that were entered before and have not yet returned. */
export function readInventory(
  parts: InventoryParts,
  reason: Inventory["reason"],
  inFlight: readonly OpenCall[],
): Inventory {
  const proc = parts.proc ?? "/proc";
  const missing: Missing[] = [];
  const atNs = parts.boottimeNs();
  const held = readHeld(parts.source, proc, parts.holdersMs ?? HOLDERS_MS, missing);
  const bounds = {
    limitMs: parts.namespacesMs ?? NAMESPACES_MS,
    max: parts.namespacesMax ?? NAMESPACES_MAX,
  };
  const looks = lookIntoNamespaces(parts.source, proc, bounds, missing);
  const limits = looks.map((look, i) => parseLimits(look.limits, i === 0 ? missing : null));
  return {
    atNs,
    reason,
    queues: [...posixQueues(looks, held, missing), ...sysvQueues(looks, missing)],
    limits: limits[0] ?? {},
    namespaces: looks.flatMap((look, i) =>
      look.namespaceInum === null
        ? []
        : [{ namespaceInum: look.namespaceInum, limits: limits[i] ?? {}, whole: wholeKinds(look) }],
    ),
    everyDescriptor: held.isWhole,
    missing,
    inFlight: inFlight.map(({ tid, startNs, event, enterNs }) => ({ tid, startNs, event, enterNs })),
  };
}

/** The kinds of queues of which a look saw every one; POSIX: every one that has a name. */
function wholeKinds({ whyMqueue, whySysv, cut, refused }: NamespaceLook): string[] {
  const isPosixWhole = whyMqueue === null && cut === null && refused === 0;
  return [...(isPosixWhole ? ["posix"] : []), ...(whySysv === null ? ["sysv"] : [])];
}

function readHeld(source: InventorySource, proc: string, limitMs: number, missing: Missing[]): Held {
  try {
    const look = source.held(limitMs);
    missing.push(
      ...unseen(
        look,
        "further open descriptors",
        (count) => counted(count, "open descriptor", "open descriptors"),
        limitMs,
      ),
    );
    return { by: "kernel", queues: look.queues, isWhole: look.cut === null && look.refused === 0 };
  } catch (error) {
    missing.push({
      what: "queues held through unusual mounts, and generations",
      why: `/proc was read in place of the kernel's list of descriptors: ${errorText(error)}`,
    });
    // It finds descriptors by their paths: some mounts have other ones.
    return { by: "proc", queues: scanHolders(proc, limitMs, missing), isWhole: false };
  }
}
