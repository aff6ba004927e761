/** The part of instructions.ts that runs in the machine: `node guest.js DIRECTORY MESSAGES` prints Costs as JSON. */
import { cpSync, existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { captureOf, measureCost } from "./cost.js";
import { COUNTED } from "./instructions.js";
import { prepare } from "./tools.js";

const [directory = "", messages = ""] = process.argv.slice(2);
// Not in what is shared with the host: memory is faster.
const own = mkdtempSync(join(tmpdir(), "msgtape-bench-"));
const tools = prepare(own, ["perf"]);
const costs = await measureCost(tools, COUNTED, 1, () => [tools.ping, messages, "64"]);
for (const { name } of COUNTED) {
  const capture = captureOf(name, own);
  if (existsSync(capture)) cpSync(capture, captureOf(name, directory));
}
console.log(JSON.stringify([...costs]));
