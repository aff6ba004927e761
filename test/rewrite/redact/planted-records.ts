/** Records with secrets wherever bytes are: payloads, structs, their padding, registers that nobody reads, names. */

import { readFileSync } from "node:fs";
import { encodeStruct, parseBtf, type StructValues, structLayout } from "../../../src/btf/index.js";
import { openCapture } from "../../../src/format/capture.js";
import { memorySource } from "../../../src/format/source.js";
import { bytesOf, concat, item, Tape } from "../../replay/tape.js";
import { FIXTURES } from "../../support/paths.js";
import type { Secrets } from "./planted.js";

const hostBtf = parseBtf(
  openCapture(memorySource(new Uint8Array(readFileSync(`${FIXTURES}ia32.mtape`)))).hostBtf ??
    new Uint8Array(0),
);

function struct(name: string, values: StructValues): Uint8Array {
  const layout = structLayout(hostBtf, name);
  if (layout === null) throw new Error(`no struct ${name}`);
  return encodeStruct(layout, values);
}

/** enum mt_item_kind. */
const ARGUMENT = 1;
const MMSGHDR = 2;
const NAME = 3;
const IOV = 4;
const DATA = 5;
const CONTROL = 6;
const COOKIE = 7;
const OPERANDS = 8;
const QUEUE = 9;
const ARGS = 10;
const NOT_KEPT = 11;

/** Event ids, as in the registry. */
const MQ_OPEN = 1;
const MQ_TIMEDSEND = 3;
const MQ_NOTIFY = 5;
const MQ_GETSETATTR = 6;
const MSGSND = 10;
const MSGCTL = 12;
const SENDMSG = 13;
const RECVMMSG = 16;

