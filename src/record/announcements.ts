/**
 * TASK and QUEUE records, by which the kernel programs say once what a task or a queue is called → entries of
 * the capture's tables. Every offset comes from the BTF of the program object that wrote the records.
 */
import { type Btf, enumValues, fieldAt, type StructLayout, structLayout } from "../btf/index.js";
import type { QueueEntry, TaskEntry } from "../format/types.js";
import { RecordError } from "./errors.js";

export interface Announcements {
  readonly tasks: readonly TaskEntry[];
  readonly queues: readonly QueueEntry[];
}

/** `read` takes one record at `at` of `view`, of at least `minBytes`; `end` is the offset behind the record. */
interface EntryReader<T> {
  readonly minBytes: number;
  readonly read: (view: DataView, at: number, end: number) => T;
}

/** Parser of names as native batches hand them over: mt_record after mt_record, types TASK and QUEUE only. */
export function announcementParser(recorderBtf: Btf): (names: Uint8Array) => Announcements {
  const record = layoutOf(recorderBtf, "mt_record");
  const types = enumOf(recorderBtf, "mt_record_type");
  const [size, type] = [numberAt(record, "size"), numberAt(record, "type")];
  const [taskType, queueType] = [types.get("MT_RECORD_TASK"), types.get("MT_RECORD_QUEUE")];
  const task = taskReader(recorderBtf, record);
  const queue = queueReader(recorderBtf, record);
  return (names) => {
    const view = new DataView(names.buffer, names.byteOffset, names.byteLength);
    const tasks: TaskEntry[] = [];
    const queues: QueueEntry[] = [];
    for (let at = 0; at + record.sizeBytes <= names.length; ) {
      const end = at + size(view, at);
      const what = type(view, at);
      const minBytes = what === taskType ? task.minBytes : what === queueType ? queue.minBytes : 1;
      if (end < at + minBytes || end > names.length) break;
      if (what === taskType) tasks.push(task.read(view, at, end));
      else if (what === queueType) queues.push(queue.read(view, at, end));
      at = end;
    }
    return { tasks, queues };
  };
}

function taskReader(btf: Btf, record: StructLayout): EntryReader<TaskEntry> {
  const task = layoutOf(btf, "mt_task");
  const [tid, tgid] = [numberAt(record, "tid"), numberAt(record, "tgid")];
  const [startNs, timeNs] = [bigAt(record, "task_start_ns"), bigAt(record, "time_ns")];
  const [comm, exe] = [bytesAt(task, "comm"), bytesAt(task, "exe")];
  const [ppid, uid, gid] = [numberAt(task, "ppid"), numberAt(task, "uid"), numberAt(task, "gid")];
  const [nsPid, nsTid] = [numberAt(task, "namespace_pid"), numberAt(task, "namespace_tid")];
  const [cmdlineLength, cgroup] = [numberAt(task, "cmdline_len"), bigAt(task, "cgroup_id")];
  const processStart = bigAt(task, "process_start_ns");
  const read = (view: DataView, at: number, end: number): TaskEntry => {
    const body = at + record.sizeBytes;
    const tail = body + task.sizeBytes;
    return {
      tid: tid(view, at),
      startNs: startNs(view, at),
      tgid: tgid(view, at),
      sinceNs: timeNs(view, at),
      comm: upToNul(comm(view, body)),
      ppid: ppid(view, body),
      uid: uid(view, body),
      gid: gid(view, body),
      namespacePid: nsPid(view, body) || null,
      namespaceTid: nsTid(view, body) || null,
      exe: null,
      exeName: orNull(upToNul(exe(view, body))),
      cmdline: orNull(slice(view, tail, Math.min(tail + cmdlineLength(view, body), end))),
      cgroupId: cgroup(view, body) || null,
      cgroupPath: null,
      processStartNs: processStart(view, body) || null,
    };
  };
  return { minBytes: record.sizeBytes + task.sizeBytes, read };
}

