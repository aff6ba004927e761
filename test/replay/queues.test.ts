import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseBtf } from "../../src/btf/index.js";
import type { QueueEntry } from "../../src/format/types.js";
import { structsOf } from "../../src/replay/arguments/structs.js";
import { calls } from "../../src/replay/calls.js";
import { EVERYTHING } from "../../src/replay/filter.js";
import { queueNamer } from "../../src/replay/queue-name.js";
import { PACKAGE } from "../support/paths.js";
import { item, makeCapture, queueEntry, queueItem, RECORDER_BTF, START, Tape } from "./tape.js";

const test = suite("queues");
const ascii = (text: string) => new TextEncoder().encode(text);

function queuesOf(records: readonly Uint8Array[], queues?: readonly QueueEntry[]) {
  const chunk = queues === undefined ? { records } : { records, queues };
  return [...calls(makeCapture({ chunks: [chunk] }), EVERYTHING, { decode: () => null })].map(
    (line) => line.queue,
  );
}

test("the queue at entry counts; its depth after only if it is still the same one", () => {
  const tape = new Tape();
  const records = [
    tape.entry({ at: 1, call: 1, items: [queueItem(9, 3)] }),
    tape.exit({ at: 2, call: 1, ret: 0, items: [queueItem(8, 7)] }),
  ];
  assert.equal(queuesOf(records), [
    { kind: "posix", key: "posix:4026531839:9:abc", name: "/q", depth_before: 3, depth_after: null },
  ]);
});

test("the same inode at another time is another queue", () => {
  const tape = new Tape();
  const records = [
    tape.entry({ at: 1, call: 1, items: [queueItem(9, 3, { generation: 0xffff_ffff_ffff_fffen })] }),
  ];
  assert.equal(queuesOf(records), [
    {
      kind: "posix",
      key: "posix:4026531839:9:fffffffffffffffe",
      name: null,
      depth_before: 3,
      depth_after: null,
    },
  ]);
});

test("a queue that only the exit knows, as mq_open's", () => {
  const tape = new Tape();
  const records = [
    tape.entry({ at: 1, call: 1, event: 1, items: [item({ kind: 1 }, ascii("q\0"))] }),
    tape.exit({ at: 2, call: 1, event: 1, ret: 3, items: [queueItem(9, 0)] }),
  ];
  assert.equal(queuesOf(records), [
    { kind: "posix", key: "posix:4026531839:9:abc", name: "/q", depth_before: null, depth_after: 0 },
  ]);
});

test("mq_unlink names its queue by its argument, if that is whole", () => {
  const named = (name: Uint8Array, at: "entry" | "exit") => {
    const tape = new Tape();
    const items = [item({ kind: 1 }, name)];
    return queuesOf([
      tape.entry({ at: 1, call: 1, event: 2, items: at === "entry" ? items : [] }),
      tape.exit({ at: 2, call: 1, event: 2, ret: 0, items: at === "exit" ? items : [] }),
    ])[0];
  };
  const queue = { kind: "posix", key: null, name: "/gone", depth_before: null, depth_after: null };
  assert.equal(named(ascii("gone\0"), "entry"), queue);
  assert.equal(named(ascii("gone\0"), "exit"), queue, "its page was not there at entry");
  assert.is(named(ascii("gon"), "entry"), null);
});

test("depth that was not read is not known", () => {
  const records = [new Tape().entry({ at: 1, call: 1, items: [queueItem(9, 0, { flags: 0 })] })];
  assert.is(queuesOf(records)[0]?.depth_before, null);
});

test("a queue's name is the one that held at the time", () => {
  const tape = new Tape();
  const records = [1, 2].flatMap((call) => [
    tape.entry({ at: 100 * call, call, items: [queueItem(9, 0)] }),
    tape.exit({ at: 100 * call + 1, call, ret: 0 }),
  ]);
  const later = queueEntry({ sinceNs: START + 150n, name: ascii("later") });
  assert.equal(
    queuesOf(records, [queueEntry(), later]).map((queue) => queue?.name),
    ["/q", "/later"],
  );
});

test("System V queues and sockets are called as ipcs and strace call them", () => {
  const hostBtf = parseBtf(new Uint8Array(readFileSync(`${PACKAGE}test/replay/data/host-structs.btf`)));
  const nameOf = queueNamer(structsOf(hostBtf, parseBtf(RECORDER_BTF)));
  const socket = (values: Partial<QueueEntry>) =>
    nameOf(queueEntry({ kind: "socket", name: null, id: 77n, protocol: 0, ...values }));
  const inet = (port: number) =>
    Uint8Array.of(2, 0, port >> 8, port & 255, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
  assert.is(nameOf(queueEntry({ kind: "sysv", name: null, key: 1234 })), "0x000004d2");
  assert.is(nameOf(queueEntry({ kind: "sysv", name: null, key: -2 })), "0xfffffffe");
  assert.is(nameOf(queueEntry({ kind: "sysv", name: null, key: 0 })), "0x00000000");
  assert.is(nameOf(queueEntry({ name: Uint8Array.of(0x61, 0xff, 0x62) })), "/a\ufffdb");
  assert.is(
    socket({ family: 2, socketType: 2, local: inet(1234), peer: inet(5678) }),
    "UDP:[127.0.0.1:1234->127.0.0.1:5678]",
  );
  assert.is(
    socket({ family: 2, socketType: 1, protocol: 6, local: inet(80), peer: null }),
    "TCP:[127.0.0.1:80]",
  );
  const unix = Uint8Array.of(1, 0, ...ascii("/run/x\0"));
  assert.is(socket({ family: 1, socketType: 2, local: unix, peer: null }), "UNIX:[/run/x]");
  assert.is(
    socket({ family: 1, socketType: 2, local: Uint8Array.of(1, 0, 0, ...ascii("x")), peer: null }),
    "UNIX:[@x]",
  );
  assert.is(socket({ family: 1, socketType: 2, local: Uint8Array.of(1, 0), peer: null }), "UNIX:[77]");
  const six = Uint8Array.of(10, 0, 0, 53, 0, 0, 0, 0, ...new Array(15).fill(0), 1, 0, 0, 0, 0);
  assert.is(socket({ family: 10, socketType: 2, local: six, peer: null }), "UDPv6:[[::1]:53]");
  assert.is(socket({ family: null }), null);
});

test.run();
