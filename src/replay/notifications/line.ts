/** A registration as `notifications --json` prints it. Field order here is the order in which they are printed. */
import type { FlowQueue } from "../flows/types.js";
import type { Act, Caller, End, Match, Method, Registration, Unrecorded } from "./types.js";

export interface NotificationParty {
  readonly task: string | null;
  readonly tid: number | null;
  readonly tgid: number | null;
  readonly comm: string | null;
  readonly event: string | null;
  readonly call: number | null;
  readonly enter_ns: number | null;
  readonly exit_ns: number | null;
}

export interface NotificationLine {
  readonly capture: string;
  readonly queue: FlowQueue;
  /** Without the mq_notify that made it, its process alone is known. */
  readonly owner: {
    readonly task: string | null;
    readonly tid: number | null;
    readonly tgid: number | null;
    readonly comm: string | null;
  };
  readonly method: Method | null;
  readonly signo: number | null;
  /** By when it was in force: the exit of its mq_notify. null: that call is not in the capture. */
  readonly registered_ns: number | null;
  /** Its mq_notify's number, as `calls` has it. */
  readonly call: number | null;
  /** From when it can have been in force; null: not known. */
  readonly since_ns: number | null;
  /** When a look at the queue last showed it. */
  readonly last_seen_ns: number | null;
  readonly ended_ns: number | null;
  readonly end: End;
  readonly match: Match | null;
  readonly candidates: number | null;
  /** `closed`, `lost`: what is not recorded and may have ended it. */
  readonly could_be: readonly Unrecorded[];
  /** The call that ended it. */
  readonly by: NotificationParty | null;
  readonly receive: (NotificationParty & { readonly match: Match }) | null;
  /** Attempts that gave EBUSY meanwhile. */
  readonly refused: readonly NotificationParty[];
  /** Calls with a null sigevent by others: they did nothing, and succeeded. */
  readonly ignored: readonly NotificationParty[];
}

export function notificationLine(reg: Registration, queue: FlowQueue, captureId: string): NotificationLine {
  const { call, receive } = reg;
  const sinceNs = Number.isFinite(reg.sinceNs) ? reg.sinceNs : null;
  return {
    capture: captureId,
    queue: { kind: queue.kind, key: queue.key, name: queue.name },
    owner: {
      task: call?.caller.task ?? null,
      tid: call?.caller.tid ?? null,
      tgid: reg.tgid,
      comm: call?.caller.comm ?? null,
    },
    method: reg.method,
    signo: reg.signo,
    registered_ns: call?.caller.exitNs ?? null,
    call: call?.number ?? null,
    since_ns: sinceNs,
    last_seen_ns: reg.lastSeenNs,
    ended_ns: reg.endedNs,
    end: reg.end,
    match: reg.match,
    candidates: reg.candidates,
    could_be: reg.couldBe,
    by: reg.by === null ? null : partyOf(reg.by.caller),
    receive: receive === null ? null : { ...partyOf(receive.act.caller), match: receive.match },
    refused: reg.refused.map(partyOfAct),
    ignored: reg.ignored.map(partyOfAct),
  };
}

function partyOfAct(act: Act): NotificationParty {
  return partyOf(act.caller);
}

function partyOf({ task, tid, tgid, comm, event, call, enterNs, exitNs }: Caller): NotificationParty {
  return { task, tid, tgid, comm, event, call, enter_ns: enterNs, exit_ns: exitNs };
}
