/** What calls do to queues as a whole: catalogue data for those that follow queues from creation to removal. */
import type { Lifecycle } from "../types.js";
import { cmdIs, IPC_64, IPC_RMID, IPC_SET, IPC_STAT, MSG_STAT, MSG_STAT_ANY } from "./msgctl.js";

/** asm-generic/fcntl.h and linux/ipc.h, the same in every ABI of the catalogue. */
const O_CREAT = 0o100;
const O_EXCL = 0o200;
const IPC_CREAT = 0o1000;
const IPC_EXCL = 0o2000;

export const MQ_OPEN_LIFE: readonly Lifecycle[] = [
  { does: "open", flags: 1, creates: O_CREAT, exclusive: O_EXCL, mode: 2 },
];

export const MQ_UNLINK_LIFE: readonly Lifecycle[] = [{ does: "unlink", name: 0 }];

export const MQ_NOTIFY_LIFE: readonly Lifecycle[] = [{ does: "notify", event: 1 }];

/** msgget's mode is in its flags; without a key (IPC_PRIVATE) it always creates. */
export const MSGGET_LIFE: readonly Lifecycle[] = [
  { does: "open", flags: 1, creates: IPC_CREAT, exclusive: IPC_EXCL, mode: 1, key: 0 },
];

/** In every layout and version: what lies where in the buffer is decoded elsewhere. */
export const MSGCTL_LIFE: readonly Lifecycle[] = [
  { does: "remove", when: cmdIs([IPC_RMID], IPC_64) },
  { does: "set", when: cmdIs([IPC_SET], IPC_64), buffer: 2 },
  { does: "stat", when: cmdIs([IPC_STAT, MSG_STAT, MSG_STAT_ANY], IPC_64), buffer: 2 },
];
