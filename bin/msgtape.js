#!/usr/bin/env node
// Starts the compiled program. Plain JavaScript that any Node reads, so that an old one is told what it lacks.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";

// Uncaught, it would open Node's debugger to whoever may connect to this host, and msgtape may be root.
process.on("SIGUSR1", () => {});
// Asks a flight recorder for a snapshot; it would kill one that has not come to listen yet.
process.on("SIGUSR2", () => {});

// Node catches it before the first line of any program, and opens the debugger a little later. No option of Node 20
// keeps it from that, and it takes the signal up even where it was ignored or blocked: so what it opened is closed.
const isDebugged = process.execArgv.some((option) => option.startsWith("--inspect"));
function closeDebugger() {
  if (isDebugged) return;
  try {
    const inspector = createRequire(import.meta.url)("node:inspector");
    if (inspector.url() !== undefined) inspector.close();
  } catch {
    // This Node is built without one.
  }
}
closeDebugger();
setImmediate(closeDebugger);

const OLDEST = [20, 19];
const program = new URL("../dist/src/cli/main.js", import.meta.url);

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  process.stderr.write(`msgtape: needs Node ${OLDEST.join(".")} or later, found ${process.versions.node}\n`);
  process.exitCode = 1;
} else if (!existsSync(program)) {
  process.stderr.write("msgtape: not built yet: run `npm run build` in the package's directory\n");
  process.exitCode = 1;
} else {
  const running = import(program);
  closeDebugger();
  await running;
}
