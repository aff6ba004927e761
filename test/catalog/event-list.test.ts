import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseEventList } from "../../src/catalog/event-list.js";

/** The events' names, or what is wrong. */
function parse(text: string): unknown {
  const result = parseEventList(text);
  return "events" in result ? result.events.map((event) => event.name) : result;
}

const test = suite("catalogue: event lists");

test("names and groups mix, each event comes once, in the catalogue's order", () => {
  assert.equal(parse("msgsnd"), ["msgsnd"]);
  assert.equal(parse("sendmsg, msgsnd,sysv-msg ,sendmsg"), [
    "msgget",
    "msgsnd",
    "msgrcv",
    "msgctl",
    "sendmsg",
  ]);
  assert.equal(parse("socket-msg"), ["sendmsg", "recvmsg", "sendmmsg", "recvmmsg", "recvmmsg_time32"]);
  assert.is((parse("all") as string[]).length, 17);
});

test("a word that names nothing comes back with what is near", () => {
  assert.equal(parse("msgget,mq_timedsent"), {
    unknown: "mq_timedsent",
    suggestions: ["mq_timedsend"],
  });
  assert.equal(parse("posix_mq"), { unknown: "posix_mq", suggestions: ["posix-mq"] });
  assert.equal(parse("MSGSND"), { unknown: "MSGSND", suggestions: ["msgsnd"] });
  assert.equal(parse("mq_send"), { unknown: "mq_send", suggestions: ["mq_timedsend"] });
  assert.equal(parse("openat"), { unknown: "openat", suggestions: [] });
});

test("empty words are no events", () => {
  assert.equal(parse(""), { unknown: "", suggestions: [] });
  assert.equal(parse("msgsnd,"), { unknown: "", suggestions: [] });
});

test("hostile words are only unknown", () => {
  assert.equal(parse("constructor"), { unknown: "constructor", suggestions: [] });
  const long = "m".repeat(100_000);
  assert.equal(parse(long), { unknown: long, suggestions: [] });
});

test.run();
