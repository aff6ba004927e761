import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatNotification } from "../../src/render/notifications.js";
import type { NotificationLine, NotificationParty } from "../../src/replay/notifications/line.js";

const test = suite("render: notifications");

function party(tid: number, comm: string | null, exitNs: number | null): NotificationParty {
  const [enter_ns, exit_ns] = [exitNs === null ? null : exitNs - 500, exitNs];
  return { task: `${tid}:1`, tid, tgid: tid, comm, event: "mq_timedsend", call: 7, enter_ns, exit_ns };
}

const LINE: NotificationLine = {
  capture: "c",
  queue: { kind: "posix", key: "posix:1:2:3", name: "/q" },
  owner: { task: "5124:1", tid: 5124, tgid: 5124, comm: "owner" },
  method: "signal",
  signo: 10,
  registered_ns: 1_000_000_042,
  call: 3,
  since_ns: 1_000_000_000,
  last_seen_ns: 1_000_010_000,
  ended_ns: 1_001_200_042,
  end: "fired",
  match: "exact",
  candidates: 1,
  could_be: [],
  by: party(5125, "sender", 1_001_200_042),
  receive: { ...party(5124, "owner", 1_001_212_042), match: "modelled" },
  refused: [],
  ignored: [],
};

const HEAD = "   1.000000042    5124 owner           [/q] ";

function format(change: Partial<NotificationLine>): string {
  const text = formatNotification({ ...LINE, ...change }, { colour: false, width: null });
  assert.is(text.slice(0, HEAD.length), HEAD);
  return text.slice(HEAD.length);
}

test("fired: by whom, after what time, and who received", () => {
  const fired = "by signal 10: fired after 1.2 ms by 5125 sender, ";
  assert.is(format({}), `${fired}received 12 µs later by 5124 owner`);
  assert.is(format({ receive: null, match: "modelled" }), `${fired}no receive followed modelled`);
  const receive = { ...party(5126, "taker", null), match: "ambiguous" } as const;
  assert.is(format({ receive }), `${fired}received by 5126 taker, or an earlier one`);
});

test("the methods", () => {
  const end = { end: "still", by: null, receive: null, ended_ns: null } as const;
  const still = "in force at the end";
  assert.is(format({ ...end, method: "thread", signo: null }), `by thread: ${still}`);
  assert.is(format({ ...end, method: "none", signo: null }), `by nothing (SIGEV_NONE): ${still}`);
  assert.is(format({ ...end, signo: null }), `by signal ?: ${still}`);
  assert.is(format({ ...end, method: null, signo: null }), `by ?: ${still}`);
});

test("the other ends", () => {
  const ends = { by: null, receive: null, match: null } as const;
  const closed = "by signal 10: lost: its process closed a descriptor of the queue";
  assert.is(format({ ...ends, end: "closed", could_be: ["close"] }), closed);
  assert.is(
    format({ ...ends, end: "lost", could_be: ["close", "exec"] }),
    "by signal 10: lost: a close, or its process's exec",
  );
  assert.is(
    format({ ...ends, end: "lost", could_be: ["close", "exec", "exit"] }),
    "by signal 10: lost: a close, or its process's exec or exit",
  );
  assert.is(format({ ...ends, end: "queue_gone" }), "by signal 10: gone with its queue");
  assert.is(format({ ...ends, end: "unknown" }), "by signal 10: end not known, last seen at 1.000010000");
  assert.is(format({ ...ends, end: "unknown", last_seen_ns: null }), "by signal 10: end not known");
  assert.is(
    format({ end: "cancelled", by: party(5124, "owner", 1) }),
    "by signal 10: cancelled after 1.2 ms by 5124 owner",
  );
});

test("doubt, and who was refused and ignored meanwhile", () => {
  const [other, another] = [party(1, "a", 1), party(2, "b", 2)];
  assert.is(
    format({
      end: "cancelled",
      refused: [other, another],
      ignored: [other],
      match: "ambiguous",
      candidates: 2,
    }),
    "by signal 10: cancelled after 1.2 ms by 5125 sender ambiguous: one of 2 that fit; meanwhile 2 refused (EBUSY), " +
      "1 to cancel by others ignored",
  );
  assert.match(format({ match: "ambiguous" }), / ambiguous: something else may fit$/);
});

test("what is not known, and names from a capture are escaped", () => {
  const text = formatNotification(
    {
      ...LINE,
      owner: { task: null, tid: null, tgid: 7, comm: null },
      queue: { ...LINE.queue, name: "/\u0007" },
      registered_ns: null,
      by: party(1, "\u001b[31m", 0),
      receive: null,
    },
    { colour: false, width: null },
  );
  assert.is(
    text,
    `${"?".padStart(14)} ${"7".padStart(7)} ${"?".padEnd(15)} [/\\007] by signal 10: fired by 1 \\033[31m, no receive followed`,
  );
});

test.run();
