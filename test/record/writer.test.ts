import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openCapture } from "../../src/format/capture.js";
import { createEncoder } from "../../src/format/encoder.js";
import { memorySource } from "../../src/format/source.js";
import type { Sink } from "../../src/record/sink.js";
import { CaptureWriter } from "../../src/record/writer.js";

const test = suite("record: writer");

test("opened, and then killed: a capture without an end; the header comes once", async () => {
  const frames: Uint8Array[] = [];
  const sink: Sink = {
    name: "x",
    writtenBytes: 0,
    reserve: async () => {},
    write: async (bytes) => void frames.push(bytes),
    sync: async () => {},
    close: async () => {},
    discard() {},
  };
  const writer = new CaptureWriter(sink, createEncoder({ captureId: new Uint8Array(16) }));
  await writer.open();
  await writer.open();
  const capture = openCapture(memorySource(new Uint8Array(Buffer.concat(frames))));
  assert.equal([frames.length, capture.complete], [1, false]);
  assert.equal(
    capture.problems.map(({ code }) => code),
    ["no_trailer"],
  );
});

test.run();
