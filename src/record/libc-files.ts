/**
 * The files that have the C library's functions: those that the recorded processes map, and those that a program
 * started later will map, which lie beside its loader. Looks into no package database and no loader's cache.
 */
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { type ReadAt, readElf } from "./elf.js";

export interface LibcFile {
  /** By which it can be opened here, also when it is another mount namespace's, or deleted. */
  readonly path: string;
  /** What its process calls it. */
  readonly name: string;
}

export interface LibcFiles {
  readonly files: readonly LibcFile[];
  /** Programs whose calls cannot be seen there, and why, in lines for users. */
  readonly notes: readonly string[];
}

/** Loaders are where each ABI says: nothing else of a program's path to its libraries is fixed. */
const LOADERS = [
  "/lib64/ld-linux-x86-64.so.2",
  "/lib/ld-linux.so.2",
  "/lib/ld-linux-aarch64.so.1",
  "/lib/ld-linux-armhf.so.3",
  "/lib/ld-musl-x86_64.so.1",
  "/lib/ld-musl-i386.so.1",
  "/lib/ld-musl-aarch64.so.1",
  "/lib/ld-musl-armhf.so.1",
];

/** glibc before 2.34 has the mq_ functions in librt; musl's library is its loader. */
const GLIBC_FILES = ["libc.so.6", "librt.so.1"];
const IS_LIBC =
  /^(libc\.so\.6|libc-2\.\d+\.so|librt\.so\.1|librt-2\.\d+\.so|ld-musl-[\w-]+\.so\.1)( \(deleted\))?$/;
const IS_MUSL = /^ld-musl-/;
const SCRIPT_DEPTH = 4;

/**
 * `pids`: whose maps are read; null: everybody's. `areNamed`: one that maps no library is worth a note. `command`: the
 * program that is about to be started.
 */
export function findLibcFiles(
  wanted: {
    readonly pids: Iterable<number> | null;
    readonly areNamed: boolean;
    readonly command: string | null;
  },
  proc = "/proc",
): LibcFiles {
  const found = new Map<string, LibcFile>();
  const notes: string[] = [];
  const add = (file: LibcFile) => {
    const identity = identityOf(file.path);
    if (identity !== null && !found.has(identity)) found.set(identity, file);
  };
  for (const pid of wanted.pids ?? allPids(proc)) {
    const mapped = mappedLibraries(`${proc}/${pid}`);
    for (const file of mapped ?? []) add(file);
    if (wanted.areNamed && mapped?.length === 0) notes.push(`process ${pid} maps no C library: ${UNSEEN}`);
  }
  for (const loader of LOADERS) for (const file of besideLoader(loader)) add(file);
  if (wanted.command !== null) {
    const { loader, note } = loaderOf(wanted.command);
    if (loader !== null) for (const file of besideLoader(loader)) add(file);
    if (note !== null) notes.push(note);
  }
  return { files: [...found.values()], notes };
}

const UNSEEN = "it makes its system calls itself, and its functions are not seen";

/** The libraries that the process has code of; null: it is gone, or may not be looked at. */
export function mappedLibraries(directory: string): readonly LibcFile[] | null {
  let maps: string;
  try {
    maps = readFileSync(`${directory}/maps`, "latin1");
  } catch {
    return null;
  }
  if (maps === "") return null; // a kernel thread, or a process that ends
  const lines = maps.matchAll(/^([0-9a-f]+-[0-9a-f]+) ..x\S \S+ \S+ \d+ +(\/.*)$/gm);
  return [...lines]
    .map(([, range = "", name = ""]) => ({ path: `${directory}/map_files/${range}`, name }))
    .filter(({ name }) => IS_LIBC.test(basename(name)))
    .map(({ path, name }) => ({ path: existsSync(path) ? path : `${directory}/root${name}`, name }));
}

/** The C library of the programs that this loader starts. */
function besideLoader(loader: string): readonly LibcFile[] {
  try {
    const real = realpathSync(loader);
    if (IS_MUSL.test(basename(loader))) return [{ path: real, name: real }];
    return GLIBC_FILES.map((name) => join(dirname(real), name))
      .filter((path) => existsSync(path))
      .map((path) => ({ path, name: path }));
  } catch {
    return [];
  }
}

/** The loader of a program, of a script's interpreter where it is a script. */
function loaderOf(command: string): { readonly loader: string | null; readonly note: string | null } {
  let path = inPath(command);
  for (let depth = 0; path !== null && depth < SCRIPT_DEPTH; depth++) {
    const script = interpreterOfScript(path);
    if (script === null) break;
    path = script;
  }
  if (path === null) return { loader: null, note: null }; // starting it will say so
  try {
    const file = path;
    const loader = onFile(file, (read) => readElf(read).interpreter);
    return { loader, note: loader === null ? `${file} is linked statically: ${UNSEEN}` : null };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { loader: null, note: `cannot tell which C library ${path} uses (${why})` };
  }
}

/** As execvp() looks for it. */
function inPath(command: string): string | null {
  if (command.includes("/")) return isFile(command) ? command : null;
  const folders = (process.env.PATH ?? "/bin:/usr/bin").split(":");
  return folders.map((folder) => join(folder === "" ? "." : folder, command)).find(isFile) ?? null;
}

function interpreterOfScript(path: string): string | null {
  try {
    const start = onFile(path, (read) => Buffer.from(read(0, 256)).toString("latin1"));
    return /^#![ \t]*([^ \t\n]+)/.exec(start)?.[1] ?? null;
  } catch {
    return null;
  }
}

/** Opens the file for as long as `use` runs. */
export function onFile<T>(path: string, use: (read: ReadAt) => T): T {
  const fd = openSync(path, "r");
  try {
    return use((offset, length) => {
      const buffer = Buffer.alloc(length);
      return buffer.subarray(0, readSync(fd, buffer, 0, length, offset));
    });
  } finally {
    closeSync(fd);
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** One file has many paths. null: it is not there any more. */
function identityOf(path: string): string | null {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}

function allPids(proc: string): readonly number[] {
  return readdirSync(proc)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}
