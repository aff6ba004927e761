/** The first file system of a machine: busybox, `init`, and the modules that reach the host's files. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { PACKAGE } from "../support/paths.js";
import { type ArchiveFile, cpioArchive } from "./cpio.js";
import { type Kernel, prepareBusybox, Unavailable } from "./kernels.js";

/** What init asks for, in this order; what they need comes before them. Built in, where there is no such file. */
const WANTED = ["virtio_pci", "9pnet_virtio", "9p", "overlay"];
const DIRECTORIES = ["bin", "dev", "host", "modules", "proc", "root", "share", "sys", "top"];

/** A module's name and bytes, as the kernel takes it. */
interface Module {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Throws Unavailable when busybox cannot be had. */
export function makeInitramfs(kernel: Kernel): Buffer {
  const modules = modulesOf(kernel);
  const files: readonly ArchiveFile[] = [
    ...DIRECTORIES.map((path) => ({ path, bytes: null })),
    { path: "init", bytes: readFileSync(`${PACKAGE}test/vm/init`), isExecutable: true },
    { path: "bin/busybox", bytes: prepareBusybox(), isExecutable: true },
    { path: "config", bytes: readFileSync(kernel.config) },
    ...modules.map(({ name, bytes }, index) => ({
      path: `modules/${String(index).padStart(2, "0")}-${name}.ko`,
      bytes,
    })),
  ];
  return cpioArchive(files);
}

function modulesOf(kernel: Kernel): readonly Module[] {
  const files = readdirSync(kernel.modules, { recursive: true, encoding: "utf8" });
  const paths = new Map<string, string>();
  for (const file of files) {
    const found = /^(.*)\.ko(\.xz)?$/.exec(basename(file));
    if (found?.[1] !== undefined) paths.set(found[1].replaceAll("-", "_"), `${kernel.modules}${file}`);
  }
  const loaded = new Map<string, Module>();
  const add = (name: string) => {
    const path = paths.get(name);
    if (path === undefined || loaded.has(name)) return;
    const bytes = readModule(path);
    for (const needed of dependenciesOf(bytes)) add(needed);
    loaded.set(name, { name, bytes });
  };
  WANTED.forEach(add);
  return [...loaded.values()];
}

function readModule(path: string): Buffer {
  if (!path.endsWith(".xz")) return readFileSync(path);
  const unpacked = spawnSync("xz", ["-dc", path], { maxBuffer: 1 << 26 });
  if (unpacked.error !== undefined)
    throw new Unavailable("xz, which unpacks the kernel's modules (xz-utils)");
  return unpacked.stdout;
}

/** The modules that a module says it needs, in its section of names and values. */
export function dependenciesOf(module: Buffer): readonly string[] {
  const from = module.indexOf("\0depends=") + "\0depends=".length;
  if (from < "\0depends=".length) return [];
  const names = module.subarray(from, module.indexOf(0, from)).toString();
  return names
    .split(",")
    .filter((name) => name !== "")
    .map((name) => name.replaceAll("-", "_"));
}
