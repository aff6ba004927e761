/**
 * When a depth was read: not before its record's time, and a little later, or a lot where the (virtual) cpu stood still
 * meanwhile. But a program runs to its end before its cpu, or its task, begins another record.
 */

export interface Reading {
  /** The record's time. */
  readonly atNs: number;
  /** It was done by then; infinite while nothing tells. */
  readByNs: number;
}

export interface Readings {
  /** To be told of each record of the syscall plane, nearly in order of time. */
  next(cpu: number, tid: number, atNs: number): Reading;
}

/** Of so many cpus and tasks the last one is known: to forget one loses only what it would have told. */
const MOST = 65_536;

export function readings(): Readings {
  const lastOf = { cpu: new Map<number, Reading>(), task: new Map<number, Reading>() };
  const follow = (last: Map<number, Reading>, key: number, reading: Reading) => {
    const before = last.get(key);
    if (before !== undefined && before.atNs > reading.atNs) {
      reading.readByNs = Math.min(reading.readByNs, before.atNs);
      return;
    }
    if (before !== undefined) before.readByNs = Math.min(before.readByNs, reading.atNs);
    else if (last.size >= MOST) last.clear();
    last.set(key, reading);
  };
  return {
    next(cpu, tid, atNs) {
      const reading = { atNs, readByNs: Number.POSITIVE_INFINITY };
      follow(lastOf.cpu, cpu, reading);
      follow(lastOf.task, tid, reading);
      return reading;
    },
  };
}
