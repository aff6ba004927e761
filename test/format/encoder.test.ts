/** Every frame written and read again, the bytes of small ones by hand, and the space that finishing needs. */
import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createEncoder } from "../../src/format/encoder.js";
import { LIMITS } from "../../src/format/limits.js";
import type {
  BtfFrame,
  ChunkBody,
  ChunkContext,
  ClockTriple,
  Gap,
  HostInfo,
  Inventory,
  Summary,
} from "../../src/format/types.js";
import {
  BTF,
  BTF_SHA256,
  CAPTURE_ID,
  CLOCK,
  contextOf,
  fileHeader,
  frame,
  HOST,
  join,
  le,
  open,
  recordsOf,
  SYNC,
  summaryOf,
  trailer,
} from "./support.js";

const test = suite("format: encoder");
const encoderOf = (compress = false): ReturnType<typeof createEncoder> =>
  createEncoder({ captureId: CAPTURE_ID, sync: SYNC, compress });

const host: HostInfo = {
  ...HOST,
  hostname: "höst",
  arch: "arm64",
  littleEndian: false,
  bootId: "0d9c1a0e-1111-2222-3333-444455556666",
  config: {
    events: ["mq_open"],
    snapBytes: 0,
    bufferBytes: 0xffffffff,
    filters: { comm: ["a", "b"] },
    command: ["ls", "-l"],
  },
  attachPlan: [
    { plane: "syscall", hook: "sys_enter", mechanism: "tp_btf", attached: true, why: null },
    { plane: "kernel", hook: "load_msg", mechanism: "fentry", attached: false, why: "no BTF" },
  ],
};
const clocks: ClockTriple[] = [
  CLOCK,
  { boottimeNs: (1n << 64n) - 1n, monotonicNs: 0n, realtimeNs: 1n << 53n, uncertaintyNs: 1n, reason: "step" },
];
const context: ChunkContext = {
  firstRecord: (1n << 53n) + 1n,
  records: 2,
  counts: [
    { event: 1, entries: 1, exits: 0 },
    { event: 31, entries: 0, exits: 0xffffffff },
  ],
  firstTimeNs: (1n << 60n) + 1n,
  lastTimeNs: (1n << 60n) + 2n,
  oldestOpenNs: 0n,
  openCalls: 1,
  lost: [{ cpu: 255, records: (1n << 40n) + 1n }],
};
const nothing = {
  ppid: null,
  uid: null,
  gid: null,
  namespacePid: null,
  namespaceTid: null,
  exe: null,
  exeName: null,
  cmdline: null,
  cgroupId: null,
  cgroupPath: null,
  processStartNs: null,
};
const body: ChunkBody = {
  records: recordsOf(0, 2),
  tasks: [
    { tid: 1, startNs: 2n, tgid: 3, sinceNs: 4n, comm: Uint8Array.of(0xff, 0, 0x1b), ...nothing },
    {
      tid: 0xffffffff,
      startNs: 1n << 63n,
      tgid: 3,
      sinceNs: 4n,
      comm: new Uint8Array(),
      ppid: 0,
      uid: 0xffffffff,
      gid: 0,
      namespacePid: 1,
      namespaceTid: 1,
      exe: "/bin/é",
      exeName: Uint8Array.of(1),
      cmdline: Uint8Array.of(0x61, 0),
      cgroupId: 9n,
      cgroupPath: "/",
      processStartNs: 5n,
    },
  ],
  queues: [
    {
      kind: "sysv",
      namespaceInum: 4026531839,
      id: 5n,
      generation: (1n << 64n) - 1n,
      sinceNs: 0n,
      name: null,
      key: -1,
      uid: 0,
      gid: 0,
      cuid: 1,
      cgid: 1,
      mode: 0o600,
      cookie: null,
      family: null,
      socketType: null,
      protocol: null,
      local: null,
      peer: null,
    },
    {
      kind: "socket",
      namespaceInum: 1,
      id: 2n,
      generation: 3n,
      sinceNs: 4n,
      name: null,
      key: null,
      uid: null,
      gid: null,
      cuid: null,
      cgid: null,
      mode: null,
      cookie: 0n,
      family: 1,
      socketType: 2,
      protocol: 0,
      local: Uint8Array.of(1, 0),
      peer: new Uint8Array(),
    },
  ],
};
const gap: Gap = { cpu: null, fromNs: null, toNs: 1n << 62n, lost: (1n << 64n) - 1n, cause: "recursion" };
const inventory: Inventory = {
  atNs: 7n,
  reason: "end",
  queues: [
    {
      kind: "posix",
      namespaceInum: null,
      id: 1n,
      name: "/q",
      fields: { QSIZE: "0", constructor: "x" },
      holders: [{ tgid: 1, fd: 3 }],
    },
  ],
  limits: { "fs.mqueue.msg_max": "10" },
  missing: [{ what: "/proc/sysvipc/msg", why: "EACCES" }],
  inFlight: [{ tid: 1, startNs: 2n, event: 3, enterNs: 4n }],
};
const summary: Summary = {
  startNs: 1n,
  endNs: 1n << 61n,
  records: 2n,
  lost: 1n << 60n,
  lostByEvent: [{ event: 1, entries: 1n << 60n, exits: 0n }],
  gaps: 1,
  chunks: 1,
  counts: [{ event: 1, entries: 2 ** 53 - 1, exits: 2 ** 32 }],
  x32Calls: 3n,
  ended: "disk_full",
};
const sha256 = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex");
const btf: BtfFrame[] = [
  { origin: "recorder", sha256: sha256(BTF), data: BTF },
  { origin: "host", sha256: sha256(new Uint8Array(9000)), data: new Uint8Array(9000) },
];

