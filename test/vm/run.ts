/**
 * `scripts/vm [--time SECONDS] [--out DIRECTORY] KERNEL -- COMMAND…`: runs a command on another kernel, in this
 * directory and with this host's files, and ends with its status. Nothing that it writes is kept, but for what it
 * puts into /run/vm/out: with --out that is copied to the host.
 */
import { parseArgs } from "node:util";
import { KERNEL_VERSIONS, type KernelVersion, prepareKernel, Unavailable } from "./kernels.js";
import { boot, endWithSignals } from "./machine.js";

const USAGE = `usage: scripts/vm [--time SECONDS] [--out DIRECTORY] KERNEL -- COMMAND…   (KERNEL: ${KERNEL_VERSIONS.join(", ")})`;
const DEFAULT_SECONDS = "300";
/** As the shell has it for a command that cannot be run. */
const NO_MACHINE = 125;

interface Wanted {
  readonly seconds: number;
  readonly keepIn: string | null;
  readonly version: KernelVersion;
  readonly command: readonly string[];
}

/** null: not as it should be. */
function parse(args: readonly string[]): Wanted | null {
  const dashes = args.indexOf("--");
  const { values, positionals } = parseArgs({
    args: args.slice(0, Math.max(dashes, 0)),
    options: { time: { type: "string", default: DEFAULT_SECONDS }, out: { type: "string" } },
    allowPositionals: true,
  });
  const seconds = Number(values.time);
  const version = KERNEL_VERSIONS.find((known) => known === positionals[0]);
  const command = args.slice(dashes + 1);
  if (version === undefined || positionals.length > 1 || command.length === 0 || !(seconds > 0)) return null;
  return { seconds, keepIn: values.out ?? null, version, command };
}

async function main(wanted: Wanted): Promise<number> {
  const booted = await boot({
    kernel: prepareKernel(wanted.version),
    command: wanted.command,
    directory: process.cwd(),
    timeoutMs: wanted.seconds * 1000,
    keepIn: wanted.keepIn,
    output: (stream, bytes) => process[stream].write(bytes),
  });
  if (booted.status !== null) return booted.status;
  console.error(`${booted.console}\nvm: the command did not end: ${booted.fault}`);
  return NO_MACHINE;
}

/** With an option that there is not, parseArgs throws. */
function parseOrNull(args: readonly string[]): Wanted | null {
  try {
    return parse(args);
  } catch {
    return null;
  }
}

endWithSignals();
const wanted = parseOrNull(process.argv.slice(2));
if (wanted === null) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  try {
    process.exitCode = await main(wanted);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    console.error(`vm: ${error.message}`);
    process.exitCode = NO_MACHINE;
  }
}
