/** Executes what the pages of the socket calls say. */
import { suite } from "uvu";
import { factsTests } from "../support/facts.js";
import { SOCKETS, SOCKETS_32 } from "../support/facts-sockets.js";

const test = suite("live: facts of socket messages");

factsTests(test, {
  program: "facts-sockets",
  bits: 64,
  checks: SOCKETS,
  errors: ["sendmsg", "recvmsg", "sendmmsg", "recvmmsg"],
});
factsTests(test, {
  program: "facts-sockets",
  bits: 32,
  checks: SOCKETS_32,
  errors: ["sendmsg", "recvmsg", "sendmmsg", "recvmmsg_time32"],
});

test.run();
