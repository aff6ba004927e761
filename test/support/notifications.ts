/** What `notifications` says of a recording, held against the truth of workloads/notify.c. */
import type { NotificationLine, NotificationParty } from "../../src/replay/notifications/line.js";
import { callLines, msgtape } from "./msgtape.js";

interface CallTruth {
  readonly tid: number;
  readonly event: string;
  /** Which of the thread's calls of this event. */
  readonly nth: number;
}

/** As the workload prints it. `end`: what happened, also where no call shows it. */
export interface RegistrationTruth {
  readonly queue: string;
  readonly owner: CallTruth;
  readonly method: string;
  readonly signo: number | null;
  readonly end: "fired" | "cancelled" | "close" | "exec" | "exit" | "queue_gone";
  readonly by: CallTruth | null;
  readonly receive: CallTruth | null;
  readonly refused: readonly CallTruth[];
  readonly ignored: readonly CallTruth[];
}

/** Every line of `notifications --json`. */
export function notificationLines(file: string): readonly NotificationLine[] {
  const ran = msgtape(["notifications", file, "--json"]);
  if (ran.status !== 0) throw new Error(`msgtape notifications: status ${ran.status}: ${ran.stderr}`);
  return ran.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as NotificationLine);
}

/** How a line tells of what no call shows. */
const UNSHOWN = {
  close: { end: "closed", could_be: ["close"] },
  exec: { end: "lost", could_be: ["close", "exec"] },
  exit: { end: "lost", could_be: ["close", "exec", "exit"] },
} as const;

/** What the host let the recorder see. */
export interface Knows {
  readonly isHooked: boolean;
  /** Every process's descriptors: else nobody knows whether a queue without a name is gone. */
  readonly isInventoryWhole: boolean;
}

/** The truth as lines tell it, its calls by thread and number; to be compared with `told`. */
export function expected(
  truth: readonly RegistrationTruth[],
  numberOf: (call: CallTruth) => string,
  { isHooked, isInventoryWhole }: Knows,
) {
  return truth.map(({ queue, owner, method, signo, end, by, receive, refused, ignored }) => {
    const shown = end === "queue_gone" && !isInventoryWhole ? "exit" : end;
    const isUnshown = shown === "close" || shown === "exec" || shown === "exit";
    const ends = isUnshown ? UNSHOWN[shown] : { end: shown, could_be: [] };
    return {
      queue,
      owner: numberOf(owner),
      method,
      signo,
      ...ends,
      match: end === "cancelled" || (end === "fired" && isHooked) ? "exact" : "modelled",
      by: by === null ? null : numberOf(by),
      receive: receive === null ? null : numberOf(receive),
      refused: refused.map(numberOf),
      ignored: ignored.map(numberOf),
    };
  });
}

export function told(lines: readonly NotificationLine[]) {
  return lines.map(({ queue, owner, call, method, signo, end, match, could_be, ...parts }) => ({
    queue: queue.name,
    owner: `${owner.tid}/${call}`,
    method,
    signo,
    end,
    could_be,
    match,
    by: parts.by === null ? null : textOf(parts.by),
    receive: parts.receive === null ? null : textOf(parts.receive),
    refused: parts.refused.map(textOf),
    ignored: parts.ignored.map(textOf),
  }));
}

function textOf({ tid, call }: NotificationParty): string {
  return `${tid}/${call}`;
}

/** Finds the number of each thread's n-th call of an event. */
export function callNumbers(file: string): (call: CallTruth) => string {
  const numbers = new Map<string, (number | null)[]>();
  for (const { tid, event, call } of callLines(file, ["--sort", "enter"])) {
    const key = `${tid} ${event}`;
    numbers.set(key, [...(numbers.get(key) ?? []), call]);
  }
  return ({ tid, event, nth }) => `${tid}/${numbers.get(`${tid} ${event}`)?.[nth]}`;
}
