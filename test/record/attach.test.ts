import { suite } from "uvu";
import * as assert from "uvu/assert";
import { attachFirst } from "../../src/record/attach.js";
import { RecordError } from "../../src/record/errors.js";

const test = suite("attach");

const CAST = "tp_btf with bpf_rdonly_cast";
const HOOKS = [
  ["syscall", "sys_enter"],
  ["syscall", "sys_exit"],
  ["task", "sched_process_fork"],
  ["task", "sched_process_exit"],
  ["task", "sched_process_exec"],
  ["task", "task_rename"],
  ["task", "signal_deliver"],
] as const;

function plan(mechanism: string, why: string | null) {
  return HOOKS.map(([plane, hook]) => ({ plane, hook, mechanism, attached: why === null, why }));
}

/** Opens what `refused` does not name; notes what was opened and closed. */
function host(refused: Readonly<Record<string, "open" | "attach">>) {
  const log: string[] = [];
  const open = (file: string) => {
    log.push(`open ${file}`);
    if (refused[file] === "open") throw new Error(`no ${file}`);
    return {
      attach() {
        if (refused[file] === "attach") throw new Error(`cannot attach ${file}`);
      },
      close: () => log.push(`close ${file}`),
    };
  };
  return { log, open };
}

test("takes the first object", () => {
  const { log, open } = host({});
  assert.equal(attachFirst(open, () => false).plan, plan(CAST, null));
  assert.equal(log, ["open msgtape-cast.bpf.o"]);
});

test("goes on to the next, closes what it leaves, and keeps why", () => {
  const { log, open } = host({ "msgtape-cast.bpf.o": "open", "msgtape-btf.bpf.o": "attach" });
  assert.equal(attachFirst(open, () => false).plan, [
    ...plan(CAST, "no msgtape-cast.bpf.o"),
    ...plan("tp_btf", "cannot attach msgtape-btf.bpf.o"),
    ...plan("raw_tp", null),
  ]);
  assert.equal(log, [
    "open msgtape-cast.bpf.o",
    "open msgtape-btf.bpf.o",
    "close msgtape-btf.bpf.o",
    "open msgtape-raw.bpf.o",
  ]);
});

test("does not try what is held back, and keeps why", () => {
  const { log, open } = host({});
  assert.equal(attachFirst(open, () => false, new Set(["cast"] as const)).plan, [
    ...plan(CAST, "held back: MSGTAPE_HOLD_BACK names cast"),
    ...plan("tp_btf", null),
  ]);
  assert.equal(attachFirst(open, () => false, new Set(["cast", "tp_btf"] as const)).plan, [
    ...plan(CAST, "held back: MSGTAPE_HOLD_BACK names tp_btf and cast"),
    ...plan("tp_btf", "held back: MSGTAPE_HOLD_BACK names tp_btf"),
    ...plan("raw_tp", null),
  ]);
  assert.equal(log, ["open msgtape-btf.bpf.o", "open msgtape-raw.bpf.o"]);
});

test("says why of every object, or only once what holds for all", () => {
  const all = {
    "msgtape-cast.bpf.o": "open",
    "msgtape-btf.bpf.o": "open",
    "msgtape-raw.bpf.o": "open",
  } as const;
  const message = (isFinal: boolean) => {
    const { log, open } = host(all);
    try {
      attachFirst(open, () => isFinal);
    } catch (error) {
      assert.instance(error, RecordError);
      return [(error as RecordError).message, log.length];
    }
    return null;
  };
  assert.equal(message(false), [
    `this kernel takes none of the programs (${CAST}: no msgtape-cast.bpf.o; tp_btf: no msgtape-btf.bpf.o; raw_tp: no msgtape-raw.bpf.o): msgtape doctor says more`,
    3,
  ]);
  assert.equal(message(true), ["no msgtape-cast.bpf.o", 1]);
});

test.run();
