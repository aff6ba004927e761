/** The moments that were asked for, in order: told of steps, they say when one of them has come. */
import type { Step } from "./steps.js";

export type Moment =
  | { readonly kind: "time"; readonly atNs: number }
  /** Just after a thread's call ended. `task`: a tid, or a task's key. */
  | { readonly kind: "call"; readonly task: string; readonly call: number }
  | { readonly kind: "end" };

export interface Moments {
  /** When each that has come was. */
  readonly come: readonly { readonly atNs: number; readonly isJustAfter: boolean }[];
  /** Nothing but what is at `nextNs` or later comes next. */
  before(nextNs: number, mark: () => void): void;
  after(step: Step & { readonly kind: "leave" }, mark: () => void): void;
}

/** `wanted`: in order of time; a call stands alone. `endNs`: when the end is. */
export function momentsOf(wanted: readonly Moment[], endNs: number): Moments {
  const come: { atNs: number; isJustAfter: boolean }[] = [];
  const isCall = wanted[0]?.kind === "call";
  return {
    come,
    before(nextNs, mark) {
      if (isCall) return;
      for (let one = wanted[come.length]; one !== undefined; one = wanted[come.length]) {
        const atNs = one.kind === "time" ? one.atNs : endNs;
        if (one.kind === "time" ? atNs >= nextNs : Number.isFinite(nextNs)) return;
        mark();
        come.push({ atNs, isJustAfter: false });
      }
    },
    after({ task, number, call, atNs }, mark) {
      const [one] = wanted;
      if (come.length > 0 || one?.kind !== "call" || one.call !== number) return;
      if (one.task !== task && one.task !== `${call.tid}`) return;
      mark();
      come.push({ atNs, isJustAfter: true });
    },
  };
}
