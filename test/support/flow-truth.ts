/** What `flows` says of a recording, held against the truth of workloads/many-flows.c. */
import type { FlowLine, FlowParty } from "../../src/replay/flows/line.js";
import { msgtape } from "./msgtape.js";
import { callsIn, flowsIn } from "./read.js";

interface Message {
  readonly number: number;
  readonly sender: number;
  readonly sent: number;
  readonly receiver: number;
  readonly received: number;
}

/** Every line of `flows --json`. */
export function flowLines(file: string, options: readonly string[] = []): readonly FlowLine[] {
  const ran = msgtape(["flows", file, "--json", ...options]);
  if (ran.status !== 0 && ran.status !== 3) {
    throw new Error(`msgtape flows: status ${ran.status}: ${ran.stderr}`);
  }
  return ran.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as FlowLine);
}

/** Of all answers that `match` names so, how many are right, as a share; null: there are none. */
export function shareRight(score: Score, match: string): number | null {
  const right = score.right[match] ?? 0;
  const all = right + (score.wrong[match] ?? 0);
  return all === 0 ? null : right / all;
}

/** The score in one line, for whoever reads the tests' output. */
export function scoreText(score: Score): string {
  const kinds = ["exact", "modelled", "ambiguous"].flatMap((match) => {
    const wrong = score.wrong[match] ?? 0;
    const all = (score.right[match] ?? 0) + wrong;
    return all === 0 ? [] : [`${all} ${match} (${wrong} wrong)`];
  });
  return `${score.messages} messages: ${kinds.join(", ")}`;
}

export interface Score {
  readonly messages: number;
  /** Flows by what `match` says and whether the receiver is the true one. */
  readonly right: Readonly<Record<string, number>>;
  readonly wrong: Readonly<Record<string, number>>;
  /** Messages with no line, or more than one. */
  readonly notOnce: number;
}

/** Counts right and wrong answers. A wrong one names another receive, or none. */
export function score(file: string, stdout: string, flows = flowsIn(file)): Score {
  const truth = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Message);
  const calls = successfulCalls(file);
  const receiverOf = new Map<string, string>();
  for (const message of truth) {
    const sent = calls.sends.get(message.sender)?.[message.sent];
    const received = calls.receives.get(message.receiver)?.[message.received];
    receiverOf.set(`${message.sender} ${sent}`, `${message.receiver} ${received}`);
  }
  const right: Record<string, number> = {};
  const wrong: Record<string, number> = {};
  const lines = new Map<string, number>();
  for (const flow of flows) {
    const key = callOf(flow.send);
    const expected = key === null ? undefined : receiverOf.get(key);
    if (key === null || expected === undefined) continue; // a message that ends a receiver
    lines.set(key, (lines.get(key) ?? 0) + 1);
    const counts = callOf(flow.receive) === expected ? right : wrong;
    counts[`${flow.match}`] = (counts[`${flow.match}`] ?? 0) + 1;
  }
  const notOnce = [...receiverOf.keys()].filter((key) => lines.get(key) !== 1).length;
  return { messages: truth.length, right, wrong, notOnce };
}

function callOf(party: FlowParty | null): string | null {
  return party === null ? null : `${party.tid} ${party.call}`;
}

/** Numbers of the calls that succeeded, by thread, in order. */
function successfulCalls(file: string) {
  const sends = new Map<number, number[]>();
  const receives = new Map<number, number[]>();
  for (const call of callsIn(file)) {
    if (call.ret === null || call.ret < 0 || call.call === null) continue;
    const kind = /send|msgsnd/.test(call.event) ? sends : /receive|msgrcv/.test(call.event) ? receives : null;
    if (kind === null) continue;
    kind.set(call.tid, [...(kind.get(call.tid) ?? []), call.call]);
  }
  return { sends, receives };
}
