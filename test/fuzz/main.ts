/**
 * `npm run fuzz`: gives damaged and hostile captures to every reading command, in a process of its own that is
 * watched, and keeps what it finds in build/fuzz/. Ends with 1 when it found anything.
 */
import { parseArgs } from "node:util";
import { BOUNDS } from "./oracle.js";
import { runBombs } from "./run-bombs.js";
import { Watch } from "./watch.js";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    inputs: { type: "string" },
    minutes: { type: "string" },
    finds: { type: "string", default: "50" },
    bombs: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

const HELP = `npm run fuzz -- [--seed N] [--from N] [--inputs N] [--minutes N] [--finds N]

  --seed     another seed, other inputs [1]; --from: the first input's number [0]
  --inputs   end after so many inputs
  --minutes  end after so many minutes [1, without --inputs]
  --finds    end after so many finds [50]
  --bombs    instead: captures made to use up time and memory, and what each took
`;

if (values.help) {
  process.stdout.write(HELP);
} else if (values.bombs) {
  for (const { bomb, command, status, peakMiB, cpuMs } of runBombs([])) {
    const isBeyond = peakMiB > BOUNDS.peakMiB;
    if (isBeyond) process.exitCode = 1;
    console.log(
      `${isBeyond ? "BEYOND " : ""}${bomb}: ${command}: ${cpuMs} ms, ${peakMiB} MiB, status ${status}`,
    );
  }
} else {
  const watch = new Watch({
    seed: Number(values.seed),
    from: Number(values.from),
    inputs: values.inputs === undefined ? Number.POSITIVE_INFINITY : Number(values.inputs),
    milliseconds:
      values.minutes === undefined
        ? values.inputs === undefined
          ? 60_000
          : Number.POSITIVE_INFINITY
        : Number(values.minutes) * 60_000,
    finds: Number(values.finds),
  });
  process.exitCode = (await watch.run()) === 0 ? 0 : 1;
}
