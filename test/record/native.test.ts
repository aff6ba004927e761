import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { clockGettime, library, NativeError, PROBES, probe } from "../../src/record/native.js";
import { STRUCTS } from "../../src/record/native-abi.js";
import { Tape } from "../../src/record/native-tape.js";
import type { StructLayout } from "../../src/record/struct-view.js";
import type { Batch } from "../../src/record/tape.js";
import { countingConfig, kill, openCounting, rest, run, sum, take, testObject } from "../support/counting.js";
import { live } from "../support/live.js";
import { PACKAGE } from "../support/paths.js";

const test = suite("record: native");

const directory = mkdtempSync(join(tmpdir(), "msgtape-native-"));
test.after(() => rmSync(directory, { recursive: true, force: true }));

const LAYOUT_NAMES = {
  mt_batch: "batch",
  mt_task_key: "taskKey",
  mt_queue_key: "queueKey",
  mt_open_call: "openCall",
  mt_totals: "totals",
  mt_fired_trigger: "firedTrigger",
  mt_found: "found",
  mt_found_queue: "foundQueue",
  mt_namespace: "namespace",
} as const;

/** "struct.field offset size" of everything, as the C compiler has it. */
function placesByCompiler(): string[] {
  const lines = Object.entries(STRUCTS).flatMap(([name, fields]) => [
    `printf("${name} %zu\\n", sizeof(struct ${name}));`,
    ...Object.keys(fields).map(
      (field) =>
        `printf("${name}.${field} %zu %zu\\n", offsetof(struct ${name}, ${field}), sizeof(((struct ${name} *)0)->${field}));`,
    ),
  ]);
  const source = join(directory, "places.c");
  const program = join(directory, "places");
  writeFileSync(
    source,
    `#include <stdio.h>\n#include "msgtape.h"\n#include "../bpf/inventory.h"\nint main(void) {\n${lines.join("\n")}\n}\n`,
  );
  run("gcc", ["-I", join(PACKAGE, "native"), "-o", program, source]);
  return run(program, []).trim().split("\n");
}

function placesByLayout(): string[] {
  const layouts = library().layouts;
  return Object.keys(STRUCTS).flatMap((name) => {
    const layout: StructLayout = layouts[LAYOUT_NAMES[name as keyof typeof STRUCTS]];
    const fields = Object.entries(layout.fields).map(
      ([field, place]) => `${name}.${field} ${place.offsetBytes} ${place.sizeBytes}`,
    );
    return [`${name} ${layout.sizeBytes}`, ...fields];
  });
}

live(test, "has the structs where the C compiler has them", ["gcc"], () => {
  assert.equal(placesByLayout(), placesByCompiler());
});

live(
  test,
  "accounts for records, gaps, keys and open calls, and orders them (in C, under sanitizers)",
  ["gcc"],
  () => {
    assert.match(
      run("make", ["-s", "-C", join(PACKAGE, "native"), "check"]),
      /account: \d+ checks passed, 0 failed[\s\S]*source: \d+ checks passed, 0 failed/,
    );
  },
);

test("reads the kernel's clocks", () => {
  const before = process.hrtime.bigint();
  const read = clockGettime(1);
  assert.ok(before <= read && read <= process.hrtime.bigint());
  assert.throws(
    () => clockGettime(12345),
    (error: unknown) => (error as NativeError).code === "EINVAL",
  );
});

test("says why an object cannot be opened", () => {
  const config = new Uint8Array(8);
  const failure = (path: string, ringBytes: number): string => {
    try {
      Tape.open(path, config, ringBytes).close();
      return "opened";
    } catch (error) {
      assert.instance(error, NativeError);
      return `${(error as NativeError).code} ${(error as NativeError).message}`;
    }
  };
  assert.is(
    failure("/no/such/object.o", 4096),
    "ENOENT cannot read the kernel programs /no/such/object.o: No such file or directory; build them first",
  );
  assert.is(
    failure("/no/such/object.o", 5000),
    "EINVAL a buffer of 5000 bytes for each cpu: it must be a power of two from 4096 to 1073741824",
  );
  const text = join(directory, "text.o");
  writeFileSync(text, "not an object");
  assert.match(failure(text, 4096), /^EINVAL cannot open the kernel programs: .*not a proper ELF object/);
});

test("answers probes, and knows when it does not know", () => {
  assert.equal(probe("no such" as "btf"), { available: false, message: "there is no probe no such" });
  for (const name of PROBES) assert.not.match(probe(name).message, /there is no probe/, name);
  const result = probe("caps");
  assert.is(result.available, process.getuid?.() === 0 ? true : result.available);
});

