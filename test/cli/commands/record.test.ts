import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DEFAULT_EVENTS, EVENTS } from "../../../src/catalog/events.js";
import { parseRecordOptions, type RecordArguments } from "../../../src/cli/commands/record.js";
import { parseDuration, parseSize } from "../../../src/cli/units.js";
import { RecordError } from "../../../src/record/errors.js";
import { defaultOutput } from "../../../src/record/options.js";

const test = suite("record: options");

function wrongUsage(options: RecordArguments): string {
  try {
    parseRecordOptions(options);
  } catch (error) {
    if (error instanceof RecordError && error.exitStatus === 2) return error.message;
    throw error;
  }
  throw new Error("nothing was thrown");
}

test("without options: all events but those that are hot on any host", () => {
  const { events, filters, filterText, ...rest } = parseRecordOptions({});
  assert.equal(events, DEFAULT_EVENTS);
  assert.equal(
    EVENTS.filter((event) => !events.includes(event)).map((event) => event.name),
    ["sendmsg", "recvmsg"],
  );
  assert.equal(filters, { pids: [], comms: [], uids: [], cgroups: [], queues: [] });
  assert.equal(filterText, { pid: [], comm: [], uid: [], cgroup: [], queue: [] });
  assert.equal(rest, {
    output: null,
    triggers: [],
    snapBytes: 256,
    bufferBytes: null,
    durationMs: null,
    calls: null,
    command: null,
    user: null,
    dropTo: null,
    kernelPlane: true,
    libcPlane: false,
    rotation: null,
    flight: null,
  });
});

test("reads what it is given", () => {
  const options = parseRecordOptions({
    output: "a.mtape",
    for: "1.5s",
    count: "100",
    events: ["posix-mq", "msgsnd"],
    snap: "64K",
    buffer: "100k",
    user: "nobody",
    "--": ["ls", 5],
  });
  assert.equal(
    [options.output, options.durationMs, options.calls, options.snapBytes, options.bufferBytes],
    ["a.mtape", 1500, 100, 65_536, 102_400],
  );
  assert.equal([options.user, options.command], ["nobody", ["ls", "5"]]);
  assert.equal(options.events.map((event) => event.name).slice(-2), ["mq_timedreceive_time32", "msgsnd"]);
  assert.is(parseRecordOptions({ events: "all" }).events.length, EVENTS.length);
  assert.is(parseRecordOptions({ buffer: "1" }).bufferBytes, 1);
  assert.is(parseRecordOptions({ snap: "0" }).snapBytes, 0);
});

test("a user's number is as good as the name", () => {
  assert.is(parseRecordOptions({ user: "0", "--": ["ls"] }).user, "root");
  assert.is(parseRecordOptions({ "drop-to": "0" }).dropTo, "root");
});

test("wrong usage is one line that names the option", () => {
  const rows: readonly [RecordArguments, string][] = [
    [{ events: "mq_send" }, '--events: there is no event "mq_send": did you mean mq_timedsend?'],
    [
      { events: "foo" },
      '--events: there is no event "foo": try one of the groups posix-mq, sysv-msg, socket-msg, all ' +
        "or an event's name, such as mq_timedsend",
    ],
    [{ output: "" }, "--output: the name is empty: name a file, or - for a pipe"],
    [{ "--": [] }, "there is no command behind --: name one, or leave out the --"],
    [{ output: "a", "--": [""] }, "there is no command behind --: name one, or leave out the --"],
    [
      { user: "4294967290", "--": ["ls"] },
      "--user: expected a user's name, or a number that has one in /etc/passwd, found 4294967290",
    ],
    [{ for: "soon" }, '--for: expected a time such as 10s, 500ms or 2min, found "soon"'],
    [{ for: "0" }, '--for: expected a time such as 10s, 500ms or 2min, found "0"'],
    [{ count: "0" }, '--count: expected a number of calls above 0, found "0"'],
    [{ snap: "65537" }, '--snap: expected 0 to 65536 bytes, found "65537"'],
    [{ buffer: "0" }, '--buffer: expected a size up to 2G, such as 64K or 16M, found "0"'],
    [{ buffer: "4G" }, '--buffer: expected a size up to 2G, such as 64K or 16M, found "4G"'],
    [{ output: ["a", "b"] }, "--output: is given more than once"],
    [{ "drop-to": "" }, "--drop-to: expected a user's name"],
    [{ user: "nobody" }, "--user: there is no command to run: add -- COMMAND"],
    [{ pid: "1", "--": ["ls"] }, "--pid: a command is recorded alone: leave out --pid or the command"],
    [{ pid: "self" }, '--pid "self": expected a process id, such as 1234'],
  ];
  for (const [options, message] of rows) assert.is(wrongUsage(options), message);
});

