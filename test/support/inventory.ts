/** The inventory workload, to which one talks line by line, and what its queues are to look like in an inventory. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { encodeStruct, structLayout } from "../../src/btf/index.js";
import type { InventoryQueue } from "../../src/format/types.js";
import { readBtfFile } from "../../src/record/btf.js";
import { buildPath } from "../../src/record/paths.js";
import { workload } from "./workload.js";

/** What a queue truly is, as the program tells it. */
export interface QueueTruth {
  readonly kind: "posix" | "sysv";
  readonly name: string;
  readonly namespace: number;
  readonly id: number;
  readonly maxmsg: number;
  readonly msgsize: number;
  readonly messages: number;
  readonly bytes: number;
  readonly notify_pid: number;
  readonly senders: number;
  readonly receivers: number;
  readonly mode: number;
  readonly nlink: number;
  readonly holders: InventoryQueue["holders"];
}

export interface Ready {
  readonly pid: number;
  /** The child in an ipc namespace of its own. */
  readonly other: number;
  readonly queues: readonly QueueTruth[];
}

export class InventoryWorkload {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor() {
    const child = spawn(workload("inventory"), { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Everything up to where it waits. */
  async ready(): Promise<Ready> {
    const queues: QueueTruth[] = [];
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error("the workload ended early");
      const line = JSON.parse(value) as QueueTruth & { ready?: boolean; pid: number; other: number };
      if (line.ready === true) return { pid: line.pid, other: line.other, queues };
      queues.push(line);
    }
  }

  /** Sends one message more to each queue with room. */
  async more(): Promise<Ready> {
    this.#child.stdin?.write("\n");
    return this.ready();
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.stdin?.end();
    await ended;
  }
}

const SIGUSR2 = "12";

/** The fields that an inventory has to have; System V has more, which the program does not know. */
export function fieldsOf(truth: QueueTruth): Record<string, string> {
  const { messages, bytes } = truth;
  if (truth.kind === "sysv") return { msqid: `${truth.id}`, qnum: `${messages}`, cbytes: `${bytes}` };
  const isHeld = truth.holders.length > 0;
  return {
    QSIZE: `${bytes}`,
    NOTIFY: "0",
    SIGNO: truth.notify_pid === 0 ? "0" : SIGUSR2,
    NOTIFY_PID: `${truth.notify_pid}`,
    mq_maxmsg: `${truth.maxmsg}`,
    mq_msgsize: `${truth.msgsize}`,
    mq_curmsgs: `${messages}`,
    ...(isHeld ? { waiting_senders: `${truth.senders}`, waiting_receivers: `${truth.receivers}` } : {}),
    mode: truth.mode.toString(8).padStart(4, "0"),
    uid: "0",
    gid: "0",
    nlink: `${truth.nlink}`,
  };
}

/** The workload's queues as they are to be in an inventory; without generations and times. */
export function expectedQueues(truths: readonly QueueTruth[]) {
  return truths
    .map((truth) => ({
      kind: truth.kind,
      namespaceInum: truth.namespace,
      id: BigInt(truth.id),
      name: truth.name,
      fields: fieldsOf(truth),
      holders: sortedHolders(truth.holders),
    }))
    .sort(byIdentity);
}

/** Those of an inventory's queues that are the workload's, in the same form and order. */
export function foundQueues(queues: readonly InventoryQueue[], truths: readonly QueueTruth[]) {
  const mine = new Map(truths.map((truth) => [keyOf(truth.kind, truth.namespace, BigInt(truth.id)), truth]));
  return queues
    .flatMap(({ kind, namespaceInum, id, name, fields, holders }) => {
      const truth = mine.get(keyOf(kind, namespaceInum, id));
      if (truth === undefined) return [];
      const wanted = Object.keys(fieldsOf(truth));
      const isWanted = (key: string) => kind === "posix" || wanted.includes(key);
      const chosen = Object.fromEntries(Object.entries(fields).filter(([key]) => isWanted(key)));
      return [{ kind, namespaceInum, id, name, fields: chosen, holders: sortedHolders(holders) }];
    })
    .sort(byIdentity);
}

function keyOf(kind: string, namespaceInum: number | null, id: bigint | null): string {
  return `${kind}:${namespaceInum}:${id}`;
}

function byIdentity(
  a: { kind: string; namespaceInum: number | null; id: bigint | null },
  b: typeof a,
): number {
  const [x, y] = [a, b].map(({ kind, namespaceInum, id }) => keyOf(kind, namespaceInum, id));
  return (x ?? "") < (y ?? "") ? -1 : 1;
}

function sortedHolders(holders: InventoryQueue["holders"]): InventoryQueue["holders"] {
  return [...holders].sort((a, b) => a.tgid - b.tgid || (a.tid ?? 0) - (b.tid ?? 0) || a.fd - b.fd);
}

/** struct mt_config for the iterator alone. */
export function iteratorConfig(secret: readonly [bigint, bigint] = [1n, 2n]): Uint8Array {
  const layout = structLayout(readBtfFile(buildPath("msgtape.btf")), "mt_config");
  if (layout === null) throw new Error("build/msgtape.btf has no mt_config");
  return encodeStruct(layout, { secret });
}
