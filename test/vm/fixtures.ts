/** Makes the fixtures that a kernel of these made: the recipe runs in its machine, what it made comes back. */
import { FIXTURES as LIST } from "../../fixtures/list.js";
import { FIXTURES, PACKAGE } from "../support/paths.js";
import { KERNEL_VERSIONS, prepareKernel } from "./kernels.js";
import { boot } from "./machine.js";
import { SCALE } from "./report.js";

const TIMEOUT_MS = 10 * 60_000;

/** All of them, or `names`. Gives the exit status. Throws Unavailable. */
export async function makeFixtures(names: readonly string[]): Promise<number> {
  for (const version of KERNEL_VERSIONS) {
    const wanted = LIST.filter((fixture) => fixture.kernel === version)
      .map(({ name }) => name)
      .filter((name) => names.length === 0 || names.includes(name));
    if (wanted.length === 0) continue;
    const copies = wanted.map((name) => `cp fixtures/${name}.* /run/vm/out/`);
    const booted = await boot({
      kernel: prepareKernel(version),
      command: [
        "sh",
        "-e",
        "-c",
        [`MSGTAPE_TEST_SCALE=${SCALE} fixtures/make ${wanted.join(" ")}`, ...copies].join("\n"),
      ],
      directory: PACKAGE,
      timeoutMs: TIMEOUT_MS,
      keepIn: FIXTURES,
      output: (stream, bytes) => process[stream].write(bytes),
    });
    if (booted.status !== 0) {
      console.error(`Linux ${version}: ${booted.fault ?? `exit status ${booted.status}`}\n${booted.console}`);
      return 1;
    }
  }
  return 0;
}
