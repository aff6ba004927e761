/**
 * Made-up histories of a queue whose truth is known: senders and receivers at random moments, of messages that nothing
 * or little tells apart. Whatever is called modelled has to be what happened.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FlowTape } from "../flow-tape.js";

const test = suite("flows: random histories");

interface Send {
  readonly kind: "send";
  readonly tid: number;
  readonly from: number;
  readonly actsAt: number;
  to: number;
  readonly rank: number;
  readonly text: string;
  receiver: number | null;
}

interface Receive {
  readonly kind: "receive";
  readonly tid: number;
  readonly from: number;
  readonly actsAt: number;
  to: number | null;
  readonly msgtyp: number;
  got: Send | null;
}

interface Plan {
  readonly isPosix: boolean;
  /** Calls of each thread; threads of each side. */
  readonly calls: number;
  readonly threads: number;
  readonly ranks: number;
  readonly texts: number;
  /** Microseconds that a call lasts on either side of its deed, at most, and between a thread's calls. */
  readonly lasts: number;
  readonly idles: number;
}

function randomBelow(seed: number): (below: number) => number {
  let state = seed * 2654435761 + 12345;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
}

/** Every moment but once: what happens at the same time has no order. */
function moments() {
  const taken = new Set<number>();
  return (at: number) => {
    let free = at;
    while (taken.has(free)) free++;
    taken.add(free);
    return free;
  };
}

function accepts(msgtyp: number, rank: number): boolean {
  return msgtyp === 0 || (msgtyp > 0 ? rank === msgtyp : rank <= -msgtyp);
}

/** What a receive takes of these, which are in order of their coming. */
function choose(queue: readonly Send[], isPosix: boolean, msgtyp: number): Send | null {
  const fit = queue.filter((one) => isPosix || accepts(msgtyp, one.rank));
  const best = fit.map(({ rank }) => rank);
  const wanted = isPosix ? Math.max(...best) : msgtyp < 0 ? Math.min(...best) : null;
  return fit.find(({ rank }) => wanted === null || rank === wanted) ?? null;
}

function history(plan: Plan, seed: number): { sends: readonly Send[]; receives: readonly Receive[] } {
  const random = randomBelow(seed);
  const moment = moments();
  const sends: Send[] = [];
  const receives: Receive[] = [];
  const due: (Send | Receive)[] = [];
  const left = new Map<number, number>();
  const begin = (tid: number, after: number) => {
    const calls = left.get(tid) ?? plan.calls;
    if (calls === 0) return;
    left.set(tid, calls - 1);
    const from = moment(after + 1 + random(plan.idles));
    const actsAt = moment(from + 1 + random(plan.lasts));
    const what = { tid, from, actsAt };
    if (tid <= plan.threads) {
      const text = `text ${random(plan.texts)}`;
      due.push({ kind: "send", ...what, to: 0, rank: 1 + random(plan.ranks), text, receiver: null });
    } else {
      const msgtyp = [0, 0, -2, 1][plan.isPosix ? 0 : random(4)] ?? 0;
      due.push({ kind: "receive", ...what, to: null, msgtyp, got: null });
    }
  };
  for (let tid = 1; tid <= 2 * plan.threads; tid++) begin(tid, 10);
  const queue: Send[] = [];
  const waiters: Receive[] = [];
  const end = (one: Receive, sent: Send, at: number) => {
    one.got = sent;
    sent.receiver = one.from;
    one.to = moment(at + 1 + random(plan.lasts) * (random(4) === 0 ? 4 : 1));
    begin(one.tid, one.to);
  };
  while (due.length > 0) {
    due.sort((one, other) => one.actsAt - other.actsAt);
    const next = due.shift() as Send | Receive;
    if (next.kind === "receive") {
      receives.push(next);
      const sent = choose(queue, plan.isPosix, next.msgtyp);
      if (sent === null) waiters.push(next);
      else {
        queue.splice(queue.indexOf(sent), 1);
        end(next, sent, next.actsAt);
      }
      continue;
    }
    sends.push(next);
    const waiter = waiters.find(({ msgtyp }) => plan.isPosix || accepts(msgtyp, next.rank));
    if (waiter === undefined) queue.push(next);
    else {
      waiters.splice(waiters.indexOf(waiter), 1);
      end(waiter, next, next.actsAt);
    }
    next.to = moment(next.actsAt + 1 + random(plan.lasts));
    begin(next.tid, next.to);
  }
  return { sends, receives };
}

