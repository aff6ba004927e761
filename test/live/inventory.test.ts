/**
 * Queues that are there before a recording and are held, unlinked, inherited, or in another ipc namespace: in the inventories
 * at both ends as their program knows them, and with their names from the first call on.
 */
import { spawn } from "node:child_process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openCapture } from "../../src/format/capture.js";
import type { Inventory } from "../../src/format/types.js";
import { calls } from "../../src/replay/calls.js";
import { EVERYTHING } from "../../src/replay/filter.js";
import { fileSource } from "../../src/replay/open.js";
import type { ChunkItem, ReplayCapture } from "../../src/replay/source.js";
import {
  expectedQueues,
  foundQueues,
  InventoryWorkload,
  type QueueTruth,
  type Ready,
} from "../support/inventory.js";
import { live } from "../support/live.js";
import { callLines, isRecording, temporary } from "../support/msgtape.js";
import { MSGTAPE } from "../support/paths.js";

const test = suite("live: inventory");

interface Recorded {
  readonly file: string;
  readonly before: Ready;
  readonly after: Ready;
}

/** Records while the workload sends one message more to each of its queues with room. */
async function recordOnce(holdBack: string, options: readonly string[] = []): Promise<Recorded> {
  const workload = new InventoryWorkload();
  try {
    const before = await workload.ready();
    const file = temporary("inventory.mtape");
    const pids = [before.pid, before.other].flatMap((pid) => ["--pid", String(pid)]);
    const recorder = spawn(process.execPath, [MSGTAPE, "record", "-o", file, ...options, ...pids], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, MSGTAPE_HOLD_BACK: holdBack },
    });
    let stderr = "";
    recorder.stderr.on("data", (data) => {
      stderr += data;
    });
    const ended = new Promise<number | null>((resolve) => recorder.once("close", resolve));
    while (!isRecording(file)) {
      if (recorder.exitCode !== null) throw new Error(stderr);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const after = await workload.more();
    recorder.kill("SIGINT");
    assert.is(await ended, 0, stderr);
    return { file, before, after };
  } finally {
    await workload.end();
  }
}

function inventoriesOf(file: string): { readonly start: Inventory; readonly end: Inventory } {
  const all = openCapture(fileSource(file)).inventories();
  const [start, end] = [
    all.find(({ reason }) => reason === "start"),
    all.find(({ reason }) => reason === "end"),
  ];
  if (start === undefined || end === undefined) throw new Error(`${all.length} inventories`);
  return { start, end };
}

/** The queues that got a message more: their names, as calls are to have them. */
function sentTo({ before, after }: Recorded): readonly string[] {
  const sent = (truth: QueueTruth) =>
    before.queues.some(({ kind, namespace, id, messages }) => {
      const isSame = kind === truth.kind && namespace === truth.namespace && id === truth.id;
      return isSame && messages < truth.messages;
    });
  return after.queues
    .filter(sent)
    .map(({ name }) => name)
    .sort();
}

/** The capture as it would be had every QUEUE record been lost. */
function withoutNames(file: string): ReplayCapture {
  const capture = openCapture(fileSource(file));
  return {
    ...capture,
    recorderBtf: capture.recorderBtf,
    hostBtf: capture.hostBtf,
    *chunks(wanted): Generator<ChunkItem> {
      for (const item of capture.chunks(wanted)) {
        yield "problem" in item ? item : { ...item, body: { ...item.body, queues: [] } };
      }
    },
  };
}

live(
  test,
  "both inventories are as the program knows its queues, and calls have their names",
  ["root", "bpf", "gcc"],
  async () => {
    const recorded = await recordOnce("");
    const { file, before, after } = recorded;
    const { start, end } = inventoriesOf(file);
    assert.equal(foundQueues(start.queues, before.queues), expectedQueues(before.queues));
    assert.equal(foundQueues(end.queues, after.queues), expectedQueues(after.queues));
    assert.is(end.namespaces?.length, start.namespaces?.length);

    const names = sentTo(recorded);
    assert.is(names.length, 6);
    const lines = callLines(file);
    assert.equal(lines.map(({ queue }) => queue?.name ?? null).sort(), names);

    // The inventory's generation is the one in the calls' keys.
    const posix = lines.filter(({ queue }) => queue?.kind === "posix");
    const keys = start.queues
      .filter(({ name }) => name !== null && posix.some(({ queue }) => queue?.name === name))
      .map(({ namespaceInum, id, generation }) => `posix:${namespaceInum}:${id}:${generation?.toString(16)}`);
    assert.equal(keys.sort(), posix.map(({ queue }) => queue?.key ?? "").sort());
    assert.is(keys.length, 3);

    const unnamed = [...calls(withoutNames(file), EVERYTHING, { decode: () => null })];
    assert.equal(unnamed.map(({ queue }) => queue?.name ?? null).sort(), names, "without QUEUE records");
  },
);

live(
  test,
  "with the iterator held back, what /proc does not show is missing and the rest is right",
  ["root", "bpf", "gcc"],
  async () => {
    const { file, before } = await recordOnce("iter", ["--drop-to", "root"]);
    const { start } = inventoriesOf(file);
    const found = foundQueues(start.queues, before.queues);
    const unseen = before.queues.filter(({ name }) => !found.some((queue) => queue.name === name));
    assert.equal(
      unseen.map(({ name }) => name.replace(/-\d+-[0-9a-f]+$/, "")),
      ["/msgtape-odd"],
    );
    assert.equal(
      start.missing.filter(({ what }) => what.startsWith("queues held")),
      [
        {
          what: "queues held through unusual mounts, and generations",
          why: "/proc was read in place of the kernel's list of descriptors: held back: MSGTAPE_HOLD_BACK names iter",
        },
      ],
    );
    const depths = (queues: ReturnType<typeof foundQueues>) =>
      queues
        .filter(({ fields }) => fields.nlink === "1")
        .map(({ name, fields }) => [name, fields.mq_curmsgs]);
    const truth = expectedQueues(before.queues);
    assert.equal(depths(found), depths(truth));
  },
);

test.run();
