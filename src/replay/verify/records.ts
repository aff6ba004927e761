/**
 * The records of a capture, one chunk after another: each against the structs and the numbers of the spec, all of a chunk
 * against its context, and their order.
 *
 * The order that readers rely on: on a cpu sequences grow, and no record is older by more than a second than one before
 * it. Which calls are open is known while nothing was lost since the recording began.
 */
import { eventById } from "../../catalog/events.js";
import type { ProblemCode } from "../../format/problem.js";
import type { ChunkBody, ChunkContext } from "../../format/types.js";
import { DISORDER_NS } from "../chunk-plan.js";
import type { PlanesReader } from "../planes.js";
import { emptyHead, HeadResult, headReader, type RecordHead, RecordType } from "../records.js";
import {
  MAX_CPUS,
  type OneRecordCheck,
  type OneRecordOptions,
  oneRecordCheck,
  type RecordFault,
} from "./record.js";

export interface RecordCheck {
  /** What is wrong with a chunk; the chunks in the order of the file. */
  chunk(context: ChunkContext, body: ChunkBody): readonly RecordFault[];
  /** Records are missing before the next chunk. */
  missing(): void;
  /** Records that jumps of the sequences tell of, from each cpu's first record on. */
  readonly jumped: bigint;
  /** Newest record; null: there was none. */
  readonly lastNs: bigint | null;
  /** Tasks and queues that records refer to and that their chunks do not name. */
  readonly unnamed: { readonly tasks: number; readonly queues: number };
}

export interface RecordCheckOptions extends OneRecordOptions {
  readonly baseNs: bigint;
  /** The first chunk is the recording's first: nothing is open before it. */
  readonly isFromStart: boolean;
  /** Sequences have holes that are no losses. */
  readonly isSliced: boolean;
  readonly planes: PlanesReader;
}

/** Of a kind, told of one chunk; a hostile one may have a fault in every record, and one kind must not hide another. */
const MOST_FAULTS = 20;
/** Open calls that the recorder counts surely: it holds twice as many. */
const MAX_OPEN = 16_384;

export function recordCheck(options: RecordCheckOptions): RecordCheck {
  const { layouts, baseNs } = options;
  const readHead = headReader(layouts, baseNs);
  const one = oneRecordCheck(options);
  const head = emptyHead();
  const lastSeq = new Map<number, number>();
  const open = new Map<string, number>();
  const unnamed = { tasks: 0, queues: 0 };
  let isOpenKnown = options.isFromStart && !options.isSliced;
  let newestNs = Number.NEGATIVE_INFINITY;
  let jumped = 0n;

  const noteOrder = (record: number, add: (code: ProblemCode, what: string) => void) => {
    if (head.timeNs < newestNs - DISORDER_NS) {
      add(
        "times_disordered",
        `record ${record} is ${(newestNs - head.timeNs) / 1e9} s older than one before it`,
      );
    }
    if (head.timeNs > newestNs) newestNs = head.timeNs;
    if (head.cpu < 0 || head.cpu >= MAX_CPUS) return; // told of already
    const before = lastSeq.get(head.cpu);
    lastSeq.set(head.cpu, head.seq);
    if (before === undefined) return;
    const step = (head.seq - before) | 0;
    if (step <= 0) add("times_disordered", `record ${record}: the sequence of cpu ${head.cpu} does not grow`);
    else if (step > 1) {
      jumped += BigInt(step - 1);
      isOpenKnown = false;
    }
  };

  const noteCall = () => {
    if (head.part !== 0 || !isOpenKnown) return;
    const key = `${head.tid}:${head.startLow}:${head.startHigh}`;
    if (head.type === RecordType.ENTRY) open.set(key, head.timeNs);
    else open.delete(key);
    if (open.size <= 2 * MAX_OPEN) return;
    isOpenKnown = false;
    open.clear();
  };

  return {
    get jumped() {
      return jumped;
    },
    get lastNs() {
      return Number.isFinite(newestNs) ? baseNs + BigInt(newestNs) : null;
    },
    unnamed,
    missing() {
      isOpenKnown = false;
    },
    chunk(context, body) {
      const faults: RecordFault[] = [];
      const told = new Map<ProblemCode, number>();
      const add = (code: ProblemCode, what: string) => {
        const before = told.get(code) ?? 0;
        told.set(code, before + 1);
        if (before < MOST_FAULTS) faults.push({ code, what });
      };
      const names = namesOf(body);
      const seen = emptySeen();
      const { records } = body;
      const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
      for (let offset = 0, record = 0; offset < records.byteLength; offset += head.sizeBytes, record++) {
        const result = readHead(view, offset, head);
        for (const { code, what } of one.faults(result, view, offset, head, record)) add(code, what);
        if (result !== HeadResult.RECORD) {
          isOpenKnown = false;
          if (result === HeadResult.STOP) break;
          continue;
        }
        noteOrder(record, add);
        noteCall();
        countRecord(seen, head);
        names.task(head, unnamed);
      }
      unnamed.queues += names.queues(one);
      for (const what of contextFaults(context, seen, baseNs)) add("context_mismatch", what);
      const fault = isOpenKnown && open.size <= MAX_OPEN ? openFault(context, open, baseNs) : null;
      if (fault !== null) add("context_mismatch", fault);
      // Told once: all chunks behind would say the same.
      if (faults.length > 0) isOpenKnown = false;
      if (body.planes !== undefined) {
        options.planes(
          body.planes,
          () => {},
          (what) => {
            if (!options.isLater) add("record_invalid", what);
          },
        );
      }
      return faults;
    },
  };
}

