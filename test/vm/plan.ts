/**
 * What is tested on which kernel: data. A configuration holds back what the kernel has (src/record/hold-back.ts), runs
 * some of the test files, and says which way the recorder must have taken.
 */
import type { KernelVersion } from "./kernels.js";

export interface Configuration {
  readonly name: string;
  /** MSGTAPE_HOLD_BACK. */
  readonly holdBack: string;
  /** MSGTAPE_EXPECT_PROGRAMS: the mechanism of the programs that must be in place (test/live/together.test.ts). */
  readonly programs: string;
  /** MSGTAPE_EXPECT_KERNEL_PLANE: the mechanism of the hook on load_msg; empty: none. */
  readonly kernelPlane: string;
  /** Test files: words of their paths, as for `npm test`. */
  readonly files: readonly string[];
}

/** Time passes slowly under emulation: what is tried in each way is every call of every workload. */
const EACH = ["live/together"];
/** Inputs that change, and messages on their way: with what the kernel plane says, and by the calls alone. */
const EVIDENCE = ["live/flows", "live/toctou"];
/** What does not depend on the way in which the programs get their data, or tries the ways itself. */
const ONCE = [...EACH, ...EVIDENCE, "live/in-flight", "live/kernel-plane", "record/inventory"];
const EVERYTHING = ["live/", "record/native", "record/inventory"];

/** For each change: ten minutes or so. */
export const PLAN = planWith(ONCE, EACH);
/** For a new kernel, or a change of the programs: long. */
export const WHOLE_PLAN = planWith(EVERYTHING, EACH);

type Plan = Readonly<Record<KernelVersion, readonly Configuration[]>>;

function planWith(once: readonly string[], each: readonly string[]): Plan {
  const all = { name: "all it has", holdBack: "", kernelPlane: "fexit", files: once };
  const kprobes = {
    name: "kprobes",
    holdBack: "cast,fentry",
    programs: "tp_btf",
    kernelPlane: "kretprobe",
    files: each,
  };
  const least = {
    name: "raw tracepoints, no kernel plane",
    holdBack: "tp_btf,fentry,kprobe",
    programs: "raw_tp",
    kernelPlane: "",
    files: [...each, ...EVIDENCE],
  };
  return {
    // bpf_rdonly_cast came with 6.2.
    "6.1": [{ ...all, programs: "tp_btf" }, kprobes, least],
    "6.12": [{ ...all, programs: "tp_btf with bpf_rdonly_cast" }, kprobes, least],
  };
}
