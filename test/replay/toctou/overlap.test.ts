/** Calls that write into what another call of their process is to read. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EVERYTHING } from "../../../src/replay/filter.js";
import { overlapWatch, type Side } from "../../../src/replay/toctou/overlap.js";
import { toctou } from "../../../src/replay/toctou.js";
import { Tape } from "../tape.js";
import { at, base64, brief, capture, found, type HandCall, kernelItem, records, send } from "./hand.js";

const test = suite("replay/toctou/overlap");

/** A receive of `text` at `addr` by another thread of process 100. */
function receive(
  from: number,
  to: number | null,
  addr: number,
  text: string,
  more: Partial<HandCall> = {},
): HandCall {
  return {
    event: "mq_timedreceive",
    tid: 101,
    tgid: 100,
    from,
    to,
    args: [4, addr, 64, 0, 0],
    ret: text.length,
    exit: [at(1, addr, text)],
    queue: { id: 10n },
    ...more,
  };
}

test("a receive inside a send's flight, into its payload: who did it, and where", () => {
  const result = found([send(1000, 9000, "hello", "heLLo"), receive(2000, 3000, 0x1002, "LL")]);
  assert.equal(brief(result), [
    "mutated mq_timedsend msg_ptr 100/1 changed unknown by mq_timedreceive 101/1",
    "overlap mq_timedsend msg_ptr 100/1 changed unknown by mq_timedreceive 101/1",
  ]);
  const overlap = result.findings[1];
  assert.equal(overlap?.by, {
    task: "101:77",
    tid: 101,
    tgid: 100,
    comm: null,
    event: "mq_timedreceive",
    call: 1,
    enter_ns: 2000,
    exit_ns: 3000,
    ret: 2,
    arg: "msg_ptr",
    addr: "0x1002",
    len: 2,
  });
  assert.equal(
    [overlap?.compared, overlap?.first_diff_offset, overlap?.entry, overlap?.exit, overlap?.window_ns],
    [[[2, 4]], 2, base64("hello"), base64("heLLo"), [1000, 9000]],
  );
});

test("a receive behind the kernel's read is no overlap, but it is who changed the bytes", () => {
  const calls = [send(1000, 9000, "hello", "heLLo"), receive(2000, 3000, 0x1002, "LL")];
  const load = new Tape().kernel(
    { at: 1500, call: 1, event: 3, items: [kernelItem(0x1000, "hello")] },
    { hook: 1, message: 7n, m_ts: 5n },
  );
  const taped = capture(calls, {
    chunks: [{ records: records(calls), planes: [load] }],
    kernelHooks: ["load_msg", "store_msg", "free_msg"],
  });
  const result = toctou([taped], EVERYTHING, {});
  assert.equal(brief(result), ["mutated mq_timedsend msg_ptr 100/1 changed before by mq_timedreceive 101/1"]);
  assert.equal(result.findings[0]?.window_ns, [1000, 1500]);
});

test("the same bytes written again are an overlap, though nothing changed", () => {
  const result = found([send(1000, 9000, "hello", "hello"), receive(2000, 3000, 0x1004, "o!")]);
  assert.equal(brief(result), [
    "overlap mq_timedsend msg_ptr 100/1 changed unknown by mq_timedreceive 101/1",
  ]);
  assert.is(result.findings[0]?.first_diff_offset, null);
});

test("neighbours, other processes, the task's own calls and failed calls are none", () => {
  const alone = (writer: HandCall) => brief(found([send(1000, 9000, "hello", "hello"), writer]));
  assert.equal(alone(receive(2000, 3000, 0x1005, "xx")), []);
  assert.equal(alone(receive(2000, 3000, 0xffe, "xx")), []);
  assert.equal(alone(receive(2000, 3000, 0x1000, "hello", { tgid: 101 })), []);
  assert.equal(alone(receive(2000, 3000, 0x1000, "hello", { ret: -11 })), []);
  assert.equal(alone(receive(9500, 9600, 0x1000, "hello")), []);
});

test("a receive that waited since before: proved when the bytes became what it got, else undecided", () => {
  const seen = [send(1000, 9000, "hello", "heLLo"), receive(500, 3000, 0x1002, "LL")];
  assert.equal(
    brief(found(seen)).filter((line) => line.startsWith("overlap")),
    ["overlap mq_timedsend msg_ptr 100/1 changed unknown by mq_timedreceive 101/1"],
  );
  const unseen = [send(1000, 9000, "hello", "hello"), receive(500, 3000, 0x1002, "LL")];
  assert.equal([brief(found(unseen)), found(unseen).undecided.overlap], [[], 1]);
  assert.equal(brief(found(unseen, { withUndecided: true })), [
    "overlap mq_timedsend msg_ptr 100/1 unknown unknown by mq_timedreceive 101/1",
  ]);
});