interface Seen {
  readonly counts: Map<number, { entries: number; exits: number }>;
  firstNs: number;
  lastNs: number;
}

function emptySeen(): Seen {
  return { counts: new Map(), firstNs: Number.POSITIVE_INFINITY, lastNs: Number.NEGATIVE_INFINITY };
}

function countRecord(seen: Seen, head: RecordHead): void {
  if (head.timeNs < seen.firstNs) seen.firstNs = head.timeNs;
  if (head.timeNs > seen.lastNs) seen.lastNs = head.timeNs;
  if (head.part !== 0) return;
  const count = seen.counts.get(head.event) ?? { entries: 0, exits: 0 };
  if (head.type === RecordType.ENTRY) count.entries++;
  else count.exits++;
  seen.counts.set(head.event, count);
}

function* contextFaults(context: ChunkContext, seen: Seen, baseNs: bigint): Generator<string> {
  const told = new Map(context.counts.map((one) => [one.event, one]));
  if (told.size !== context.counts.length) yield "the context counts an event twice";
  for (const event of new Set([...told.keys(), ...seen.counts.keys()])) {
    const says = told.get(event) ?? { entries: 0, exits: 0 };
    const has = seen.counts.get(event) ?? { entries: 0, exits: 0 };
    if (says.entries === has.entries && says.exits === has.exits) continue;
    const name = eventById(event)?.name ?? `event ${event}`;
    yield `the context says ${says.entries} entries and ${says.exits} exits of ${name}, the records are ${has.entries} and ${has.exits}`;
  }
  const first = Number.isFinite(seen.firstNs) ? baseNs + BigInt(seen.firstNs) : null;
  const last = Number.isFinite(seen.lastNs) ? baseNs + BigInt(seen.lastNs) : null;
  if (context.firstTimeNs === first && context.lastTimeNs === last) return;
  yield `the context says times ${context.firstTimeNs} to ${context.lastTimeNs}, the records have ${first} to ${last}`;
}

function openFault(context: ChunkContext, open: ReadonlyMap<string, number>, baseNs: bigint): string | null {
  let oldest = Number.POSITIVE_INFINITY;
  for (const enterNs of open.values()) if (enterNs < oldest) oldest = enterNs;
  const oldestNs = Number.isFinite(oldest) ? baseNs + BigInt(oldest) : null;
  if (context.openCalls === open.size && context.oldestOpenNs === oldestNs) return null;
  return `the context says ${context.openCalls} open calls since ${context.oldestOpenNs}, the records leave ${open.size} since ${oldestNs}`;
}

/** Which tasks and queues of the records the chunk does not name. */
function namesOf(body: ChunkBody) {
  const tasks = new Set(body.tasks.map((one) => `${one.tid}:${one.startNs}`));
  const queues = new Set(
    body.queues.map(
      (one) => `${KINDS.indexOf(one.kind) + 1}:${one.namespaceInum}:${one.id}:${one.generation}`,
    ),
  );
  const seen = new Set<string>();
  let last: RecordHead | null = null;
  return {
    task(head: RecordHead, unnamed: { tasks: number }) {
      if (last !== null && last.tid === head.tid && last.startLow === head.startLow) return;
      last = { ...head };
      const start = BigInt(head.startHigh >>> 0) * 0x100000000n + BigInt(head.startLow >>> 0);
      const key = `${head.tid}:${start}`;
      if (seen.has(key)) return;
      seen.add(key);
      if (!tasks.has(key)) unnamed.tasks++;
    },
    queues(items: Pick<OneRecordCheck, "takeQueues">) {
      let missing = 0;
      for (const key of items.takeQueues()) if (!queues.has(key)) missing++;
      return missing;
    },
  };
}

const KINDS = ["posix", "sysv", "socket"];
