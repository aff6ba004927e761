/** The files of a recording that has several, each opened by itself. */
import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { openCapture } from "../../src/format/capture.js";
import type { IndexEntry, Inventory, Problem, RecordingPart, Summary } from "../../src/format/types.js";
import { fileSource } from "../../src/replay/open.js";
import { verifyCapture } from "../../src/replay/verify/verify.js";
import { patience } from "./live.js";
import { temporary } from "./msgtape.js";

export interface Part {
  readonly file: string;
  readonly captureId: string;
  readonly recording: RecordingPart | undefined;
  readonly complete: boolean;
  readonly problems: readonly Problem[];
  readonly summary: Summary | null;
  /** CLOCK_BOOTTIME of the first reading. */
  readonly startNs: bigint;
  readonly inventories: readonly Inventory[];
  readonly chunks: readonly IndexEntry[];
  /** Entries and exits. */
  readonly lostInGaps: bigint;
}

export function openFile(file: string): Part {
  const source = fileSource(file);
  try {
    const capture = openCapture(source);
    // Every chunk is read, so that problems inside them are known.
    for (const _ of capture.chunks());
    return {
      file,
      captureId: capture.captureId,
      recording: capture.host?.recording,
      complete: capture.complete,
      problems: capture.problems,
      summary: capture.summary,
      startNs: capture.clocks[0]?.boottimeNs ?? 0n,
      inventories: capture.inventories(),
      chunks: [...capture.index],
      lostInGaps: capture.gaps.reduce((sum, { plane, lost }) => sum + (plane === "planes" ? 0n : lost), 0n),
    };
  } finally {
    source.close();
  }
}

/** What `verify` finds wrong with it. */
export function verified(file: string): readonly string[] {
  const source = fileSource(file);
  try {
    return verifyCapture(source).problems.map(({ code, message }) => `${code}: ${message}`);
  } finally {
    source.close();
  }
}

/** For `-o`, in a directory of its own where also whoever a recorder becomes makes files. */
export function outputFor(name: string): string {
  const directory = temporary("files");
  mkdirSync(directory);
  chmodSync(directory, 0o777);
  return join(directory, name);
}

/** Names of those that are there of `-o OUTPUT`, in order. */
export function partFiles(output: string): readonly string[] {
  const stem = basename(output, ".mtape");
  return readdirSync(dirname(output))
    .filter((name) => name.startsWith(`${stem}.`) && /\.\d{6}\.mtape$/.test(name))
    .sort()
    .map((name) => join(dirname(output), name));
}

export function partsOf(output: string): readonly Part[] {
  return partFiles(output).map(openFile);
}

/** Waits for it. Throws when it does not come. */
export async function until(condition: () => boolean, what: string, ms = patience(60_000)): Promise<void> {
  const deadline = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
