/** Which hooks of the kernel plane are tried how, and what is said of it: with a tape that takes what it is told to. */
import { basename } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { KERNEL_FUNCTIONS } from "../../src/catalog/hooks.js";
import { kernelHookChecks } from "../../src/record/doctor-kernel.js";
import { addKernelPlane, KERNEL_HOOKS } from "../../src/record/kernel-plane.js";
import { NativeError } from "../../src/record/native.js";

const test = suite("record: kernel plane");

const ALL = "load_msg store_msg free_msg msg_insert do_notify";

/** `refused`: "object hook", in words for users as the reason. */
function tapeWithout(...refused: readonly string[]) {
  const log: string[] = [];
  return {
    log,
    planes(ringBytes: number) {
      if (refused.includes("ring")) throw new NativeError("no ring", "ENOMEM");
      log.push(`ring ${ringBytes}`);
    },
    addHooks(objectPath: string, names: readonly string[]) {
      const object = basename(objectPath, ".bpf.o").replace("msgtape-", "");
      log.push(`${object} ${names.join(" ")}`);
      const lack = names.find((name) => refused.includes(`${object} ${name}`) || refused.includes(object));
      if (lack !== undefined) throw new NativeError(`${object} cannot ${lack}`, "EPERM");
    },
  };
}

const NONE: ReadonlySet<never> = new Set();
const config = new Uint8Array(8);

/** Of each try: hook, mechanism, and why not. */
function planOf(tape: ReturnType<typeof tapeWithout>, held: ReadonlySet<"fentry" | "kprobe"> = NONE) {
  return addKernelPlane(tape, config, 4096, held).map(({ plane, hook, mechanism, attached, why }) => {
    assert.is(plane, "kernel");
    assert.is(attached, why === null);
    return `${hook} ${mechanism} ${why ?? "ok"}`;
  });
}

test("all at once where the kernel has all", () => {
  const tape = tapeWithout();
  assert.equal(planOf(tape), [
    "load_msg fexit ok",
    "store_msg fentry ok",
    "free_msg fentry ok",
    "msg_insert fentry ok",
    "__do_notify fentry ok",
  ]);
  assert.equal(tape.log, ["ring 4096", `fentry ${ALL}`]);
});

test("one that is refused is tried the other way, and costs no other", () => {
  const tape = tapeWithout("fentry msg_insert", "fentry load_msg", "kprobe msg_insert");
  assert.equal(planOf(tape), [
    "load_msg fexit fentry cannot load_msg",
    "store_msg fentry ok",
    "free_msg fentry ok",
    "msg_insert fentry fentry cannot msg_insert",
    "__do_notify fentry ok",
    "load_msg kretprobe ok",
    "msg_insert kprobe kprobe cannot msg_insert",
  ]);
  assert.equal(tape.log, [
    "ring 4096",
    `fentry ${ALL}`,
    ...ALL.split(" ").map((name) => `fentry ${name}`),
    "kprobe load_msg msg_insert",
    "kprobe load_msg",
    "kprobe msg_insert",
  ]);
});

test("what is held back is not tried", () => {
  const tape = tapeWithout();
  const plan = planOf(tape, new Set(["fentry"]));
  assert.is(plan[0], "load_msg fexit held back: MSGTAPE_HOLD_BACK names fentry");
  assert.is(plan[5], "load_msg kretprobe ok");
  assert.equal(tape.log, ["ring 4096", `kprobe ${ALL}`]);
});

test("without a ring there are no hooks", () => {
  const tape = tapeWithout("ring");
  assert.equal(
    planOf(tape).filter((line) => !line.endsWith(" no ring")),
    [],
  );
  assert.equal(tape.log, []);
});

test("doctor has a line for each hook: how it is had, or why not", () => {
  const plan = addKernelPlane(tapeWithout("fentry store_msg", "kprobe store_msg"), config, 4096, NONE);
  const checks = kernelHookChecks(plan);
  assert.equal(
    checks.map(({ name, status }) => `${status} ${name}`),
    [
      "ok kernel, load_msg",
      "no kernel, store_msg",
      "ok kernel, free_msg",
      "ok kernel, msg_insert",
      "ok kernel, __do_notify",
    ],
  );
  assert.is(checks[0]?.detail, "the kernel's own copy of what is sent: by fexit");
  assert.is(
    checks[1]?.detail,
    "which message a receive brought: not there (fentry: fentry cannot store_msg; kprobe: kprobe cannot store_msg)",
  );
  assert.match(checks[1]?.todo ?? "", /^nothing: /);
});

test("the pages of explain name the hooks that a recording tries", () => {
  assert.equal(
    KERNEL_FUNCTIONS,
    KERNEL_HOOKS.map(({ hook, at, use }) => ({ name: hook, at, use })),
  );
});

test.run();
