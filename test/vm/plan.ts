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
  /** Test files: words of their paths, as for `npm test`. */
  readonly files: readonly string[];
}

/** Every call of every workload. Time passes slowly under emulation: what must be tried in each way is this alone. */
const TOGETHER = "live/together";
/** What is the same whichever way the programs get their data: endings, filters, calls in flight. */
const ONCE = [
  TOGETHER,
  "live/in-flight",
  "live/endings",
  "live/filters",
  "live/corner-cases",
  "record/inventory",
];

const CAST = "tp_btf with bpf_rdonly_cast";

export const PLAN: Readonly<Record<KernelVersion, readonly Configuration[]>> = {
  // bpf_rdonly_cast came with 6.2.
  "6.1": [
    { name: "all it has", holdBack: "", programs: "tp_btf", files: ONCE },
    { name: "raw tracepoints", holdBack: "tp_btf", programs: "raw_tp", files: [TOGETHER] },
  ],
  "6.12": [
    { name: "all it has", holdBack: "", programs: CAST, files: ONCE },
    { name: "without casts", holdBack: "cast", programs: "tp_btf", files: [TOGETHER] },
    { name: "raw tracepoints", holdBack: "tp_btf", programs: "raw_tp", files: [TOGETHER] },
  ],
};