export function plantedRecords(secrets: Secrets): Uint8Array[] {
  const tape = new Tape();
  let call = 0;
  let at = 1000;
  const records: Uint8Array[] = [];
  /** The same evidence at entry and at exit; registers behind the arguments hold secrets. */
  const both = (
    event: number,
    args: readonly bigint[],
    make: () => readonly Uint8Array[],
    more: { readonly ret?: bigint; readonly abi?: number; readonly mux?: number } = {},
  ) => {
    call++;
    at += 100;
    const six = [...args, ...Array.from({ length: 6 - args.length }, () => secrets.number(8))];
    const head = { call, event, abi: more.abi ?? 1, mux: more.mux ?? 0, tid: 0x5ec2_0001, tgid: 0x5ec2_0002 };
    records.push(tape.entry({ ...head, at, args: six, items: make() }));
    records.push(tape.exit({ ...head, at: at + 50, ret: more.ret ?? 0n, items: make() }));
  };
  secrets.all.push(Uint8Array.of(1, 0, 0xc2, 0x5e), Uint8Array.of(2, 0, 0xc2, 0x5e));
  const address = 0x7f5e_c2e7_1000n;
  secrets.all.push(Uint8Array.of(0x00, 0x10, 0xe7, 0xc2, 0x5e, 0x7f));
  const queue = (kind: number) =>
    item(
      { kind: QUEUE },
      bytesOf("mt_queue", {
        kind,
        flags: 1,
        pad: secrets.exact(2),
        namespace_inum: secrets.number(4),
        id: kind === 2 ? 98_305n : secrets.number(8),
        generation: secrets.number(8),
        notify_pid: secrets.number(4),
        last_send_pid: secrets.number(4),
        last_receive_pid: secrets.number(4),
        pad2: secrets.number(4),
      }),
    );

  both(MQ_OPEN, [address, 0o100n, secrets.number(8), address + 64n], () => [
    dirty(
      item(
        { kind: ARGUMENT, arg: 0, addr: address },
        concat([secrets.bytes("opened queue"), Uint8Array.of(0)]),
      ),
      secrets,
    ),
    item(
      { kind: ARGUMENT, arg: 3, addr: address + 64n },
      struct("mq_attr", {
        mq_flags: secrets.number(8),
        mq_maxmsg: 10,
        mq_msgsize: secrets.number(8),
        mq_curmsgs: secrets.number(8),
        __reserved: secrets.exact(32),
      }),
    ),
    queue(1),
  ]);
  both(MQ_TIMEDSEND, [3n, address, 30n, 1n, address + 128n], () => [
    item({ kind: ARGUMENT, arg: 1, addr: address }, secrets.bytes("payload of a message")),
    item(
      { kind: ARGUMENT, arg: 4, addr: address + 128n },
      struct("__kernel_timespec", { tv_sec: secrets.number(8), tv_nsec: secrets.number(8) }),
    ),
  ]);
  both(MQ_NOTIFY, [3n, address], () => [
    item(
      { kind: ARGUMENT, arg: 1, addr: address },
      struct("sigevent", {
        sigev_value: secrets.exact(8),
        sigev_signo: 10,
        sigev_notify: 0,
        _sigev_un: secrets.exact(48),
      }),
    ),
    item({ kind: COOKIE, arg: 1, addr: address }, secrets.exact(32)),
  ]);
  both(MQ_GETSETATTR, [3n, address, 0n], () => [
    item(
      { kind: ARGUMENT, arg: 1, addr: address },
      struct("mq_attr", { mq_flags: 0, mq_maxmsg: secrets.number(8), mq_msgsize: secrets.number(8) }),
    ),
  ]);
  both(MSGSND, [98_305n, address, 20n, 0n], () => [
    item(
      { kind: ARGUMENT, arg: 1, addr: address },
      concat([Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0), secrets.bytes("text")]),
    ),
    queue(2),
  ]);
  // IPC_SET: ids, and fields that the kernel does not read.
  both(MSGCTL, [98_305n, 1n, address], () => [
    item(
      { kind: ARGUMENT, arg: 2, addr: address },
      struct("msqid64_ds", {
        msg_perm: {
          key: BigInt.asIntN(32, secrets.number(4)),
          uid: secrets.number(4),
          gid: secrets.number(4),
          cuid: secrets.number(4),
          mode: 0o600,
          __unused1: secrets.number(8),
          __unused2: secrets.number(8),
        },
        msg_stime: secrets.number(8),
        msg_lspid: secrets.number(4),
        __unused4: secrets.number(8),
      }),
    ),
  ]);
  // A command that no step knows: the struct cannot be told.
  both(MSGCTL, [98_305n, 77n, address], () => [
    item({ kind: ARGUMENT, arg: 2, addr: address }, secrets.bytes("a struct that nobody knows")),
  ]);
  both(SENDMSG, [3n, address, 0n], () => message(secrets, address), { ret: 5n });
  both(RECVMMSG, [3n, address, 1n, 0n, 0n], () => vector(secrets, address), { ret: 0n });
  // 32-bit code through socketcall: the operands lie in memory too.
  both(
    SENDMSG,
    [3n, address & 0xffffffffn, 0n],
    () => [item({ kind: OPERANDS, addr: address }, secrets.exact(12))],
    {
      abi: 2,
      mux: 2,
    },
  );
  const odd = { at: at + 200, call: 90, tid: 7, tgid: 7 };
  records.push(
    // Kinds of evidence, events and ABIs that nobody knows.
    tape.entry({ ...odd, event: MQ_OPEN, items: [item({ kind: 99 }, secrets.bytes("unknown evidence"))] }),
    tape.entry({
      ...odd,
      call: 91,
      event: 200,
      args: [secrets.number(8)],
      items: [item({ kind: ARGUMENT }, secrets.bytes("of an unknown event"))],
    }),
    tape.exit({ ...odd, call: 91, event: 200, ret: secrets.number(7) }),
    tape.entry({
      ...odd,
      call: 92,
      event: MQ_OPEN,
      abi: 9,
      args: [secrets.number(8)],
      items: [item({ kind: ARGUMENT }, secrets.bytes("of an unknown ABI"))],
    }),
    // Its entry was lost.
    tape.exit({
      ...odd,
      call: 93,
      event: MQ_TIMEDSEND,
      flags: 5,
      ret: 0n,
      items: [
        item({ kind: ARGS }, bytesOf("mt_entry", { args: [3n, address, 8n, 0n, 0n, secrets.number(8)] })),
        item({ kind: ARGUMENT, arg: 1, addr: address }, secrets.bytes("of a lone exit")),
      ],
    }),
  );
  return records;
}

/** Secrets in the padding of an item, and in what fills it up to a multiple of 8. */
function dirty(bytes: Uint8Array, secrets: Secrets): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const captured = view.getUint32(12, true);
  bytes.set(secrets.exact(2), 6);
  const room = bytes.length - 24 - captured;
  if (room > 0) bytes.set(secrets.exact(room), 24 + captured);
  return bytes;
}

