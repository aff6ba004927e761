import { suite } from "uvu";
import * as assert from "uvu/assert";
import { eventByName } from "../../src/catalog/events.js";
import { LIBC_FUNCTIONS, libcFunctionById } from "../../src/catalog/libc.js";

const test = suite("catalogue: libc");

test("ids count from 1, and lead back to their rows", () => {
  assert.equal(
    LIBC_FUNCTIONS.map(({ id }) => id),
    LIBC_FUNCTIONS.map((_, index) => index + 1),
  );
  for (const one of LIBC_FUNCTIONS) assert.is(libcFunctionById(one.id), one);
  assert.is(libcFunctionById(0), undefined);
});

test("every name leads somewhere, and no symbol is two functions'", () => {
  const names = LIBC_FUNCTIONS.map(({ name }) => name);
  const events = LIBC_FUNCTIONS.flatMap(({ events }) => events);
  assert.equal(
    events.filter((name) => eventByName(name) === undefined),
    [],
  );
  assert.equal(
    LIBC_FUNCTIONS.flatMap(({ through }) => through).filter((name) => !names.includes(name)),
    [],
  );
  const symbols = LIBC_FUNCTIONS.flatMap(({ symbols }) => symbols);
  assert.is(new Set(symbols).size, symbols.length);
});

test("a function and those that carry it out are of the same events, or the inner call would be counted elsewhere", () => {
  const wrong = LIBC_FUNCTIONS.flatMap(({ name, events, through }) =>
    LIBC_FUNCTIONS.filter((inner) => through.includes(inner.name) && inner.events[0] !== events[0]).map(
      (inner) => `${name} through ${inner.name}`,
    ),
  );
  assert.equal(wrong, []);
});

test.run();