function queueReader(btf: Btf, record: StructLayout): EntryReader<QueueEntry> {
  const queue = layoutOf(btf, "mt_queue");
  const name = layoutOf(btf, "mt_queue_name");
  const kinds = enumOf(btf, "mt_queue_kind");
  const [posix, sysv] = [kinds.get("MT_QUEUE_POSIX"), kinds.get("MT_QUEUE_SYSV")];
  const timeNs = bigAt(record, "time_ns");
  const [kind, inum] = [numberAt(queue, "kind"), numberAt(queue, "namespace_inum")];
  const [id, generation] = [bigAt(queue, "id"), bigAt(queue, "generation")];
  const ofSysv = sysvFields(name);
  const ofSocket = socketFields(name);
  const [text, textLength] = [bytesAt(name, "name"), numberAt(name, "name_len")];
  const read = (view: DataView, at: number): QueueEntry => {
    const body = at + record.sizeBytes;
    const names = body + queue.sizeBytes;
    const code = kind(view, body);
    const isPosix = code === posix;
    const isSysv = code === sysv;
    return {
      kind: isPosix ? "posix" : isSysv ? "sysv" : "socket",
      namespaceInum: inum(view, body),
      id: id(view, body),
      generation: generation(view, body),
      sinceNs: timeNs(view, at),
      name: isPosix ? orNull(text(view, names).slice(0, textLength(view, names))) : null,
      ...(isSysv ? ofSysv(view, names) : NOT_SYSV),
      ...(isPosix || isSysv ? NOT_SOCKET : ofSocket(view, names)),
    };
  };
  return { minBytes: record.sizeBytes + queue.sizeBytes + name.sizeBytes, read };
}

type SysvFields = Pick<QueueEntry, "key" | "uid" | "gid" | "cuid" | "cgid" | "mode">;
type SocketFields = Pick<QueueEntry, "cookie" | "family" | "socketType" | "protocol" | "local" | "peer">;

const NOT_SYSV: SysvFields = { key: null, uid: null, gid: null, cuid: null, cgid: null, mode: null };
const NOT_SOCKET: SocketFields = {
  cookie: null,
  family: null,
  socketType: null,
  protocol: null,
  local: null,
  peer: null,
};

function sysvFields(name: StructLayout): (view: DataView, at: number) => SysvFields {
  const [key, mode] = [numberAt(name, "key"), numberAt(name, "mode")];
  const [uid, gid] = [numberAt(name, "uid"), numberAt(name, "gid")];
  const [cuid, cgid] = [numberAt(name, "cuid"), numberAt(name, "cgid")];
  return (view, at) => ({
    key: key(view, at),
    uid: uid(view, at),
    gid: gid(view, at),
    cuid: cuid(view, at),
    cgid: cgid(view, at),
    mode: mode(view, at),
  });
}

function socketFields(name: StructLayout): (view: DataView, at: number) => SocketFields {
  const cookie = bigAt(name, "cookie");
  const [family, type] = [numberAt(name, "family"), numberAt(name, "type")];
  const protocol = numberAt(name, "protocol");
  const [local, localLength] = [bytesAt(name, "local"), numberAt(name, "local_len")];
  const [peer, peerLength] = [bytesAt(name, "peer"), numberAt(name, "peer_len")];
  return (view, at) => ({
    cookie: cookie(view, at) || null,
    family: family(view, at),
    socketType: type(view, at),
    protocol: protocol(view, at),
    local: orNull(local(view, at).slice(0, localLength(view, at))),
    peer: orNull(peer(view, at).slice(0, peerLength(view, at))),
  });
}

function layoutOf(btf: Btf, name: string): StructLayout {
  const layout = structLayout(btf, name);
  if (layout === null) {
    throw new RecordError(`build/msgtape.btf: it has no struct ${name}: build msgtape again`);
  }
  return layout;
}

function enumOf(btf: Btf, name: string): ReadonlyMap<string, number> {
  const values = enumValues(btf, name);
  if (values === null) {
    throw new RecordError(`build/msgtape.btf: it has no enum ${name}: build msgtape again`);
  }
  return values;
}

function numberAt(layout: StructLayout, name: string): (view: DataView, at: number) => number {
  const { offsetBytes, sizeBytes, signed } = fieldAt(layout, name);
  switch (sizeBytes) {
    case 1:
      return (view, at) => view.getUint8(at + offsetBytes);
    case 2:
      return (view, at) => view.getUint16(at + offsetBytes, true);
    default:
      return signed
        ? (view, at) => view.getInt32(at + offsetBytes, true)
        : (view, at) => view.getUint32(at + offsetBytes, true);
  }
}

function bigAt(layout: StructLayout, name: string): (view: DataView, at: number) => bigint {
  const { offsetBytes } = fieldAt(layout, name);
  return (view, at) => view.getBigUint64(at + offsetBytes, true);
}

function bytesAt(layout: StructLayout, name: string): (view: DataView, at: number) => Uint8Array {
  const { offsetBytes, sizeBytes } = fieldAt(layout, name);
  return (view, at) => slice(view, at + offsetBytes, at + offsetBytes + sizeBytes);
}

/** A copy: the batch's buffer is used again. */
function slice(view: DataView, from: number, to: number): Uint8Array {
  return new Uint8Array(view.buffer.slice(view.byteOffset + from, view.byteOffset + Math.max(from, to)));
}

function upToNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.slice(0, end);
}

function orNull(bytes: Uint8Array): Uint8Array | null {
  return bytes.length === 0 ? null : bytes;
}