function message(secrets: Secrets, address: bigint): Uint8Array[] {
  const header = struct("user_msghdr", {
    msg_name: address,
    msg_namelen: 20,
    msg_iov: address + 64n,
    msg_iovlen: 2,
    msg_control: address + 128n,
    msg_controllen: 64,
    msg_flags: secrets.number(4),
  });
  header.set(secrets.exact(4), 12);
  header.set(secrets.exact(4), 52);
  const iov = concat([
    struct("iovec", { iov_base: address + 256n, iov_len: 12 }),
    struct("iovec", { iov_base: address + 512n, iov_len: secrets.number(8) }),
  ]);
  const [first = new Uint8Array(0)] = [secrets.exact(12)];
  return [
    item({ kind: ARGUMENT, arg: 1, addr: address }, header),
    item({ kind: IOV, arg: 1, addr: address + 64n }, iov),
    item({ kind: DATA, arg: 1, iovec: 0, addr: address + 256n }, first),
    item({ kind: DATA, arg: 1, iovec: 1, wanted: 400, addr: address + 512n }, secrets.bytes("second buffer")),
    item({ kind: DATA, arg: 1, iovec: 2, addr: address + 768n }, secrets.bytes("third buffer")),
    item({ kind: NAME, arg: 1, addr: address }, inetAddress(secrets)),
    item({ kind: CONTROL, arg: 1, addr: address + 128n }, control(secrets)),
    item({ kind: NOT_KEPT, arg: 1, wanted: 3 }, secrets.bytes("not kept")),
  ];
}

function inetAddress(secrets: Secrets): Uint8Array {
  const address = concat([Uint8Array.of(2, 0), secrets.exact(6), secrets.exact(8)]);
  return address;
}

function control(secrets: Secrets): Uint8Array {
  const header = (level: number, type: number, dataBytes: number) =>
    struct("cmsghdr", { cmsg_len: 16 + dataBytes, cmsg_level: level, cmsg_type: type });
  return concat([
    header(1, 1, 4),
    Uint8Array.of(5, 0, 0, 0),
    secrets.exact(4), // padding
    header(1, 2, 12),
    secrets.exact(12), // credentials
    new Uint8Array(4),
    header(77, 3, 16),
    secrets.exact(16),
    struct("cmsghdr", { cmsg_len: secrets.number(8), cmsg_level: 1, cmsg_type: 1 }),
    secrets.exact(24),
  ]);
}

function vector(secrets: Secrets, address: bigint): Uint8Array[] {
  const entry = struct("mmsghdr", {
    msg_hdr: { msg_name: address, msg_namelen: 20, msg_flags: secrets.number(4) },
    msg_len: secrets.number(4),
  });
  const path = concat([
    Uint8Array.of(1, 0),
    Buffer.from("/"),
    secrets.bytes("path"),
    Uint8Array.of(0),
    secrets.bytes("behind"),
  ]);
  return [
    item({ kind: MMSGHDR, arg: 1, addr: address }, entry),
    item({ kind: NAME, arg: 1, addr: address }, path),
    item({ kind: NAME, arg: 1, message: 1 }, concat([Uint8Array.of(1, 0, 0), secrets.bytes("abstract")])),
    item(
      { kind: NAME, arg: 1, message: 2 },
      concat([Uint8Array.of(10, 0), secrets.exact(2), secrets.exact(4), secrets.exact(16)]),
    ),
    item(
      { kind: NAME, arg: 1, message: 3 },
      concat([Uint8Array.of(16, 0), secrets.exact(2), secrets.exact(4), new Uint8Array(4)]),
    ),
    item({ kind: NAME, arg: 1, message: 4 }, concat([Uint8Array.of(17, 0), secrets.bytes("packet")])),
  ];
}

export function plantedPlanes(secrets: Secrets): Uint8Array[] {
  const tape = new Tape();
  const head = { at: 1500, call: 1, event: MQ_TIMEDSEND };
  return [
    tape.kernel(
      {
        ...head,
        items: [
          item({ kind: 12, addr: 0x7f5e_c2e7_1000n }, secrets.bytes("the kernel's copy")),
          item({ kind: 13 }, secrets.bytes("odd evidence")),
        ],
      },
      {
        hook: 1,
        pid: BigInt.asIntN(32, secrets.number(4)),
        message: 1,
        queue: secrets.number(8),
        m_ts: 17,
        pad: secrets.exact(3),
      },
    ),
    tape.libc(head, { function: 1, phase: 1, ret: secrets.number(7), sequence: 1, pad: secrets.exact(3) }),
    tape.libc(head, { function: 99, phase: 2, ret: secrets.number(7), sequence: 1 }),
  ];
}
