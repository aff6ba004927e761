/**
 * The kernels that a virtual machine can boot: Debian's own, unpacked from their packages below build/vm and
 * installed nowhere. A kernel that cannot be had is an error that says why.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { PACKAGE } from "../support/paths.js";

export const KERNEL_VERSIONS = ["6.1", "6.12"] as const;
export type KernelVersion = (typeof KERNEL_VERSIONS)[number];

export const VM_DIRECTORY = `${PACKAGE}build/vm/`;

/** A kernel, or a program for the machine, is not to be had here. The message says why. */
export class Unavailable extends Error {}

/** An unpacked package. */
export interface Kernel {
  readonly version: KernelVersion;
  /** `6.1.0-56-amd64`. */
  readonly release: string;
  readonly image: string;
  readonly config: string;
  readonly modules: string;
}

/**
 * The package that holds a kernel of `version`, as `apt-cache show` of the packages that only name one tells, best
 * candidate first; null: none of them does.
 */
export function packageOf(version: KernelVersion, shown: string): string | null {
  const named = new RegExp(`^Depends:.*\\b(linux-image-${version.replace(".", "\\.")}\\.[^ ,(]+)`, "m");
  return named.exec(shown)?.[1] ?? null;
}

/** Downloads and unpacks what is not there yet. Throws Unavailable. */
export function prepareKernel(version: KernelVersion): Kernel {
  const directory = `${VM_DIRECTORY}${version}/`;
  if (!existsSync(directory)) {
    if (process.arch !== "x64") throw new Unavailable(`this is ${process.arch}: the machines are x86_64`);
    unpack(findPackage(version), directory);
  }
  const release = readdirSync(`${directory}lib/modules`)[0] ?? "";
  return {
    version,
    release,
    image: `${directory}boot/vmlinuz-${release}`,
    config: `${directory}boot/config-${release}`,
    modules: `${directory}lib/modules/${release}/kernel/`,
  };
}

/** Busybox, for the time before the host's files are there. Throws Unavailable. */
export function prepareBusybox(): Buffer {
  const directory = `${VM_DIRECTORY}busybox/`;
  if (!existsSync(directory)) unpack("busybox-static", directory);
  return readFileSync(`${directory}bin/busybox`);
}

function findPackage(version: KernelVersion): string {
  for (const isUpdated of [false, true]) {
    if (isUpdated) updateLists();
    // Debian's own names for "the kernel of this release" and, from backports, "the kernel 6.12".
    const shown = run("apt-cache", ["show", `linux-image-${version}-amd64`, "linux-image-amd64"]);
    const name = packageOf(version, shown.stdout ?? "");
    if (name !== null) return name;
  }
  throw new Unavailable(`none of this machine's package sources has a Linux ${version} of Debian's`);
}

function updateLists(): void {
  run("apt-get", ["update", "-qq"]);
}

/** Into a place of its own first, so that `directory` is there only whole. */
function unpack(name: string, directory: string): void {
  const place = `${VM_DIRECTORY}new-${process.pid}/`;
  rmSync(place, { recursive: true, force: true });
  mkdirSync(`${place}files`, { recursive: true });
  try {
    download(name, place);
    const deb = readdirSync(place).find((file) => file.endsWith(".deb"));
    const unpacked = run("dpkg-deb", ["-x", `${place}${deb}`, `${place}files`]);
    if (unpacked.status !== 0) throw new Unavailable(`cannot unpack ${deb}: ${whyOf(unpacked)}`);
    writeFileSync(`${place}files/package`, `${deb}\n`);
    renameSync(`${place}files`, directory);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function download(name: string, place: string): void {
  // root: else apt warns that its own user cannot write there.
  const get = () => run("apt-get", ["download", "-qq", "-o", "APT::Sandbox::User=root", name], place);
  let got = get();
  if (got.status === 0) return;
  updateLists();
  got = get();
  if (got.status !== 0) throw new Unavailable(`cannot download ${name}: ${whyOf(got)}`);
}

function run(command: string, args: readonly string[], cwd = PACKAGE) {
  return spawnSync(command, args, { cwd, encoding: "utf8", timeout: 300_000, maxBuffer: 1 << 26 });
}

function whyOf(ran: ReturnType<typeof run>): string {
  if (ran.error !== undefined) return ran.error.message;
  return ran.stderr.trim().split("\n").at(-1) || `exit status ${ran.status}`;
}
