/**
 * Holds every depth that was seen of one queue against what the recorded calls can have made of it, also while calls
 * are under way: outside of these bounds somebody else has put in or taken out. Says nothing of which message.
 */

export interface Depths {
  /** When somebody else was last seen to have used the queue; -Infinity: never. */
  readonly contradictedNs: number;
  /** It looks so by depths of just now, and calls that are to come may yet explain them. */
  readonly isDoubtful: boolean;
  /** A send or receive begins; `depth` as it found the queue. */
  enter(atNs: number, tid: number, does: "send" | "receive", depth: number | null): void;
  /** It ended, and changed the depth by so much; null: not known whether it did, now or later. */
  leave(tid: number, does: "send" | "receive", change: number | null): void;
  /** A depth after what has ended by now. */
  see(atNs: number, tid: number, depth: number): void;
  /** Records are missing, or a call ended of whose beginning nothing is known: what was there is not known any more. */
  forget(): void;
}

/** What the depth would be without all recorded calls, as far as one look at the queue tells. */
interface Look {
  readonly atNs: number;
  readonly tid: number;
  /** Its task went on, so that the depth was read by then. */
  isRead: boolean;
  fewest: number;
  most: number;
}

const MOST_LOOKS = 512;

/** A depth is read up to `lateNs` later than the time of its record says: calls may begin and act in between. */
export function depths(lateNs: number): Depths {
  let fewest = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  /** By calls that ended. */
  let change = 0;
  /** Those under way, and those of which nobody knows whether they did anything. */
  const open = { send: 0, receive: 0 };
  let looks: Look[] = [];
  let contradictedNs = Number.NEGATIVE_INFINITY;

  /** Settles the looks that no call can have come between any more. */
  const advance = (nowNs: number) => {
    const isFinal = (look: Look) => look.isRead || look.atNs + lateNs < nowNs;
    for (const look of looks) {
      if (!isFinal(look)) continue;
      fewest = Math.max(fewest, look.fewest);
      most = Math.min(most, look.most);
      if (fewest <= most) continue;
      contradictedNs = look.atNs;
      fewest = look.fewest;
      most = look.most;
    }
    looks = looks.filter((look) => !isFinal(look));
  };

  const goesOn = (tid: number) => {
    for (const look of looks) if (look.tid === tid) look.isRead = true;
  };

  const see = (atNs: number, tid: number, depth: number) => {
    advance(atNs);
    const [fewest, most] = [depth - change - open.send, depth - change + open.receive];
    looks.push({ atNs, tid, isRead: false, fewest, most });
    if (looks.length > MOST_LOOKS) looks = looks.slice(-MOST_LOOKS / 2);
  };

  return {
    get contradictedNs() {
      return contradictedNs;
    },
    get isDoubtful() {
      const least = looks.reduce((bound, look) => Math.max(bound, look.fewest), fewest);
      return looks.some((look) => look.most < least) || most < least;
    },
    enter(atNs, tid, does, depth) {
      advance(atNs);
      goesOn(tid);
      for (const look of looks) {
        if (look.isRead) continue;
        if (does === "send") look.fewest--;
        else look.most++;
      }
      if (depth !== null) see(atNs, tid, depth);
      open[does]++;
    },
    leave(tid, does, by) {
      goesOn(tid);
      if (by === null) return;
      open[does]--;
      change += by;
    },
    see,
    forget() {
      fewest = Number.NEGATIVE_INFINITY;
      most = Number.POSITIVE_INFINITY;
      looks = [];
    },
  };
}