/** One history after the other, each on a queue of its own, in one capture. */
function judge(plan: Plan, seeds: readonly number[]) {
  const tape = new FlowTape();
  const receiverOf = new Map<string, number | null>();
  let start = 0;
  for (const seed of seeds) {
    const queue = 10 + seed;
    const { sends, receives } = history(plan, seed);
    const last = [...sends, ...receives].reduce((most, { from, to }) => Math.max(most, to ?? from), 0);
    const at = (tid: number, from: number, to: number) => ({
      tid,
      span: [start + from, start + to] as const,
      queue,
    });
    const empty = { ...at(99, 1, 2), depth: [0, 0] as const, ret: plan.isPosix ? -11 : -42 };
    if (plan.isPosix) tape.receive("", 0, empty);
    else tape.msgrcv("", 0, { msgtyp: 0 }, empty);
    for (const { tid, from, to, rank, text, receiver } of sends) {
      if (plan.isPosix) tape.send(text, rank, at(tid, from, to));
      else tape.msgsnd(text, rank, at(tid, from, to));
      receiverOf.set(`${queue} ${start + from}`, receiver === null ? null : start + receiver);
    }
    for (const { tid, from, to, msgtyp, got } of receives) {
      if (got === null) continue; // it waits for ever, and nobody would know whether it did not get the last ones
      const [text, rank] = [got.text, got.rank];
      if (plan.isPosix) tape.receive(text, rank, at(tid, from, to ?? 0));
      else tape.msgrcv(text, rank, { msgtyp }, at(tid, from, to ?? 0));
    }
    start += last + 10;
  }
  const lines = tape.lines();
  const sure = lines.filter(({ match }) => match === "modelled");
  const wrong = sure.flatMap(({ send, receive, queue }) => {
    const from = (send?.enter_ns ?? 0) / 1000;
    const got = receive?.enter_ns == null ? null : receive.enter_ns / 1000;
    const truth = receiverOf.get(`${Number.parseInt(queue.key?.split(":")[2] ?? "", 10)} ${from}`);
    return got === truth ? [] : [`${queue.key}: ${from} → ${got}, and it was ${truth}`];
  });
  return { modelled: sure.length, all: lines.length, wrong };
}

const PLANS: Readonly<Record<string, Plan>> = {
  "POSIX, all alike": { isPosix: true, calls: 6, threads: 3, ranks: 1, texts: 1, lasts: 40, idles: 400 },
  "POSIX, two priorities and texts": {
    isPosix: true,
    calls: 8,
    threads: 3,
    ranks: 2,
    texts: 2,
    lasts: 40,
    idles: 150,
  },
  "System V, all alike": { isPosix: false, calls: 6, threads: 3, ranks: 1, texts: 1, lasts: 40, idles: 400 },
  "System V, three types": {
    isPosix: false,
    calls: 8,
    threads: 3,
    ranks: 3,
    texts: 1,
    lasts: 40,
    idles: 150,
  },
};

const HISTORIES = Number(process.env.MSGTAPE_HISTORIES ?? 60);

for (const [what, plan] of Object.entries(PLANS)) {
  test(`${what}: nothing that is called modelled is wrong`, () => {
    const { modelled, all, wrong } = judge(
      plan,
      Array.from({ length: HISTORIES }, (_, i) => i + 1),
    );
    assert.equal(wrong, []);
    assert.ok(modelled > 0.1 * all, `${modelled} of ${all} are modelled`);
    if (process.env.MSGTAPE_HISTORIES) console.log(`${what}: ${modelled} of ${all} modelled`);
  });
}

test.run();
