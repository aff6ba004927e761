import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatFlags, formatMode } from "../../src/catalog/flags.js";
import {
  cmsgLevelName,
  cmsgTypeName,
  familyName,
  sigevName,
  signalName,
  socketTypeName,
} from "../../src/catalog/names.js";
import { headerNumbers } from "../support/headers.js";
import { live } from "../support/live.js";

const test = suite("catalogue: flags");

test("open flags: the access mode first, composed flags as one", () => {
  assert.is(formatFlags("oflag", 0), "O_RDONLY");
  assert.is(formatFlags("oflag", 0o4102), "O_RDWR|O_CREAT|O_NONBLOCK");
  assert.is(formatFlags("oflag", 3), "O_ACCMODE");
  assert.is(formatFlags("oflag", 0o4010001), "O_WRONLY|O_SYNC");
  assert.is(formatFlags("oflag", 0o10001), "O_WRONLY|O_DSYNC");
  assert.is(formatFlags("oflag", 0o20200000), "O_RDONLY|O_TMPFILE");
  assert.is(formatFlags("oflag", 0x40000002), "O_RDWR|0x40000000");
  assert.is(formatFlags("oflag", 0x80000000 | 2), "O_RDWR|0x80000000");
});

test("open flags: arm64 has four numbers of its own", () => {
  assert.is(formatFlags("oflag", 0o40000), "O_RDONLY|O_DIRECT");
  assert.is(formatFlags("oflag", 0o40000, "arm64"), "O_RDONLY|O_DIRECTORY");
  assert.is(formatFlags("oflag", 0o20040000, "arm64"), "O_RDONLY|O_TMPFILE");
  assert.is(formatFlags("oflag", 0o700000, "ia32"), "O_RDONLY|O_LARGEFILE|O_NOFOLLOW|O_DIRECTORY");
  assert.is(formatFlags("oflag", 0o700000, "arm64"), "O_RDONLY|O_DIRECT|O_LARGEFILE|O_NOFOLLOW");
});

test("modes are octal with at least three digits", () => {
  assert.equal([0, 0o7, 0o600, 0o1777, 0o10755].map(formatMode), ["000", "0007", "0600", "01777", "010755"]);
  assert.is(formatFlags("mode", 0x10000 | 0o600), "0600", "umode_t has 16 bits");
});

test("keys are hex as ipcs prints them", () => {
  assert.is(formatFlags("key", 0), "IPC_PRIVATE");
  assert.is(formatFlags("key", 0x4d2), "0x4d2");
  assert.is(formatFlags("key", -1), "0xffffffff");
});

test("msgget's flags always show the mode", () => {
  assert.is(formatFlags("msgflg_get", 0o1600), "IPC_CREAT|0600");
  assert.is(formatFlags("msgflg_get", 0o3000), "IPC_CREAT|IPC_EXCL|000");
  assert.is(formatFlags("msgflg_get", 0), "000");
  assert.is(formatFlags("msgflg_get", 0x80000000 | 0o4600), "IPC_NOWAIT|0x80000000|0600");
});

test("msgsnd's and msgrcv's flags", () => {
  assert.is(formatFlags("msgflg", 0), "0");
  assert.is(formatFlags("msgflg", 0o74000), "MSG_NOERROR|MSG_EXCEPT|MSG_COPY|IPC_NOWAIT");
  assert.is(formatFlags("msgflg", 0o4400), "IPC_NOWAIT|0x100");
  assert.is(formatFlags("msgflg", 0x100), "0x100 /* MSG_??? */");
});

test("msgctl's commands, with the version of ia32", () => {
  const commands = [0, 1, 2, 3, 11, 12, 13, 0x102, 77, -1].map((cmd) => formatFlags("msgctl_cmd", cmd));
  assert.equal(commands, [
    "IPC_RMID",
    "IPC_SET",
    "IPC_STAT",
    "IPC_INFO",
    "MSG_STAT",
    "MSG_INFO",
    "MSG_STAT_ANY",
    "IPC_64|IPC_STAT",
    "0x4d /* MSG_??? */",
    "0xffffffff /* MSG_??? */",
  ]);
});

