/**
 * Every limit of reading captures, in one place; those of BTF itself are in src/btf/limits.ts. What the format says
 * is in the spec, under "Limits"; where this reader has a lower one, or one of its own, that is said there too.
 * Checked before anything is allocated; a caller may lower them.
 */
export interface Limits {
  /** File header, which later minors may make longer. */
  readonly fileHeaderBytes: number;
  readonly contextBytes: number;
  /** A chunk's payload, as stored and raw. */
  readonly chunkBytes: number;
  /** An inventory's payload. */
  readonly inventoryBytes: number;
  /** A BTF frame's payload. */
  readonly btfBytes: number;
  /** The payload of HOST, CLOCKS, GAP, SUMMARY and ORIGIN. */
  readonly metadataBytes: number;
  /** Any other frame's payload: INDEX, and those that are skipped. */
  readonly otherBytes: number;
  /** msgpack arrays and maps within each other. */
  readonly depth: number;
  /** msgpack values in one payload. */
  readonly items: number;
  /** The same, in INDEX: 13 for each frame. */
  readonly indexItems: number;
  /** Bytes of one msgpack string. */
  readonly stringBytes: number;
  /** Of the metadata that is kept while a file is read, all frames and captures of it together: payload bytes, raw. */
  readonly heldBytes: number;
  /** And msgpack values. */
  readonly heldItems: number;
  /** Frames in one capture. */
  readonly frames: number;
  /** And in all captures of a file, of which each costs some fifty bytes while the file is open. */
  readonly fileFrames: number;
  /** Bytes of all contexts of one capture, which are kept while it is read. */
  readonly contextsBytes: number;
  /** And of all captures of a file. */
  readonly fileContextsBytes: number;
  /** Captures in one file, one after another. */
  readonly captures: number;
  /** Bytes of wrong frame bodies in which a scan looks for further frames; then it goes by their lengths. */
  readonly searchBytes: number;
  /** Problems of a capture that are told one by one; of the others it is said how many there are. */
  readonly problems: number;
  /** Bytes of a name of a task or a queue that are shown. */
  readonly nameBytes: number;
}

const KiB = 1024;
const MiB = 1024 * KiB;

export const LIMITS: Limits = {
  fileHeaderBytes: 4096,
  contextBytes: 64 * KiB,
  chunkBytes: 16 * MiB,
  inventoryBytes: 16 * MiB,
  btfBytes: 1 * MiB,
  metadataBytes: 4 * MiB,
  otherBytes: 64 * MiB,
  depth: 16,
  items: 1 * MiB,
  indexItems: 4 * MiB,
  stringBytes: 256 * KiB,
  heldBytes: 64 * MiB,
  heldItems: 2 * MiB,
  frames: 192 * KiB,
  fileFrames: 768 * KiB,
  contextsBytes: 20 * MiB,
  fileContextsBytes: 96 * MiB,
  captures: 4096,
  searchBytes: 1024 * MiB,
  problems: 1000,
  nameBytes: 4096,
};

/** Those of the format alone, for whoever has to agree with every other reader. */
export const FORMAT_LIMITS: Limits = {
  ...LIMITS,
  inventoryBytes: 64 * MiB,
  btfBytes: 64 * MiB,
  metadataBytes: 64 * MiB,
  items: 8 * MiB,
  indexItems: 8 * MiB,
  stringBytes: 64 * MiB,
  heldBytes: Number.POSITIVE_INFINITY,
  heldItems: Number.POSITIVE_INFINITY,
  frames: 4 * MiB,
  fileFrames: Number.POSITIVE_INFINITY,
  contextsBytes: Number.POSITIVE_INFINITY,
  fileContextsBytes: Number.POSITIVE_INFINITY,
  problems: Number.POSITIVE_INFINITY,
};

/**
 * What replay holds at most while it follows records, whatever they say. Beyond, the oldest are given up and what is
 * said of them is uncertain; nothing is left out silently.
 */
export const HELD_LIMITS = {
  /** Tasks remembered after their last call: beyond, only links to restarts and late parts of exits are lost. */
  idleTasks: 16 * KiB,
  /** Calls held open at a time, more than a kernel has tasks in any ordinary life. */
  openCalls: 32 * KiB,
  /** Of their evidence, where it is held. */
  openBytes: 128 * MiB,
  /** Tasks of all kinds, before those whose call was given up are forgotten: its end will pass for another call's. */
  givenUpTasks: 160 * KiB,
  /** Cpus whose sequences are followed. */
  cpus: 8192,
  /** Queues of an id that inventories name. */
  namesOfAnId: 256,
} as const;

/** What may still be kept of a file's metadata; shared by all captures of it, used up as they are opened. */
export interface HeldBudget {
  bytes: number;
  items: number;
}

export function heldBudget(limits: Limits): HeldBudget {
  return { bytes: limits.heldBytes, items: limits.heldItems };
}
