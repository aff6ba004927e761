/**
 * What is known of things whose names change: every version since when it holds, the newest of them for good.
 *
 * Bounded: what was not asked for longest goes first. The kernel programs say a name once, so an entry is
 * worth keeping as long as its thing lives; `mayForget` says what is known to be gone.
 */

interface Versioned {
  readonly sinceNs: bigint;
}

/**
 * The native half drops what repeats one of the last 6144 announcements (SEEN_SLOTS in native/account.c): those
 * would not come again, so they are kept here.
 */
export const REMEMBERED = 6144;

/** Each look may cost a system call. */
const LOOKS_MAX = 4096;

export class VersionTable<T extends Versioned> {
  /** In the order of last use. */
  readonly #versions = new Map<string, T[]>();
  readonly #limit: number;
  readonly #remembered: number;
  /** Which announcement was each key's last. */
  readonly #announced = new Map<string, number>();
  #announcements = 0;

  constructor(limit: number, remembered = REMEMBERED) {
    this.#limit = limit;
    this.#remembered = remembered;
  }

  get size(): number {
    return this.#versions.size;
  }

  add(key: string, version: T): void {
    const versions = this.#versions.get(key) ?? [];
    // In ring order a task's own records are in order; those of two cpus about one queue may not be.
    let at = versions.length;
    while (at > 0 && (versions[at - 1]?.sinceNs ?? 0n) > version.sinceNs) at--;
    versions.splice(at, 0, version);
    this.#announced.set(key, this.#announcements++);
    this.#use(key, versions);
  }

  newest(key: string): T | undefined {
    return this.#versions.get(key)?.at(-1);
  }

  /**
   * The versions that hold at some moment from `fromNs` on; earlier ones are forgotten. The oldest left stands
   * in for the time before it, since nothing better is known. Empty for an unknown key.
   */
  since(key: string, fromNs: bigint): readonly T[] {
    const versions = this.#versions.get(key);
    if (versions === undefined) return [];
    const first = versions.findLastIndex((version) => version.sinceNs <= fromNs);
    if (first > 0) versions.splice(0, first);
    this.#use(key, versions);
    return versions;
  }

  /** Keeps the table within its limit: first without what `mayForget`, then without what was not used longest. */
  trim(mayForget: (newest: T) => boolean): void {
    if (this.#versions.size <= this.#limit) return;
    // Some room below the limit, or each batch would look through the table again. What was used last stays:
    // records of a task that is gone may still be on their way.
    const target = Math.floor(this.#limit * 0.9);
    let looks = LOOKS_MAX;
    for (const [key, versions] of this.#versions) {
      if (this.#versions.size <= target || looks-- === 0) break;
      const newest = versions.at(-1);
      if (newest !== undefined && mayForget(newest)) this.#forget(key);
    }
    for (const key of this.#versions.keys()) {
      if (this.#versions.size <= target) return;
      const age = this.#announcements - (this.#announced.get(key) ?? 0);
      if (age > this.#remembered) this.#forget(key);
    }
  }

  #forget(key: string): void {
    this.#versions.delete(key);
    this.#announced.delete(key);
  }

  #use(key: string, versions: T[]): void {
    this.#versions.delete(key);
    this.#versions.set(key, versions);
  }
}