for (const compress of [false, true]) {
  test(`every frame comes back as it was given, ${compress ? "compressed" : "plain"}`, () => {
    const encoder = encoderOf(compress);
    const capture = open(
      join(
        encoder.fileHeader(),
        encoder.host(host),
        encoder.clocks(clocks),
        ...btf.map((one) => encoder.btf(one)),
        encoder.inventory(inventory),
        encoder.chunk({ ...context, firstRecord: 0n }, body),
        encoder.gap(gap),
        encoder.finish(summary),
      ),
    );
    assert.equal(capture.host, host);
    assert.equal(capture.clocks, clocks);
    assert.equal(
      [capture.recorderBtf, capture.hostBtf],
      btf.map((one) => one.data),
    );
    assert.equal(capture.inventories(), [inventory]);
    assert.equal(
      [...capture.chunks()].map((step) => step.body),
      [body],
    );
    assert.equal(
      capture.index.map((entry) => entry.context),
      [{ ...context, firstRecord: 0n }],
    );
    assert.equal(capture.gaps, [gap]);
    assert.equal(capture.summary, summary);
    assert.equal(capture.problems, []);
    assert.is(capture.captureId, "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf");
    assert.is(capture.createdNs, CLOCK.realtimeNs);
    assert.is(capture.startNs, CLOCK.boottimeNs);
    assert.is(capture.complete, true);
    assert.is(capture.indexFrom, "index");
  });
}

test("a chunk's context keeps every bit, and absent times are not 0", () => {
  const encoder = encoderOf();
  const empty = {
    ...context,
    records: 0,
    counts: [],
    firstTimeNs: null,
    lastTimeNs: null,
    oldestOpenNs: null,
    lost: [],
  };
  const none = { records: new Uint8Array(), tasks: [], queues: [] };
  const bytes = join(encoder.fileHeader(), encoder.chunk(context, body), encoder.chunk(empty, none));
  assert.equal(
    open(bytes).index.map((entry) => entry.context),
    [context, empty],
  );
});

test("header, frames and trailer are the bytes of the spec", () => {
  const encoder = encoderOf();
  assert.equal(encoder.fileHeader(), fileHeader());
  const wide = encoder.gap({ cpu: 1, fromNs: null, toNs: 5n, lost: 300n, cause: "ring_full" });
  const payload = Uint8Array.from([
    0x85,
    ...[0xa3, ...Buffer.from("cpu"), 1],
    ...[0xa7, ...Buffer.from("from_ns"), 0xc0],
    ...[0xa5, ...Buffer.from("to_ns"), 0xcf, 0, 0, 0, 0, 0, 0, 0, 5],
    ...[0xa4, ...Buffer.from("lost"), 0xcf, 0, 0, 0, 0, 0, 0, 1, 44],
    ...[0xa5, ...Buffer.from("cause"), 0xa9, ...Buffer.from("ring_full")],
  ]);
  assert.equal(wide, frame({ type: 6, flags: 1, sequence: 0, payload }));
  const end = encoder.finish(summaryOf(0, 0));
  const size = 64 + wide.length + end.length;
  const index = 64 + wide.length;
  const view = new DataView(end.buffer, end.byteOffset);
  const indexBytes = 40 + Math.ceil(view.getUint32(24, true) / 8) * 8;
  assert.equal(end.subarray(-56), trailer({ index, summary: index + indexBytes, file: size }));
});

test("a chunk frame: context, payload, padding", () => {
  const encoder = encoderOf();
  const got = encoder.chunk(
    { ...contextOf(7, 1), lost: [{ cpu: 2, records: 9n }] },
    { records: recordsOf(0, 1), tasks: [], queues: [] },
  );
  const head = join(
    le(7, 8), // first record
    le(1_000_000_007n, 8), // first time
    le(1_000_000_007n, 8), // last time
    le(0, 8), // oldest open call: absent
    le(1, 4), // records
    le(0, 4), // open calls
    le(1, 2), // flags: has times
    le(1, 2), // counts
    le(1, 2), // losses
    le(0, 2),
    [...le(10, 4), ...le(1, 4), ...le(0, 4)],
    [...le(2, 4), ...le(9, 8)],
  );
  const payload = Uint8Array.from([
    0x83,
    ...[0xa7, ...Buffer.from("records"), 0xc4, 16, ...recordsOf(0, 1)],
    ...[0xa5, ...Buffer.from("tasks"), 0x90],
    ...[0xa6, ...Buffer.from("queues"), 0x90],
  ]);
  assert.equal(got, frame({ type: 5, flags: 1, sequence: 0, context: head, payload }));
});

