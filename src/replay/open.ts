/** A capture file as a ByteSource. The only I/O of the replay side; nothing is read before it is asked for. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { ByteSource } from "../format/source.js";

export interface FileSource extends ByteSource {
  /** Idempotent. */
  close(): void;
}

/** A file that cannot be opened or read. One line, for users; `code` is Node's (`ENOENT`, `EISDIR`, …). */
export class SourceError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "SourceError";
    this.code = code;
  }
}

/**
 * Opens a capture for reading. Throws SourceError when there is no such file, when it may not be read, and when
 * it is not a regular file: readers go back and forth in it, so a pipe will not do.
 */
export function fileSource(path: string): FileSource {
  const fd = attempt(path, () => openSync(path, "r"));
  let open = true;
  const close = () => {
    if (open) closeSync(fd);
    open = false;
  };
  try {
    const status = attempt(path, () => fstatSync(fd));
    if (status.isDirectory()) throw new SourceError("EISDIR", `${path}: ${REASONS.EISDIR}`);
    if (!status.isFile()) {
      throw new SourceError("ENOTFILE", `${path}: not a regular file; save the capture to a file first`);
    }
    return {
      name: path,
      sizeBytes: status.size,
      read: readerOf(path, fd),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Heads of frames are read one by one, each behind the other: a system call each would take longer than all the rest. */
const WINDOW_BYTES = 64 * 1024;
/** What is not much smaller is read by itself. */
const SMALL_BYTES = WINDOW_BYTES / 4;

function readerOf(path: string, fd: number): ByteSource["read"] {
  let window: { readonly offset: number; readonly bytes: Uint8Array } | null = null;
  return (offset, length) => {
    if (length > SMALL_BYTES) return attempt(path, () => readAt(fd, offset, length));
    let at = window === null ? -1 : offset - window.offset;
    if (window === null || at < 0 || at + length > window.bytes.length) {
      window = { offset, bytes: attempt(path, () => readAt(fd, offset, WINDOW_BYTES)) };
      at = 0;
    }
    // A copy: whoever keeps forty bytes of it is not to keep it all.
    return window.bytes.slice(at, at + length);
  };
}

function readAt(fd: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let have = 0;
  while (have < length) {
    const got = readSync(fd, bytes, have, length - have, offset + have);
    if (got === 0) return bytes.subarray(0, have);
    have += got;
  }
  return bytes;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "is a directory, not a capture",
  ENOTDIR: "a part of the path is not a directory",
  ELOOP: "too many symbolic links",
  EMFILE: "too many open files",
};

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    throw new SourceError(code, `${path}: ${REASONS[code] ?? code}`);
  }
}
