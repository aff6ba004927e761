/** Names of tasks and queues by time, also where a tid or a key has very many. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LIMITS } from "../../src/format/limits.js";
import { nameTable, nameText } from "../../src/replay/names.js";
import { queueEntry, START, taskEntry } from "./tape.js";

const test = suite("replay: names");

const bytes = (text: string) => new TextEncoder().encode(text);
const at = (sinceNs: number) => START + BigInt(sinceNs);

test("of several names the last one that had begun holds, the first before all of them", () => {
  const names = nameTable(START);
  names.load({
    tasks: [
      taskEntry({ tid: 5, startNs: 7n, sinceNs: at(20), comm: bytes("second") }),
      taskEntry({ tid: 5, startNs: 7n, sinceNs: at(10), comm: bytes("first") }),
      taskEntry({ tid: 5, startNs: 8n, sinceNs: at(15), comm: bytes("another task") }),
      taskEntry({ tid: 5, startNs: 7n, sinceNs: at(20), comm: bytes("second, again") }),
      taskEntry({ tid: 5, startNs: 2n ** 63n + 7n, sinceNs: at(0), comm: bytes("started late") }),
    ],
    queues: [
      queueEntry({ sinceNs: at(30), name: bytes("new") }),
      queueEntry({ sinceNs: at(5), name: bytes("old") }),
    ],
  });
  const comms = [0, 10, 19, 20, 99].map((timeNs) => names.comm(5, 7, 0, timeNs));
  assert.equal(comms, ["first", "first", "first", "second, again", "second, again"]);
  assert.equal(
    [0, 99].map((timeNs) => names.comm(5, 8, 0, timeNs)),
    ["another task", "another task"],
  );
  assert.is(names.comm(5, 7, -0x80000000, 50), "started late");
  assert.is(names.comm(5, 9, 0, 50), null);
  assert.is(names.comm(6, 7, 0, 50), null);
  const { kind, namespaceInum, id, generation } = queueEntry();
  const key = { kind, namespaceInum, id, generation };
  assert.equal(
    [0, 29, 30].map((timeNs) => Buffer.from(names.queue(key, timeNs)?.name ?? []).toString()),
    ["old", "old", "new"],
  );
});

test("a name among a hundred thousand of one tid costs a search, not a walk", () => {
  const count = 100_000;
  const names = nameTable(START);
  const tasks = Array.from({ length: count }, (_, i) => taskEntry({ tid: 5, startNs: BigInt(i) }));
  names.load({ tasks, queues: [] });
  const start = process.cpuUsage();
  for (let i = 0; i < count; i++) assert.ok(names.task(5, i, 0, 0)?.startNs === BigInt(i));
  const { user } = process.cpuUsage(start);
  assert.ok(user < 5_000_000, `${user} us`);
});

test("a name is shown up to a limit, and says that it goes on", () => {
  assert.is(nameText(bytes("abc\0def")), "abc");
  const most = "x".repeat(LIMITS.nameBytes);
  assert.is(nameText(bytes(most)), most);
  assert.is(nameText(bytes(`${most}y`)), `${most}…`);
});

test.run();
