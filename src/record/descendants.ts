/**
 * Living descendants of the processes that `--pid` names. The programs are attached already and follow every
 * fork from a tracked process, so looking until nothing new turns up leaves no gap: a child that is born before
 * its parent is tracked is found by the next look, one that is born after is followed in the kernel.
 */
import { existsSync } from "node:fs";
import { RecordError } from "./errors.js";
import { descendantsOf } from "./proc.js";

/** Throws RecordError when one of the processes does not exist. */
export function trackWithDescendants(
  pids: readonly number[],
  track: (tgid: number) => void,
  proc = "/proc",
): void {
  for (const pid of pids) {
    if (!existsSync(`${proc}/${pid}`)) throw new RecordError(`--pid ${pid}: there is no such process`);
  }
  const tracked = new Set<number>();
  for (let found = new Set(pids) as ReadonlySet<number>; found.size > tracked.size; ) {
    for (const pid of found) if (!tracked.has(pid)) track(pid);
    for (const pid of found) tracked.add(pid);
    found = descendantsOf(tracked, proc);
  }
}
