/** Full speed from one thread: nothing lost at default settings, every loss counted to the record with a tiny buffer. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CallLine } from "../../src/replay/types.js";
import { live } from "../support/live.js";
import { answer, eachCall, msgtape, record } from "../support/msgtape.js";
import { workload } from "../support/workload.js";

const test = suite("live: full speed");

const MESSAGES = 200_000;
/** One open, one unlink, and a send and a receive for each message; an entry and an exit for each of them. */
const CALLS = 2 * MESSAGES + 2;
const RECORDS = 2 * CALLS;

interface Info {
  readonly complete: boolean;
  readonly records: number;
  readonly lost: number;
  /** Records: entries and exits that are there, and those that are lost. */
  readonly by_event: Readonly<
    Record<string, { readonly entries: number; readonly exits: number; readonly lost: number }>
  >;
}

interface Latency {
  readonly groups: readonly {
    readonly key: { readonly event: string };
    readonly count: number;
    readonly uncertain: number;
  }[];
  readonly lost: unknown;
}

/** The task's call number follows from the message's: 1 is the open, then send and receive in turn. */
function numberOf(call: CallLine): number | null {
  const pointer = call.args?.msg_ptr;
  if (typeof pointer !== "object" || pointer === null || !("bytes" in pointer)) return null;
  if (typeof pointer.bytes !== "string" || pointer.bytes === "") return null;
  const message = Number(Buffer.from(pointer.bytes, "base64").readBigUInt64LE(0));
  return call.event === "mq_timedsend" ? 2 + 2 * message : 3 + 2 * message;
}

async function census(file: string) {
  const counts: Record<string, number> = {};
  const states: Record<string, number> = {};
  const wrong: string[] = [];
  let lastExitNs = -1;
  const status = await eachCall(file, (call) => {
    counts[call.event] = (counts[call.event] ?? 0) + 1;
    states[call.state] = (states[call.state] ?? 0) + 1;
    const number = call.event === "mq_open" || call.event === "mq_unlink" ? call.call : numberOf(call);
    if (call.state === "complete" && number !== call.call) {
      wrong.push(`call ${call.call} has the message of call ${number}`);
    }
    if (
      call.state === "complete" &&
      call.ret !== (call.event === "mq_timedreceive" ? 64 : call.event === "mq_open" ? call.ret : 0)
    ) {
      wrong.push(`call ${call.call}: ${call.event} = ${call.ret}`);
    }
    if (call.exit_ns !== null && call.state === "complete") {
      if (call.exit_ns < lastExitNs) wrong.push(`call ${call.call} is out of order`);
      lastExitNs = call.exit_ns;
    }
  });
  return { status, counts, states, wrong: wrong.slice(0, 10) };
}

live(test, "200 000 sends and receives: exactly that many, none lost", ["root", "bpf", "gcc"], async () => {
  const recording = record([], [workload("mq-ping"), String(MESSAGES)]);
  assert.is(recording.status, 0, recording.stderr);
  const info = answer<Info>(["info", recording.file]);
  assert.equal([info.complete, info.records, info.lost], [true, RECORDS, 0]);
  assert.equal(await census(recording.file), {
    status: 0,
    counts: { mq_open: 1, mq_timedsend: MESSAGES, mq_timedreceive: MESSAGES, mq_unlink: 1 },
    states: { complete: CALLS },
    wrong: [],
  });
  const latency = answer<Latency>(["latency", recording.file]);
  assert.equal(
    new Map(latency.groups.map((group) => [group.key.event, group.count])),
    new Map([
      ["mq_open", 1],
      ["mq_timedsend", MESSAGES],
      ["mq_timedreceive", MESSAGES],
      ["mq_unlink", 1],
    ]),
  );
  assert.equal([latency.lost, latency.groups.map((group) => group.uncertain)], [0, [0, 0, 0, 0]]);
});

live(test, "a buffer of 64 KiB: recorded + lost is what happened", ["root", "bpf", "gcc"], async () => {
  const recording = record(["--buffer", "64K"], [workload("mq-ping"), String(MESSAGES)]);
  assert.is(recording.status, 3, `lossy, but status ${recording.status}: ${recording.stderr}`);
  assert.match(recording.stderr, /lost/);
  const info = answer<Info>(["info", recording.file]);
  assert.ok(info.lost > 0, "this buffer cannot hold them all");
  assert.is(info.records + info.lost, RECORDS);
  const happened = Object.entries(info.by_event).map(([name, { entries, exits, lost }]) => [
    name,
    entries + exits + lost,
  ]);
  assert.equal(Object.fromEntries(happened), {
    mq_open: 2,
    mq_timedsend: 2 * MESSAGES,
    mq_timedreceive: 2 * MESSAGES,
    mq_unlink: 2,
  });
  assert.is(msgtape(["info", recording.file]).status, 3);
  assert.match(msgtape(["info", recording.file]).stdout, new RegExp(`lost\\D+${info.lost}`));

  const found = await census(recording.file);
  assert.is(found.status, 3, "calls says by its status that it is not all");
  assert.equal(found.wrong, [], "no pair is wrong");
  assert.ok((found.states.complete ?? 0) > 0, "pairs stay certain by their call number");
  assert.is(found.states.no_entry, undefined, "an exit whose entry was lost is no lone exit");

  // An entry or an exit that stands alone is an uncertain call; where the ring fills and empties decides how many.
  const halves = info.records - 2 * (found.states.complete ?? 0);
  assert.is(found.states.uncertain ?? 0, halves);

  const latency = msgtape(["latency", recording.file, "--json"]);
  assert.is(latency.status, 3);
  const table = JSON.parse(latency.stdout) as Latency;
  assert.is(table.lost, info.lost);
  const certain = table.groups.reduce((sum, group) => sum + group.count, 0);
  assert.is(certain, found.states.complete);
  assert.is(
    table.groups.reduce((sum, group) => sum + group.uncertain, 0),
    halves,
  );
  assert.match(msgtape(["latency", recording.file]).stdout, /lost/);
});

test.run();
