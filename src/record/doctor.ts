/**
 * What this host can record, found out by trying: every mechanism by itself, and each program object by loading
 * and attaching it for a moment. Changes nothing and records nothing.
 */
import { existsSync, readFileSync } from "node:fs";
import { machine, release } from "node:os";
import type { AttachedHook } from "../format/types.js";
import { attachFirst, PROGRAM_OBJECTS } from "./attach.js";
import { inventoryCheck } from "./doctor-inventory.js";
import { kernelHookChecks } from "./doctor-kernel.js";
import { RecordError } from "./errors.js";
import { NO_FILTERS } from "./filters.js";
import { HOLD_BACK, heldBack, type Mechanism, whyHeldBack } from "./hold-back.js";
import { type KernelConfig, readKernelConfig } from "./kernel-config.js";
import { addKernelPlane } from "./kernel-plane.js";
import { NativeError, PROBES, probe } from "./native.js";
import { Tape } from "./native-tape.js";
import { DEFAULT_SNAP_BYTES, type RecordOptions } from "./options.js";
import { buildPath } from "./paths.js";
import { Privilege } from "./privilege.js";
import { LEAST_RING_BYTES, openWithRings, planesBytesOf, ringBytesOf } from "./rings.js";
import { prepareSetup, type Setup } from "./setup.js";

/** `note`: a fact that is neither good nor bad. */
export type CheckStatus = "ok" | "no" | "unknown" | "note";

export interface Check {
  readonly name: string;
  readonly status: CheckStatus;
  /** What was found. */
  readonly detail: string;
  /** What to do about it; null: nothing is to be done, or nothing can be. */
  readonly todo: string | null;
}

export interface Diagnosis {
  readonly kernel: string;
  readonly machine: string;
  /** True when at least one program object loads and attaches here, now, for this user. */
  readonly possible: boolean;
  readonly checks: readonly Check[];
}

const FALLBACK = "nothing, as long as raw_tp is ok";
const INSIDE = "nothing, as long as one of fentry and kprobe is ok; without both, calls alone are recorded";
const NOT_NEEDED = "nothing: /proc is read instead";

/** What a probe is good for, and what to do where it fails. */
const ABOUT: Readonly<Record<(typeof PROBES)[number], { use: string; todo: string | null }>> = {
  caps: {
    use: "the right to record",
    todo: "run as root, or with CAP_BPF and CAP_PERFMON (setcap, or systemd's AmbientCapabilities)",
  },
  lockdown: { use: "kernel memory may be read", todo: "boot with lockdown=integrity or none" },
  btf: {
    use: "the kernel describes its own structs",
    todo: "use a kernel built with CONFIG_DEBUG_INFO_BTF (Debian 11, Ubuntu 20.10, Fedora 31 and later have it)",
  },
  tp_btf: { use: "the cheapest way to see system calls", todo: FALLBACK },
  raw_tp: { use: "the way to see system calls where tp_btf fails", todo: null },
  ringbuf: { use: "how names of tasks and queues reach the recorder", todo: "use Linux 5.15 or later" },
  task_storage: { use: "what is known of each task", todo: "use Linux 5.15 or later" },
  bpf_rdonly_cast: { use: "queues are identified at less cost", todo: null },
  bpf_loop: { use: "all of 64 messages a call are kept; without it fewer, the rest counted", todo: null },
  fentry: { use: "the cheapest way into the kernel's own functions", todo: INSIDE },
  fexit: { use: "the same at their return", todo: INSIDE },
  kprobe: { use: "the way into the kernel's own functions where fentry fails", todo: INSIDE },
  uprobe: {
    use: "record --libc: what callers of the C library wait",
    todo: "nothing, without --libc; else a kernel built with CONFIG_UPROBE_EVENTS",
  },
  "iter/task_file": { use: "the kernel's own list of descriptors, for inventories", todo: NOT_NEEDED },
};

