/** Hooks of the planes, from their own ring to batches: with stand-ins that any kernel with raw tracepoints takes. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fieldAt, structLayout } from "../../src/btf/index.js";
import { readBtfFile } from "../../src/record/btf.js";
import { NativeError } from "../../src/record/native.js";
import type { Tape } from "../../src/record/native-tape.js";
import { buildPath } from "../../src/record/paths.js";
import type { Batch } from "../../src/record/tape.js";
import { kill, openCounting, rest, sum, testObject } from "../support/counting.js";
import { live } from "../support/live.js";

const test = suite("record: planes");

/** struct mt_config with nothing in it but whose calls are meant. */
function planesConfig(): Uint8Array {
  const layout = structLayout(readBtfFile(buildPath("msgtape.btf")), "mt_config");
  if (layout === null) throw new Error("msgtape.btf has no struct mt_config");
  const config = Buffer.alloc(layout.sizeBytes);
  config.writeUInt32LE(process.pid, fieldAt(layout, "own_tgid").offsetBytes);
  return config;
}

function openWithHook(planesBytes: number): Tape {
  const tape = openCounting(1 << 20);
  tape.planes(planesBytes);
  tape.addHooks(testObject("planes"), ["kill"], planesConfig());
  return tape;
}

const RECORD_BYTES = 56 + 48;

/** Of each record: the type, seq and, of mt_kernel, message and m_ts. */
function recordsOf(batches: readonly Batch[]): readonly (readonly number[])[] {
  return batches.flatMap(({ planes, planesRecords }) => {
    const view = Buffer.from(planes);
    assert.is(planes.length, planesRecords * RECORD_BYTES);
    return Array.from({ length: planesRecords }, (_, i) => {
      const at = i * RECORD_BYTES;
      const [type, message] = [view.readUInt8(at + 4), Number(view.readBigUInt64LE(at + 64))];
      return [type, Number(view.readBigUInt64LE(at + 32)), message, Number(view.readBigUInt64LE(at + 88))];
    });
  });
}

live(test, "come with their batch, whole, no later than the calls around them", ["root", "bpf"], async () => {
  const tape = openWithHook(1 << 16);
  try {
    kill(3); // before the programs are switched on
    tape.attach();
    process.kill(process.pid, "SIGURG");
    kill(1);
    tape.start(1 << 20, 1, 5);
    kill(2);
    tape.stop();
    kill(5);
    const batches = await rest(tape);
    const page = 4096;
    assert.equal(recordsOf(batches), [
      [5, 0, page, 23],
      [5, 0, page, 0],
      [5, 0, page, 0],
      [5, 0, page, 0],
    ]);
    // In each batch or before: as many of them as of the calls' records.
    for (let i = 1; i <= batches.length; i++) {
      const upTo = batches.slice(0, i);
      const calls = sum(upTo.map((batch) => batch.context.records));
      assert.ok(sum(upTo.map((batch) => batch.planesRecords)) >= calls);
    }
    assert.equal(
      batches.flatMap((batch) => batch.gaps),
      [],
    );
    assert.equal([tape.totals().planesLost, tape.totals().ringUsed], [0n, 0n]);
  } finally {
    tape.close();
  }
});

live(test, "recorded and lost are what happened, to the record", ["root", "bpf"], async () => {
  const tape = openWithHook(4096);
  try {
    tape.attach();
    kill(500);
    tape.start(1 << 20, 1, 5);
    const batches: Batch[] = [];
    const gaps = () => batches.flatMap((batch) => batch.gaps);
    const all = () => recordsOf(batches).length + sum(gaps().map((gap) => gap.lost));
    // No record comes behind the losses: they show all the same.
    for (let tries = 0; tries < 200 && all() < 500; tries++) {
      const batch = await tape.nextBatch(50);
      if (batch !== null && batch !== "end") batches.push(batch);
    }
    assert.is(all(), 500);
    assert.is(recordsOf(batches).length, Math.floor(4096 / 136));
    for (let i = 0; i < 100; i++) kill(20);
    tape.stop();
    batches.push(...(await rest(tape)));
    assert.is(all(), 2500);
    for (const { plane, cpu, cause, fromNs, toNs } of gaps()) {
      assert.equal([plane, cpu, cause], ["planes", null, "ring_full"]);
      assert.ok(toNs !== null && (fromNs ?? 0n) <= toNs);
    }
    assert.is(Number(tape.totals().planesLost), sum(gaps().map((gap) => gap.lost)));
    assert.is(sum(batches.map((batch) => batch.context.records)), 2500);
  } finally {
    tape.close();
  }
});

live(test, "one that the kernel refuses costs no other", ["root", "bpf"], async () => {
  const tape = openCounting(1 << 16);
  const failure = (...names: readonly string[]): string => {
    try {
      tape.addHooks(testObject("planes"), names, planesConfig());
      return "attached";
    } catch (error) {
      assert.instance(error, NativeError);
      return (error as NativeError).message;
    }
  };
  try {
    assert.match(failure("kill"), /^kill: hooks come after mt_planes/);
    tape.planes(4096);
    assert.match(failure("refused"), /^the kernel refused the program: .*Permission denied/);
    assert.match(failure("absent"), /^this kernel has no (kprobes|function no_such_function_of_any_kernel)/);
    assert.match(failure("kill", "refused"), /^the kernel refused the program/);
    assert.match(failure("nobody"), /^the object has 0 programs for nobody/);
    assert.is(failure("kill"), "attached");
    tape.attach();
    tape.start(1 << 20, 1, 5);
    kill(1);
    tape.stop();
    assert.is(recordsOf(await rest(tape)).length, 1);
  } finally {
    tape.close();
  }
});

test.run();
