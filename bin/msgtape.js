#!/usr/bin/env node
// Starts the compiled program. Plain JavaScript that any Node reads, so that an old one is told what it lacks.
import { existsSync } from "node:fs";

// Uncaught, it would open Node's debugger to whoever may connect to this host, and msgtape may be root.
process.on("SIGUSR1", () => {});

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
  await import(program);
}
