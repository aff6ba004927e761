/** System V message queues: ipc/msg.c, and ipc/syscall.c for those that come through ia32's `ipc`. */
import { MSGCTL_PAGE, MSGGET_PAGE, MSGRCV_PAGE, MSGSND_PAGE } from "../pages/sysv-msg.js";
import type { Condition, EventRow, Step, StructNames } from "../types.js";
import { CONTROL_ACCESS, GET_ACCESS, MSG_RECEIVE_ACCESS, MSG_SEND_ACCESS } from "./access.js";
import { pointer, sameStruct, scalar } from "./build.js";
import { MSGCTL_LIFE, MSGGET_LIFE } from "./lifecycle.js";
import {
  cmdIs,
  IPC_64,
  IPC_INFO,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  MSG_INFO,
  MSG_STAT,
  MSG_STAT_ANY,
} from "./msgctl.js";
import { MSGCTL_ERRORS, MSGGET_ERRORS, MSGRCV_ERRORS, MSGSND_ERRORS } from "./sysv-msg-errors.js";

const MSQID64: StructNames = { native: "msqid64_ds", compat: "compat_msqid64_ds" };
/** What `ipc` takes and gives without IPC_64 in cmd. There is no native way to it. */
const MSQID_OLD: StructNames = { native: "msqid64_ds", compat: "compat_msqid_ds" };
const MSGINFO = sameStruct("msginfo");

const MSQID = scalar("msqid", "int", "decimal");

const SEND_STEPS: readonly Step[] = [
  { take: "msqid", from: { arg: 0 } },
  { take: "bytes", arg: 1, length: { arg: 2 }, prefix: "long" },
];

/** One step for 64-bit calls and one for 32-bit ones, whatever the version there. */
function inEachLayout(step: (when: Condition) => Step, commands: readonly number[]): readonly Step[] {
  return [
    { ...step(cmdIs(commands, 0)), only: ["native"] },
    { ...step(cmdIs(commands, IPC_64)), only: ["compat", "compat_ipc"] },
  ];
}

/** The msqid struct of these commands, in each layout and version. */
function msqidStruct(
  commands: readonly number[],
  also: { readonly onSuccess?: true; readonly reads?: readonly string[] },
): readonly Step[] {
  const base = { take: "struct", arg: 2, ...also } as const;
  return [
    { ...base, struct: MSQID64, when: cmdIs(commands, 0), only: ["native"] },
    { ...base, struct: MSQID64, when: cmdIs(commands, IPC_64), only: ["compat"] },
    { ...base, struct: MSQID64, when: cmdIs(commands, 0, IPC_64), only: ["compat_ipc"] },
    { ...base, struct: MSQID_OLD, when: cmdIs(commands, 0), only: ["compat_ipc"] },
  ];
}

/** MSG_STAT and MSG_STAT_ANY take an index and give the id, the INFO commands take no notice of msqid. */
const MSGCTL_INPUTS: readonly Step[] = [
  ...inEachLayout((when) => ({ take: "msqid", from: { arg: 0 }, when }), [IPC_RMID, IPC_SET, IPC_STAT]),
  ...msqidStruct([IPC_SET], { reads: ["msg_perm.uid", "msg_perm.gid", "msg_perm.mode", "msg_qbytes"] }),
];

const MSGCTL_OUTPUTS: readonly Step[] = [
  ...inEachLayout(
    (when) => ({ take: "msqid", from: "ret", when, onSuccess: true }),
    [MSG_STAT, MSG_STAT_ANY],
  ),
  ...msqidStruct([IPC_STAT, MSG_STAT, MSG_STAT_ANY], { onSuccess: true }),
  ...inEachLayout(
    (when) => ({ take: "struct", arg: 2, struct: MSGINFO, when, onSuccess: true }),
    [IPC_INFO, MSG_INFO],
  ),
];

