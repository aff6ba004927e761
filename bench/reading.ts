/** How fast captures are read: `latency` beside `perf script` on the same calls, `info` from the index alone. */
import { readFileSync, rmSync, statSync } from "node:fs";
import { PERF_EVENTS, type Tools } from "./cost.js";
import { median, run, secondsOf, table } from "./run.js";

interface Recorded {
  readonly capture: string;
  readonly perf: string;
  /** Entry and exit of each call. */
  readonly events: number;
}

/** The same loop under both, one after the other. */
export function recordBoth(tools: Tools, messages: number): Recorded {
  const capture = `${tools.directory}/reading.mtape`;
  const perf = `${tools.directory}/reading.data`;
  const command = [tools.ping, String(messages), "64"];
  const [program = "", ...args] = tools.msgtape;
  rmSync(capture, { force: true });
  run(program, [...args, "record", "-q", "-o", capture, "--", ...command]);
  run("perf", ["record", "-q", "-m", "16M", "-o", perf, "-e", PERF_EVENTS, "--", ...command]);
  return { capture, perf, events: 4 * messages };
}

/** Whole commands, start included, their output thrown away. */
export function readingTable(tools: Tools, recorded: Recorded, rounds: number): string {
  const [program = "", ...args] = tools.msgtape;
  const commands: readonly (readonly [string, readonly string[]])[] = [
    ["msgtape latency", [program, ...args, "latency", recorded.capture]],
    ["msgtape calls --json", [program, ...args, "calls", recorded.capture, "--json"]],
    ["perf script", ["perf", "script", "-i", recorded.perf]],
  ];
  const seconds = new Map<string, number[]>(commands.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, command] of commands) {
      process.stderr.write(`reading, round ${round + 1}/${rounds}: ${name}\n`);
      const quoted = command.map((word) => `'${word}'`).join(" ");
      seconds.get(name)?.push(secondsOf(() => run("sh", ["-c", `${quoted} >/dev/null 2>&1`])));
    }
  }
  const perf = median(seconds.get("perf script") ?? []);
  const rows = [["reader", "s", "events/s", "times perf script", "bytes/event"]];
  for (const [name, times] of seconds) {
    const size = statSync(name === "perf script" ? recorded.perf : recorded.capture).size;
    rows.push([
      name,
      median(times).toFixed(2),
      Math.round(recorded.events / median(times)).toLocaleString("en"),
      (perf / median(times)).toFixed(1),
      (size / recorded.events).toFixed(1),
    ]);
  }
  return table(rows);
}

/** Seconds of `info`, and how many bytes of the capture it read, as strace counts them. */
export function infoLine(tools: Tools, capture: string, rounds: number): string {
  const [program = "", ...args] = tools.msgtape;
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    times.push(secondsOf(() => run(program, [...args, "info", capture])));
  }
  const trace = `${tools.directory}/info.strace`;
  const reads = "trace=read,pread64,readv,preadv,preadv2";
  run("strace", ["-f", "-qq", "-y", "-e", reads, "-o", trace, program, ...args, "info", capture]);
  const read = readFileSync(trace, "utf8")
    .split("\n")
    .filter((line) => line.includes(`<${capture}>`))
    .reduce((sum, line) => sum + Math.max(Number(/= (\d+)$/.exec(line)?.[1] ?? 0), 0), 0);
  const size = statSync(capture).size;
  return (
    `msgtape info: ${median(times).toFixed(2)} s, reads ${read.toLocaleString("en")} of ` +
    `${size.toLocaleString("en")} bytes (${((100 * read) / size).toFixed(1)} %)`
  );
}
