import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ERRNO_NAMES, errnoByName, errnoName, errnoText, isRestart } from "../../src/catalog/errno.js";
import { EVENTS } from "../../src/catalog/events.js";
import { headerNumbers } from "../support/headers.js";
import { live } from "../support/live.js";

const test = suite("catalogue: errno");

test("names, numbers and texts go together", () => {
  const cases = [
    [4, "EINTR", "Interrupted system call"],
    [11, "EAGAIN", "Resource temporarily unavailable"],
    [35, "EDEADLK", "Resource deadlock avoided"],
    [42, "ENOMSG", "No message of desired type"],
    [43, "EIDRM", "Identifier removed"],
    [90, "EMSGSIZE", "Message too long"],
    [95, "EOPNOTSUPP", "Operation not supported"],
    [110, "ETIMEDOUT", "Connection timed out"],
    [133, "EHWPOISON", "Memory page has hardware error"],
    [512, "ERESTARTSYS", "To be restarted if SA_RESTART is set"],
    [513, "ERESTARTNOINTR", "To be restarted"],
    [514, "ERESTARTNOHAND", "To be restarted if no handler"],
    [515, "ENOIOCTLCMD", "No ioctl command"],
    [516, "ERESTART_RESTARTBLOCK", "Interrupted by signal"],
  ] as const;
  for (const [number, name, text] of cases) {
    assert.is(errnoName(number), name);
    assert.is(errnoByName(name), number);
    assert.is(errnoText(name), text);
  }
});

test("second names are understood and never given", () => {
  assert.is(errnoByName("EWOULDBLOCK"), 11);
  assert.is(errnoByName("EDEADLOCK"), 35);
  assert.is(errnoByName("ENOTSUP"), 95);
  assert.is(errnoText("EWOULDBLOCK"), "Resource temporarily unavailable");
});

test("what is no error has no name", () => {
  for (const number of [-11, 0, 41, 58, 134, 511, 4095, Number.NaN]) assert.is(errnoName(number), null);
  for (const name of ["", "eagain", "EAGAIN ", "toString"]) {
    assert.is(errnoByName(name), null);
    assert.is(errnoText(name), null);
  }
});

test("restarts are the four that signal handling knows", () => {
  const restarts = ERRNO_NAMES.filter((name) => isRestart(errnoByName(name) ?? 0));
  assert.equal(restarts, ["ERESTARTSYS", "ERESTARTNOINTR", "ERESTARTNOHAND", "ERESTART_RESTARTBLOCK"]);
});

test("each event's errors have names, each once, with a meaning", () => {
  for (const event of EVENTS) {
    const names = event.errors.map((error) => error.errno);
    assert.is(new Set(names).size, names.length, event.name);
    for (const error of event.errors) {
      assert.type(errnoByName(error.errno), "number", `${event.name}: ${error.errno}`);
      assert.ok(error.means.length > 0);
    }
  }
});

live(test, "names are those of the system's headers", ["gcc"], () => {
  const own = ERRNO_NAMES.filter((name) => (errnoByName(name) ?? 0) < 512);
  assert.equal(
    headerNumbers(["errno.h"], own),
    Object.fromEntries(own.map((name) => [name, errnoByName(name)])),
  );
  assert.is(own.length, 131, "1 to 133 without 41 and 58");
});

test.run();
