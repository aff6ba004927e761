import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RecordError } from "../../src/record/errors.js";
import { heldBack, whyHeldBack } from "../../src/record/hold-back.js";

const test = suite("what is held back");

test("nothing, where nothing is named", () => {
  assert.equal([...heldBack("")], []);
  assert.is(whyHeldBack(["cast", "tp_btf"], heldBack("")), null);
});

test("what is named, and only of what is needed", () => {
  const held = heldBack("fentry,cast");
  assert.equal([...held], ["fentry", "cast"]);
  assert.is(whyHeldBack(["tp_btf", "cast"], held), "held back: MSGTAPE_HOLD_BACK names cast");
  assert.is(whyHeldBack(["tp_btf", "kprobe"], held), null);
});

test("a word that names nothing is refused", () => {
  assert.throws(
    () => heldBack("cast,fexit"),
    (error: unknown) =>
      error instanceof RecordError &&
      error.message ===
        'MSGTAPE_HOLD_BACK names "fexit": expected words of cast, tp_btf, fentry, kprobe, uprobe_multi, iter, with commas between them',
  );
});

test.run();
