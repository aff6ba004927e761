/**
 * Where the capture's frames go: a new file that is only ever appended to, or a pipe (pipe.ts).
 *
 * Refuses to write over anything, to follow a link at the end of the path, and to go on after a failed write:
 * from then on every call fails with that first error. Only a full disk leaves it as it was before the write, so
 * that the end of the capture can still go where room was kept for it. The file holds whole frames, always.
 */
import {
  closeSync,
  fchownSync,
  fdatasync,
  fstatSync,
  fsync,
  ftruncateSync,
  readFileSync,
  statSync,
  write,
} from "node:fs";
import { basename, dirname } from "node:path";
import { promisify } from "node:util";
import { type FileIdentity, OutputDirectory } from "./directory.js";
import { errorCode, errorText, RecordError } from "./errors.js";

const writeFd = promisify(write);
const fsyncFd = promisify(fsync);
const fdatasyncFd = promisify(fdatasync);

export interface Sink {
  /** As the user named it: a path, or "-". */
  readonly name: string;
  readonly writtenBytes: number;
  /** Makes sure that `bytes` more can be written. Throws SinkFullError when they cannot. */
  reserve(bytes: number): Promise<void>;
  /**
   * Appends one or more whole frames. Throws SinkFullError, after which shorter ones may still fit, or
   * SinkError, after which the sink has failed for good.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Brings what is written to the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
  /** For a start that failed: what was written so far goes away, as far as it can. */
  discard(): void;
}

/** A sink as a recording has it. */
export interface OwnedSink extends Sink {
  /** Makes it a user's own. Throws SinkError. A pipe stays whose it is. */
  giveTo(uid: number, gid: number): void;
  /** What a process that stays root may take away in place of discard; null: there is nothing of the kind. */
  readonly place: OutputPlace | null;
}

/** A new file, by descriptors, and its name in the directory. */
export interface OutputPlace {
  readonly directoryFd: number;
  readonly fileFd: number;
  readonly name: string;
}

/** The output cannot take what it is given. */
export class SinkError extends RecordError {}

/** The disk, the quota or the file size limit is used up. Nothing was written of what was asked for. */
export class SinkFullError extends SinkError {}

/** Nothing is left of what was written: the file has no name any more. */
export class SinkGoneError extends SinkError {}

/** Allocates blocks behind a file's end and leaves its size as it is; 0 or a negative errno. */
export type ReserveSpace = (fd: number, offsetBytes: number, lengthBytes: number) => Promise<number>;

/** Space is reserved in steps, so that not every chunk costs a system call. */
const RESERVE_STEP_BYTES = 8 << 20;

const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
const ENOSYS = -38;
/** -ENOSPC, -EDQUOT, -EFBIG */
const FULL_ERRNOS = new Set([-28, -122, -27]);

export class FileSink implements OwnedSink {
  readonly name: string;
  readonly #fd: number;
  readonly #directory: OutputDirectory;
  #reserveSpace: ReserveSpace | null;
  #extending: Promise<number> | null = null;
  #syncing: Promise<void> | null = null;
  #writtenBytes = 0;
  #reservedBytes = 0;
  readonly #limitBytes = fileSizeLimit();
  #failure: SinkError | null = null;
  #state: "open" | "closed" = "open";
  /** Of the file that was made; its name may be another's later. */
  readonly identity: FileIdentity;

  private constructor(
    path: string,
    fd: number,
    directory: OutputDirectory,
    reserveSpace: ReserveSpace | null,
  ) {
    this.name = path;
    this.identity = fstatSync(fd, { bigint: true });
    this.#fd = fd;
    this.#directory = directory;
    this.#reserveSpace = reserveSpace;
  }

  /**
   * Creates the file, for its owner's eyes alone. Throws RecordError when it exists or cannot be made. `openDirectory`:
   * another way to its directory; the sink closes it.
   */
  static create(
    path: string,
    reserveSpace: ReserveSpace | null,
    openDirectory = () => OutputDirectory.open(dirname(path)),
  ): FileSink {
    let directory: OutputDirectory | null = null;
    try {
      directory = openDirectory();
      return new FileSink(path, directory.create(nameIn(path)), directory, reserveSpace);
    } catch (error) {
      directory?.close();
      throw new RecordError(whyNotCreated(path, error), 1, { cause: error });
    }
  }

