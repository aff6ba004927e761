/**
 * What recording costs a call: one workload under each recorder in turn, round after round in one run, so that
 * what else the machine does falls on all of them. Medians over the rounds; the loss is told beside each.
 */
import { rmSync } from "node:fs";
import { HOLD_BACK } from "../src/record/hold-back.js";
import { beside, type Cost, costPerCall, median, run, table } from "./run.js";

export interface Tools {
  readonly msgtape: readonly string[];
  readonly ping: string;
  readonly nullCalls: string;
  readonly emptyLoader: string;
  readonly emptyObject: string;
  /** For captures and traces; whoever made it deletes it. */
  readonly directory: string;
}

/** The tracepoints of the ping's two calls, entry and exit: what perf record is asked for. */
export const PERF_EVENTS = ["mq_timedsend", "mq_timedreceive"]
  .flatMap((name) => [`syscalls:sys_enter_${name}`, `syscalls:sys_exit_${name}`])
  .join(",");

export interface Recorder {
  readonly name: string;
  /** The cost of a call of the workload that is run as `command`. */
  readonly measure: (tools: Tools, command: readonly string[]) => Cost | Promise<Cost>;
  /** Its slowness shortens the workload. */
  readonly divide: number;
}

function timed(command: string, args: readonly string[]): Cost {
  return costPerCall(run(command, args));
}

/** Where the last capture of one of msgtape's rows is. */
export function captureOf(name: string, directory: string): string {
  return `${directory}/${name.replaceAll(/\W+/g, "-")}.mtape`;
}

function msgtapeRecord(
  name: string,
  options: readonly string[],
  environment: readonly string[] = [],
): Recorder {
  const measure = (tools: Tools, command: readonly string[]) => {
    const file = captureOf(name, tools.directory);
    rmSync(file, { force: true });
    const record = [...tools.msgtape, "record", "-q", "-o", file, ...options, "--", ...command];
    return timed("env", [...environment, ...record]);
  };
  return { name, divide: 1, measure };
}

export const CALLS_ALONE = msgtapeRecord("msgtape record --no-kernel", ["--no-kernel"]);
/** Only where a kernel function can be hooked: elsewhere it is the recorder without. */
export const KERNEL_PLANE = msgtapeRecord("msgtape record, kernel plane", []);
/** The same on a kernel, or an architecture, without fentry. */
export const BY_KPROBES = msgtapeRecord(
  "msgtape record, kernel plane by kprobes",
  [],
  [`${HOLD_BACK}=fentry`],
);

export const RECORDERS: readonly Recorder[] = [
  { name: "nothing", divide: 1, measure: (_, [program = "", ...args]) => timed(program, args) },
  {
    name: "empty BPF programs on the same hooks",
    divide: 1,
    measure: (tools, [program = "", ...args]) =>
      beside(tools.emptyLoader, [tools.emptyObject], () => timed(program, args)),
  },
  CALLS_ALONE,
  {
    name: "perf record, the syscalls' tracepoints",
    divide: 1,
    measure: (tools, command) =>
      timed("perf", [
        "record",
        "-q",
        "-m",
        "16M",
        "-o",
        `${tools.directory}/perf.data`,
        "-e",
        PERF_EVENTS,
        "--",
        ...command,
      ]),
  },
  {
    name: "strace -f -ttt -T",
    divide: 20,
    measure: (tools, command) =>
      timed("strace", [
        "-f",
        "-ttt",
        "-T",
        "-e",
        "trace=mq_timedsend,mq_timedreceive",
        "-o",
        `${tools.directory}/strace.txt`,
        ...command,
      ]),
  },
];

/** By the recorder's name: the cost of a call, one a round. */
export type Costs = ReadonlyMap<string, readonly Cost[]>;

/** All recorders, `rounds` times in turn. */
export async function measureCost(
  tools: Tools,
  recorders: readonly Recorder[],
  rounds: number,
  command: (divide: number) => readonly string[],
): Promise<Costs> {
  const results = new Map<string, Cost[]>(recorders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const recorder of recorders) {
      process.stderr.write(`round ${round + 1}/${rounds}: ${recorder.name}\n`);
      results.get(recorder.name)?.push(await recorder.measure(tools, command(recorder.divide)));
    }
  }
  return results;
}

/** What `name` adds to a call, over nothing. Median of the differences within each round: noise comes in waves. */
export function added(results: Costs, name: string, which: keyof Cost): number {
  const base = results.get("nothing") ?? [];
  return median(
    (results.get(name) ?? []).map((cost, round) => cost[which] - (base[round]?.[which] ?? Number.NaN)),
  );
}

/** One row a recorder; `against` names the one whose addition the others' are shares of. */
export function costTable(results: Costs, against: string): string {
  const rows = [["recorder", "ns/call", "min", "max", "adds", "share", "cpu ns/call", "adds", "share"]];
  for (const [name, costs] of results) {
    const wall = costs.map(({ wallNs }) => wallNs);
    rows.push([
      name,
      median(wall).toFixed(0),
      Math.min(...wall).toFixed(0),
      Math.max(...wall).toFixed(0),
      ...addition(results, name, "wallNs", against),
      median(costs.map(({ cpuNs }) => cpuNs)).toFixed(0),
      ...addition(results, name, "cpuNs", against),
    ]);
  }
  return table(rows);
}

function addition(results: Costs, name: string, which: keyof Cost, against: string): readonly string[] {
  if (name === "nothing") return ["", ""];
  const adds = added(results, name, which);
  return [adds.toFixed(0), (adds / added(results, against, which)).toFixed(2)];
}
