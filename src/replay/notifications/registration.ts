/** A registration of which nothing is known yet but where it comes from. */
import type { Method, Registration } from "./types.js";

export interface Origin {
  readonly tgid: number | null;
  readonly sinceNs: number;
  readonly method?: Method | null;
  readonly signo?: number | null;
}

export function registration({ tgid, sinceNs, method = null, signo = null }: Origin): Registration {
  return {
    call: null,
    tgid,
    method,
    signo,
    sinceNs,
    lastSeenNs: null,
    lastDepth: null,
    goneNs: null,
    goneDepth: null,
    isUnsure: false,
    end: "unknown",
    match: null,
    candidates: null,
    couldBe: [],
    endedNs: null,
    by: null,
    receive: null,
    refused: [],
    ignored: [],
  };
}
