/**
 * struct mt_config: all that the kernel programs are told before they load, out of the catalogue and the user's
 * options. Every offset comes from the program object's own BTF, so an object that grew a field still loads.
 */
import { type Btf, encodeStruct, enumValues, type StructLayout, structLayout } from "../btf/index.js";
import { abiRow, MUXES, VARIANTS } from "../catalog/abi.js";
import type { Abi, EventRow, Mux } from "../catalog/types.js";
import { RecordError } from "./errors.js";
import type { QueueFilter, RecordFilters } from "./filters.js";
import { encodePlan, type StepContext } from "./steps.js";
import { encodeTriggers } from "./trigger-config.js";
import type { Trigger } from "./triggers.js";

export interface ConfigOptions {
  /** Of the program object that will be loaded. */
  readonly recorderBtf: Btf;
  /** Of the running kernel; null where it has none. */
  readonly hostBtf: Btf | null;
  readonly events: readonly EventRow[];
  readonly arch: "x86_64" | "arm64";
  readonly snapBytes: number;
  /** Possible cpus, not those online. */
  readonly cpus: number;
  /** Of each cpu's ring, a power of two: the same as Tape.open is told. */
  readonly ringBytes: number;
  readonly ownTgid: number;
  /** The process that stays root beside the recorder; null: there is none. */
  readonly keeperTgid?: number | null;
  readonly filters: RecordFilters;
  /** Only tracked processes and what they fork: a command is recorded, or filters.pids. */
  readonly tree?: boolean;
  readonly triggers?: readonly Trigger[];
  /** For the keyed hashes of kernel addresses. Random, used once, kept nowhere. */
  readonly secret: readonly [bigint, bigint];
}

/** An operand index that names none: the kernel programs put 0. */
const NO_OPERAND = 0xff;

/** The bytes of struct mt_config. Throws RecordError when the options ask for more than it can hold. */
export function encodeConfig(options: ConfigOptions): Uint8Array {
  const layout = structLayout(options.recorderBtf, "mt_config");
  if (layout === null)
    throw new RecordError("the program object's BTF has no struct mt_config; build it again");
  const context = stepContext(options);
  return encodeStruct(layout, {
    ...encodeNumbers(layout, options),
    plans: byEvent(layout, "plans", options.events, (event) =>
      VARIANTS.map((variant) => encodePlan(event, variant, context)),
    ),
    snap_bytes: options.snapBytes,
    cpus: options.cpus,
    ring_bytes: options.ringBytes,
    own_tgid: options.ownTgid,
    keeper_tgid: options.keeperTgid ?? 0,
    secret: options.secret,
    ...encodeFilters(layout, options, context),
    ...encodeTriggers(options.triggers ?? [], elementsOf(layout, "triggers"), context),
  });
}

function stepContext({ recorderBtf, hostBtf }: ConfigOptions): StepContext {
  const enums = new Map<string, ReadonlyMap<string, number> | null>();
  return {
    value(enumName, enumerator) {
      if (!enums.has(enumName)) enums.set(enumName, enumValues(recorderBtf, enumName));
      const value = enums.get(enumName)?.get(enumerator);
      if (value === undefined) {
        throw new RecordError(`the program object's BTF has no ${enumName} ${enumerator}; build it again`);
      }
      return value;
    },
    sizeOf: (struct) => userStruct(struct, hostBtf, recorderBtf)?.layout.sizeBytes ?? null,
  };
}

/** A user-ABI struct as the host has it, else as the program object was compiled with it; null: neither has it. */
export function userStruct(
  name: string,
  hostBtf: Btf | null,
  recorderBtf: Btf,
): { readonly layout: StructLayout; readonly origin: "host" | "recorder" } | null {
  const ofHost = hostBtf === null ? null : structLayout(hostBtf, name);
  if (ofHost !== null) return { layout: ofHost, origin: "host" };
  const ofRecorder = structLayout(recorderBtf, name);
  return ofRecorder === null ? null : { layout: ofRecorder, origin: "recorder" };
}

/** MT_SIGRETURN in bpf/config.h: no enum, so not in its BTF. */
const SIGRETURN = 255;

/** From system call numbers, and multiplexers' sub-calls, to events. */
function encodeNumbers(layout: StructLayout, { events, arch }: ConfigOptions) {
  const [own, ia32] = [numbersOf(layout, events, arch), numbersOf(layout, events, "ia32")];
  const record_event = byEvent(layout, "record_event", events, () => 1, 0);
  // 32-bit programs on arm64 have numbers of their own, and those are not recorded.
  if (arch !== "x86_64") return { event_of_nr: [own], record_event };
  return {
    event_of_nr: [own, ia32],
    x32_of_nr: x32Numbers(layout, events),
    record_event,
    nr_ipc: muxNumber(events, "ipc"),
    nr_socketcall: muxNumber(events, "socketcall"),
    ipc: muxCalls(layout, events, "ipc"),
    socketcall: muxCalls(layout, events, "socketcall"),
  };
}

