import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { VARIANTS } from "../../src/catalog/abi.js";
import { EVENTS, eventByName } from "../../src/catalog/events.js";
import { STRUCTS } from "../../src/catalog/structs.js";
import type { EventRow, Operand, Step, Variant } from "../../src/catalog/types.js";
import { PACKAGE } from "../support/paths.js";

/** The steps that a call of this layout takes. */
function stepsFor(steps: readonly Step[], variant: Variant): readonly Step[] {
  return steps.filter((step) => step.only === undefined || step.only.includes(variant));
}

/** As the kernel programs decide it (bpf/config.h, struct mt_step), on the argument's low 32 bits. */
function holds(step: Step, args: readonly number[], ret: number | null): boolean {
  if (step.onSuccess === true && (ret === null || ret < 0)) return false;
  if (step.when === undefined) return true;
  const value = (args[step.when.arg] ?? 0) >>> 0;
  if ((value & step.when.mask) >>> 0 !== step.when.value) return false;
  return step.when.low === undefined || step.when.low.includes(value & 31);
}

function describe(step: Step, variant: Variant): string {
  const target = "arg" in step ? step.arg : step.from === "ret" ? "ret" : step.from.arg;
  const struct =
    step.take === "struct" ? ` ${variant === "native" ? step.struct.native : step.struct.compat}` : "";
  return `${step.take} ${target}${struct}`;
}

/** What is kept of a call with these arguments. */
function kept(
  event: EventRow | undefined,
  phase: "entry" | "exit",
  variant: Variant,
  args: readonly number[],
  ret: number | null,
): readonly string[] {
  assert.ok(event);
  return stepsFor(event[phase], variant)
    .filter((step) => holds(step, args, ret))
    .map((step) => describe(step, variant));
}

function operands(step: Step): readonly Operand[] {
  const own: Operand = "arg" in step ? { arg: step.arg } : step.from;
  const more = step.take === "bytes" ? [step.length] : step.take === "mmsghdr" ? [step.count] : [];
  return [own, ...more, ...(step.when === undefined ? [] : [{ arg: step.when.arg }])];
}

function pointsTo(step: Step, arg: number): boolean {
  return "arg" in step && step.arg === arg;
}

const test = suite("catalogue: steps");

test("steps fit the plans of the kernel programs", () => {
  const limit = /#define MT_STEPS (\d+)/.exec(readFileSync(join(PACKAGE, "bpf/config.h"), "utf8"))?.[1];
  for (const event of EVENTS) {
    for (const variant of VARIANTS) {
      for (const phase of ["entry", "exit"] as const) {
        const count = stepsFor(event[phase], variant).length;
        assert.ok(count <= Number(limit), `${event.name} ${phase} ${variant}: ${count} steps of ${limit}`);
      }
    }
  }
});

test("steps refer to arguments that are there; evidence comes from pointers", () => {
  for (const event of EVENTS) {
    for (const step of [...event.entry, ...event.exit]) {
      for (const operand of operands(step)) {
        if (operand !== "ret") assert.ok(event.args[operand.arg], `${event.name}: ${JSON.stringify(step)}`);
      }
      // A key decides for the queue filter; everything else that names an argument is kept from where it points.
      if ("arg" in step)
        assert.is(event.args[step.arg]?.value.kind, step.take === "key" ? "scalar" : "pointer", event.name);
      if (step.when?.low !== undefined)
        assert.is(step.when.mask & 31, 0, "low bits are chosen by `low` alone");
    }
  }
});

test("nothing of an entry hangs on the result", () => {
  for (const event of EVENTS) {
    for (const step of event.entry) {
      assert.is(step.onSuccess, undefined, event.name);
      assert.not.ok(operands(step).includes("ret"), event.name);
    }
  }
});

test("memory that the kernel reads is kept at both ends, what it writes at exit", () => {
  for (const event of EVENTS) {
    for (const [index, arg] of event.args.entries()) {
      if (arg.value.kind !== "pointer") continue;
      const what = `${event.name}.${arg.name}`;
      assert.is(arg.tags.includes("TOCTOU"), arg.direction !== "out", what);
      if (arg.tags.includes("TOCTOU"))
        assert.ok(
          event.entry.some((step) => pointsTo(step, index)),
          what,
        );
      assert.ok(
        event.exit.some((step) => pointsTo(step, index)),
        what,
      );
    }
  }
});

test("every input step of the entry is taken again at exit, in all layouts", () => {
  const again = (step: Step) => step.take !== "mmsghdr" && step.take !== "msghdr" && step.take !== "key";
  for (const event of EVENTS) {
    for (const step of event.entry.filter(again)) {
      const same = event.exit.some((other) => JSON.stringify(other) === JSON.stringify(step));
      assert.ok(same, `${event.name}: ${JSON.stringify(step)}`);
    }
  }
});

