/**
 * Tests that need more than Node: root, a kernel with BPF, a tool. Where something is missing the test is
 * registered as skipped and says on stdout what it lacked, so that "0 failed" never hides "0 tried".
 *
 * MSGTAPE_REQUIRE_LIVE=1 turns a missing kernel or compiler into a failure: for machines that are known to have both.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import type { Callback, Test } from "uvu";
import { type Mechanism, whyHeldBack } from "../../src/record/hold-back.js";
import { probe } from "../../src/record/native.js";
import { PACKAGE } from "./paths.js";

export type Need =
  | "root"
  | "bpf"
  | "objects"
  | "gcc"
  | "gcc32"
  | "strace"
  | "stress-ng"
  | "perf"
  | "unshare"
  | "script"
  | "setpriv"
  | "cpio"
  | "ipv6"
  | "msg_next_id"
  | "fentry"
  | "kprobe"
  | "userfaultfd";

/** What is missing, in words, or null when it is there. Each looks once. */
const LOOK: Readonly<Record<Need, () => string | null>> = {
  root: () => (process.getuid?.() === 0 ? null : "root"),
  bpf: lookForBpf,
  objects: () =>
    existsSync(`${PACKAGE}build/msgtape-raw.bpf.o`) ? null : "build/msgtape-raw.bpf.o (npm run build)",
  gcc: () => lookForTool("gcc"),
  gcc32: lookForGcc32,
  strace: () => lookForTool("strace"),
  "stress-ng": () => lookForTool("stress-ng"),
  perf: () => lookForTool("perf"),
  unshare: () => lookForTool("unshare"),
  script: () => lookForTool("script"),
  setpriv: () => lookForTool("setpriv"),
  cpio: () => lookForTool("cpio"),
  ipv6: () => (hasIpv6Loopback() ? null : "IPv6 on the loopback device"),
  // Root may use it for the kernel's own faults; a kernel built without it has no such setting.
  userfaultfd: () =>
    existsSync("/proc/sys/vm/unprivileged_userfaultfd") ? null : "userfaultfd (CONFIG_USERFAULTFD)",
  fentry: () => lookForHook("fexit", "fentry"),
  kprobe: () => lookForHook("kprobe", "kprobe"),
  msg_next_id: () =>
    existsSync("/proc/sys/kernel/msg_next_id") ? null : "kernel.msg_next_id (CONFIG_CHECKPOINT_RESTORE)",
};

/** What MSGTAPE_REQUIRE_LIVE insists on; tools that only some tests need stay optional. */
const REQUIRED: readonly Need[] = ["root", "bpf", "gcc"];

const found = new Map<Need, string | null>();

/** What of `needs` this machine lacks, in words. */
export function missing(needs: readonly Need[]): readonly string[] {
  return needs.flatMap((need) => {
    let lack = found.get(need);
    if (lack === undefined) {
      lack = LOOK[need]();
      found.set(need, lack);
    }
    return lack === null ? [] : [lack];
  });
}

/** Registers a test that needs `needs`; skipped, visibly, where one of them is missing. */
export function live<T>(suite: Test<T>, name: string, needs: readonly Need[], run: Callback<T>): void {
  const lacks = missing(needs);
  if (lacks.length === 0) {
    suite(name, run);
  } else if (process.env.MSGTAPE_REQUIRE_LIVE === "1" && missing(REQUIRED).length > 0) {
    suite(name, () => {
      throw new Error(`MSGTAPE_REQUIRE_LIVE=1, but this machine has no ${lacks.join(", no ")}`);
    });
  } else {
    console.log(`skipped: ${name} (missing: ${lacks.join(", ")})`);
    suite.skip(name, run);
  }
}

/** How many of something to try: fewer on a machine that is slow by nature, an emulated one. */
export function scaled(count: number): number {
  return Math.ceil(count * scale());
}

/** How long to wait, at most, for what comes where nothing is wrong: longer on such a machine. */
export function patience(ms: number): number {
  return ms / scale();
}

function scale(): number {
  return Number(process.env.MSGTAPE_TEST_SCALE ?? 1);
}

function lookForTool(tool: string): string | null {
  const result = spawnSync(tool, ["--version"], { stdio: "ignore" });
  return result.error === undefined ? null : tool;
}

function hasIpv6Loopback(): boolean {
  const addresses = "/proc/net/if_inet6";
  return existsSync(addresses) && readFileSync(addresses, "utf8").includes(`${"0".repeat(31)}1 `);
}

function lookForGcc32(): string | null {
  const source = "#include <stdio.h>\nint main(void) { return 0; }\n";
  const result = spawnSync("gcc", ["-m32", "-x", "c", "-o", "/dev/null", "-"], { input: source });
  return result.status === 0 ? null : "gcc -m32 (gcc-multilib)";
}

/** A way into kernel functions, tried for real; one that this run holds back is not there. */
function lookForHook(name: "fexit" | "kprobe", mechanism: Mechanism): string | null {
  const lack = lookForBpf() ?? whyHeldBack([mechanism]);
  if (lack !== null) return lack;
  const { available, message } = probe(name);
  return available === true ? null : `${mechanism} (${message})`;
}

/** The kernel's half: BTF, a BPF system call for root, and our own programs built. */
function lookForBpf(): string | null {
  if (process.platform !== "linux") {
    return "Linux";
  }
  if (!existsSync("/sys/kernel/btf/vmlinux")) {
    return "kernel BTF (/sys/kernel/btf/vmlinux)";
  }
  if (process.getuid?.() !== 0) {
    return "root for BPF";
  }
  return existsSync(`${PACKAGE}build/libmsgtape.so`) ? null : "build/libmsgtape.so (npm run build)";
}
