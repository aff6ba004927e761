/**
 * What an inventory asks of the native half: native-inventory.ts has it for real, tests have their own.
 */
import type { FoundQueue } from "./inventory-found.js";

/** What a look did not get to: an errno's name. ETIME: its time was over; ENOSPC: more than can be kept. */
export interface Unseen {
  /** null: nothing was left out. */
  readonly cut: string | null;
  /** How many could not be looked at, one by one, and why the last of them. */
  readonly refused: number;
  readonly whyRefused: string | null;
}

/** The descriptors that lead to queues. */
export interface HeldLook extends Unseen {
  readonly queues: readonly FoundQueue[];
}

export interface KnownNamespace {
  readonly namespaceInum: number;
  /** A process in it; 0: our own namespace. */
  readonly pid: number;
}

export interface NamespaceList extends Unseen {
  readonly namespaces: readonly KnownNamespace[];
}

/** A namespace as it looks from inside. Errors are errno's names; null: none. */
export interface NamespaceLook extends Unseen {
  readonly namespaceInum: number | null;
  /** Of its mqueue file system; null: not known. */
  readonly device: bigint | null;
  readonly whyEntered: string | null;
  readonly whyMqueue: string | null;
  readonly whySysv: string | null;
  readonly queues: readonly FoundQueue[];
  readonly sysvAtNs: bigint;
  /** /proc/sysvipc/msg. */
  readonly sysv: string;
  /** Lines of a name under /proc/sys and its value, or "!" and an errno. */
  readonly limits: string;
}

export interface InventorySource {
  /** Throws NativeError when it cannot be had, or read. */
  held(limitMs: number): HeldLook;
  /** The ipc namespaces of all processes, `max` at most. Throws NativeError. */
  namespaces(proc: string, limitMs: number, max: number): NamespaceList;
  /** In order, as far as the time goes. Throws NativeError. */
  look(proc: string, namespaces: readonly KnownNamespace[], limitMs: number): readonly NamespaceLook[];
}
