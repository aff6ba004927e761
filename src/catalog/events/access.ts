/**
 * The parts that calls on queues play in check-then-act: what each tells of a queue, relies on, and changes.
 * Knows no rule of how they come together: src/replay/toctou/check-then-act.ts does.
 */
import type { Access } from "../types.js";
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

const O_CREAT = 0o100;
const O_EXCL = 0o200;
const IPC_CREAT = 0o1000;
const IPC_EXCL = 0o2000;
const MSG_COPY = 0o40000;

/** Opening asks whether there is such a queue, unless it may only create one. */
export const MQ_OPEN_ACCESS: readonly Access[] = [
  { on: "any", relies: ["presence", "absence"] },
  { on: "success", checks: ["presence"], when: { arg: 1, mask: O_CREAT, value: 0 } },
  { on: "success", checks: ["presence"], when: { arg: 1, mask: O_CREAT | O_EXCL, value: O_CREAT } },
  { on: "ENOENT", checks: ["absence"] },
  { on: "success", changes: ["absence"], when: { arg: 1, mask: O_CREAT, value: O_CREAT } },
  { on: "success", changes: ["presence"], when: { arg: 1, mask: O_CREAT | O_EXCL, value: O_CREAT | O_EXCL } },
];

/** A descriptor leads to its queue whatever becomes of the name: calls through it do not rely on presence. */
export const MQ_SEND_ACCESS: readonly Access[] = [
  { on: "any", relies: ["room"] },
  { on: "success", changes: ["room"] },
];

export const MQ_RECEIVE_ACCESS: readonly Access[] = [
  { on: "any", relies: ["messages"] },
  { on: "success", changes: ["messages"] },
];

export const UNLINK_ACCESS: readonly Access[] = [
  { on: "any", relies: ["presence"] },
  { on: "success", changes: ["presence"] },
];

export const NOTIFY_ACCESS: readonly Access[] = [
  // To be told of the next message is to be told that there is one to take.
  { on: "success", given: 1, checks: ["messages"] },
];

export const GETSETATTR_ACCESS: readonly Access[] = [
  { on: "success", given: 2, checks: ["messages", "room"] },
];

/** msgget asks whether the key has a queue, unless it may only create one. IPC_PRIVATE (0) is the key of none. */
export const GET_ACCESS: readonly Access[] = [
  { on: "any", given: 0, relies: ["presence", "absence"] },
  { on: "success", given: 0, checks: ["presence"], when: { arg: 1, mask: IPC_CREAT, value: 0 } },
  {
    on: "success",
    given: 0,
    checks: ["presence"],
    when: { arg: 1, mask: IPC_CREAT | IPC_EXCL, value: IPC_CREAT },
  },
  { on: "ENOENT", given: 0, checks: ["absence"] },
  { on: "success", given: 0, changes: ["absence"], when: { arg: 1, mask: IPC_CREAT, value: IPC_CREAT } },
  {
    on: "success",
    given: 0,
    changes: ["presence"],
    when: { arg: 1, mask: IPC_CREAT | IPC_EXCL, value: IPC_CREAT | IPC_EXCL },
  },
];

/** An id leads to nothing once its queue is removed. */
export const MSG_SEND_ACCESS: readonly Access[] = [
  { on: "any", relies: ["room", "presence"] },
  { on: "success", changes: ["room"] },
];

/** MSG_COPY looks at a message and leaves it. */
export const MSG_RECEIVE_ACCESS: readonly Access[] = [
  { on: "any", relies: ["presence"] },
  { on: "any", relies: ["messages"], when: { arg: 4, mask: MSG_COPY, value: 0 } },
  { on: "success", changes: ["messages"], when: { arg: 4, mask: MSG_COPY, value: 0 } },
  { on: "success", checks: ["messages"], when: { arg: 4, mask: MSG_COPY, value: MSG_COPY } },
];

export const CONTROL_ACCESS: readonly Access[] = [
  { on: "any", relies: ["presence"], when: cmdIs([IPC_RMID, IPC_SET, IPC_STAT], IPC_64) },
  {
    on: "success",
    checks: ["messages", "room", "presence"],
    when: cmdIs([IPC_STAT, MSG_STAT, MSG_STAT_ANY], IPC_64),
  },
  { on: "success", checks: ["messages", "room"], every: true, when: cmdIs([IPC_INFO, MSG_INFO], IPC_64) },
  { on: "success", changes: ["room"], when: cmdIs([IPC_SET], IPC_64) },
  { on: "success", changes: ["presence"], when: cmdIs([IPC_RMID], IPC_64) },
];
