/** The only file of the command line that knows `process`. */
import { runProgram } from "./program.js";

const { stdout, stderr } = process;
// A reader that went away must not end the process before the command has tidied up; writes notice it themselves.
stdout.on("error", () => {});
stderr.on("error", () => {});

process.exitCode = await runProgram(process.argv.slice(2), {
  stdout,
  stderr,
  stdoutIsTerminal: stdout.isTTY === true,
  stderrIsTerminal: stderr.isTTY === true,
  columns: stdout.isTTY === true ? stdout.columns : null,
  env: process.env,
});
