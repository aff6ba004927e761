/** Every statement of a page has a check that a live test runs, or says why it has none. */
import { readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EVENTS } from "../../src/catalog/events.js";
import { KERNEL_FUNCTIONS } from "../../src/catalog/hooks.js";
import { factsOf, pageOf } from "../../src/catalog/page.js";
import { MESSAGES, MESSAGES_32, NAMES, NOTIFY } from "../support/facts-posix.js";
import { SOCKETS, SOCKETS_32 } from "../support/facts-sockets.js";
import { SYSV, SYSV_32 } from "../support/facts-sysv.js";
import { PACKAGE } from "../support/paths.js";
import { RESTATED } from "../support/restated.js";

const test = suite("catalogue: facts");

const TABLES = [NAMES, MESSAGES, MESSAGES_32, NOTIFY, SYSV, SYSV_32, SOCKETS, SOCKETS_32];
const FACTS = EVENTS.flatMap((event) => factsOf(event).map((fact) => ({ event: event.name, ...fact })));
const checked = new Set(TABLES.flatMap((table) => Object.keys(table)));

test("each statement has a check, or a reason why it has none", () => {
  const wrong = FACTS.filter(({ id, untested }) => checked.has(id) === (untested !== undefined));
  assert.equal(
    wrong.map(({ event, id }) => `${event}: ${id}`),
    [],
  );
});

test("each check is about a statement", () => {
  const ids = new Set(FACTS.map(({ id }) => id));
  assert.equal(
    [...checked].filter((id) => !ids.has(id)),
    [],
  );
});

test("an id stands for one statement, and a page has it once", () => {
  const says = new Map<string, string>();
  for (const { id, says: text } of FACTS) {
    assert.is(says.get(id) ?? text, text, id);
    says.set(id, text);
  }
  for (const event of EVENTS) {
    const ids = factsOf(event).map(({ id }) => id);
    assert.is(new Set(ids).size, ids.length, event.name);
  }
});

test("reasons are words", () => {
  const reasons = [...FACTS, ...EVENTS.flatMap(({ errors }) => errors)].map(({ untested }) => untested);
  assert.equal(
    reasons.filter((reason) => reason !== undefined && reason.length < 8),
    [],
  );
});

test("a live test provokes the errors of each event", () => {
  const directory = `${PACKAGE}test/live/`;
  const sources = readdirSync(directory)
    .filter((file) => /^facts-.*[.]test[.]ts$/.test(file))
    .map((file) => readFileSync(`${directory}${file}`, "utf8"))
    .join("");
  const provoked = [...sources.matchAll(/errors: \[([^\]]*)\]/g)].flatMap(([, list = ""]) =>
    [...list.matchAll(/"(\w+)"/g)].map(([, name = ""]) => name),
  );
  assert.equal([...new Set(provoked)].sort(), EVENTS.map(({ name }) => name).sort());
});

test("summaries and notes of arguments say nothing that no statement proves", () => {
  const ids = new Set(FACTS.map(({ id }) => id));
  const places = EVENTS.flatMap((event) => [
    `${event.name} summary`,
    ...event.args.filter(({ note }) => note !== undefined).map(({ name }) => `${event.name} ${name}`),
  ]);
  assert.equal(Object.keys(RESTATED).sort(), places.sort());
  const unknown = Object.values(RESTATED)
    .flat()
    .filter((id) => !ids.has(id));
  assert.equal(unknown, []);
});

test("events name functions that the kernel plane hooks", () => {
  const known = new Set(KERNEL_FUNCTIONS.map(({ name }) => name));
  for (const { name, page } of EVENTS) {
    for (const passage of page.kernel) assert.ok(known.has(passage.function), `${name}: ${passage.function}`);
  }
  assert.not.throws(() => EVENTS.map(pageOf));
});

test("twins name each other", () => {
  const twins = new Map(
    EVENTS.flatMap(({ name, page }) => (page.twin === undefined ? [] : [[name, page.twin]])),
  );
  for (const [name, twin] of twins) assert.is(twins.get(twin), name);
  assert.is(twins.size, 6);
});

test.run();
