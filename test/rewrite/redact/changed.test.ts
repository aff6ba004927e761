/** Inputs of every kind that change under their calls: toctou finds them as before, at the same byte. */
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { encodeStruct, parseBtf, type StructValues, structLayout } from "../../../src/btf/index.js";
import { openCapture } from "../../../src/format/capture.js";
import { memorySource } from "../../../src/format/source.js";
import { captureFile, program } from "../../cli/support.js";
import { concat, item, queueItem, Tape } from "../../replay/tape.js";
import { temporary } from "../../support/msgtape.js";
import { FIXTURES } from "../../support/paths.js";
import { compareLines, FigureComparer } from "./same-figures.js";

const test = suite("changed inputs, redacted");

const HOST_BTF =
  openCapture(memorySource(new Uint8Array(readFileSync(`${FIXTURES}ia32.mtape`)))).hostBtf ??
  new Uint8Array(0);
const btf = parseBtf(HOST_BTF);

function struct(name: string, values: StructValues): Uint8Array {
  const layout = structLayout(btf, name);
  if (layout === null) throw new Error(`no struct ${name}`);
  return encodeStruct(layout, values);
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const ADDRESS = 0x7f00_1234_5000n;

interface Change {
  readonly event: number;
  readonly args: readonly bigint[];
  readonly kind?: number;
  readonly arg: number;
  readonly entry: Uint8Array;
  readonly exit: Uint8Array;
  /** Evidence that is there beside it. */
  readonly around?: readonly Uint8Array[];
}

const SENDMSG_HEADER = struct("user_msghdr", {
  msg_name: ADDRESS,
  msg_namelen: 28,
  msg_iov: ADDRESS + 256n,
  msg_iovlen: 1,
});
const IOV = struct("iovec", { iov_base: ADDRESS + 512n, iov_len: 4 });
const AROUND = [
  item({ kind: 1, arg: 1, addr: ADDRESS + 1024n }, SENDMSG_HEADER),
  item({ kind: 4, arg: 1, addr: ADDRESS + 256n }, IOV),
];

function name(entry: Uint8Array, exit: Uint8Array): Change {
  return { event: 13, args: [4n, ADDRESS + 1024n, 0n], kind: 3, arg: 1, entry, exit, around: AROUND };
}

const inet = (port: number, ...host: readonly number[]) =>
  concat([Uint8Array.of(2, 0, port >> 8, port & 255), Uint8Array.from(host), new Uint8Array(8)]);
const inet6 = (port: number, last: number, flow = 0) =>
  concat([
    Uint8Array.of(10, 0, port >> 8, port & 255, 0, 0, 0, flow),
    Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last),
    new Uint8Array(4),
  ]);
const unix = (path: string) => bytes(`\x01\0${path}`);

