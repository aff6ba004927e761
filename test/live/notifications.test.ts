/**
 * mq_notify in all its ways: each case of workloads/notify.c logs what happened, and `notifications` has to say the same,
 * with the kernel's hook where there is one, and without it.
 */
import { readFileSync, statSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openCapture } from "../../src/format/capture.js";
import type { Inventory } from "../../src/format/types.js";
import { showsEveryQueueOf } from "../../src/replay/inventory-coverage.js";
import type { NotificationLine } from "../../src/replay/notifications/line.js";
import { fileSource } from "../../src/replay/open.js";
import { live } from "../support/live.js";
import { answer, type Recording, record } from "../support/msgtape.js";
import {
  callNumbers,
  expected,
  type Knows,
  notificationLines,
  type RegistrationTruth,
  told,
} from "../support/notifications.js";
import { WORKLOAD_SOURCES } from "../support/paths.js";
import { workload } from "../support/workload.js";

const test = suite("live: notifications");

/** As the workload lists them. */
const CASES = [
  ...readFileSync(`${WORKLOAD_SOURCES}notify.c`, "utf8").matchAll(/^\t\{ "([\w-]+)", \w+ \},$/gm),
].map(([, name = ""]) => name);

interface Seen {
  readonly recording: Recording;
  readonly truth: readonly RegistrationTruth[];
  readonly lines: readonly NotificationLine[];
  readonly knows: Knows;
}

/** All cases one after the other in one recording: a recorder starts slowly where the machine does. */
function seen(options: readonly string[]): Seen {
  const commands = CASES.map((name) => `${workload("notify")} ${name}`);
  const recording = record(options, ["sh", "-e", "-c", commands.join("\n")]);
  assert.is(recording.status, 0, recording.stderr);
  const truth = recording.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as RegistrationTruth);
  const { hooks = [] } = answer<{ hooks?: readonly { hook: string; attached: boolean }[] }>([
    "info",
    recording.file,
  ]);
  const isHooked = hooks.some(({ hook, attached }) => hook === "__do_notify" && attached);
  const [end] = inventories(recording.file).filter(({ reason }) => reason === "end");
  const knows = { isHooked, isInventoryWhole: end !== undefined && showsEveryQueueOf(end, ownNamespace()) };
  return { recording, truth, lines: notificationLines(recording.file), knows };
}

/** The recorder's and the workload's. */
const ownNamespace = () => statSync("/proc/self/ns/ipc").ino;

function inventories(file: string): readonly Inventory[] {
  const source = fileSource(file);
  try {
    return openCapture(source).inventories();
  } finally {
    source.close();
  }
}

for (const [how, options] of [
  ["all that this kernel tells", []],
  ["by calls alone", ["--no-kernel"]],
] as const) {
  live(test, `every case, ${how}`, ["root", "bpf", "gcc"], () => {
    const { recording, truth, lines, knows } = seen(options);
    process.stdout.write(
      `\nmeasured: ${how}: ${truth.length} registrations, ${knows.isHooked ? "with" : "without"} __do_notify\n`,
    );
    assert.ok(CASES.length >= 17 && truth.length >= CASES.length, "the workload told its truth");
    const numberOf = callNumbers(recording.file);
    for (const name of CASES) {
      const own = (queue: string | null) => isOf(name, queue);
      assert.equal(
        told(lines.filter(({ queue }) => own(queue.name))),
        expected(
          truth.filter(({ queue }) => own(queue)),
          numberOf,
          knows,
        ),
        name,
      );
    }
    // Those of other programs on this host are told of too, by the inventory: they have no call, and no key.
    const unknown = lines.filter(
      ({ queue }) => queue.key !== null && !CASES.some((name) => isOf(name, queue.name)),
    );
    assert.equal(unknown, [], "no registration that nobody made");
  });
}

/** `close` is no `close-of-dup`. */
function isOf(name: string, queue: string | null): boolean {
  const start = `/msgtape-${name}-`;
  return queue?.startsWith(start) === true && /^\d+-/.test(queue.slice(start.length));
}

test.run();
