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
      read: (offset, length) => attempt(path, () => readAt(fd, offset, length)),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
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