live(test, "probes what the recorder itself needs", ["root", "bpf"], () => {
  for (const name of ["caps", "btf", "raw_tp", "ringbuf"] as const) {
    assert.equal(probe(name), { available: true, message: "" }, name);
  }
});

live(test, "hands over what the programs wrote, byte for byte", ["root", "bpf"], async () => {
  const tape = openCounting(1 << 16);
  try {
    kill(3); // before attaching: not recorded
    tape.attach();
    kill(2); // before the drain thread: in the ring
    tape.start(1 << 20, 1, 5);
    const first = await take(tape);
    kill(3);
    tape.stop();
    kill(5); // after stop: not recorded
    const batches = [first, ...(await rest(tape))];
    const records = Buffer.concat(batches.map((batch) => batch.records));
    assert.is(records.length, 5 * (56 + 48));
    for (let i = 0; i < 5; i++) {
      assert.is(records.readUInt32LE(i * 104), 104);
      assert.is(records.readUInt8(i * 104 + 4), 1);
      assert.is(records.readUInt32LE(i * 104 + 28), process.pid);
    }
    assert.equal(first.context.firstRecord, 0n);
    assert.equal(first.context.counts, [{ event: 5, entries: first.context.records, exits: 0 }]);
    assert.is(first.context.firstTimeNs, records.readBigUInt64LE(8));
    assert.equal(first.tasks, [{ tid: process.pid, startNs: 7n }]);
    assert.equal(first.queues, []);
    assert.equal(
      batches.flatMap((batch) => batch.gaps),
      [],
    );
    assert.is(sum(batches.map((batch) => batch.context.records)), 5);
    const last = batches.at(-1);
    assert.is(last?.context.openCalls, 1); // one task, never an exit
    assert.is(last?.context.oldestOpenNs, records.readBigUInt64LE(4 * 104 + 8));
    assert.equal(tape.openCalls(), [
      { tid: process.pid, startNs: 7n, event: 5, enterNs: records.readBigUInt64LE(4 * 104 + 8) },
    ]);
    assert.equal(tape.openCallsOfBatch(), tape.openCalls());
    const totals = tape.totals();
    assert.is(totals.recorded, 5n);
    assert.is(totals.lostRingFull, 0n);
    assert.is(totals.recordedEntries[5], 5n);
    assert.is(totals.ringUsed, 0n);
    assert.is(await tape.nextBatch(0), "end");
  } finally {
    tape.close();
  }
});

live(
  test,
  "tells which calls were open at the end of the batch taken, whatever came since",
  ["root", "bpf"],
  async () => {
    const tape = openCounting(64 << 10);
    try {
      tape.attach();
      tape.start(1, 100, 10); // each record a batch
      assert.equal(tape.openCallsOfBatch(), []);
      kill(3);
      tape.stop();
      const times: (bigint | undefined)[] = [];
      for (let i = 0; i < 3; i++) {
        const batch = await take(tape);
        const [open, ...more] = tape.openCallsOfBatch();
        assert.equal([more, open?.enterNs], [[], batch.context.lastTimeNs]);
        times.push(open?.enterNs);
      }
      assert.is(new Set(times).size, 3);
      assert.is(tape.openCalls()[0]?.enterNs, times[2]);
    } finally {
      tape.close();
    }
  },
);

live(
  test,
  "loses to the record when the ring is full, and says so without waiting for more",
  ["root", "bpf"],
  async () => {
    const tape = openCounting(4096);
    try {
      tape.attach();
      kill(1000);
      tape.start(1 << 20, 1, 5);
      // Nothing more happens: the losses at the tail show only in the programs' own counts.
      const seen: Batch[] = [];
      const lost = () => sum(seen.flatMap((batch) => batch.gaps.map((gap) => gap.lost)));
      const kept = () => sum(seen.map((batch) => batch.context.records));
      for (let tries = 0; tries < 200 && kept() + lost() < 1000; tries++) {
        const batch = await tape.nextBatch(50);
        if (batch !== null && batch !== "end") seen.push(batch);
      }
      assert.is(kept() + lost(), 1000);
      assert.ok(kept() > 0 && kept() <= 4096 / 104);
      const open = seen.flatMap((batch) => batch.gaps).filter((gap) => gap.toNs === null);
      assert.ok(open.length > 0);
      // Then one more record: the same loss is not told twice.
      kill(1);
      tape.stop();
      seen.push(...(await rest(tape)));
      assert.is(kept() + lost(), 1001);
      assert.is(sum((seen.at(-1)?.context.lost ?? []).map((loss) => loss.records)), lost());
      const totals = tape.totals();
      assert.is(Number(totals.recorded), kept());
      assert.is(Number(totals.lostRingFull), lost());
      assert.is(Number(totals.lostEntries[5]), lost());
    } finally {
      tape.close();
    }
  },
);

