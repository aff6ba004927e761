/**
 * How flag words and commands are written: by the names of the uapi headers, in the notation of strace, which is
 * what a reader of calls knows. Bits without a name are kept, in hex.
 *
 * Numbers that a cast or a 32-bit call made negative are taken as the 32 bits that the kernel saw.
 */
import type { Abi, Notation } from "./types.js";

type Bits = readonly (readonly [bit: number, name: string])[];

const ACCESS_MODES = ["O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"];

/** Four flags have numbers of their own on arm64 (arch/arm64/include/uapi/asm/fcntl.h). */
const X86 = { direct: 0o40000, largefile: 0o100000, directory: 0o200000, nofollow: 0o400000 };
const ARM64 = { direct: 0o200000, largefile: 0o400000, directory: 0o40000, nofollow: 0o100000 };

/** In the order of strace. O_SYNC and O_TMPFILE contain other flags and stand before them. */
function openFlags(own: typeof X86): Bits {
  return [
    [0o100, "O_CREAT"],
    [0o200, "O_EXCL"],
    [0o400, "O_NOCTTY"],
    [0o1000, "O_TRUNC"],
    [0o2000, "O_APPEND"],
    [0o4000, "O_NONBLOCK"],
    [0o4010000, "O_SYNC"],
    [0o10000, "O_DSYNC"],
    [own.direct, "O_DIRECT"],
    [own.largefile, "O_LARGEFILE"],
    [own.nofollow, "O_NOFOLLOW"],
    [0o1000000, "O_NOATIME"],
    [0o2000000, "O_CLOEXEC"],
    [0o10000000, "O_PATH"],
    [0o20000000 | own.directory, "O_TMPFILE"],
    [own.directory, "O_DIRECTORY"],
    [0o20000, "FASYNC"],
  ];
}

const OPEN_X86 = openFlags(X86);
const OPEN_ARM64 = openFlags(ARM64);

const MSGGET_FLAGS: Bits = [
  [0o1000, "IPC_CREAT"],
  [0o2000, "IPC_EXCL"],
  [0o4000, "IPC_NOWAIT"],
];

const MSG_QUEUE_FLAGS: Bits = [
  [0o10000, "MSG_NOERROR"],
  [0o20000, "MSG_EXCEPT"],
  [0o40000, "MSG_COPY"],
  [0o4000, "IPC_NOWAIT"],
];

const SOCKET_FLAGS: Bits = [
  [0x1, "MSG_OOB"],
  [0x2, "MSG_PEEK"],
  [0x4, "MSG_DONTROUTE"],
  [0x8, "MSG_CTRUNC"],
  [0x10, "MSG_PROBE"],
  [0x20, "MSG_TRUNC"],
  [0x40, "MSG_DONTWAIT"],
  [0x80, "MSG_EOR"],
  [0x100, "MSG_WAITALL"],
  [0x200, "MSG_FIN"],
  [0x400, "MSG_SYN"],
  [0x800, "MSG_CONFIRM"],
  [0x1000, "MSG_RST"],
  [0x2000, "MSG_ERRQUEUE"],
  [0x4000, "MSG_NOSIGNAL"],
  [0x8000, "MSG_MORE"],
  [0x10000, "MSG_WAITFORONE"],
  [0x20000, "MSG_SENDPAGE_NOTLAST"],
  [0x40000, "MSG_BATCH"],
  [0x80000, "MSG_NO_SHARED_FRAGS"],
  [0x4000000, "MSG_ZEROCOPY"],
  [0x20000000, "MSG_FASTOPEN"],
  [0x40000000, "MSG_CMSG_CLOEXEC"],
  [0x80000000, "MSG_CMSG_COMPAT"],
];

const IPC_64 = 0x100;

const MSGCTL_COMMANDS: ReadonlyMap<number, string> = new Map([
  [0, "IPC_RMID"],
  [1, "IPC_SET"],
  [2, "IPC_STAT"],
  [3, "IPC_INFO"],
  [11, "MSG_STAT"],
  [12, "MSG_INFO"],
  [13, "MSG_STAT_ANY"],
]);

/**
 * Writes a scalar argument in its notation: `O_RDWR|O_CREAT|O_NONBLOCK`, `IPC_CREAT|0600`, `IPC_STAT`,
 * `MSG_DONTWAIT|MSG_TRUNC`, `0x4d2`. `value` is the argument as a number, signed or not. The convention matters
 * for mq_open alone: arm64 numbers some O_ flags its own way.
 */
export function formatFlags(notation: Notation, value: number, abi: Abi = "x86_64"): string {
  switch (notation) {
    case "decimal":
    case "fd":
      return String(value);
    case "oflag":
      return formatOpenFlags(value >>> 0, abi);
    case "mode":
      return formatMode(value & 0xffff);
    case "key":
      return value === 0 ? "IPC_PRIVATE" : hex(value >>> 0);
    case "msgflg_get":
      return formatGetFlags(value >>> 0);
    case "msgflg":
      return formatBits(MSG_QUEUE_FLAGS, value >>> 0, "MSG_???");
    case "msgctl_cmd":
      return formatMsgctlCommand(value >>> 0);
    case "msg_flags":
      return formatBits(SOCKET_FLAGS, value >>> 0, "MSG_???");
  }
}

/** A file mode as C writes it, with at least three digits: `0600`, `000`, `02755`. */
export function formatMode(mode: number): string {
  return mode === 0 ? "000" : `0${mode.toString(8).padStart(3, "0")}`;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** Splits a word into known names and the bits that are left. */
function splitBits(table: Bits, value: number): { names: string[]; rest: number } {
  const names: string[] = [];
  let rest = value;
  for (const [bits, name] of table) {
    if ((rest & bits) >>> 0 !== bits) continue;
    names.push(name);
    rest = (rest & ~bits) >>> 0;
  }
  return { names, rest };
}

/** Names joined by `|`, then what has no name. `unknown` stands beside a word that has no known bit at all. */
function formatBits(table: Bits, value: number, unknown: string): string {
  if (value === 0) return "0";
  const { names, rest } = splitBits(table, value);
  if (names.length === 0) return `${hex(rest)} /* ${unknown} */`;
  return rest === 0 ? names.join("|") : [...names, hex(rest)].join("|");
}

function formatOpenFlags(value: number, abi: Abi): string {
  const table = abi === "arm64" ? OPEN_ARM64 : OPEN_X86;
  const { names, rest } = splitBits(table, (value & ~3) >>> 0);
  const all = [ACCESS_MODES[value & 3] ?? "", ...names];
  return rest === 0 ? all.join("|") : [...all, hex(rest)].join("|");
}

/** msgget's flags have the mode in their low nine bits; it is written even when it is zero. */
function formatGetFlags(value: number): string {
  const { names, rest } = splitBits(MSGGET_FLAGS, (value & ~0o777) >>> 0);
  return [...names, ...(rest === 0 ? [] : [hex(rest)]), formatMode(value & 0o777)].join("|");
}

function formatMsgctlCommand(value: number): string {
  const command = MSGCTL_COMMANDS.get((value & ~IPC_64) >>> 0);
  if (command === undefined) return `${hex(value)} /* MSG_??? */`;
  return (value & IPC_64) !== 0 ? `IPC_64|${command}` : command;
}
