import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseBtf, structLayout } from "../../src/btf/index.js";
import { btfFrames, readBtfFile } from "../../src/record/btf.js";
import { RecordError } from "../../src/record/errors.js";
import { btfBytes, int, STRUCT } from "../support/btf-bytes.js";

const test = suite("record/btf");
const RECORDER = btfBytes([int("int", 4, 1), ["mt_record", STRUCT, 1, 0, 4, "size", 1, 0]]);
const HOST = btfBytes([int("int", 4, 1), int("big", 8), ["mq_attr", STRUCT, 1, 0, 4, "flags", 1, 0]]);

test("a capture gets the recorder's BTF whole and a slice of the host's", () => {
  const { frames, missing } = btfFrames(parseBtf(RECORDER), parseBtf(HOST), ["mq_attr", "compat_mq_attr"]);
  assert.equal(missing, ["compat_mq_attr"]);
  assert.equal(
    frames.map((frame) => [frame.origin, frame.sha256]),
    frames.map((frame, i) => [
      ["recorder", "host"][i],
      createHash("sha256").update(frame.data).digest("hex"),
    ]),
  );
  assert.equal(frames[0]?.data, RECORDER);
  const slice = parseBtf(frames[1]?.data ?? new Uint8Array());
  assert.equal(structLayout(slice, "mq_attr"), structLayout(parseBtf(HOST), "mq_attr"));
  assert.is(slice.typeOffsets.length, 3);
});

test("a file that is missing or no BTF is one line for users", () => {
  const directory = mkdtempSync(join(tmpdir(), "msgtape-btf-"));
  const refusal = (path: string) => {
    try {
      readBtfFile(path);
    } catch (error) {
      if (error instanceof RecordError) return error.message;
      throw error;
    }
    return "nothing was thrown";
  };
  try {
    const none = join(directory, "none");
    assert.is(refusal(none), `cannot read the BTF in ${none}: no such file or directory`);
    const text = join(directory, "text");
    writeFileSync(text, "this is a text and no BTF at all");
    const why = "BTF, offset 0: expected magic 0xeb9f, found 0x6874";
    assert.is(refusal(text), `cannot read the BTF in ${text}: ${why}`);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.run();
