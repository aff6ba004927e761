import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatFlow } from "../../src/render/flows.js";
import type { FlowLine, FlowParty } from "../../src/replay/flows/line.js";

const test = suite("render: flows");

function party(tid: number, comm: string | null, enterNs: number | null): FlowParty {
  return {
    task: `${tid}:1`,
    tid,
    tgid: tid,
    comm,
    enter_ns: enterNs,
    exit_ns: enterNs === null ? null : enterNs + 500,
    event: null,
    call: 1,
    message: null,
  };
}

const FLOW: FlowLine = {
  capture: "c",
  queue: { kind: "posix", key: "posix:1:2:3", name: "/q" },
  len: 8,
  prio: 3,
  type: null,
  send: party(5124, "sender", 1_000_000_042),
  receive: party(5125, "taker", 1_000_020_042),
  queued_ns: 12_345,
  match: "modelled",
  outcome: "delivered",
  sender_blocked_ns: 0,
  receiver_waiting_ns: 0,
  basis: "payload",
  candidates: 1,
  drop: null,
};

const HEAD = "   1.000000042    5124 sender          → ";
const TAKER = "   5125 taker          ";
const NOBODY = `${"-".padStart(7)}${" ".repeat(16)}`;

function format(change: Partial<FlowLine>): string {
  const text = formatFlow({ ...FLOW, ...change }, { colour: false, width: null });
  assert.is(text.slice(0, HEAD.length), HEAD);
  return text.slice(HEAD.length);
}

test("delivered, as sure as it is", () => {
  assert.is(format({}), `${TAKER} [/q] 8 bytes priority 3 <queued 12.3 µs> modelled`);
  assert.is(format({ match: "exact" }), `${TAKER} [/q] 8 bytes priority 3 <queued 12.3 µs>`);
  const ambiguous = { match: "ambiguous", queued_ns: null } as const;
  assert.is(
    format({ ...ambiguous, candidates: 2 }),
    `${TAKER} [/q] 8 bytes priority 3 <queued ?> ambiguous: one of 2 that fit`,
  );
  assert.is(
    format({ ...ambiguous, candidates: null }),
    `${TAKER} [/q] 8 bytes priority 3 <queued ?> ambiguous: not all that may fit is known`,
  );
});

test("the time split", () => {
  const times = { queued_ns: 0, sender_blocked_ns: 2_000_000, receiver_waiting_ns: 700 };
  assert.is(
    format(times),
    `${TAKER} [/q] 8 bytes priority 3 <sender blocked 2 ms, queued 0 ns, receiver waited 700 ns> modelled`,
  );
});

test("System V: type; a queue without a key by its id", () => {
  const queue = { kind: "sysv", key: "sysv:1:98304:ab", name: "0x00000000" } as const;
  assert.is(
    format({ queue, prio: null, type: "7", match: "exact", len: 1 }),
    `${TAKER} [msqid 98304] 1 byte type 7 <queued 12.3 µs>`,
  );
});

test("pending, dropped, taken by somebody else", () => {
  const left = { receive: null, queued_ns: null } as const;
  assert.is(format({ ...left, outcome: "pending" }), `${NOBODY} [/q] 8 bytes priority 3 pending modelled`);
  assert.is(format(left), `${NOBODY} [/q] 8 bytes priority 3 taken by somebody not recorded modelled`);
  const drop = { how: "removed", by: null, at_ns: null } as const;
  assert.is(
    format({ ...left, outcome: "dropped", drop, match: "exact" }),
    `${NOBODY} [/q] 8 bytes priority 3 dropped: with its queue (IPC_RMID)`,
  );
});

test("names from a capture are escaped", () => {
  const text = formatFlow(
    {
      ...FLOW,
      send: party(1, "\u001b[31m", 0),
      receive: party(2, null, null),
      queue: { ...FLOW.queue, name: "/\u0007" },
    },
    { colour: false, width: null },
  );
  assert.not(text.includes("\u001b") || text.includes("\u0007"));
  assert.match(text, /\\033\[31m +→ +2 \? +\[\/\\007\]/);
});

test.run();