test("durations and sizes", () => {
  assert.equal(
    ["10", "2.5s", "250ms", "3min", "1h", "7us", "", "1x", "-1", "1e3", "s", "999999999999d"].map(
      parseDuration,
    ),
    [10e9, 2.5e9, 250e6, 180e9, 3600e9, 7000, null, null, null, null, null, null],
  );
  assert.equal(
    ["0", "4096", "64K", "16M", "1GiB", "2kb", "1.5M", "K", "-1", "9999999999999G"].map(parseSize),
    [0, 4096, 65_536, 16 << 20, 2 ** 30, 2048, null, null, null, null],
  );
});

test("the default name is made of host and time, and stays in this directory", () => {
  const now = new Date(2026, 10, 21, 3, 4, 5);
  assert.is(defaultOutput("web-1", now), "msgtape-web-1-20261121-030405.mtape");
  assert.is(defaultOutput("../x y", now), "msgtape-.._x_y-20261121-030405.mtape");
});

test("several files: by size and age, or what --last keeps", () => {
  assert.equal(parseRecordOptions({ "max-size": "100M", "max-age": "1h", "max-files": "24" }).rotation, {
    maxBytes: 100 * 2 ** 20,
    maxAgeMs: 3_600_000,
    maxFiles: 24,
  });
  assert.equal(parseRecordOptions({ last: "60s", "max-files": "3", after: "2s" }).flight, {
    windowMs: 60_000,
    memoryBytes: 256 * 2 ** 20,
    afterMs: 2000,
    maxFiles: 3,
  });
  const rows: readonly [RecordArguments, string][] = [
    [{ "max-size": "1023K" }, '--max-size: expected a size of at least 1M, such as 100M, found "1023K"'],
    [{ "max-age": "500ms" }, '--max-age: expected a time of at least 1s, such as 10min, found "500ms"'],
    [{ "max-files": "2" }, "--max-files: when does a file end? add --max-size or --max-age"],
    [{ "max-age": "1h", "max-files": "0" }, '--max-files: expected a number from 1 to 1000000, found "0"'],
    [{ last: "0.5s" }, '--last: expected a time from 1s to 7d, such as 60s, found "0.5s"'],
    [
      { last: "60s", "last-memory": "1M" },
      '--last-memory: expected a size from 16M to 64G, such as 256M, found "1M"',
    ],
    [{ last: "60s", after: "60s" }, '--after: expected a time shorter than --last, such as 2s, found "60s"'],
    [
      { last: "60s", "max-size": "9M" },
      "--max-size: not with --last, whose files have the size of what is kept",
    ],
    [{ last: "60s", "max-age": "9s" }, "--max-age: not with --last, which writes a file when it is asked to"],
    [{ after: "2s" }, "--after: goes with --last"],
    [{ "last-memory": "64M" }, "--last-memory: goes with --last"],
    [{ output: "-", last: "60s" }, "--output: several files do not go into a pipe: name a file"],
    [{ output: "-", "max-size": "9M" }, "--output: several files do not go into a pipe: name a file"],
  ];
  for (const [options, message] of rows) assert.is(wrongUsage(options), message);
});

test("triggers come with --last, and ask what is recorded", () => {
  const trigger = ["EIDRM", "latency(msgsnd) > 50ms"];
  const { triggers } = parseRecordOptions({ last: "60s", trigger });
  assert.equal(
    triggers.map(({ text }) => text),
    trigger,
  );
  assert.is(wrongUsage({ trigger: "EIDRM" }), "--trigger: needs --last, whose snapshots it asks for");
  assert.is(
    wrongUsage({ last: "60s", trigger: "latency(msgsnd) > 50ms", events: "posix-mq" }),
    '--trigger "latency(msgsnd) > 50ms": at character 9: msgsnd is not recorded: add it to --events',
  );
});

test.run();