test("a frame taken back leaves no trace", () => {
  const [plain, mended] = [encoderOf(), encoderOf()];
  plain.fileHeader();
  plain.clocks([CLOCK]);
  mended.fileHeader();
  mended.clocks([CLOCK]);
  mended.chunk(contextOf(0, 1), { records: recordsOf(0, 1), tasks: [], queues: [] });
  mended.retract();
  assert.is(mended.finishBytesAtMost(), plain.finishBytesAtMost());
  assert.equal(mended.gap(gap), plain.gap(gap));
  assert.equal(mended.finish(summary), plain.finish(summary));
  assert.throws(() => mended.retract(), /no frame to take back/);
  assert.throws(() => mended.gap(gap), /finished/);
});

test("finishing needs no more than was said before, with the last clocks and a hundred gaps", () => {
  for (const frames of [0, 1, 500]) {
    const encoder = encoderOf();
    for (let i = 0; i < frames; i++) encoder.chunk(context, body);
    const room = encoder.finishBytesAtMost();
    const big: Gap = { cpu: 0xffffffff, fromNs: 1n, toNs: 1n, lost: 1n, cause: "no_scratch" };
    let used = encoder.clocks([CLOCK]).length;
    for (let i = 0; i < 100; i++) used += encoder.gap(big).length;
    const each = Array.from({ length: 32 }, (_, event) => event);
    const end: Summary = {
      ...summary,
      lostByEvent: each.map((event) => ({ event, entries: 1n, exits: 1n })),
      counts: each.map((event) => ({ event, entries: 2 ** 40, exits: 2 ** 40 })),
    };
    used += encoder.finish(end).length;
    assert.ok(used <= room, `${frames} chunks: ${used} needed, ${room} kept`);
  }
});

test("what no reader would accept is not written", () => {
  const encoder = encoderOf();
  const none = { tasks: [], queues: [] };
  assert.throws(
    () => encoder.chunk(contextOf(0, 1), { records: new Uint8Array(16 * 1024 * 1024), ...none }),
    /raw length|stored length/,
  );
  assert.throws(
    () => encoder.gap({ ...gap, cpu: -1 }),
    /cpu: expected an integer from 0 to 4294967295, found -1/,
  );
  assert.throws(() => encoder.gap({ ...gap, lost: 1n << 64n }), /lost: expected an unsigned 64-bit integer/);
  assert.throws(() => encoder.host({ ...HOST, cpus: 1.5 }), /cpus: expected an integer/);
  assert.throws(() => createEncoder({ captureId: new Uint8Array(15) }), /captureId has 15 bytes/);
});

test("a capture full of frames can still be finished", () => {
  const limits = { ...LIMITS, frames: 5 };
  const encoder = createEncoder({ captureId: CAPTURE_ID, sync: SYNC, limits });
  const parts = [encoder.fileHeader(), encoder.gap(gap), encoder.gap(gap), encoder.gap(gap)];
  assert.throws(() => encoder.gap(gap), /at most 5 frames: finish it and begin a new one/);
  const capture = open(join(...parts, encoder.finish(summaryOf(0, 0))), limits);
  assert.equal([capture.gaps, capture.problems, capture.complete], [[gap, gap, gap], [], true]);
});

test("an index beyond what a reader takes is left out, and the frames are found without it", () => {
  const from = (limits: typeof LIMITS): unknown[] => {
    const encoder = createEncoder({ captureId: CAPTURE_ID, sync: SYNC, limits, compress: false });
    const gaps = Array.from({ length: 20 }, () => encoder.gap(gap));
    const capture = open(join(encoder.fileHeader(), ...gaps, encoder.finish(summaryOf(0, 0))), limits);
    return [capture.gaps.length, capture.indexFrom, capture.problems, capture.complete];
  };
  assert.equal(from({ ...LIMITS, otherBytes: 400 }), [20, "scan", [], true]);
  const values = 3 + 20 * 13;
  assert.equal(from({ ...LIMITS, indexItems: values - 1 }), [20, "scan", [], true]);
  assert.equal(from({ ...LIMITS, indexItems: values }), [20, "index", [], true]);
});

test("counts beyond 32 bits are integers in the file, not floats", () => {
  const end = encoderOf().finish({ ...summaryOf(0, 0), counts: [{ event: 1, entries: 2 ** 40, exits: 0 }] });
  const written = join(Buffer.from("entries"), [0xcf, 0, 0, 1, 0, 0, 0, 0, 0]);
  assert.ok(Buffer.from(end).includes(Buffer.from(written)));
});

test("markers are random and differ", () => {
  const marker = (): string =>
    Buffer.from(createEncoder({ captureId: CAPTURE_ID }).fileHeader().subarray(48, 56)).toString("hex");
  assert.is.not(marker(), marker());
});

test("the BTF in support.ts has its hash", () => {
  assert.is(sha256(BTF), BTF_SHA256);
});

test.run();
