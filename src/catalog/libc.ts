/**
 * The functions of the C library that the libc plane hooks, by the ids that LIBC records carry. Ids are in captures
 * and never reused. Knows no file and no offset: those are the recording host's.
 */

export interface LibcFunction {
  readonly id: number;
  readonly name: string;
  /** What the library's files may call it; versions apart. */
  readonly symbols: readonly string[];
  /** Of an `int` only the low half of the result register means something. */
  readonly returns: "int" | "ssize_t";
  /** The events that its system call may be; the first is the one that it is counted under. */
  readonly events: readonly string[];
  /** Functions that some C library carries it out by: such a call is a part of this one. */
  readonly through: readonly string[];
}

const SEND = ["mq_timedsend", "mq_timedsend_time32"];
const RECEIVE = ["mq_timedreceive", "mq_timedreceive_time32"];
const SEND_64 = "__mq_timedsend_time64";
const RECEIVE_64 = "__mq_timedreceive_time64";
const RECVMMSG_64 = "__recvmmsg64";

/**
 * `__mq_open_2` is mq_open under _FORTIFY_SOURCE; `__…64` are what 32-bit programs with a 64-bit time_t call. musl
 * sends each message of a sendmmsg by itself.
 */
export const LIBC_FUNCTIONS: readonly LibcFunction[] = [
  row(1, "mq_open", "int", ["mq_open"]),
  row(2, "mq_timedsend", "int", SEND, [SEND_64]),
  row(3, "mq_timedreceive", "ssize_t", RECEIVE, [RECEIVE_64]),
  row(4, "mq_send", "int", SEND, ["mq_timedsend", SEND_64]),
  row(5, "mq_receive", "ssize_t", RECEIVE, ["mq_timedreceive", RECEIVE_64]),
  row(6, "mq_notify", "int", ["mq_notify"]),
  row(7, "msgsnd", "int", ["msgsnd"]),
  row(8, "msgrcv", "ssize_t", ["msgrcv"]),
  row(9, "recvmmsg", "int", ["recvmmsg", "recvmmsg_time32"], [RECVMMSG_64]),
  row(10, "sendmmsg", "int", ["sendmmsg", "sendmsg"], [], ["sendmmsg", "__sendmmsg64"]),
  row(11, "__mq_open_2", "int", ["mq_open"], ["mq_open"]),
  row(12, SEND_64, "int", SEND),
  row(13, RECEIVE_64, "ssize_t", RECEIVE),
  row(14, RECVMMSG_64, "int", ["recvmmsg", "recvmmsg_time32"], [], [RECVMMSG_64, "__recvmmsg_time64"]),
];

function row(
  id: number,
  name: string,
  returns: LibcFunction["returns"],
  events: readonly string[],
  through: readonly string[] = [],
  symbols: readonly string[] = [name],
): LibcFunction {
  return { id, name, symbols, returns, events, through };
}

const byId = new Map(LIBC_FUNCTIONS.map((one) => [one.id, one]));

/** The function with this number in a record; undefined when this version of msgtape does not know it. */
export function libcFunctionById(id: number): LibcFunction | undefined {
  return byId.get(id);
}
