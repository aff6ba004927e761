/** The planes in one pass over a capture: read chunk by chunk, and held until the calls that they belong to end. */
import type { ChunkBody } from "../format/types.js";
import { heldKernelRecords } from "./kernel-records.js";
import type { PairedCall } from "./paired-call.js";
import type { KernelRecord, LibcRecord, PlanesReader } from "./planes.js";
import type { PlanesState } from "./planes-state.js";

export interface PlanesOptions {
  readonly read: PlanesReader;
  readonly state: PlanesState;
  /** Told of every record when its chunk is read: before the calls that end in that chunk. */
  readonly onRecord?: (record: KernelRecord | LibcRecord) => void;
}

export interface PlanesPass {
  load(body: ChunkBody, onProblem: (message: string) => void): void;
  /** KERNEL records of the task's call of this number. */
  of(task: Pick<PairedCall, "tid" | "startLow" | "startHigh">, call: number | null): readonly KernelRecord[];
  /** Records of the planes may be missing from here on, to the next one. */
  damage(): void;
  /** To be called after each chunk: what no call has asked for by then, nor any open one may, is forgotten. */
  forget(nowNs: number, isInside: (tid: number) => boolean): void;
}

/** KERNEL records are taken out of their ring before entries are: no more than one look earlier. */
const EARLY_NS = 5_000_000_000;

export function planesPass({ read, state, onRecord }: PlanesOptions): PlanesPass {
  const held = heldKernelRecords(state.damage);
  return {
    load(body, onProblem) {
      if (body.planes === undefined) return;
      read(
        body.planes,
        (record) => {
          state.see(record);
          onRecord?.(record);
          if (record.plane === "kernel" && record.call !== null) held.hold(record);
        },
        (message) => {
          state.damage();
          onProblem(message);
        },
      );
    },
    of: held.take,
    damage: state.damage,
    forget: (nowNs, isInside) => held.forget(nowNs - EARLY_NS, isInside),
  };
}