const CHANGES: Readonly<Record<string, Change>> = {
  "a payload in its middle": {
    event: 3,
    args: [3n, ADDRESS, 20n, 0n, 0n],
    arg: 1,
    entry: bytes("twenty bytes of text"),
    exit: bytes("twenty bytes OF test"),
  },
  "a payload of one byte": {
    event: 3,
    args: [3n, ADDRESS, 1n, 0n, 0n],
    arg: 1,
    entry: bytes("a"),
    exit: bytes("b"),
  },
  "a payload of which only a part was there at entry": {
    event: 3,
    args: [3n, ADDRESS, 20n, 0n, 0n],
    arg: 1,
    entry: bytes("twenty by"),
    exit: bytes("twelve bytes of text"),
  },
  "the type of a System V message": {
    event: 10,
    args: [32_770n, ADDRESS, 4n, 0n],
    arg: 1,
    entry: bytes("\x01\0\0\0\0\0\0\0text"),
    exit: bytes("\x01\0\x02\0\0\0\0\0text"),
  },
  "a queue's name": {
    event: 1,
    args: [ADDRESS, 2n, 0n, 0n],
    arg: 0,
    entry: bytes("jobs-a\0"),
    exit: bytes("jobs-b\0"),
  },
  "a deadline": {
    event: 3,
    args: [3n, ADDRESS + 64n, 0n, 0n, ADDRESS],
    arg: 4,
    entry: struct("__kernel_timespec", { tv_sec: 1_795_255_300, tv_nsec: 5 }),
    exit: struct("__kernel_timespec", { tv_sec: 1_795_255_300 + 512, tv_nsec: 5 }),
  },
  "the value of a notification": {
    event: 5,
    args: [3n, ADDRESS],
    arg: 1,
    entry: struct("sigevent", { sigev_value: bytes("abcdefgh"), sigev_signo: 10 }),
    exit: struct("sigevent", { sigev_value: bytes("abcdeXgh"), sigev_signo: 10 }),
  },
  "a cookie": {
    event: 5,
    args: [3n, ADDRESS],
    kind: 7,
    arg: 1,
    entry: bytes("0123456789abcdef0123456789abcdef"),
    exit: bytes("0123456789abcdef0123456789abcdeF"),
    around: [item({ kind: 1, arg: 1, addr: ADDRESS }, struct("sigevent", { sigev_notify: 2 }))],
  },
  "a port": name(inet(8080, 192, 0, 2, 7), inet(8081, 192, 0, 2, 7)),
  "a port's first byte": name(inet(80, 192, 0, 2, 7), inet(8080, 192, 0, 2, 7)),
  "a host": name(inet(80, 192, 0, 2, 7), inet(80, 192, 0, 3, 7)),
  "a network": name(inet(80, 192, 0, 2, 7), inet(80, 10, 0, 2, 7)),
  "loopback, and another": name(inet(80, 127, 0, 0, 1), inet(80, 10, 0, 2, 7)),
  "an IPv6 host": name(inet6(80, 1), inet6(80, 2)),
  "an IPv6 flow": name(inet6(80, 1, 1), inet6(80, 1, 2)),
  "a socket's path": name(unix("/run/first\0"), unix("/run/f1rst\0")),
  "an abstract name": name(unix("\0first"), unix("\0fir5t")),
  "an address's family": name(unix("\0first"), inet(80, 192, 0, 2, 7)),
  "a pointer": {
    event: 13,
    args: [4n, ADDRESS + 1024n, 0n],
    kind: 4,
    arg: 1,
    entry: IOV,
    exit: struct("iovec", { iov_base: ADDRESS + 513n, iov_len: 4 }),
    around: [AROUND[0] as Uint8Array],
  },
};

function captureOf(changes: readonly Change[]): string {
  const tape = new Tape();
  const records = changes.flatMap((change, at) => {
    const { event, args, kind = 1, arg, entry, exit, around = [] } = change;
    const head = { call: at + 1, event, tid: 100, tgid: 100 };
    const piece = (copy: Uint8Array, wanted: number) =>
      item({ kind, arg, addr: ADDRESS, wanted, status: copy.length < wanted ? 2 : 0 }, copy);
    const wanted = Math.max(entry.length, exit.length);
    const queue = event === 13 ? [] : [queueItem(9, 1)];
    return [
      tape.entry({ ...head, at: 1000 * at + 100, args, items: [...queue, ...around, piece(entry, wanted)] }),
      tape.exit({ ...head, at: 1000 * at + 900, ret: 0, items: [...queue, ...around, piece(exit, wanted)] }),
    ];
  });
  return captureFile({ records, hostBtf: HOST_BTF });
}

async function sameFindings(file: string, count: number): Promise<void> {
  const out = temporary("redacted.mtape");
  const made = await program(["redact", file, "-o", out]);
  assert.is(made.status, 0, made.stderr);
  const [before, after] = [
    await program(["toctou", "--json", file]),
    await program(["toctou", "--json", out]),
  ];
  assert.is((JSON.parse(before.stdout) as { findings: unknown[] }).findings.length, count, before.stdout);
  const comparer = new FigureComparer();
  compareLines(before.stdout, after.stdout, "toctou", comparer);
  assert.equal(comparer.differences, []);
}

