/**
 * Every limit of the format, in one place. Checked before anything is allocated; a caller may lower them.
 */
export interface Limits {
  /** File header, which later minors may make longer. */
  readonly fileHeaderBytes: number;
  readonly contextBytes: number;
  /** A chunk's payload, as stored and raw. */
  readonly chunkBytes: number;
  /** Any other frame's payload, as stored and raw. */
  readonly metadataBytes: number;
  /** msgpack arrays and maps within each other. */
  readonly depth: number;
  /** msgpack values in one payload. */
  readonly items: number;
  /** Frames in one capture. */
  readonly frames: number;
  /** Captures in one file, one after another. */
  readonly captures: number;
  /** Bytes of wrong frame bodies in which a scan looks for further frames; then it goes by their lengths. */
  readonly searchBytes: number;
}

const MiB = 1024 * 1024;

export const LIMITS: Limits = {
  fileHeaderBytes: 4096,
  contextBytes: 64 * 1024,
  chunkBytes: 16 * MiB,
  metadataBytes: 64 * MiB,
  depth: 16,
  items: 8 * MiB,
  frames: 4 * MiB,
  captures: 4096,
  searchBytes: 1024 * MiB,
};
