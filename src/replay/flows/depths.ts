/**
 * Holds every depth that was seen of one queue against what the recorded calls can have made of it, also while calls
 * are under way: outside of these bounds somebody else has put in or taken out. Says nothing of which message.
 */

import type { Reading } from "./readings.js";

export interface Depths {
  /** Somebody else has used the queue. */
  readonly isContradicted: boolean;
  /** It looks so by depths that may not have been read yet, and calls that are to come may explain them. */
  readonly isDoubtful: boolean;
  /** A send or receive begins; `depth` as it found the queue. */
  enter(reading: Reading, does: "send" | "receive", depth: number | null): void;
  /** It ended, and changed the depth by so much; null: not known whether it did, now or later. */
  leave(does: "send" | "receive", change: number | null): void;
  /** A depth after what has ended by now. */
  see(reading: Reading, depth: number): void;
  /** Records are missing, or a call ended of whose beginning nothing is known: what was there is not known any more. */
  forget(): void;
}

/** What the depth would be without all recorded calls, as far as one look at the queue tells. */
interface Look {
  readonly reading: Reading;
  fewest: number;
  most: number;
}

const MOST_LOOKS = 512;

export function depths(): Depths {
  let fewest = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  /** By calls that ended. */
  let change = 0;
  /** Those under way, and those of which nobody knows whether they did anything. */
  const open = { send: 0, receive: 0 };
  let looks: Look[] = [];
  let isContradicted = false;

  /** Settles the looks that no call can have come between any more. */
  const advance = () => {
    const isRead = ({ reading }: Look) => Number.isFinite(reading.readByNs);
    for (const look of looks) {
      if (!isRead(look)) continue;
      fewest = Math.max(fewest, look.fewest);
      most = Math.min(most, look.most);
      if (fewest <= most) continue;
      isContradicted = true;
      fewest = look.fewest;
      most = look.most;
    }
    looks = looks.filter((look) => !isRead(look));
  };

  const see = (reading: Reading, depth: number) => {
    advance();
    looks.push({
      reading,
      fewest: depth - change - open.send,
      most: depth - change + open.receive,
    });
    if (looks.length > MOST_LOOKS) looks = looks.slice(-MOST_LOOKS / 2);
  };

  return {
    get isContradicted() {
      return isContradicted;
    },
    get isDoubtful() {
      const least = looks.reduce((bound, look) => Math.max(bound, look.fewest), fewest);
      return looks.some((look) => look.most < least) || most < least;
    },
    enter(reading, does, depth) {
      advance();
      // Whoever has not read yet may see what this call does.
      for (const look of looks) {
        if (does === "send") look.fewest--;
        else look.most++;
      }
      if (depth !== null) see(reading, depth);
      open[does]++;
    },
    leave(does, by) {
      advance();
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