test("every struct that is kept is in the list for the capture's BTF", () => {
  for (const event of EVENTS) {
    for (const step of [...event.entry, ...event.exit]) {
      if (step.take !== "struct") continue;
      assert.ok(STRUCTS.includes(step.struct.native), step.struct.native);
      assert.ok(STRUCTS.includes(step.struct.compat), step.struct.compat);
    }
    for (const arg of event.args) {
      if (arg.value.kind !== "pointer" || arg.value.to.kind !== "struct") continue;
      assert.ok(STRUCTS.includes(arg.value.to.struct.native), arg.name);
      assert.ok(STRUCTS.includes(arg.value.to.struct.compat), arg.name);
    }
  }
  assert.is(new Set(STRUCTS).size, STRUCTS.length);
});

test("mq_open keeps attr as the kernel reads it: always natively, for O_CREAT in 32-bit calls", () => {
  const open = eventByName("mq_open");
  assert.equal(kept(open, "entry", "native", [1, 0, 0, 1], null), ["string 0", "struct 3 mq_attr"]);
  assert.equal(kept(open, "entry", "compat", [1, 0, 0, 1], null), ["string 0"]);
  assert.equal(kept(open, "entry", "compat", [1, 0o102, 0, 1], null), [
    "string 0",
    "struct 3 compat_mq_attr",
  ]);
  assert.equal(kept(open, "exit", "native", [1, 0, 0, 1], -2), ["string 0", "struct 3 mq_attr"]);
  assert.equal(kept(open, "exit", "native", [1, 0, 0, 1], 3), ["mqd ret", "string 0", "struct 3 mq_attr"]);
});

test("outputs are kept only of calls that succeeded", () => {
  const receive = eventByName("mq_timedreceive_time32");
  assert.equal(kept(receive, "exit", "compat", [3, 1, 64, 1, 1], -110), ["mqd 0", "struct 4 old_timespec32"]);
  assert.equal(kept(receive, "exit", "compat", [3, 1, 64, 1, 1], 0), [
    "mqd 0",
    "struct 4 old_timespec32",
    "bytes 1",
    "fixed 3",
  ]);
});

const IPC_64 = 0x100;

/** For each command what is kept at entry, and at exit of a call that succeeded, when `ds` is its msqid struct. */
function msgctlTable(ds: string): readonly (readonly [cmd: number, entry: string[], exit: string[]])[] {
  return [
    [0, ["msqid 0"], ["msqid 0"]],
    [1, ["msqid 0", `struct 2 ${ds}`], ["msqid 0", `struct 2 ${ds}`]],
    [2, ["msqid 0"], ["msqid 0", `struct 2 ${ds}`]],
    [3, [], ["struct 2 msginfo"]],
    [11, [], ["msqid ret", `struct 2 ${ds}`]],
    [12, [], ["struct 2 msginfo"]],
    [13, [], ["msqid ret", `struct 2 ${ds}`]],
  ];
}

function checkMsgctl(variant: Variant, version: number, ds: string): void {
  const msgctl = eventByName("msgctl");
  for (const [cmd, entry, exit] of msgctlTable(ds)) {
    const args = [0, cmd | version, 1];
    assert.equal(kept(msgctl, "entry", variant, args, null), entry, `${variant} ${cmd} entry`);
    assert.equal(kept(msgctl, "exit", variant, args, 5), exit, `${variant} ${cmd} exit`);
    // A call that failed has its inputs alone.
    assert.equal(kept(msgctl, "exit", variant, args, -22), entry, `${variant} ${cmd} failed`);
  }
}

test("msgctl keeps what its command reads and writes, in the right version of the struct", () => {
  checkMsgctl("native", 0, "msqid64_ds");
  checkMsgctl("compat", 0, "compat_msqid64_ds");
  checkMsgctl("compat", IPC_64, "compat_msqid64_ds");
  checkMsgctl("compat_ipc", IPC_64, "compat_msqid64_ds");
  checkMsgctl("compat_ipc", 0, "compat_msqid_ds");
});

test("msgctl keeps nothing for commands that are none", () => {
  const msgctl = eventByName("msgctl");
  for (const variant of VARIANTS) {
    for (const cmd of [4, 10, 14, 31, 32, 33, 0x201, 0x80000002, -1]) {
      assert.equal(kept(msgctl, "entry", variant, [0, cmd, 1], null), [], `${variant} ${cmd}`);
      assert.equal(kept(msgctl, "exit", variant, [0, cmd, 1], 0), [], `${variant} ${cmd}`);
    }
  }
  // 64-bit calls know no versions: there IPC_64|IPC_SET is an unknown command.
  assert.equal(kept(msgctl, "entry", "native", [0, IPC_64 | 1, 1], null), []);
});

test.run();