  get place(): OutputPlace {
    return { directoryFd: this.#directory.fd, fileFd: this.#fd, name: basename(this.name) };
  }

  giveTo(uid: number, gid: number): void {
    try {
      fchownSync(this.#fd, uid, gid);
    } catch (error) {
      throw this.#fail(error, "cannot be given to another user");
    }
  }

  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  async reserve(bytes: number): Promise<void> {
    if (this.#failure) throw this.#failure;
    const end = this.#writtenBytes + bytes;
    // Blocks may be allocated beyond it, and then not be written.
    if (end > this.#limitBytes) {
      throw new SinkFullError(`${this.name}: the limit of file sizes (ulimit -f) is reached`);
    }
    if (end <= this.#reservedBytes) {
      // Long before it is needed, since nobody may wait for it.
      if (this.#reservedBytes - end < RESERVE_STEP_BYTES / 2) void this.#extend(RESERVE_STEP_BYTES);
      return;
    }
    await this.#extending;
    const missing = end - this.#reservedBytes;
    for (const length of [Math.max(missing, RESERVE_STEP_BYTES), missing]) {
      if (this.#reservedBytes >= end || (await this.#extend(length)) === 0) return;
    }
    if (this.#reserveSpace === null) this.#requireFreeSpace(bytes);
    else throw new SinkFullError(`${this.name}: no space left on the disk`);
  }

  /** One at a time; the answer is that of the one under way. */
  #extend(lengthBytes: number): Promise<number> {
    this.#extending ??= this.#extendNow(lengthBytes).finally(() => {
      this.#extending = null;
    });
    return this.#extending;
  }

  async #extendNow(lengthBytes: number): Promise<number> {
    const result = (await this.#reserveSpace?.(this.#fd, this.#reservedBytes, lengthBytes)) ?? ENOSYS;
    if (result === 0) this.#reservedBytes += lengthBytes;
    // Nothing can be kept aside there (NFS, some FUSE): only see that there is room now.
    else if (!FULL_ERRNOS.has(result)) this.#reserveSpace = null;
    return result;
  }

  #requireFreeSpace(bytes: number): void {
    if (this.#directory.freeBytes() < BigInt(bytes)) {
      throw new SinkFullError(`${this.name}: no space left on the disk`);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#failure) throw this.#failure;
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await writeFd(this.#fd, bytes, done, bytes.length - done, null);
        done += bytesWritten;
      }
      this.#writtenBytes += bytes.length;
    } catch (error) {
      throw this.#fail(error, "cannot be written");
    }
  }

  async sync(): Promise<void> {
    if (this.#failure) throw this.#failure;
    try {
      this.#syncing = fdatasyncFd(this.#fd);
      await this.#syncing;
    } catch (error) {
      throw this.#fail(error, "cannot be brought to the disk");
    } finally {
      this.#syncing = null;
    }
    this.#requireThere();
  }

  /** Writing goes on well into a file that was removed, and ends with it. */
  #requireThere(): void {
    if (fstatSync(this.#fd).nlink > 0) return;
    this.#failure = new SinkGoneError(`${this.name}: was removed while it was written`);
    throw this.#failure;
  }

  /** Cuts back what was written in part. When even that fails, the torn frame is damage that readers pass by. */
  #fail(error: unknown, what: string): SinkError {
    const message = `${this.name}: ${what}: ${errorText(error)}`;
    let whole = true;
    try {
      ftruncateSync(this.#fd, this.#writtenBytes);
      this.#reservedBytes = this.#writtenBytes;
    } catch {
      whole = false;
    }
    const full = FULL.has(errorCode(error) ?? "") && whole;
    const failure = full
      ? new SinkFullError(message, 1, { cause: error })
      : new SinkError(message, 1, { cause: error });
    if (!full) this.#failure = failure;
    return failure;
  }

  async close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    await this.#extending;
    // The descriptor is another file's as soon as it is closed.
    await this.#syncing?.catch(() => {});
    try {
      // Gives back what is reserved behind the end.
      if (this.#reservedBytes > this.#writtenBytes) ftruncateSync(this.#fd, this.#writtenBytes);
      await fsyncFd(this.#fd);
      this.#directory.sync();
      if (this.#failure === null) this.#requireThere();
    } catch (error) {
      if (error instanceof SinkGoneError) throw error;
      if (!this.#failure) throw this.#fail(error, "cannot be brought to the disk");
    } finally {
      closeSync(this.#fd);
      this.#directory.close();
    }
  }

  discard(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    try {
      this.#directory.remove(basename(this.name), this.#fd);
    } catch {
      // The directory is not ours to change any more.
    } finally {
      // Space that is being reserved still: by then the number could be another file's.
      const close = () => closeSync(this.#fd);
      if (this.#extending === null) close();
      else void this.#extending.finally(close);
      this.#directory.close();
    }
  }
}

/** RLIMIT_FSIZE, in bytes. */
export function fileSizeLimit(limits = "/proc/self/limits"): number {
  try {
    const soft = /^Max file size\s+(\S+)/m.exec(readFileSync(limits, "latin1"))?.[1];
    return soft === undefined || soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** The last part of a path. One that ends with a slash names a directory, and open(2) says so. */
function nameIn(path: string): string {
  return path.endsWith("/") ? `${basename(path)}/` : basename(path);
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** In words, and what to do. */
export function whyNotCreated(path: string, error: unknown): string {
  switch (errorCode(error)) {
    case "EEXIST":
    case "ELOOP":
      if (isDirectory(path)) return `${path}: is a directory: name a file with -o`;
      return `${path}: exists already, and a recording never writes over a file: choose another name with -o`;
    case "ENOENT":
      // /proc and its like are there, and refuse new files with this error.
      if (isDirectory(dirname(path))) {
        return `${path}: no file can be made in ${dirname(path)}: choose another place with -o`;
      }
      return `${path}: there is no directory ${dirname(path)}: make it first, or choose another with -o`;
    case "ENOTDIR":
      return `${path}: ${dirname(path)} is not a directory: choose another with -o`;
    case "EISDIR":
      return `${path}: is a directory: name a file with -o`;
    default:
      return `${path}: cannot be created: ${errorText(error)}: choose another place with -o`;
  }
}
