/**
 * What recording costs a call: one workload under each recorder in turn, round after round in one run, so that
 * what else the machine does falls on all of them. Medians over the rounds; the loss is told beside each.
 */
import { rmSync } from "node:fs";
import { beside, median, nsPerCall, run, table } from "./run.js";

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
  /** ns per call of a workload that is run as `command`. */
  readonly measure: (tools: Tools, command: readonly string[]) => number | Promise<number>;
  /** Its slowness shortens the workload. */
  readonly divide: number;
}

function timed(command: string, args: readonly string[]): number {
  return nsPerCall(run(command, args));
}

export const RECORDERS: readonly Recorder[] = [
  { name: "nothing", divide: 1, measure: (_, [program = "", ...args]) => timed(program, args) },
  {
    name: "empty BPF programs on the same hooks",
    divide: 1,
    measure: (tools, [program = "", ...args]) =>
      beside(tools.emptyLoader, [tools.emptyObject], () => timed(program, args)),
  },
  {
    name: "msgtape record",
    divide: 1,
    measure: (tools, command) => {
      const file = `${tools.directory}/ping.mtape`;
      rmSync(file, { force: true });
      const [program = "", ...args] = tools.msgtape;
      return timed(program, [...args, "record", "-q", "-o", file, "--", ...command]);
    },
  },
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

/** All recorders, `rounds` times in turn. By the recorder's name: ns per call, one a round. */
export async function measureCost(
  tools: Tools,
  recorders: readonly Recorder[],
  rounds: number,
  command: (divide: number) => readonly string[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const results = new Map<string, number[]>(recorders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const recorder of recorders) {
      process.stderr.write(`round ${round + 1}/${rounds}: ${recorder.name}\n`);
      results.get(recorder.name)?.push(await recorder.measure(tools, command(recorder.divide)));
    }
  }
  return results;
}

/** What `name` adds to a call, over nothing. Medians of the differences within each round: noise comes in waves. */
export function added(results: ReadonlyMap<string, readonly number[]>, name: string): number {
  const base = results.get("nothing") ?? [];
  return median((results.get(name) ?? []).map((ns, round) => ns - (base[round] ?? Number.NaN)));
}

export function costTable(results: ReadonlyMap<string, readonly number[]>, against: string | null): string {
  const rows = [["recorder", "ns/call", "min", "max", "adds", ...(against === null ? [] : ["of perf"])]];
  for (const [name, ns] of results) {
    const adds = added(results, name);
    const share = against === null ? [] : [(adds / added(results, against)).toFixed(2)];
    rows.push([
      name,
      median(ns).toFixed(0),
      Math.min(...ns).toFixed(0),
      Math.max(...ns).toFixed(0),
      name === "nothing" ? "" : adds.toFixed(0),
      ...(name === "nothing" && against !== null ? [""] : share),
    ]);
  }
  return table(rows);
}