export const SYSV_MSG: readonly EventRow[] = [
  {
    id: 9,
    name: "msgget",
    family: "sysv-msg",
    onRequest: false,
    numbers: { x86_64: 68, ia32: 399, arm64: 186 },
    muxes: [{ mux: "ipc", call: 13, from: [1, 2] }],
    args: [scalar("key", "key_t", "key"), scalar("msgflg", "int", "msgflg_get")],
    returns: "id",
    entry: [{ take: "key", arg: 0 }],
    exit: [{ take: "msqid", from: "ret", onSuccess: true }],
    queue: { kind: "sysv", by: "ret" },
    access: GET_ACCESS,
    lifecycle: MSGGET_LIFE,
    errors: MSGGET_ERRORS,
    related: ["msgsnd", "msgrcv", "msgctl"],
    summary: "Gives the id of the System V queue of a key, or creates it. IPC_PRIVATE always creates one.",
    page: MSGGET_PAGE,
  },
  {
    id: 10,
    name: "msgsnd",
    family: "sysv-msg",
    onRequest: false,
    numbers: { x86_64: 69, ia32: 400, arm64: 189 },
    muxes: [{ mux: "ipc", call: 11, from: [1, 4, 2, 3] }],
    args: [
      MSQID,
      pointer("msgp", "struct msgbuf *", "in", ["TOCTOU"], { kind: "msgbuf", length: { arg: 2 } }),
      scalar("msgsz", "size_t", "decimal", "of mtext alone, without mtype"),
      scalar("msgflg", "int", "msgflg"),
    ],
    returns: "zero",
    entry: SEND_STEPS,
    exit: SEND_STEPS,
    queue: { kind: "sysv", by: { arg: 0 } },
    access: MSG_SEND_ACCESS,
    message: { does: "send", payload: 1 },
    errors: MSGSND_ERRORS,
    related: ["msgrcv", "msgget", "msgctl"],
    summary:
      "Sends a message of a type above 0 to a System V queue, waiting while it has no room. The payload is copied before any wait.",
    page: MSGSND_PAGE,
  },
  {
    id: 11,
    name: "msgrcv",
    family: "sysv-msg",
    onRequest: false,
    numbers: { x86_64: 70, ia32: 401, arm64: 188 },
    // With call >> 16 == 0 ptr leads to { u32 msgp; s32 msgtyp } in user memory instead of being msgp itself.
    muxes: [{ mux: "ipc", call: 12, from: [1, 4, 2, 5, 3] }],
    args: [
      MSQID,
      // With MSG_COPY the kernel loads a message from msgp and then overwrites it with the copy (prepare_copy,
      // copy_msg): no value found there before has any effect. So it is not TOCTOU, and not kept at entry.
      pointer(
        "msgp",
        "struct msgbuf *",
        "out",
        [],
        { kind: "msgbuf", length: "ret" },
        "with MSG_COPY the kernel also reads msgsz bytes from here and throws them away",
      ),
      scalar("msgsz", "size_t", "decimal", "room for mtext alone, without mtype"),
      scalar(
        "msgtyp",
        "long",
        "decimal",
        "0 the first message; above 0 the first of this type (MSG_EXCEPT: of another); below 0 the lowest type up to -msgtyp; MSG_COPY: an index from 0",
      ),
      scalar("msgflg", "int", "msgflg"),
    ],
    returns: "bytes",
    entry: [{ take: "msqid", from: { arg: 0 } }],
    exit: [
      { take: "msqid", from: { arg: 0 } },
      { take: "bytes", arg: 1, length: "ret", prefix: "long", onSuccess: true },
    ],
    queue: { kind: "sysv", by: { arg: 0 } },
    access: MSG_RECEIVE_ACCESS,
    message: { does: "receive", payload: 1, room: 2, select: { type: 3, flags: 4 } },
    errors: MSGRCV_ERRORS,
    related: ["msgsnd", "msgget", "msgctl"],
    summary:
      "Takes a message out of a System V queue, chosen by its type, waiting while there is none. The result is the length of mtext.",
    page: MSGRCV_PAGE,
  },
  {
    id: 12,
    name: "msgctl",
    family: "sysv-msg",
    onRequest: false,
    numbers: { x86_64: 71, ia32: 402, arm64: 187 },
    muxes: [{ mux: "ipc", call: 14, from: [1, 2, 4] }],
    args: [
      { ...MSQID, note: "MSG_STAT and MSG_STAT_ANY: an index; IPC_INFO and MSG_INFO: not used" },
      scalar("cmd", "int", "msgctl_cmd"),
      pointer(
        "buf",
        "struct msqid_ds *",
        "inout",
        ["TOCTOU", "OPT"],
        { kind: "msgctl" },
        "read for IPC_SET (uid, gid, mode, qbytes), written for the STAT and INFO commands, not used for IPC_RMID",
      ),
    ],
    returns: "msgctl",
    entry: MSGCTL_INPUTS,
    exit: [...MSGCTL_INPUTS, ...MSGCTL_OUTPUTS],
    queue: { kind: "sysv", by: { arg: 0 } },
    access: CONTROL_ACCESS,
    lifecycle: MSGCTL_LIFE,
    message: { does: "remove", when: cmdIs([IPC_RMID], IPC_64) },
    errors: MSGCTL_ERRORS,
    related: ["msgget", "msgsnd", "msgrcv"],
    summary:
      "Reads, changes or removes a System V queue, or reads the limits. MSG_STAT gives the queue's id, the INFO commands the highest index in use, the rest 0.",
    page: MSGCTL_PAGE,
  },
];
