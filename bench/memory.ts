/** What the recorder itself needs at full rate, and whether it keeps up. */
import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import type { Tools } from "./cost.js";
import { BenchError } from "./run.js";

const SAMPLE_MS = 20;

/** Peak resident memory, as /proc last said it before the end, and the closing line's losses. */
export async function recorderLine(tools: Tools, messages: number): Promise<string> {
  const file = `${tools.directory}/memory.mtape`;
  rmSync(file, { force: true });
  const [program = "", ...args] = tools.msgtape;
  const command = [...args, "record", "-o", file, "--", tools.ping, String(messages), "64"];
  const recorder = spawn(program, command, { stdio: ["ignore", "ignore", "pipe"] });
  let peakKib = 0;
  const sampling = setInterval(() => {
    peakKib = peakOf(recorder.pid) ?? peakKib;
  }, SAMPLE_MS);
  let stderr = "";
  recorder.stderr.on("data", (data) => {
    stderr += data;
  });
  await new Promise((resolve) => recorder.once("close", resolve));
  clearInterval(sampling);
  const found = /recorded (\d+) records .* in ([\d.]+) s, lost (\d+)/.exec(stderr);
  if (found === null) throw new BenchError(`msgtape record: ${stderr.trim()}`);
  const [, records, seconds, lost] = found.map(Number);
  const rate = Math.round((records ?? 0) / (seconds ?? 1)).toLocaleString("en");
  return `msgtape record at ${rate} records/s: lost ${lost}, at most ${(peakKib / 1024).toFixed(0)} MiB resident`;
}

function peakOf(pid: number | undefined): number | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
    return peak === undefined ? null : Number(peak);
  } catch {
    return null; // It has ended.
  }
}