test("what the reader's own outputs put there says nothing of another's write", () => {
  /** A receive whose timeout lies inside its own buffer, which at exit holds its own message and the timeout's rest. */
  const reading = (own: string, rest: string): HandCall => ({
    event: "mq_timedreceive",
    from: 1000,
    to: 9000,
    args: [3, 0x1000, 64, 0, 0x1000],
    ret: own.length,
    entry: [at(4, 0x1000, "seconds.nanosecs")],
    exit: [at(4, 0x1000, own + rest), at(1, 0x1000, own)],
  });
  const overlaps = (reader: HandCall, writer: HandCall) => {
    const result = found([reader, writer], { withUndecided: true });
    return result.findings
      .filter(({ kind }) => kind === "overlap")
      .map(({ verdict, first_diff_offset, compared }) => [verdict, first_diff_offset, compared]);
  };
  const waited = (text: string) => receive(500, 3000, 0x1000, text);
  // Both got "tick": who looks at the bytes alone takes the reader's own for the writer's.
  assert.equal(overlaps(reading("tick", "nds.nanosecs"), waited("tick")), [["unknown", null, []]]);
  assert.equal(overlaps(reading("tick", "nds.nanosecs"), waited("tock")), [["unknown", null, []]]);
  // Beyond the reader's own four the bytes became the writer's.
  assert.equal(overlaps(reading("tick", "et!.nanosecs"), waited("tick et!")).slice(0, 1), [
    ["unknown", 4, [[4, 8]]],
  ]);
  assert.equal(overlaps(reading("tick", "-et!nanosecs"), waited("tock-et!")), [["changed", 4, [[4, 8]]]]);
  // By the times it was in between in any case.
  assert.equal(overlaps(reading("tick", "nds.nanosecs"), receive(2000, 3000, 0x1000, "tick")), [
    ["changed", null, []],
  ]);
});

test("a writer that ends behind its reader is undecided; one that never ends wrote nothing", () => {
  const late = [send(1000, 2000, "hello", "hello"), receive(1500, 3000, 0x1000, "hello")];
  assert.equal([brief(found(late)), found(late).undecided.overlap], [[], 1]);
  const open = [send(1000, 2000, "hello", "hello"), receive(1500, null, 0x1000, "hello")];
  assert.equal([brief(found(open)), found(open).undecided.overlap], [[], 0]);
});

test("a send that never ends is still overwritten", () => {
  const result = found([send(1000, null, "hello", ""), receive(2000, 3000, 0x1000, "HELLO")]);
  assert.equal(brief(result), [
    "overlap mq_timedsend msg_ptr 100/1 changed unknown by mq_timedreceive 101/1",
  ]);
  assert.equal(result.findings[0]?.window_ns, [1000, null]);
});

function side(task: string, enterNs: number, endNs: number, kind: "reads" | "writes"): Side<string> {
  const place = {
    arg: "a",
    place: "a",
    addr: 16n,
    lengthBytes: 4,
    ranges: null,
    covered: [],
    entry: null,
    exit: null,
    bytes: null,
  };
  const none = { reads: [], writes: [] };
  return {
    tgid: 1,
    task,
    enterNs,
    endNs,
    readNs: endNs,
    writeNs: enterNs,
    ...none,
    [kind]: [place],
    tag: task,
  };
}

test("calls are forgotten within bounds, and what ran beside forgotten ones is told", () => {
  const watch = overlapWatch<string>({ ofProcess: 8, calls: 100, evidenceBytes: 100 });
  for (let i = 0; i < 20; i++) watch.see(side("writer", 10 * i + 1, 10 * i + 2, "writes"));
  assert.is(watch.unchecked, 0);
  const last = watch.see(side("reader", 180, 300, "reads"));
  assert.equal([last.length, watch.unchecked], [2, 0]);
  const long = watch.see(side("other", 1, 400, "reads"));
  assert.ok(long.length >= 4 && long.length < 20);
  assert.is(watch.unchecked, 1);
});

test("all processes together are bounded, by calls and by bytes of evidence", () => {
  const many = (limits: Parameters<typeof overlapWatch>[0], of: (i: number) => Side<string>) => {
    const watch = overlapWatch<string>(limits);
    for (let i = 0; i < 20; i++) watch.see(of(i));
    return watch.see({ ...side("late", 1, 400, "reads"), tgid: 3 }).length;
  };
  const writer = (i: number) => ({ ...side("writer", 10 * i + 1, 10 * i + 2, "writes"), tgid: i % 4 });
  const limits = { ofProcess: 100, calls: 100, evidenceBytes: 1000 };
  assert.is(many(limits, writer), 5);
  assert.ok(many({ ...limits, calls: 8 }, writer) < 5);
  const heavy = (i: number) => {
    const one = writer(i);
    return { ...one, writes: one.writes.map((place) => ({ ...place, bytes: new Uint8Array(200) })) };
  };
  assert.ok(many(limits, heavy) < 5);
});

test.run();
