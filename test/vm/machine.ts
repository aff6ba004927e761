/**
 * One boot of one kernel for one command, under emulation: the machine sees this host's files read-only, and what
 * the command writes is gone with it, but for the share. A machine that hangs is ended at its time limit.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { commandScript } from "./command.js";
import { makeInitramfs } from "./initramfs.js";
import { type Kernel, Unavailable, VM_DIRECTORY } from "./kernels.js";

const QEMU = "qemu-system-x86_64";
const POLL_MS = 100;
const MEMORY = "2G";

export interface Boot {
  readonly kernel: Kernel;
  /** A program and its arguments, run as root in `directory`. What it puts into /run/vm/out is kept. */
  readonly command: readonly string[];
  readonly directory: string;
  readonly timeoutMs: number;
  /**
   * Its clocks count instructions, one a nanosecond, and it has one processor: with two, what one runs would be time
   * on the other. Otherwise two, with the host's time.
   */
  readonly isCounting?: boolean;
  /** The host's directory for what is kept; null: nothing is. */
  readonly keepIn: string | null;
  /** Gets what the command writes, as it comes. */
  readonly output: (stream: "stdout" | "stderr", bytes: Buffer) => void;
}

export interface Booted {
  /** The command's exit status; null: the machine ended, or was ended, before the command did. */
  readonly status: number | null;
  /** Why there is no status. */
  readonly fault: string | null;
  /** Everything that kernel and init said. */
  readonly console: string;
}

/** What this host lacks to run a machine at all, in words; null: nothing. */
export function machineLacks(): string | null {
  if (process.arch !== "x64") return `an x86_64 host (this is ${process.arch})`;
  return spawnSync(QEMU, ["--version"]).error === undefined ? null : `${QEMU} (Debian: qemu-system-x86)`;
}

/** Boots, runs the command, powers off. Throws Unavailable when the machine cannot be put together. */
export async function boot(wanted: Boot): Promise<Booted> {
  const lacks = machineLacks();
  if (lacks !== null) throw new Unavailable(lacks);
  mkdirSync(VM_DIRECTORY, { recursive: true });
  const place = mkdtempSync(`${VM_DIRECTORY}run-`);
  const clean = () => rmSync(place, { recursive: true, force: true });
  process.once("exit", clean);
  try {
    return await bootIn(place, wanted);
  } finally {
    clean();
    process.off("exit", clean);
  }
}

/** A signal ends this process as it should: with its machines, and with what lies in their directories. */
export function endWithSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));
}

async function bootIn(place: string, wanted: Boot): Promise<Booted> {
  const share = `${place}/share`;
  mkdirSync(`${share}/out`, { recursive: true });
  writeFileSync(`${share}/command`, commandScript(wanted.command, wanted.directory, process.env));
  writeFileSync(`${place}/initramfs`, makeInitramfs(wanted.kernel));
  const streams = (["stdout", "stderr"] as const).map((name) => {
    const follow = followFile(`${share}/${name}`);
    return () => {
      for (let bytes = follow(); bytes.length > 0; bytes = follow()) wanted.output(name, bytes);
    };
  });
  const passOn = () => {
    for (const pass of streams) pass();
  };
  const timer = setInterval(passOn, POLL_MS);
  const ended = await runToEnd(machineProcess(place, wanted), wanted.timeoutMs);
  clearInterval(timer);
  passOn();
  if (wanted.keepIn !== null) cpSync(`${share}/out`, wanted.keepIn, { recursive: true });
  const status = existsSync(`${share}/status`) ? Number(readFileSync(`${share}/status`, "utf8")) : null;
  const console = existsSync(`${place}/console`) ? readFileSync(`${place}/console`, "utf8") : "";
  return { status, fault: status === null ? ended : null, console };
}

/** KVM under another virtual machine is not to be relied on. */
const BY_TIME = ["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2"];
/** Without erms and fsrm, with which Linux copies byte by byte: each byte would count as an instruction. */
const BY_INSTRUCTION = [
  ["-accel", "tcg,thread=single", "-icount", "shift=0"],
  ["-cpu", "max,erms=off,fsrm=off", "-smp", "1"],
].flat();

function machineProcess(place: string, { kernel, isCounting }: Boot): ChildProcess {
  // A comma in a path is written twice there.
  const files = "local,security_model=none,multidevs=remap";
  const args = [
    isCounting === true ? BY_INSTRUCTION : BY_TIME,
    ["-m", MEMORY],
    ["-nodefaults", "-display", "none", "-no-reboot", "-serial", `file:${place}/console`],
    // no_timer_check: on a busy host the timer seems not to work, and the kernel gives up.
    [
      "-kernel",
      kernel.image,
      "-initrd",
      `${place}/initramfs`,
      "-append",
      "console=ttyS0 panic=-1 quiet no_timer_check",
    ],
    ["-virtfs", `${files},path=/,mount_tag=host,readonly=on`],
    ["-virtfs", `${files},path=${place.replaceAll(",", ",,")}/share,mount_tag=share`],
  ].flat();
  // The machine must not outlive this process, however that ends.
  return spawn("setpriv", ["--pdeathsig", "KILL", QEMU, ...args], { stdio: ["ignore", "ignore", "pipe"] });
}

/** How it ended, in words. */
function runToEnd(machine: ChildProcess, timeoutMs: number): Promise<string> {
  let said = "";
  let isLate = false;
  machine.stderr?.on("data", (bytes: Buffer) => {
    said += bytes.toString();
  });
  const timer = setTimeout(() => {
    isLate = true;
    machine.kill("SIGKILL");
  }, timeoutMs);
  return new Promise((resolve) => {
    machine.on("error", (error) => resolve(error.message));
    machine.on("close", (status, signal) => {
      clearTimeout(timer);
      const how = signal === null ? `exit status ${status}` : `signal ${signal}`;
      resolve(
        isLate ? `still running after ${timeoutMs / 1000} s` : `the machine ended with ${how} ${said.trim()}`,
      );
    });
  });
}

/** Gives what was added to a file since the last time, which need not be there yet. */
function followFile(path: string): () => Buffer {
  let offset = 0;
  return () => {
    if (!existsSync(path)) return Buffer.alloc(0);
    const file = openSync(path, "r");
    try {
      const bytes = Buffer.alloc(65_536);
      const count = readSync(file, bytes, 0, bytes.length, offset);
      offset += count;
      return bytes.subarray(0, count);
    } finally {
      closeSync(file);
    }
  };
}
