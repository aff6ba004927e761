/**
 * What a capture holds, frame by frame, as plain data. Encodings: format-spec/spec.md.
 *
 * All times are nanoseconds of CLOCK_BOOTTIME on the recording host, as bigint (an uptime of 104 days passes
 * 2^53). What is unknown is null, never 0.
 */

/** Frame types; values are in the file and never reused. 0x8000 and above are private. */
export const FrameType = {
  HOST: 1,
  BTF: 2,
  CLOCKS: 3,
  INVENTORY: 4,
  CHUNK: 5,
  GAP: 6,
  INDEX: 7,
  SUMMARY: 8,
  ORIGIN: 9,
} as const;

/** Readings of the three clocks, taken as near together as can be. */
export interface ClockTriple {
  readonly boottimeNs: bigint;
  readonly monotonicNs: bigint;
  readonly realtimeNs: bigint;
  /** How far apart the bracketing readings were: the triple's uncertainty. */
  readonly uncertaintyNs: bigint;
  /** Why it was taken. */
  readonly reason: "start" | "interval" | "step" | "end";
}

export interface HostInfo {
  readonly hostname: string;
  readonly sysname: string;
  readonly release: string;
  readonly version: string;
  readonly machine: string;
  readonly arch: "x86_64" | "arm64";
  readonly littleEndian: boolean;
  readonly pageSize: number;
  readonly bootId: string | null;
  readonly cpus: number;
  readonly recorder: { readonly name: "msgtape"; readonly version: string };
  /** True for captures that no kernel wrote. */
  readonly synthetic: boolean;
  readonly config: RecordConfig;
  readonly attachPlan: readonly AttachedHook[];
  /** Of which recording this capture is a part. Absent: of one of its own, whole. */
  readonly recording?: RecordingPart | undefined;
  /** What `redact` made of it. Absent: it was never redacted. */
  readonly redacted?: Redaction | undefined;
  /** By which filters calls were chosen from a longer capture: what the others did is not in this one, and the holes that
   * they leave in the sequences are no losses. Absent: it is no slice. */
  readonly sliced?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** One of the captures that a recording was written as. Parts may overlap, where a snapshot was written twice. */
export interface RecordingPart {
  /** The id that all parts share: that of the first capture, as text. */
  readonly id: string;
  /** From 1, in the order in which they were begun. */
  readonly part: number;
  /** The recording's records before the first of this part: record n of this part is number firstRecord + n. */
  readonly firstRecord: bigint;
}

export interface Redaction {
  /** Kinds of data that were let through, by the names of `redact --keep`. */
  readonly kept: readonly string[];
}

/** How a capture came to be that no recorder wrote. */
export interface Origin {
  readonly madeBy: "recover" | "slice" | "merge" | "redact" | "unknown";
  /** Version of the program that did it. */
  readonly version: string;
  /** Capture ids, as text, of what it was made from. */
  readonly from: readonly string[];
  /** What the user asked for: filters of a slice. */
  readonly options: Readonly<Record<string, readonly string[]>>;
  /** What could not be taken over, and why. Offsets are those of the capture that it was made from. */
  readonly problems: readonly {
    readonly code: string;
    readonly offset: number;
    readonly frame: number | null;
    readonly message: string;
  }[];
}

export interface RecordConfig {
  readonly events: readonly string[];
  readonly snapBytes: number;
  readonly bufferBytes: number;
  readonly filters: Readonly<Record<string, readonly string[]>>;
  readonly command: readonly string[] | null;
}

/** A hook that was tried, and what came of it. */
export interface AttachedHook {
  readonly plane: "syscall" | "kernel" | "libc" | "task";
  readonly hook: string;
  readonly mechanism: string;
  readonly attached: boolean;
  readonly why: string | null;
}

/** A BTF blob, whole and self-contained. `host`: slice of the recording kernel's; `recorder`: the program object's. */
export interface BtfFrame {
  readonly origin: "host" | "recorder";
  readonly sha256: string;
  readonly data: Uint8Array;
}

export interface TaskEntry {
  /** Key: `tid:startNs`. */
  readonly tid: number;
  readonly startNs: bigint;
  readonly tgid: number;
  /** Since when these names hold; an earlier entry of the same task holds before. */
  readonly sinceNs: bigint;
  readonly comm: Uint8Array;
  readonly ppid: number | null;
  readonly uid: number | null;
  readonly gid: number | null;
  readonly namespacePid: number | null;
  readonly namespaceTid: number | null;
  readonly exe: string | null;
  readonly exeName: Uint8Array | null;
  /** NUL-separated. */
  readonly cmdline: Uint8Array | null;
  readonly cgroupId: bigint | null;
  readonly cgroupPath: string | null;
  readonly processStartNs: bigint | null;
}

export interface QueueEntry {
  readonly kind: "posix" | "sysv" | "socket";
  readonly namespaceInum: number;
  readonly id: bigint;
  readonly generation: bigint;
  readonly sinceNs: bigint;
  /** POSIX: the file name without a slash. */
  readonly name: Uint8Array | null;
  /** System V. */
  readonly key: number | null;
  readonly uid: number | null;
  readonly gid: number | null;
  readonly cuid: number | null;
  readonly cgid: number | null;
  readonly mode: number | null;
  /** Sockets; addresses are struct sockaddr of the family. */
  readonly cookie: bigint | null;
  readonly family: number | null;
  readonly socketType: number | null;
  readonly protocol: number | null;
  readonly local: Uint8Array | null;
  readonly peer: Uint8Array | null;
}

/** Lost records between two moments. `fromNs` null: since the start; `toNs` null: to the end. */
export interface Gap {
  readonly cpu: number | null;
  readonly fromNs: bigint | null;
  readonly toNs: bigint | null;
  readonly lost: bigint;
  readonly cause: "ring_full" | "recursion" | "no_scratch" | "damage" | "output" | "unknown";
  /** "planes": KERNEL and LIBC records are missing, entries and exits are not. Absent: entries and exits are. */
  readonly plane?: "syscall" | "planes" | undefined;
  /** More may be missing than `lost`, nobody knows how many. Absent: `lost` is all. */
  readonly atLeast?: boolean | undefined;
}

/** The uncompressed head of a chunk: enough for `info` and for an index without decompressing. */
export interface ChunkContext {
  /** Number of this chunk's first record, counted from 0 over the capture. */
  readonly firstRecord: bigint;
  readonly records: number;
  /** By event id: entry and exit records (first parts only). */
  readonly counts: readonly { readonly event: number; readonly entries: number; readonly exits: number }[];
  /** null when the chunk has no records. */
  readonly firstTimeNs: bigint | null;
  readonly lastTimeNs: bigint | null;
  /** Entry time of the oldest call still open at the chunk's end; null: none is open. */
  readonly oldestOpenNs: bigint | null;
  readonly openCalls: number;
  /** Since the start, by cpu; only cpus that lost any. */
  readonly lost: readonly { readonly cpu: number; readonly records: bigint }[];
}

/** A chunk's body. `records`: mt_record after mt_record, verbatim. */
export interface ChunkBody {
  readonly records: Uint8Array;
  readonly tasks: readonly TaskEntry[];
  readonly queues: readonly QueueEntry[];
  /** KERNEL and LIBC records, verbatim; of calls that exit in this chunk or a later one. Absent: none. */
  readonly planes?: Uint8Array | undefined;
}

/** One queue as /proc, the mqueue file system and the descriptors showed it. */
export interface InventoryQueue {
  readonly kind: "posix" | "sysv";
  readonly namespaceInum: number | null;
  readonly id: bigint | null;
  readonly name: string | null;
  /** The fields by their names in /proc/sysvipc/msg or the mqueue file: key, msqid, perms, … QSIZE, NOTIFY, …
   * Of POSIX queues also mode, uid, gid, nlink as stat(2) says them, mq_maxmsg, mq_msgsize, mq_curmsgs, and
   * waiting_senders, waiting_receivers. What is not known is absent. */
  readonly fields: Readonly<Record<string, string>>;
  /** `tid`: only of a thread whose descriptors are its own and not its process's. */
  readonly holders: readonly {
    readonly tgid: number;
    readonly fd: number;
    readonly tid?: number | undefined;
  }[];
  /** As the calls' records have it. Absent: not known. */
  readonly generation?: bigint | undefined;
  /** When its state was read. Absent: not known, at some time near the inventory's. */
  readonly atNs?: bigint | undefined;
}

export interface Inventory {
  readonly atNs: bigint;
  readonly reason: "start" | "interval" | "rotation" | "end";
  readonly queues: readonly InventoryQueue[];
  /** Of the recorder's ipc namespace, by the names under /proc/sys: fs.mqueue.msg_max, kernel.msgmax, … */
  readonly limits: Readonly<Record<string, string>>;
  /** The ipc namespaces that were looked into, each with limits of its own. Absent: only the recorder's was. */
  readonly namespaces?:
    | readonly {
        readonly namespaceInum: number;
        readonly limits: Readonly<Record<string, string>>;
        /** The kinds of which every queue is listed; POSIX: every one that has a name. Absent: not known. */
        readonly whole?: readonly string[] | undefined;
      }[]
    | undefined;
  /** Every open descriptor was looked at, so that queues without a name are listed too. Absent: not known. */
  readonly everyDescriptor?: boolean | undefined;
  /** What could not be looked at, and why: absent is not empty. */
  readonly missing: readonly { readonly what: string; readonly why: string }[];
  /** Calls in flight: entered before, not yet left. */
  readonly inFlight: readonly {
    readonly tid: number;
    readonly startNs: bigint;
    readonly event: number;
    readonly enterNs: bigint;
  }[];
}

/** Written once, when the recording ends as it should. */
export interface Summary {
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly records: bigint;
  readonly lost: bigint;
  readonly lostByEvent: readonly {
    readonly event: number;
    readonly entries: bigint;
    readonly exits: bigint;
  }[];
  readonly gaps: number;
  readonly chunks: number;
  readonly counts: ChunkContext["counts"];
  readonly x32Calls: bigint;
  /** KERNEL and LIBC records lost; not among `lost`. Absent: 0. */
  readonly planesLost?: bigint | undefined;
  /** Why the capture ended: signal, duration, count, command, processes, disk_full, error; rotation, snapshot: the
   * recording went on; recovered: the recorder's own end was not there. */
  readonly ended: string;
  /** What asked for a snapshot: a trigger as it was given, `signal` or `exit`. Absent: the capture is none. */
  readonly trigger?: string | undefined;
}

export interface IndexEntry {
  readonly offset: bigint;
  readonly storedBytes: number;
  readonly rawBytes: number;
  readonly context: ChunkContext;
}

/** Damage is a value. `code` is stable and in the spec's registry. */
export interface Problem {
  readonly code: string;
  readonly offset: number;
  readonly frame: number | null;
  readonly message: string;
}
