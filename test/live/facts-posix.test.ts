/** Executes what the pages of the POSIX calls say. */
import { suite } from "uvu";
import { factsTests } from "../support/facts.js";
import { MESSAGES, MESSAGES_32, NAMES, NOTIFY } from "../support/facts-posix.js";

const test = suite("live: facts of POSIX queues");

for (const bits of [64, 32] as const) {
  factsTests(test, {
    program: "facts-mq-names",
    bits,
    checks: NAMES,
    errors: ["mq_open", "mq_unlink", "mq_getsetattr"],
  });
  factsTests(test, { program: "facts-notify", bits, checks: NOTIFY, errors: ["mq_notify"] });
}
factsTests(test, {
  program: "facts-mq-messages",
  bits: 64,
  checks: MESSAGES,
  errors: ["mq_timedsend", "mq_timedreceive"],
});
factsTests(test, {
  program: "facts-mq-messages",
  bits: 32,
  checks: MESSAGES_32,
  errors: ["mq_timedsend_time32", "mq_timedreceive_time32"],
});

test.run();
