/** Gives bombs to commands, each in a process of its own, and tells what each took. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BOMBS } from "./bombs.js";

export interface Blast {
  readonly bomb: string;
  readonly command: string;
  readonly status: number;
  readonly peakMiB: number;
  readonly cpuMs: number;
  /** Of what it said on standard error, the beginning. */
  readonly told: string;
}

export const BOMB_COMMANDS = [
  "info",
  "calls",
  "latency",
  "flows",
  "toctou",
  "queues",
  "notifications",
  "verify",
];
const MEASURED = fileURLToPath(new URL("./measured.js", import.meta.url));

/** The bombs whose names are given; all of them without. */
export function* runBombs(names: readonly string[], commands = BOMB_COMMANDS): Generator<Blast> {
  const directory = mkdtempSync(join(tmpdir(), "msgtape-bombs-"));
  const file = join(directory, "bomb.mtape");
  try {
    for (const { name: bomb, make } of BOMBS) {
      if (names.length > 0 && !names.includes(bomb)) continue;
      writeFileSync(file, make());
      for (const command of commands) {
        const ran = spawnSync(process.execPath, [MEASURED, command, file], { encoding: "utf8" });
        const answer = ran.stdout.trim();
        if (answer === "") throw new Error(`${bomb}: ${command} ended badly: ${ran.stderr.slice(-2000)}`);
        yield { bomb, command, ...(JSON.parse(answer) as Omit<Blast, "bomb" | "command">) };
      }
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
