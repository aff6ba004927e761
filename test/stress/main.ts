/**
 * `npm run stress [KILLS]`: so many recorders killed at random moments under load (200), their files looked through, and the
 * figures. Status 1 when one of them is not as it may be.
 */
import { missing } from "../support/live.js";
import { faultsOf, type Kill, killOnce, Storm } from "./kills.js";

/** Up to a second of a recording may be gone, and what a busy host adds to that. */
const LIMIT_MS = 1000 + Number(process.env.MSGTAPE_STRESS_SLACK_MS ?? 250);
const LONGEST_MS = { start: 2500, recording: 1000 } as const;

async function main(): Promise<number> {
  const lacks = missing(["root", "bpf", "gcc"]);
  if (lacks.length > 0) {
    console.error(`stress: this machine has no ${lacks.join(", no ")}`);
    return 1;
  }
  const count = Number(process.argv[2] ?? 200);
  const storm = await Storm.start(1);
  const kills: Kill[] = [];
  let faulty = 0;
  try {
    for (let i = 0; i < count; i++) {
      // A quarter while it starts, on most machines.
      const from = i % 4 === 0 ? "start" : "recording";
      const kill = await killOnce(storm, Math.random() * LONGEST_MS[from], from);
      kills.push(kill);
      const faults = faultsOf(kill, LIMIT_MS);
      if (faults.length > 0) faulty++;
      for (const fault of faults) console.log(`kill ${i}, after ${kill.afterMs.toFixed(0)} ms: ${fault}`);
      if (i % 10 === 9) console.log(`${i + 1} killed, ${faulty} faulty`);
    }
  } finally {
    storm.end();
  }
  report(kills);
  return faulty === 0 ? 0 : 1;
}

function report(kills: readonly Kill[]): void {
  for (const found of ["no file", "nothing in it", "no chunk", "chunks"] as const) {
    console.log(`${found}: ${kills.filter((kill) => kill.found === found).length}`);
  }
  const complete = kills.filter(({ counted }) => counted?.isComplete === true).length;
  const torn = kills.filter(({ counted }) =>
    counted?.problems.some(({ code }) => code === "truncated"),
  ).length;
  const records = kills.reduce((sum, { counted }) => sum + (counted?.records ?? 0), 0);
  const lossy = kills.filter(({ counted }) => (counted?.lostInGaps ?? 0n) > 0n).length;
  console.log(
    `with a trailer: ${complete}, with a torn frame: ${torn}, ${records} records, ${lossy} with losses`,
  );
  for (const found of ["chunks", "no chunk"] as const) {
    const ms = kills
      .filter((kill) => kill.found === found)
      .flatMap(({ missingMs }) => (missingMs === null ? [] : [missingMs]))
      .sort((a, b) => a - b);
    if (ms.length === 0) continue;
    const at = (share: number) =>
      (ms[Math.min(ms.length - 1, Math.floor(ms.length * share))] ?? 0).toFixed(0);
    console.log(`missing at the end, ${found}: median ${at(0.5)} ms, 95 % ${at(0.95)} ms, worst ${at(1)} ms`);
  }
}

process.exitCode = await main();