for (const [what, change] of Object.entries(CHANGES)) {
  test(`${what} is found to change as before`, () => sameFindings(captureOf([change]), 1));
}

test("ports that became one that had changed before differ where they did", () => {
  const others = Array.from({ length: 600 }, (_, i) => 256 * (1 + (i % 200)) + 1 + Math.floor(i / 200));
  const changes = [
    name(inet(8080, 192, 0, 2, 7), inet(8081, 192, 0, 2, 7)),
    ...others.map((port) => name(inet(port, 192, 0, 2, 7), inet(8080, 192, 0, 2, 7))),
  ];
  return sameFindings(captureOf(changes), changes.length);
});

test("all of them in one capture", () =>
  sameFindings(captureOf(Object.values(CHANGES)), Object.keys(CHANGES).length));

test("a receive that cut its message is still matched with it, by its beginning", async () => {
  const tape = new Tape();
  const NOERROR = 0o10000n;
  const text = (content: string) =>
    item({ kind: 1, arg: 1, addr: ADDRESS }, bytes(`\x01\0\0\0\0\0\0\0${content}`));
  const queue = (depth: number) => queueItem(98_305, depth, { kind: 2 });
  const send = (call: number, at: number, content: string) => [
    tape.entry({
      call,
      at,
      event: 10,
      args: [98_305n, ADDRESS, 10n, 0n],
      items: [queue(call - 1), text(content)],
    }),
    tape.exit({ call, at: at + 50, event: 10, ret: 0, items: [queue(call), text(content)] }),
  ];
  const receive = (call: number, at: number, depth: number, content: string) => {
    const head = { call, event: 11, tid: 101, tgid: 101, cpu: 1 };
    const args = [98_305n, ADDRESS, 4n, 0n, NOERROR];
    return [
      tape.entry({ ...head, at, args, items: [queue(depth)] }),
      tape.exit({ ...head, at: at + 50, ret: 4, items: [queue(depth - 1), text(content)] }),
    ];
  };
  const records = [
    ...send(1, 100, "first text"),
    ...send(2, 200, "second one"),
    ...receive(1, 300, 2, "firs"),
    ...receive(2, 400, 1, "seco"),
  ];
  const file = captureFile({ records, hostBtf: HOST_BTF });
  const out = temporary("redacted.mtape");
  assert.is((await program(["redact", file, "-o", out])).status, 0);
  const [before, after] = [await program(["flows", "--json", file]), await program(["flows", "--json", out])];
  const comparer = new FigureComparer();
  compareLines(before.stdout, after.stdout, "flows", comparer);
  assert.equal(comparer.differences, []);
  const delivered = before.stdout.match(/"outcome":"delivered"/g) ?? [];
  assert.is(delivered.length, 2, before.stdout);
});

test("a receive into the middle of a payload that is being sent is still seen to have been it", async () => {
  const tape = new Tape();
  const sender = { call: 1, event: 3, tid: 101, tgid: 100, cpu: 0 };
  const receiver = { call: 1, event: 4, tid: 102, tgid: 100, cpu: 1 };
  const payload = (text: string, addr: bigint) => item({ kind: 1, arg: 1, addr }, bytes(text));
  // The receive began first, so that its time alone does not say that it wrote during the send.
  const records = [
    tape.entry({ ...receiver, at: 1000, args: [4n, ADDRESS + 4n, 64n, 0n, 0n], items: [queueItem(10, 0)] }),
    tape.entry({
      ...sender,
      at: 2000,
      args: [3n, ADDRESS, 16n, 0n, 0n],
      items: [queueItem(9, 10), payload("................", ADDRESS)],
    }),
    tape.exit({
      ...receiver,
      at: 3000,
      ret: 8,
      items: [queueItem(10, 0), payload("received", ADDRESS + 4n)],
    }),
    tape.exit({
      ...sender,
      at: 4000,
      ret: 0,
      items: [queueItem(9, 10), payload("....received....", ADDRESS)],
    }),
  ];
  await sameFindings(captureFile({ records, hostBtf: HOST_BTF }), 2);
});

test.run();