/** The probes that a run can be told to do without. */
const HELD_BACK_BY: Readonly<Partial<Record<(typeof PROBES)[number], Mechanism>>> = {
  tp_btf: "tp_btf",
  bpf_rdonly_cast: "cast",
  fentry: "fentry",
  fexit: "fentry",
  kprobe: "kprobe",
  "iter/task_file": "iter",
};

/** Looks at everything. Never throws: what fails is a check. */
export function examineHost(): Diagnosis {
  const native = attempt("native library", "koffi and libmsgtape.so are there", () => void probe("caps"));
  const { held, checks } = holdBackChecks();
  const probes = native.status === "ok" ? PROBES.map((name) => probeCheck(name, held)) : [];
  const programs = native.status === "ok" ? programChecks(held) : [];
  const hooks = native.status === "ok" ? kernelPlaneChecks(held) : [];
  const inventories = native.status === "ok" ? inventoryChecks(held) : [];
  return {
    kernel: release(),
    machine: machine(),
    possible: programs.some((check) => check.status === "ok"),
    checks: [
      native,
      ...checks,
      dropCheck(),
      ...probes,
      ...programs,
      ...hooks,
      ...inventories,
      ...facilityChecks(readKernelConfig()),
      ...limitChecks(),
    ],
  };
}

/** Nothing to say where the variable is not set. */
function holdBackChecks(): { held: ReadonlySet<Mechanism>; checks: readonly Check[] } {
  try {
    const held = heldBack();
    const detail = `this run does without ${[...held].join(", ")}`;
    return { held, checks: held.size === 0 ? [] : [{ name: HOLD_BACK, status: "note", detail, todo: null }] };
  } catch (error) {
    const todo = "until it is mended nothing is held back here, and record refuses";
    return { held: new Set(), checks: [{ name: HOLD_BACK, status: "no", detail: whyOf(error), todo }] };
  }
}

/** For whom a recording would give up root. */
function dropCheck(): Check {
  const name = "giving up root";
  try {
    const { user } = Privilege.of(null);
    const detail =
      user === null ? "nothing to give up: this is not root" : `record becomes ${user.name} (--drop-to)`;
    return { name, status: "note", detail, todo: null };
  } catch (error) {
    return { name, status: "no", detail: whyOf(error), todo: null };
  }
}

function probeCheck(name: (typeof PROBES)[number], held: ReadonlySet<Mechanism>): Check {
  const { use, todo } = ABOUT[name];
  const mechanism = HELD_BACK_BY[name];
  const without = mechanism === undefined ? null : whyHeldBack([mechanism], held);
  if (without !== null) return { name, status: "no", detail: `${use}: ${without}`, todo: null };
  const { available, message } = probe(name);
  const detail = message === "" ? use : `${use}: ${message}`;
  if (available === null) return { name, status: "unknown", detail, todo: null };
  return { name, status: available ? "ok" : "no", detail, todo: available ? null : todo };
}

/** What the recorder itself would do, up to the point where it records: all but the first "no" are fallbacks. */
function programChecks(held: ReadonlySet<Mechanism>): readonly Check[] {
  let setup: Setup;
  try {
    setup = prepareSetup(TRIAL);
  } catch (error) {
    return [{ name: "programs", status: "no", detail: whyOf(error), todo: null }];
  }
  return PROGRAM_OBJECTS.map(({ file, mechanism, needs }) =>
    attempt(`programs, ${mechanism}`, "load and attach", () => {
      const without = whyHeldBack(needs, held);
      if (without !== null) throw new RecordError(without);
      const tape = openTrial(setup, file);
      try {
        tape.attach();
      } finally {
        tape.close();
      }
    }),
  );
}

/** Beside the first object that is taken. Where none is, the programs' own lines say why, and these nothing. */
function kernelPlaneChecks(held: ReadonlySet<Mechanism>): readonly Check[] {
  let plan: readonly AttachedHook[] = [];
  try {
    const setup = prepareSetup(TRIAL);
    const open = (file: string) => {
      const tape = openTrial(setup, file);
      plan = addKernelPlane(tape, setup.config(tape.ringBytes), planesBytesOf(TRIAL.bufferBytes), held);
      return tape;
    };
    attachFirst(open, () => false, held).tape.close();
  } catch (error) {
    if (error instanceof RecordError || error instanceof NativeError) return [];
    throw error;
  }
  return kernelHookChecks(plan);
}

