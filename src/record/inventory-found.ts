/**
 * What the native half finds of POSIX queues: struct mt_found_queue (bpf/inventory.h), one a descriptor or file → plain
 * values. Takes every offset from the layout it is given, and believes no length beyond the bytes that are there.
 */
import { type StructLayout, StructView } from "./struct-view.js";

/** A queue, by one of the descriptors that lead to it or by its name. */
export interface FoundQueue {
  readonly atNs: bigint;
  readonly inode: bigint;
  /** null: not known. */
  readonly generation: bigint | null;
  /** null: that namespace is gone. */
  readonly namespaceInum: number | null;
  /** null: it was found by its name. */
  readonly holder: { readonly tgid: number; readonly fd: number; readonly tid?: number } | null;
  /** With its slash. */
  readonly name: string;
  /** As in an inventory; what is not known is absent. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface FoundQueues {
  readonly queues: readonly FoundQueue[];
  /** The bytes ended in the middle of a queue. */
  readonly isCut: boolean;
}

/** enum mt_found_known. */
const Known = { HOLDER: 1, GENERATION: 2, NOTIFY: 4, ATTR: 8, SENDERS: 16, RECEIVERS: 32 } as const;

/** All whole structs in `bytes`. */
export function parseFoundQueues(bytes: Uint8Array, layout: StructLayout): FoundQueues {
  const count = Math.floor(bytes.length / layout.sizeBytes);
  const queues = Array.from({ length: count }, (_, i) =>
    parseQueue(new StructView(bytes, layout, i * layout.sizeBytes)),
  );
  return { queues, isCut: bytes.length !== count * layout.sizeBytes };
}

function parseQueue(view: StructView): FoundQueue {
  const known = view.u32("known");
  const is = (flag: number) => (known & flag) !== 0;
  const name = view.bytes("name");
  return {
    atNs: view.u64("at_ns"),
    inode: view.u64("inode"),
    generation: is(Known.GENERATION) ? view.u64("generation") : null,
    namespaceInum: view.u32("namespace_inum") || null,
    holder: is(Known.HOLDER) ? holder(view) : null,
    name: `/${Buffer.from(name.subarray(0, Math.min(view.u32("name_len"), name.length))).toString()}`,
    fields: {
      ...(is(Known.NOTIFY) ? notifyFields(view) : {}),
      ...(is(Known.ATTR) ? attrFields(view) : {}),
      ...(is(Known.SENDERS) ? { waiting_senders: String(view.u32("waiting_senders")) } : {}),
      ...(is(Known.RECEIVERS) ? { waiting_receivers: String(view.u32("waiting_receivers")) } : {}),
      mode: (view.u32("mode") & 0o7777).toString(8).padStart(4, "0"),
      uid: String(view.u32("uid")),
      gid: String(view.u32("gid")),
      nlink: String(view.u32("nlink")),
    },
  };
}

function holder(view: StructView): FoundQueue["holder"] {
  const [tgid, tid, fd] = [view.u32("tgid"), view.u32("tid"), view.u32("fd")];
  return tid === tgid ? { tgid, fd } : { tgid, fd, tid };
}

/** By their names in the queue's file. */
function notifyFields(view: StructView): Record<string, string> {
  return {
    QSIZE: String(view.u64("qsize")),
    NOTIFY: String(view.u32("notify")),
    SIGNO: String(view.u32("signo")),
    NOTIFY_PID: String(view.u32("notify_tgid")),
  };
}

/** By their names in struct mq_attr. */
function attrFields(view: StructView): Record<string, string> {
  return {
    mq_maxmsg: String(view.u64("maxmsg")),
    mq_msgsize: String(view.u64("msgsize")),
    mq_curmsgs: String(view.u64("curmsgs")),
  };
}
