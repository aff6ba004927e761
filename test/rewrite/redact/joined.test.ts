/** Which contents are joined to a message that changed: those that are really like it, and no others. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { joinAlike } from "../../../src/rewrite/redact/joined.js";

const test = suite("joined contents");

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));

/** Of the others, those that are joined. */
function joined(copies: readonly string[], others: readonly string[]): string[] {
  const changed = [{ queue: "q", lengthBytes: null, copies: copies.map(bytes) }];
  const seen = others.map((text) => ({ queue: "q", lengthBytes: null, bytes: bytes(text) }));
  const [group = []] = joinAlike(changed, seen, 1 << 20);
  return group.slice(copies.length).map((one) => Buffer.from(one).toString("latin1"));
}

test("an empty copy is not like everything", () => {
  const copies = ["", "AAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBB"];
  assert.equal(joined(copies, ["card 4111-1111", "AAAABBBBAAAABBBB"]), ["AAAABBBBAAAABBBB"]);
});

test("nor is a short one, behind its end", () => {
  assert.equal(joined(["abcd", "abXd"], ["abcd and a secret", "abXd"]), ["abXd"]);
  assert.equal(joined(["ab", "Xbcdefgh"], ["abcd4111", "abcdefgh"]), ["abcdefgh"]);
});

test("a content that ends before the first unchanged place is not like the message", () => {
  const copies = ["AAAAAAAA+the rest", "BBBBBBBB+the rest"];
  assert.equal(joined(copies, ["PIN=1234", "PIN=1234+the", "PIN=1234+th", "ABABABAB", "A"]), [
    "PIN=1234+the",
    "ABABABAB",
  ]);
});

test.run();