live(
  test,
  "drops nothing when nobody takes the batches: the ring fills, and losses are counted",
  ["root", "bpf"],
  async () => {
    const tape = openCounting(4096);
    try {
      tape.attach();
      tape.start(104, 1000, 1); // a batch is one record or two, so that a few fill all buffers
      for (let i = 0; i < 200; i++) kill(10);
      tape.stop();
      const batches = await rest(tape);
      const kept = sum(batches.map((batch) => batch.context.records));
      const lost = sum(batches.flatMap((batch) => batch.gaps.map((gap) => gap.lost)));
      assert.ok(batches.length > 30 && lost > 0);
      assert.is(kept + lost, 2000);
      let next = 0n;
      for (const batch of batches) {
        assert.is(batch.context.firstRecord, next);
        next += BigInt(batch.context.records);
      }
    } finally {
      tape.close();
    }
  },
);

live(test, "makes no batches while nothing happens", ["root", "bpf"], async () => {
  const tape = openCounting(4096);
  try {
    tape.attach();
    tape.start(1 << 20, 1, 1);
    assert.is(await tape.nextBatch(60), null);
    tape.stop();
    const batches = await rest(tape);
    assert.equal(
      batches.map((batch) => batch.context),
      [
        {
          firstRecord: 0n,
          records: 0,
          counts: [],
          firstTimeNs: null,
          lastTimeNs: null,
          oldestOpenNs: null,
          openCalls: 0,
          lost: [],
        },
      ],
    );
  } finally {
    tape.close();
  }
});

live(test, "counts tracked processes once each", ["root", "bpf"], () => {
  const tape = openCounting(4096);
  try {
    assert.is(tape.tracked(), 0n);
    tape.track(4_000_001);
    tape.track(4_000_002);
    tape.track(4_000_001);
    assert.is(tape.tracked(), 2n);
  } finally {
    tape.close();
  }
});

live(test, "refuses a configuration of another build", ["root", "bpf"], () => {
  assert.throws(
    () => openCounting(4096, Buffer.alloc(16)),
    /^.*want 12 bytes of configuration and got 16: they and msgtape are of different builds/,
  );
});

live(test, "gives the verifier's reason", ["root", "bpf"], () => {
  assert.throws(
    () => Tape.open(testObject("counting", "-DREFUSED"), countingConfig(4096), 4096),
    (error: unknown) =>
      error instanceof NativeError &&
      error.code === "EACCES" &&
      /^the kernel refused the programs: Permission denied \(.*ctx.*100000.*\)$/.test(error.message),
  );
});

live(test, "says what a user without rights needs", ["root", "bpf"], () => {
  const source = `
    const { Tape } = await import(${JSON.stringify(new URL("../../src/record/native-tape.js", import.meta.url))});
    const { probe } = await import(${JSON.stringify(new URL("../../src/record/native.js", import.meta.url))});
    const answers = [probe("tp_btf"), probe("caps")];
    try {
      Tape.open(process.argv[1], new Uint8Array(12), 4096).close();
    } catch (error) {
      answers.push(error.code + " " + error.message);
    }
    console.log(JSON.stringify(answers));
  `;
  const object = testObject("counting");
  spawnSync("chmod", ["755", directory, dirname(object), object]);
  const nobody = { uid: 65534, gid: 65534, encoding: "utf8" } as const;
  const result = spawnSync(process.execPath, ["--input-type=module", "-e", source, object], nobody);
  assert.is(result.stderr, "");
  const needs = "needs root, or CAP_BPF and CAP_PERFMON";
  assert.equal(JSON.parse(result.stdout), [
    { available: null, message: `not tried: ${needs}` },
    { available: false, message: "neither root nor CAP_BPF and CAP_PERFMON" },
    `EPERM loading the kernel programs ${needs}`,
  ]);
});

live(test, "closes from any state, with a batch awaited too", ["root", "bpf"], async () => {
  const opened = openCounting(4096);
  opened.close();
  opened.close();
  assert.is(opened.state, "closed");
  assert.throws(() => opened.attach(), /the tape is closed/);

  const running = openCounting(4096);
  running.attach();
  running.start(1 << 20, 1000, 10);
  const awaited = running.nextBatch(600_000);
  running.close();
  assert.is(await awaited, null);

  const stopped = openCounting(4096);
  stopped.attach();
  stopped.start(1 << 20, 1000, 10);
  stopped.stop();
  stopped.close();
  assert.is(stopped.state, "closed");
});

test.run();
