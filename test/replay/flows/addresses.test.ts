/** Which datagrams cannot be each other by their addresses: what is not known contradicts nothing. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { addressIn, isElsewhere } from "../../../src/replay/flows/addresses.js";
import type { Address, Received, Route, Sent } from "../../../src/replay/flows/types.js";

const test = suite("flows: addresses");

function inet(host: string, port: number): Address | null {
  return addressIn({ sin_family: 2, sin_port: port, sin_addr: host });
}

function contradict(sent: Route, received: Route): boolean {
  return isElsewhere({ route: sent } as Sent, { route: received } as Received);
}

const TO = inet("127.0.0.1", 47001);

test("what an address says", () => {
  assert.equal(inet("127.0.0.1", 80), { host: "127.0.0.1", port: 80 });
  assert.equal(inet("0.0.0.0", 80), { host: null, port: 80 }, "any of the machine's");
  assert.equal(addressIn({ sin6_port: 80, sin6_addr: "::ffff:127.0.0.1" }), { host: "127.0.0.1", port: 80 });
  assert.equal(addressIn({ sun_path: "@name" }), { host: "@name", port: null });
  const nothing = [null, { status: "not_read" }, { sun_path: "" }, { sin_port: 0, sin_addr: "0.0.0.0" }];
  assert.equal(nothing.map(addressIn), [null, null, null, null]);
});

test("received from one socket, sent by another", () => {
  const from = (sender: Address | null, source: Address | null) =>
    contradict({ from: sender, to: TO }, { from: source, to: TO });
  assert.is(from(inet("127.0.0.1", 47012), inet("127.0.0.1", 47011)), true);
  assert.is(from(inet("127.0.0.1", 47011), inet("127.0.0.1", 47011)), false);
  assert.is(from(inet("0.0.0.0", 47011), inet("127.0.0.1", 47011)), false);
  assert.is(from(null, inet("127.0.0.1", 47011)), false, "the sender's own is not known");
  assert.is(from(inet("127.0.0.1", 47011), null), false, "the receiver did not ask");
  assert.is(from(addressIn({ sun_path: "/run/a" }), addressIn({ sun_path: "/run/b" })), true);
});

test("sent to one of the loopback addresses, received at another", () => {
  const to = (target: Address | null, bound: Address | null) =>
    contradict({ from: null, to: target }, { from: null, to: bound });
  assert.is(to(inet("127.0.0.1", 47002), inet("127.0.0.2", 47002)), true);
  assert.is(to(inet("127.0.0.2", 47002), inet("127.0.0.2", 47002)), false);
  assert.is(to(inet("127.0.0.2", 47002), addressIn({ sin6_port: 47002, sin6_addr: "::" })), false);
});

test.run();
