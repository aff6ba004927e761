/** Writes an archive in cpio's `newc` form, which Linux unpacks as its first file system. Directories and files only. */

export interface ArchiveFile {
  /** With no slash in front. Its directories must come before it. */
  readonly path: string;
  /** null: a directory. */
  readonly bytes: Uint8Array | null;
  readonly isExecutable?: boolean;
}

const DIRECTORY = 0o040755;
const FILE = 0o100644;
const PROGRAM = 0o100755;

/** The whole archive. */
export function cpioArchive(files: readonly ArchiveFile[]): Buffer {
  const entries = files.map((file, index) => entry(file, index + 1));
  return Buffer.concat([...entries, entry({ path: "TRAILER!!!", bytes: new Uint8Array() }, 0)]);
}

function entry({ path, bytes, isExecutable }: ArchiveFile, inode: number): Buffer {
  const mode = bytes === null ? DIRECTORY : isExecutable === true ? PROGRAM : FILE;
  const sizeBytes = bytes?.length ?? 0;
  const nameBytes = Buffer.byteLength(path) + 1;
  // Inode, mode, uid, gid, links, time, size, device and device of the node (major, minor each), name, checksum.
  const fields = [inode, mode, 0, 0, 1, 0, sizeBytes, 0, 0, 0, 0, nameBytes, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${path}\0`;
  return Buffer.concat([padded(Buffer.from(header)), padded(bytes ?? new Uint8Array())]);
}

/** To a multiple of four bytes. */
function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
