/** struct mt_found_queue, by hand: what is known, what is not, and lengths that no kernel would give. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseFoundQueues } from "../../src/record/inventory-found.js";
import type { StructLayout } from "../../src/record/struct-view.js";

const test = suite("record: found queues");

/** Not the C side's order: offsets must come from the layout. */
const FIELDS = {
  name: 16,
  name_len: 4,
  ...{ pid_pad: 4, tgid: 4, tid: 4, fd: 4, mode: 4, uid: 4, gid: 4, nlink: 4, notify: 4, signo: 4 },
  ...{ notify_tgid: 4, waiting_senders: 4, waiting_receivers: 4, namespace_inum: 4, known: 4 },
  ...{ at_ns: 8, inode: 8, generation: 8, qsize: 8, curmsgs: 8, maxmsg: 8, msgsize: 8 },
};

const LAYOUT: StructLayout = (() => {
  let offsetBytes = 0;
  const fields = Object.entries(FIELDS).map(([name, sizeBytes]) => {
    const place = { offsetBytes, sizeBytes, length: name === "name" ? sizeBytes : null, struct: null };
    offsetBytes += sizeBytes;
    return [name, place] as const;
  });
  return { sizeBytes: offsetBytes, fields: Object.fromEntries(fields) };
})();

const EVERYTHING = 63;
const FULL = {
  at_ns: 1n << 62n,
  inode: 90432n,
  generation: (1n << 64n) - 1n,
  qsize: 8n,
  curmsgs: 2n,
  maxmsg: 10n,
  msgsize: 8192n,
  namespace_inum: 4026531839n,
  known: BigInt(EVERYTHING),
  tgid: 7n,
  tid: 8n,
  fd: 3n,
  mode: 0o100620n,
  uid: 1000n,
  gid: 0xffff_fffen,
  nlink: 1n,
  notify: 2n,
  signo: 12n,
  notify_tgid: 7n,
  waiting_senders: 1n,
  waiting_receivers: 4n,
  name_len: 3n,
};

function bytesOf(values: Readonly<Record<string, bigint>>, name = "q-1"): Uint8Array {
  const bytes = new Uint8Array(LAYOUT.sizeBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(Buffer.from(name), LAYOUT.fields.name?.offsetBytes);
  for (const [field, value] of Object.entries(values)) {
    const place = LAYOUT.fields[field];
    if (place?.sizeBytes === 8) view.setBigUint64(place.offsetBytes, value, true);
    else view.setUint32(place?.offsetBytes ?? 0, Number(value), true);
  }
  return bytes;
}

const WHOLE = {
  atNs: 1n << 62n,
  inode: 90432n,
  generation: (1n << 64n) - 1n,
  namespaceInum: 4026531839,
  holder: { tgid: 7, fd: 3, tid: 8 },
  name: "/q-1",
  fields: {
    QSIZE: "8",
    NOTIFY: "2",
    SIGNO: "12",
    NOTIFY_PID: "7",
    mq_maxmsg: "10",
    mq_msgsize: "8192",
    mq_curmsgs: "2",
    waiting_senders: "1",
    waiting_receivers: "4",
    mode: "0620",
    uid: "1000",
    gid: "4294967294",
    nlink: "1",
  },
};

test("everything that is known", () => {
  assert.equal(parseFoundQueues(bytesOf(FULL), LAYOUT), { queues: [WHOLE], isCut: false });
  const [leader] = parseFoundQueues(bytesOf({ ...FULL, tid: 7n }), LAYOUT).queues;
  assert.equal(leader?.holder, { tgid: 7, fd: 3 });
});

test("what is not known is absent, whatever stands there; a namespace that is gone is none", () => {
  const { mode, uid, gid, nlink } = WHOLE.fields;
  assert.equal(parseFoundQueues(bytesOf({ ...FULL, known: 0n, namespace_inum: 0n }), LAYOUT).queues, [
    { ...WHOLE, generation: null, namespaceInum: null, holder: null, fields: { mode, uid, gid, nlink } },
  ]);
});

test("a name is no longer than its room, and its bytes may be anything", () => {
  const nameOf = (name_len: bigint, name: string) =>
    parseFoundQueues(bytesOf({ ...FULL, name_len }, name), LAYOUT).queues[0]?.name;
  assert.is(nameOf(0xffff_ffffn, "0123456789abcdef"), "/0123456789abcdef");
  assert.is(nameOf(0n, "q"), "/");
  assert.is(nameOf(4n, "q\u00ff\n"), "/q\u00ff\n");
});

test("bytes that end in the middle of a queue give those before it, and say so", () => {
  const two = Buffer.concat([bytesOf(FULL), bytesOf(FULL)]);
  assert.equal(parseFoundQueues(two.subarray(0, two.length - 1), LAYOUT), { queues: [WHOLE], isCut: true });
  assert.equal(parseFoundQueues(two.subarray(1, 9), LAYOUT), { queues: [], isCut: true });
  assert.equal(parseFoundQueues(new Uint8Array(0), LAYOUT), { queues: [], isCut: false });
  const aside = new Uint8Array(two.length + 3);
  aside.set(two, 3);
  assert.equal(parseFoundQueues(aside.subarray(3), LAYOUT).queues, [WHOLE, WHOLE]);
});

test.run();
