/**
 * The file that a command writes: created by it alone, never through a symbolic link, readable by its owner only,
 * and gone again when the command fails. Refuses to overwrite anything.
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  unlinkSync,
  writeSync,
} from "node:fs";

/** The output cannot be created or written; one line for users. */
export class OutputFileError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "OutputFileError";
  }
}

export interface OutputFile {
  readonly path: string;
  /** Appends all of the bytes. @throws OutputFileError; the file is then only good for `discard`. */
  write(bytes: Uint8Array): void;
  /** Puts the bytes on the disk and closes the file, which stays. @throws OutputFileError */
  finish(): void;
  /** Closes and removes the file, unless it was finished. Never throws: whoever calls it has an error of their own. */
  discard(): void;
}

/** @throws OutputFileError when something is there already, or nothing can be created there. */
export function createOutput(path: string): OutputFile {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const fd = attempt(path, "cannot be created", () =>
    openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600),
  );
  let isOpen = true;
  const close = () => {
    isOpen = false;
    closeSync(fd);
  };
  return {
    path,
    write(bytes) {
      attempt(path, "cannot be written", () => {
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      });
    },
    finish() {
      attempt(path, "cannot be written", () => {
        fsyncSync(fd);
        close();
      });
    },
    discard() {
      if (!isOpen) return;
      try {
        const own = fstatSync(fd);
        const there = lstatSync(path);
        // Whoever moved it away and put another file there keeps theirs.
        if (own.dev === there.dev && own.ino === there.ino) unlinkSync(path);
      } catch {
        // It is gone, or cannot be removed: the error that led here is the one to tell.
      }
      try {
        close();
      } catch {
        // As above.
      }
    },
  };
}

function attempt<T>(path: string, what: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const why = code === "EEXIST" ? "something is there already; name a new file or remove that one" : code;
    throw new OutputFileError(`${path}: ${what} (${why})`, { cause: error });
  }
}
