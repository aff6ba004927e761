/** Findings as they are made, within bounds: so many, and so many bytes of evidence in them. */

import type { NamedCall } from "../call-line.js";
import { eventName } from "../call-line.js";
import type { CallRef, Finding, FindingKind } from "./types.js";

/** Open to what is learned later: who did it, and what the receiver got. */
export type OpenFinding = { -readonly [field in keyof Finding]: Finding[field] };

/** Most findings kept; the rest are counted. */
export const MAX_FINDINGS = 10_000;
/** Most characters of evidence in them; beyond, findings are counted only. */
export const MAX_EVIDENCE = 64 * 1024 * 1024;

export interface FindingList {
  /** False: there is no more room, or it is undecided and those are not wanted; it was counted. */
  add(finding: OpenFinding): boolean;
  readonly all: readonly OpenFinding[];
  readonly omitted: number;
  readonly undecided: { readonly [kind in FindingKind]: number };
}

export function findingList(options: {
  readonly withUndecided: boolean;
  readonly maxFindings?: number;
}): FindingList {
  const { withUndecided, maxFindings = MAX_FINDINGS } = options;
  const all: OpenFinding[] = [];
  const undecided = { mutated: 0, overlap: 0, check_then_act: 0 };
  let omitted = 0;
  let characters = 0;
  return {
    all,
    undecided,
    get omitted() {
      return omitted;
    },
    add(finding) {
      if (finding.verdict === "unknown") {
        undecided[finding.kind]++;
        if (!withUndecided) return false;
      }
      const size = [finding.entry, finding.kernel, finding.exit].reduce(
        (sum, text) => sum + (text?.length ?? 0),
        0,
      );
      if (all.length >= maxFindings || characters + size > MAX_EVIDENCE) {
        omitted++;
        return false;
      }
      characters += size;
      all.push(finding);
      return true;
    },
  };
}

/** A call as a finding points to it. */
export function callRef({ call, comm }: Pick<NamedCall, "call" | "comm">): CallRef {
  return {
    task: call.task,
    tid: call.tid,
    tgid: call.tgid,
    comm,
    event: eventName(call.event),
    call: call.call,
    enter_ns: call.enterNs,
    exit_ns: call.exitNs,
    ret: call.ret,
  };
}

/** A finding about this call of which nothing is known yet. */
export function newFinding(
  kind: FindingKind,
  { call, comm, queue }: Pick<NamedCall, "call" | "comm" | "queue">,
  capture: string,
): OpenFinding {
  return {
    kind,
    event: eventName(call.event),
    arg: null,
    task: call.task,
    tid: call.tid,
    enter_ns: call.enterNs,
    window_ns: [call.enterNs, call.exitNs],
    verdict: "unknown",
    kernel_used: "unknown",
    first_diff_offset: null,
    entry: null,
    kernel: null,
    exit: null,
    by: null,
    capture,
    tgid: call.tgid,
    comm,
    call: call.call,
    exit_ns: call.exitNs,
    ret: call.ret,
    queue,
    place: null,
    addr: null,
    len: null,
    compared: null,
    kernel_from: null,
    kernel_offset: null,
    check: null,
  };
}
