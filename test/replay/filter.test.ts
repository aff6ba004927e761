import { suite } from "uvu";
import * as assert from "uvu/assert";
import { calls } from "../../src/replay/calls.js";
import { type CallFilter, EVERYTHING, isQueueNamed } from "../../src/replay/filter.js";
import { type Chunk, makeCapture, queueItem, START, Tape, taskEntry } from "./tape.js";

/** Ten seconds: far more than records can be out of order. */
const S = 10_000_000_000;

const test = suite("filter");

/** Which calls pass, by the time of their entry, and which chunks were read. */
function passing(chunks: readonly Chunk[], filter: Partial<CallFilter>): string {
  const lines = calls(makeCapture({ chunks }), { ...EVERYTHING, ...filter }, { decode: () => null });
  return [...lines].map((line) => line.enter_ns ?? "?").join(" ");
}

function call(tape: Tape, at: number, until: number | null, more: object = {}, ret = 0): Uint8Array[] {
  const tid = at < S ? at : at / S;
  const entry = tape.entry({ at, call: 1, tid, ...more });
  return until === null ? [entry] : [entry, tape.exit({ at: until, call: 1, tid, ret, ...more })];
}

function mixed(): Chunk[] {
  const tape = new Tape();
  const on = (id: number) => ({ items: [queueItem(id, 0)] });
  const records = [
    ...call(tape, 1, 2, { event: 3, ...on(9) }),
    ...call(tape, 3, 14, { tgid: 7, ...on(8) }, -11),
    ...call(tape, 20, 30, {}, -110),
    ...call(tape, 40, null),
    ...call(tape, 100, 101),
  ];
  const tasks = [taskEntry({ tid: 3 }), taskEntry({ tid: 20, comm: new TextEncoder().encode("x") })];
  return [{ records, tasks }];
}

test("each filter keeps its calls", () => {
  assert.is(passing(mixed(), {}), "1 3 20 100 40");
  assert.is(passing(mixed(), { events: new Set([3]) }), "1");
  assert.is(passing(mixed(), { pids: new Set([7]) }), "3");
  assert.is(passing(mixed(), { tids: new Set([20, 40]) }), "20 40");
  assert.is(passing(mixed(), { comms: new Set(["worker", "y"]) }), "3");
  assert.is(passing(mixed(), { queues: new Set(["/q"]) }), "1");
  assert.is(passing(mixed(), { queues: new Set(["posix:4026531839:8:abc"]) }), "3");
  assert.is(passing(mixed(), { errnos: new Set([11, 4]) }), "3");
  assert.is(passing(mixed(), { failed: true }), "3 20");
  assert.is(passing(mixed(), { failed: true, minDurationNs: 11 }), "3");
  assert.is(passing(mixed(), { minDurationNs: 11 }), "3 40");
});

test("a window keeps the calls that were going on in it", () => {
  assert.is(passing(mixed(), { fromNs: 14, toNs: 40 }), "3 20");
  assert.is(passing(mixed(), { fromNs: 15, toNs: 41 }), "20 40");
  assert.is(passing(mixed(), { fromNs: 31 }), "100 40");
  assert.is(passing(mixed(), { toNs: 3 }), "1");
});

/** Chunks ten seconds apart; a call goes from the second into the fourth. */
function apart(): Chunk[] {
  const tape = new Tape();
  const open = { oldestOpenNs: START + BigInt(S), openCalls: 1 };
  return [
    { records: call(tape, 1, 2) },
    { records: call(tape, S, null), context: open },
    { records: call(tape, 2 * S, 2 * S + 1, { event: 3 }), context: open },
    { records: [tape.exit({ at: 3 * S, call: 1, tid: 1, ret: 0 })] },
    { records: call(tape, 4 * S, 4 * S + 1) },
    { records: call(tape, 5 * S, 5 * S + 1) },
  ].map((chunk) => ({ ...chunk, tasks: [] }));
}

/** As `passing`, with the chunks that were decoded. */
function reading(filter: Partial<CallFilter>, parts: object = {}): { lines: number[]; chunks: number[] } {
  const chunks: number[] = [];
  const source = makeCapture({ chunks: apart(), ...parts });
  const watched = {
    ...source,
    *chunks() {
      let at = 0;
      for (const item of source.chunks()) {
        const number = at++;
        if ("problem" in item) continue;
        const { body } = item;
        const entry = item.entry;
        yield {
          entry,
          get body() {
            chunks.push(number);
            return body;
          },
        };
      }
    },
  };
  const lines = [...calls(watched, { ...EVERYTHING, ...filter }, { decode: () => null })];
  return { lines: lines.map((line) => (line.enter_ns ?? -1) / S), chunks: [...new Set(chunks)] };
}

test("a window reads from the entry of the oldest call open in it, and not beyond", () => {
  assert.equal(reading({ fromNs: 2.5 * S, toNs: 3.5 * S }), { lines: [1], chunks: [1, 2, 3] });
  assert.equal(reading({ fromNs: 4 * S, toNs: 4.5 * S }), { lines: [4], chunks: [4] });
  assert.equal(reading({ fromNs: 1.5 * S, toNs: 1.8 * S }), { lines: [1], chunks: [1, 2, 3] });
});

test("chunks without a wanted event are left out, but only where nothing was lost", () => {
  assert.equal(reading({ events: new Set([3]) }), { lines: [2], chunks: [2] });
  const gap = { cpu: 0, fromNs: START, toNs: START + 1n, lost: 1n, cause: "ring_full" };
  assert.equal(reading({ events: new Set([3]) }, { gaps: [gap] }), {
    lines: [2],
    chunks: [0, 1, 2, 3, 4, 5],
  });
});

test("queues are meant by name, key or id", () => {
  const depth = { depth_before: null, depth_after: null };
  const posix = { kind: "posix", key: "posix:1:9:ab", name: "/q", ...depth } as const;
  const sysv = { kind: "sysv", key: "sysv:1:32768:ab", name: "0x000004d2", ...depth } as const;
  const socket = { kind: "socket", key: "socket:1:77:ab", name: "UDP:[127.0.0.1:1]", ...depth } as const;
  const meant = (queue: typeof posix | typeof sysv | typeof socket, texts: string[]) =>
    texts.filter((text) => isQueueNamed(queue, text));
  assert.equal(meant(posix, ["/q", "q", "posix:1:9:ab", "/p", "", "9", "posix:1:9"]), [
    "/q",
    "q",
    "posix:1:9:ab",
  ]);
  assert.equal(meant(sysv, ["0x4d2", "1234", "32768", "0x000004d2", "1", "x"]), [
    "0x4d2",
    "1234",
    "32768",
    "0x000004d2",
  ]);
  assert.equal(meant(socket, ["77", "UDP:[127.0.0.1:1]", "1"]), ["77", "UDP:[127.0.0.1:1]"]);
});

test.run();