test("flags of sockets, the highest bit too", () => {
  assert.is(formatFlags("msg_flags", 0), "0");
  assert.is(formatFlags("msg_flags", 0x60), "MSG_TRUNC|MSG_DONTWAIT");
  assert.is(formatFlags("msg_flags", 0x80000000 | 0), "MSG_CMSG_COMPAT");
  assert.is(formatFlags("msg_flags", 0x10000040), "MSG_DONTWAIT|0x10000000");
  assert.is(formatFlags("msg_flags", 0x10000000), "0x10000000 /* MSG_??? */");
});

test("plain numbers stay plain", () => {
  assert.is(formatFlags("decimal", -5), "-5");
  assert.is(formatFlags("fd", 3), "3");
});

test("names of numbers, null where there is none", () => {
  assert.equal([1, 10, 31, 32, 34, 64].map(signalName), [
    "SIGHUP",
    "SIGUSR1",
    "SIGSYS",
    "SIGRTMIN",
    "SIGRT_2",
    "SIGRT_32",
  ]);
  assert.equal([0, -1, 65].map(signalName), [null, null, null]);
  assert.equal([0, 1, 2, 3, 4].map(sigevName), [
    "SIGEV_SIGNAL",
    "SIGEV_NONE",
    "SIGEV_THREAD",
    null,
    "SIGEV_THREAD_ID",
  ]);
  assert.equal([0, 1, 2, 10, 16, 45, 46, -1].map(familyName), [
    "AF_UNSPEC",
    "AF_UNIX",
    "AF_INET",
    "AF_INET6",
    "AF_NETLINK",
    "AF_MCTP",
    null,
    null,
  ]);
  assert.equal([1, 2, 5, 9].map(socketTypeName), ["SOCK_STREAM", "SOCK_DGRAM", "SOCK_SEQPACKET", null]);
  assert.is(cmsgLevelName(1), "SOL_SOCKET");
  assert.is(cmsgLevelName(999), null);
  assert.is(cmsgTypeName(1, 1), "SCM_RIGHTS");
  assert.is(cmsgTypeName(0, 8), "IP_PKTINFO");
  assert.is(cmsgTypeName(999, 1), null);
});

const HEADERS = [
  "sys/socket.h",
  "netinet/in.h",
  "netinet/udp.h",
  "linux/in6.h",
  "linux/sockios.h",
  "signal.h",
  "fcntl.h",
  "sys/msg.h",
];

/** What these headers call by other names or lack on some systems; the rest must agree. */
function agree(pairs: readonly (readonly [name: string, number: number])[]): void {
  const header = headerNumbers(
    HEADERS,
    pairs.map(([name]) => name),
  );
  const known = pairs.filter(([name]) => header[name] !== null);
  assert.ok(known.length > pairs.length * 0.7, `headers know ${known.length} of ${pairs.length}`);
  assert.equal(Object.fromEntries(known.map(([name]) => [name, header[name]])), Object.fromEntries(known));
}

function named(count: number, name: (number: number) => string | null): (readonly [string, number])[] {
  return Array.from({ length: count }, (_, number) => [name(number), number] as const).flatMap(
    ([text, number]) => (text === null ? [] : [[text, number] as const]),
  );
}

live(test, "names are those of the system's headers", ["gcc"], () => {
  agree(named(64, familyName));
  agree(named(32, signalName));
  agree(named(400, cmsgLevelName));
  for (const level of [0, 1, 17, 41]) agree(named(128, (type) => cmsgTypeName(level, type)));
  const singleBits = Array.from({ length: 32 }, (_, bit) => 2 ** bit);
  for (const notation of ["msg_flags", "msgflg"] as const) {
    agree(
      singleBits
        .map((bit) => [formatFlags(notation, bit), bit] as const)
        .filter(([name]) => !name.startsWith("0x")),
    );
  }
});

test.run();
