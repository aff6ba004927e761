/** Executes what the pages of the System V calls say. */
import { suite } from "uvu";
import { factsTests } from "../support/facts.js";
import { SYSV, SYSV_32 } from "../support/facts-sysv.js";

const test = suite("live: facts of System V queues");

for (const bits of [64, 32] as const) {
  factsTests(test, {
    program: "facts-sysv",
    bits,
    checks: bits === 32 ? SYSV_32 : SYSV,
    errors: ["msgget", "msgsnd", "msgrcv", "msgctl"],
  });
}

test.run();
