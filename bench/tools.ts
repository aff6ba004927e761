/** What the benchmark runs, and that it is there. */
import { spawnSync } from "node:child_process";
import { MSGTAPE, PACKAGE } from "../test/support/paths.js";
import { workload } from "../test/support/workload.js";
import type { Tools } from "./cost.js";
import { BenchError, run } from "./run.js";

/** Builds what is not built yet, and keeps captures and traces in `directory`. */
export function prepare(directory: string, programs: readonly string[] = ["perf", "strace"]): Tools {
  for (const program of programs) {
    if (spawnSync(program, ["--version"]).error !== undefined)
      throw new BenchError(`${program} is not installed`);
  }
  run("make", ["-s", "-C", `${PACKAGE}bench`]);
  const built = `${PACKAGE}build/bench/`;
  return {
    msgtape: [process.execPath, MSGTAPE],
    ping: workload("mq-ping"),
    nullCalls: `${built}null-calls`,
    emptyLoader: `${built}empty`,
    emptyObject: `${built}empty.bpf.o`,
    directory,
  };
}
