/**
 * Every ipc namespace that a process is in, looked at from inside: our own first, then the others, as many and for as long
 * as the limits let. One that a mount or a descriptor alone keeps has no process, and is not found.
 */
import { statSync } from "node:fs";
import { errorText } from "./errors.js";
import { counted, type Missing, tooLong, unseen, whyText } from "./inventory-missing.js";
import type { InventorySource, KnownNamespace, NamespaceLook } from "./inventory-source.js";
import { seesInitialPids } from "./proc.js";

export interface NamespaceLimits {
  readonly limitMs: number;
  /** Others than our own. */
  readonly max: number;
}

const OWN: KnownNamespace = { namespaceInum: 0, pid: 0 };
const NOT_INITIAL = "this is not the initial pid namespace";

/** The looks that came to something, that into our own namespace first; none when there could be none. */
export function lookIntoNamespaces(
  source: InventorySource,
  proc: string,
  limits: NamespaceLimits,
  missing: Missing[],
): readonly NamespaceLook[] {
  const { limitMs } = limits;
  const others = otherNamespaces(source, proc, limits, missing);
  try {
    const looks = source.look(proc, [OWN, ...others], limitMs);
    for (const [i, look] of looks.entries()) noteLook(look, others[i - 1] ?? null, limitMs, missing);
    const late = looks.slice(1).filter(({ whyEntered }) => whyEntered === "ETIME").length;
    if (late > 0)
      missing.push({ what: `${late} of ${others.length} other ipc namespaces`, why: tooLong(limitMs) });
    return looks.filter(({ whyEntered }, i) => i === 0 || whyEntered === null);
  } catch (error) {
    missing.push({ what: "queues that nobody holds open, and limits", why: errorText(error) });
    return [];
  }
}

function otherNamespaces(
  source: InventorySource,
  proc: string,
  { limitMs, max }: NamespaceLimits,
  missing: Missing[],
): readonly KnownNamespace[] {
  const own = ownNamespace(proc, missing);
  // What is in other pid namespaces, and so most of other ipc namespaces, has no number here.
  if (!seesInitialPids()) missing.push({ what: "other ipc namespaces", why: NOT_INITIAL });
  try {
    const list = source.namespaces(proc, limitMs, max + 1);
    const one = (count: number) => `the ipc namespaces of ${counted(count, "process", "processes")}`;
    missing.push(...unseen(list, "further ipc namespaces", one, limitMs));
    return list.namespaces.filter(({ namespaceInum }) => namespaceInum !== own);
  } catch (error) {
    missing.push({ what: "other ipc namespaces", why: errorText(error) });
    return [];
  }
}

function ownNamespace(proc: string, missing: Missing[]): number | null {
  try {
    return statSync(`${proc}/self/ns/ipc`).ino;
  } catch (error) {
    missing.push({ what: "the ipc namespace", why: errorText(error) });
    return null;
  }
}

/** `other` null: our own. */
function noteLook(
  look: NamespaceLook,
  other: KnownNamespace | null,
  limitMs: number,
  missing: Missing[],
): void {
  const where = other === null ? "" : ` in ipc namespace ${other.namespaceInum}`;
  const { whyEntered, whyMqueue, whySysv } = look;
  // A process that is gone took its namespace along, or another one is in it.
  const isGone = whyEntered === "ENOENT" || whyEntered === "ESRCH";
  if (other !== null && whyEntered !== null) {
    const isTold = whyEntered === "ETIME" || isGone;
    if (!isTold) missing.push({ what: `all${where}`, why: whyText(whyEntered, limitMs) });
    return;
  }
  if (whyMqueue !== null) {
    missing.push({ what: `POSIX queues that nobody holds open${where}`, why: whyText(whyMqueue, limitMs) });
  }
  const one = (count: number) => `${counted(count, "POSIX queue", "POSIX queues")}${where}`;
  missing.push(...unseen(look, `further POSIX queues${where}`, one, limitMs));
  if (whySysv !== null) missing.push({ what: `System V queues${where}`, why: whyText(whySysv, limitMs) });
}
