/** What the pages say of the kernel's own functions: those that calls of an event pass through, and no others. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EVENTS } from "../../src/catalog/events.js";
import { eventName, readKernelCapture } from "../support/kernel-records.js";
import { live } from "../support/live.js";
import { record } from "../support/msgtape.js";
import { workload } from "../support/workload.js";

const test = suite("live: facts of kernel functions");

const PROGRAMS = ["facts-mq-names", "facts-mq-messages", "facts-notify", "facts-sysv", "facts-sockets"];

for (const bits of [64, 32] as const) {
  const needs = bits === 32 ? (["gcc32"] as const) : [];
  live(
    test,
    `calls of each event pass through what its page names (${bits} bits)`,
    ["root", "bpf", "gcc", "fentry", ...needs],
    () => {
      const seen = new Map<string, Set<string>>();
      for (const program of PROGRAMS) {
        const ran = record(["--events", "all"], [workload(program, bits)]);
        assert.is(ran.status, 0, ran.stderr);
        for (const { event, hook } of readKernelCapture(ran.file).records) {
          const name = eventName(event);
          if (name === null) continue;
          seen.set(name, (seen.get(name) ?? new Set()).add(hook));
        }
      }
      const ofThisAbi = EVENTS.filter(({ numbers, page }) => {
        const has32 = numbers.x86_64 === undefined;
        // The twins with 64-bit time are made by few calls of 32-bit programs.
        return bits === 32 ? page.twin === undefined || has32 : !has32;
      });
      assert.equal(
        ofThisAbi.map(({ name }) => [name, [...(seen.get(name) ?? [])].sort()]),
        ofThisAbi.map(({ name, page }) => [name, page.kernel.map((one) => one.function).sort()]),
      );
    },
  );
}

test.run();