/** Where no program can be loaded at all, the programs' own lines say why, and this nothing. */
function inventoryChecks(held: ReadonlySet<Mechanism>): readonly Check[] {
  try {
    return [inventoryCheck(prepareSetup(TRIAL).config(LEAST_RING_BYTES), whyHeldBack(["iter"], held))];
  } catch (error) {
    if (error instanceof RecordError) return [];
    throw error;
  }
}

function openTrial(setup: Setup, file: string): Tape {
  return openWithRings(
    (ringBytes) => Tape.open(buildPath(file), setup.config(ringBytes), ringBytes),
    ringBytesOf(TRIAL.bufferBytes, setup.cpus),
  );
}

/** No event is wanted: the programs are attached and let every call pass. */
const TRIAL: RecordOptions = {
  output: null,
  events: [],
  filters: NO_FILTERS,
  filterText: {},
  triggers: [],
  snapBytes: DEFAULT_SNAP_BYTES,
  bufferBytes: 65_536,
  durationMs: null,
  calls: null,
  command: null,
  user: null,
  dropTo: null,
  kernelPlane: false,
  libcPlane: false,
  rotation: null,
  flight: null,
};

function facilityChecks(config: KernelConfig | null): readonly Check[] {
  return [
    facility("POSIX queues", "/proc/sys/fs/mqueue", "CONFIG_POSIX_MQUEUE"),
    facility("System V queues", "/proc/sysvipc/msg", "CONFIG_SYSVIPC"),
    optionCheck(config, "32-bit programs", "CONFIG_IA32_EMULATION", "their calls are recorded as ia32"),
    optionCheck(config, "32-bit times", "CONFIG_COMPAT_32BIT_TIME", "the _time32 calls exist"),
  ];
}

/** Without it there is nothing of the kind to record: no fault of the host. */
function facility(name: string, path: string, option: string): Check {
  if (existsSync(path)) return { name, status: "ok", detail: `${path} is there`, todo: null };
  return { name, status: "no", detail: `no ${path}: this kernel is built without ${option}`, todo: null };
}

function optionCheck(config: KernelConfig | null, name: string, option: string, use: string): Check {
  const value = config?.option(option) ?? null;
  if (config === null) {
    return { name, status: "unknown", detail: "this kernel does not say how it was built", todo: null };
  }
  if (value !== null) return { name, status: "ok", detail: `${use} (${option})`, todo: null };
  return { name, status: "note", detail: `none here: ${option} is not set`, todo: null };
}

const LIMITS = [
  "fs/mqueue/msg_max",
  "fs/mqueue/msgsize_max",
  "fs/mqueue/queues_max",
  "kernel/msgmax",
  "kernel/msgmnb",
  "kernel/msgmni",
  "kernel/unprivileged_bpf_disabled",
  "kernel/perf_event_paranoid",
] as const;

function limitChecks(): readonly Check[] {
  return LIMITS.map((path) => {
    const name = path.replaceAll("/", ".");
    try {
      return { name, status: "note", detail: readFileSync(`/proc/sys/${path}`, "utf8").trim(), todo: null };
    } catch {
      return { name, status: "unknown", detail: `/proc/sys/${path} cannot be read`, todo: null };
    }
  });
}

function attempt(name: string, good: string, run: () => void): Check {
  try {
    run();
    return { name, status: "ok", detail: good, todo: null };
  } catch (error) {
    return { name, status: "no", detail: whyOf(error), todo: null };
  }
}

function whyOf(error: unknown): string {
  if (error instanceof NativeError || error instanceof RecordError) return error.message;
  return error instanceof Error ? `a fault of msgtape: ${error.message}` : String(error);
}