function numbersOf(layout: StructLayout, events: readonly EventRow[], abi: Abi): Uint8Array {
  const table = new Uint8Array(elementsOf(layout, "event_of_nr", 1));
  for (const event of events) {
    const number = event.numbers[abi];
    if (number === undefined) continue;
    if (number >= table.length)
      throw new RecordError(`${event.name} has number ${number} of ${table.length}`);
    table[number] = event.id;
  }
  for (const number of abiRow(abi).sigreturn) table[number] = SIGRETURN;
  return table;
}

/** x32 has x86_64's numbers, but for the calls whose structs differ. */
function x32Numbers(layout: StructLayout, events: readonly EventRow[]): Uint8Array {
  const table = new Uint8Array(elementsOf(layout, "x32_of_nr", 0));
  for (const event of events) {
    const number = event.x32 ?? event.numbers.x86_64;
    if (number !== undefined) table[number] = event.id;
  }
  return table;
}

/** The multiplexer's own number, 0 when none of its events is wanted: then its calls are not even looked at. */
function muxNumber(events: readonly EventRow[], mux: Mux): number {
  const wanted = events.some((event) => event.muxes.some((call) => call.mux === mux));
  return wanted ? (MUXES.find((row) => row.mux === mux)?.number ?? 0) : 0;
}

/**
 * Sub-calls by number. `count` is how many operands the call takes; of ipc's, 6 says that it takes fifth, which
 * makes the kernel programs look for version 0's pair in user memory.
 */
function muxCalls(layout: StructLayout, events: readonly EventRow[], mux: Mux) {
  const table: { event?: number; count?: number; from?: readonly number[] }[] = Array.from(
    { length: elementsOf(layout, mux) },
    () => ({}),
  );
  for (const event of events) {
    for (const call of event.muxes) {
      if (call.mux !== mux) continue;
      const from = [...call.from, ...Array<number>(6 - call.from.length).fill(NO_OPERAND)];
      table[call.call] = { event: event.id, count: Math.max(...call.from) + 1, from };
    }
  }
  return table;
}

/** A table by event id; events that are not wanted have `none`, or zeros. */
function byEvent<T, N>(
  layout: StructLayout,
  field: string,
  events: readonly EventRow[],
  row: (event: EventRow) => T,
  none?: N,
): (T | N | readonly [])[] {
  const table: (T | N | readonly [])[] = Array.from({ length: elementsOf(layout, field) }, () => none ?? []);
  for (const event of events) {
    if (event.id >= table.length)
      throw new RecordError(`event ${event.name} has id ${event.id} of ${table.length}`);
    table[event.id] = row(event);
  }
  return table;
}

function encodeFilters(layout: StructLayout, { filters, tree }: ConfigOptions, context: StepContext) {
  const kind = (name: string, given: boolean) =>
    given ? context.value("mt_filter", `MT_FILTER_${name}`) : 0;
  const { comms, uids, cgroups, queues } = filters;
  for (const [field, values] of Object.entries({ comms, uids, cgroups, queues })) {
    const room = elementsOf(layout, field);
    const option = field.slice(0, -1);
    if (values.length > room) {
      throw new RecordError(
        `--${option}: ${values.length} values, the kernel programs compare at most ${room}`,
        2,
      );
    }
  }
  return {
    filters:
      kind("TREE", tree === true || filters.pids.length > 0) |
      kind("COMM", comms.length > 0) |
      kind("UID", uids.length > 0) |
      kind("CGROUP", cgroups.length > 0) |
      kind("QUEUE", queues.length > 0),
    comm_count: comms.length,
    uid_count: uids.length,
    cgroup_count: cgroups.length,
    queue_count: queues.length,
    comms,
    uids,
    cgroups,
    queues: queues.map((queue) => encodeQueueFilter(queue, context)),
  };
}

function encodeQueueFilter(queue: QueueFilter, context: StepContext) {
  if (queue.kind === "posix") {
    const kind = context.value("mt_queue_kind", "MT_QUEUE_POSIX");
    return { kind, name_len: queue.name.length, name: queue.name };
  }
  const kind = context.value("mt_queue_kind", "MT_QUEUE_SYSV");
  return { kind, is_key: queue.isKey ? 1 : 0, value: queue.value };
}

/** How many elements an array of mt_config has; `depth` 1: an element of an array of arrays. */
function elementsOf(layout: StructLayout, field: string, depth = 0): number {
  const found = layout.fields.find((one) => one.name === field);
  const array = depth === 0 ? found : found?.element;
  if (array?.length == null) throw new RecordError(`the program object's mt_config has no array ${field}`);
  return array.length;
}
