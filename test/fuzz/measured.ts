/** Runs the program on its arguments, its output thrown away, and tells what that took: one line of JSON. */
import { readFileSync } from "node:fs";
import { Writable } from "node:stream";
import { runProgram } from "../../src/cli/program.js";

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });
let told = "";
const stderr = new Writable({
  write(chunk: Buffer, _encoding, done) {
    told = (told + chunk.toString()).slice(0, 4000);
    done();
  },
});
const status = await runProgram(process.argv.slice(2), {
  stdout: nowhere(),
  stderr,
  stdoutIsTerminal: false,
  stderrIsTerminal: false,
  columns: null,
  env: {},
});
const { user, system } = process.cpuUsage();
// Not maxRSS of getrusage: exec carries over there what the parent had before.
const peakKiB = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
const peakMiB = Math.round(peakKiB / 1024);
console.log(JSON.stringify({ status, peakMiB, cpuMs: Math.round((user + system) / 1000), told }));
