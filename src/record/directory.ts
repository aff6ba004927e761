/**
 * The directory of an output, held open: whatever becomes of the path that led to it, files are made, looked for and
 * taken away in this one directory. Node has no openat(2): a descriptor's path under /proc does the same.
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  statfsSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { errorCode } from "./errors.js";

/** <fcntl.h>; Node does not name it. The same on every architecture that is recorded. */
const O_PATH = 0o10000000;

/** Which file it is, whatever its name. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
}

export class OutputDirectory {
  /** As it was named. */
  readonly path: string;
  readonly fd: number;
  readonly #canSync: boolean;

  private constructor(path: string, fd: number, canSync: boolean) {
    this.path = path;
    this.fd = fd;
    this.#canSync = canSync;
  }

  /** `through`: another path to it. Throws what open(2) fails with. */
  static open(path: string, through = path): OutputDirectory {
    const { O_RDONLY, O_DIRECTORY } = constants;
    try {
      return new OutputDirectory(path, openSync(through, O_RDONLY | O_DIRECTORY), true);
    } catch (error) {
      // One may be allowed to make files there and not to list them.
      if (errorCode(error) !== "EACCES") throw error;
      return new OutputDirectory(path, openSync(through, O_PATH | O_DIRECTORY), false);
    }
  }

  /** The same directory once more, for a file that outlives this one. Throws what open(2) fails with. */
  again(): OutputDirectory {
    return OutputDirectory.open(this.path, `/proc/self/fd/${this.fd}`);
  }

  /** Makes a file for its owner's eyes alone. Throws what open(2) fails with, when it exists, or is a link, too. */
  create(name: string): number {
    const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    // O_APPEND: after a torn write was cut off, the next one must not leave a hole.
    return openSync(this.#at(name), O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  }

  /** Whether `name` leads to the open file. False as well where the directory may not be looked into. */
  leadsTo(name: string, fd: number): boolean {
    try {
      const [there, ours] = [lstatSync(this.#at(name), { bigint: true }), fstatSync(fd, { bigint: true })];
      return there.ino === ours.ino && there.dev === ours.dev;
    } catch {
      return false;
    }
  }

  /** Where it is by now, if its path leads there no longer. null: it does, or we may not look. */
  movedTo(): string | null {
    try {
      const [there, ours] = [
        statSync(this.path, { bigint: true, throwIfNoEntry: false }),
        fstatSync(this.fd, { bigint: true }),
      ];
      if (there?.ino === ours.ino && there.dev === ours.dev) return null;
      return readlinkSync(`/proc/self/fd/${this.fd}`);
    } catch {
      return null;
    }
  }

  /** Takes the open file's name away, if it still is that file's. */
  remove(name: string, fd: number): void {
    if (this.leadsTo(name, fd)) unlinkSync(this.#at(name));
  }

  /** The same of a file that is closed. */
  removeThat(name: string, { dev, ino }: FileIdentity): void {
    const there = lstatSync(this.#at(name), { bigint: true, throwIfNoEntry: false });
    if (there?.ino === ino && there.dev === dev) unlinkSync(this.#at(name));
  }

  /** What lies in it; nothing where it may not be listed. */
  names(): readonly string[] {
    try {
      return readdirSync(this.#at("."));
    } catch (error) {
      if (errorCode(error) !== "EACCES") throw error;
      return [];
    }
  }

  /** Bytes that whoever we are may still write. */
  freeBytes(): bigint {
    const space = statfsSync(this.#at("."), { bigint: true });
    return space.bavail * space.bsize;
  }

  /** Brings new names to the disk, as far as the file system has such a thing for directories. */
  sync(): void {
    if (!this.#canSync) return;
    try {
      fsyncSync(this.fd);
    } catch (error) {
      if (errorCode(error) !== "EINVAL") throw error;
    }
  }

  close(): void {
    closeSync(this.fd);
  }

  #at(name: string): string {
    return `/proc/self/fd/${this.fd}/${name}`;
  }
}
