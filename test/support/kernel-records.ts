/** The KERNEL records of a capture, in the order of their ring, with the words that a workload knows them by. */
import { parseBtf } from "../../src/btf/index.js";
import { EVENTS } from "../../src/catalog/events.js";
import { openCapture } from "../../src/format/capture.js";
import type { AttachedHook, Gap, Summary } from "../../src/format/types.js";
import { fileSource } from "../../src/replay/open.js";
import { type KernelRecord, planesReader } from "../../src/replay/planes.js";
import { recordLayouts } from "../../src/replay/records.js";

export interface KernelCapture {
  readonly records: readonly KernelRecord[];
  readonly plan: readonly AttachedHook[];
  readonly gaps: readonly Gap[];
  readonly summary: Summary | null;
  /** File name of the POSIX queue of this generation then: a generation comes again with its place in memory. */
  readonly queueName: (generation: bigint, timeNs: number) => string | null;
}

/** Throws when a record cannot be read. */
export function readKernelCapture(file: string): KernelCapture {
  const source = fileSource(file);
  try {
    const capture = openCapture(source);
    if (capture.recorderBtf === null) throw new Error(`${file} has no recorder BTF`);
    const btf = parseBtf(capture.recorderBtf);
    const read = planesReader(btf, recordLayouts(btf), 0n);
    const records: KernelRecord[] = [];
    const names: { generation: bigint; sinceNs: number; name: string }[] = [];
    for (const chunk of capture.chunks()) {
      if (chunk.body === undefined) throw new Error(`${file}: ${chunk.problem.message}`);
      const { planes, queues } = chunk.body;
      for (const queue of queues) {
        const { generation, sinceNs, name } = queue;
        if (name !== null)
          names.push({ generation, sinceNs: Number(sinceNs), name: Buffer.from(name).toString() });
      }
      if (planes === undefined) continue;
      read(
        planes,
        (record) => {
          if (record.plane === "kernel") records.push(record);
        },
        (message) => {
          throw new Error(message);
        },
      );
    }
    const plan = (capture.host?.attachPlan ?? []).filter((hook) => hook.plane === "kernel");
    names.sort((a, b) => a.sinceNs - b.sinceNs);
    const queueName: KernelCapture["queueName"] = (generation, timeNs) =>
      names.filter((one) => one.generation === generation && one.sinceNs <= timeNs).at(-1)?.name ?? null;
    return { records, plan, gaps: capture.gaps, summary: capture.summary, queueName };
  } finally {
    source.close();
  }
}

export function eventName(id: number): string | null {
  return EVENTS.find((event) => event.id === id)?.name ?? null;
}
