/**
 * What became of the processes that owned a registration. No close, exec or exit is recorded; but a task that goes on
 * calling lives, and one that was not announced anew has not exec'd. Says only what that proves.
 */
import type { ChunkBody } from "../../format/types.js";
import { compareNumbers, countUpTo } from "../ordered.js";
import type { PairedCall } from "../paired-call.js";
import { windowFrom } from "./ending.js";
import type { Registration, Unrecorded } from "./types.js";

export interface Processes {
  /** The names of the chunk whose calls come next. */
  load(body: Pick<ChunkBody, "tasks">): void;
  watch(reg: Registration): void;
  unwatch(reg: Registration): void;
  /** Any call of any task. False: it tells nothing of a registration's owner. */
  see(call: PairedCall): boolean;
  /** What may have taken the registration away, unless a call did. */
  couldBe(reg: Registration): readonly Unrecorded[];
}

const ALL: readonly Unrecorded[] = ["close", "exec", "exit"];

/** `baseNs`: CLOCK_BOOTTIME at 0 of the times given. */
export function processes(baseNs: bigint): Processes {
  const watched = new Map<number, Set<Registration>>();
  const left = new WeakMap<
    Registration,
    { readonly goneNs: number; readonly couldBe: readonly Unrecorded[] }
  >();
  /** When leaders were announced, in order: before a first call, and again after exec and rename. */
  let announced = new Map<string, number[]>();

  const judge = (reg: Registration, call: PairedCall) => {
    const { goneNs } = reg;
    if (goneNs === null || call.enterNs === null || call.enterNs < goneNs) return;
    const known = left.get(reg);
    if (known?.goneNs === goneNs && known.couldBe.length === 1) return;
    const startNs = startOf(call, baseNs);
    // A task that began later may be of another process, which has the number now.
    if (startNs > windowFrom(reg)) return;
    // An exec ends all threads but one, which is the leader from then on.
    const isLeader = call.tid === call.tgid;
    const enterNs = call.enterNs;
    const times = announced.get(keyOf(call.tid, startNs)) ?? [enterNs];
    const mayHaveExeced = isLeader && countUpTo(times, enterNs) > countUpTo(times, windowFrom(reg));
    left.set(reg, { goneNs, couldBe: mayHaveExeced ? ["close", "exec"] : ["close"] });
  };

  return {
    load({ tasks }) {
      announced = new Map();
      for (const { tid, tgid, startNs, sinceNs } of tasks) {
        if (tid !== tgid) continue;
        const key = keyOf(tid, Number(startNs - baseNs));
        const times = announced.get(key) ?? [];
        if (times.length === 0) announced.set(key, times);
        times.push(Number(sinceNs - baseNs));
      }
      for (const times of announced.values()) if (times.length > 1) times.sort(compareNumbers);
    },
    watch(reg) {
      if (reg.tgid === null) return;
      const own = watched.get(reg.tgid);
      if (own === undefined) watched.set(reg.tgid, new Set([reg]));
      else own.add(reg);
    },
    unwatch(reg) {
      const own = watched.get(reg.tgid ?? 0);
      own?.delete(reg);
      if (own?.size === 0) watched.delete(reg.tgid ?? 0);
    },
    see(call) {
      const own = watched.get(call.tgid);
      if (own === undefined) return false;
      for (const reg of own) judge(reg, call);
      return true;
    },
    couldBe(reg) {
      const known = left.get(reg);
      return known !== undefined && known.goneNs === reg.goneNs ? known.couldBe : ALL;
    },
  };
}

function startOf({ startHigh, startLow }: PairedCall, baseNs: bigint): number {
  const startNs = BigInt(startHigh >>> 0) * 0x100000000n + BigInt(startLow >>> 0);
  return Number(startNs - baseNs);
}

function keyOf(tid: number, startNs: number): string {
  return `${tid}:${startNs}`;
}
