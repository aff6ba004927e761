/** Triggers in struct mt_config as C reads them. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseBtf } from "../../src/btf/index.js";
import { DEFAULT_EVENTS, eventsOfGroup } from "../../src/catalog/events.js";
import { parseDuration } from "../../src/cli/units.js";
import { encodeConfig } from "../../src/record/config.js";
import { NO_FILTERS } from "../../src/record/filters.js";
import { configOf } from "../../src/record/setup.js";
import { parseTriggers } from "../../src/record/triggers.js";
import { live } from "../support/live.js";
import { temporary } from "../support/msgtape.js";
import { PACKAGE } from "../support/paths.js";

const test = suite("record/trigger-config");

const PRINTER = `
#include <linux/types.h>
#include <stdio.h>
#include "config.h"
static struct mt_config c;
int main(void)
{
	if (fread(&c, 1, sizeof(c), stdin) != sizeof(c) || getchar() != EOF)
		return 1;
	printf("%u triggers, %u of depths, %u slots\\n", c.trigger_count, c.depth_trigger_count, c.burst_slots);
	for (unsigned i = 0; i < MT_TRIGGERS && c.triggers[i].kind; i++) {
		struct mt_trigger *t = &c.triggers[i];
		printf("kind %u queue %u key %u value %d events %#x slot %u limit %llu window %llu %.256s\\n", t->kind,
		       t->queue_kind, t->is_key, t->value, t->events, t->first_slot, t->limit, t->window_ns, t->name);
	}
	return 0;
}
`;

const parse = (texts: readonly string[]) => parseTriggers(texts, { events: DEFAULT_EVENTS, parseDuration });

function encode(texts: readonly string[]): Uint8Array {
  return encodeConfig({
    recorderBtf: parseBtf(readFileSync(`${PACKAGE}build/msgtape.btf`)),
    hostBtf: null,
    events: DEFAULT_EVENTS,
    arch: "x86_64",
    snapBytes: 256,
    cpus: 2,
    ringBytes: 8192,
    ownTgid: 4321,
    filters: NO_FILTERS,
    triggers: parse(texts),
    secret: [1n, 2n],
  });
}

/** What C reads in the encoded bytes, line by line. */
function asCReads(texts: readonly string[]): string[] {
  const program = temporary("print");
  const gcc = spawnSync("gcc", ["-x", "c", `-I${PACKAGE}bpf`, "-w", "-o", program, "-"], { input: PRINTER });
  assert.is(gcc.status, 0, String(gcc.stderr));
  const printed = spawnSync(program, { input: encode(texts), encoding: "utf8" });
  assert.is(printed.status, 0, "the bytes are not a struct mt_config");
  return printed.stdout.slice(0, -1).split("\n");
}

const bits = (...ids: readonly number[]) => `0x${ids.reduce((sum, id) => sum + 2 ** id, 0).toString(16)}`;
const ALL = bits(...DEFAULT_EVENTS.map(({ id }) => id));
const POSIX = bits(...eventsOfGroup("posix-mq").map(({ id }) => id));

live(test, "C reads what was meant", ["gcc", "objects"], () => {
  assert.equal(asCReads([]), ["0 triggers, 0 of depths, 1 slots"]);
  assert.equal(
    asCReads([
      "latency(posix-mq) >= 50ms",
      "errno(EAGAIN) > 10 in 2s",
      "depth(/orders) > 7",
      "EIDRM",
      "depth(0xffffffff) > 8",
      "errno(EINVAL, posix-mq) > 5",
      "depth(77) > 9",
      "depth(*) > 10",
    ]),
    [
      "8 triggers, 4 of depths, 15 slots",
      `kind 1 queue 0 key 0 value 0 events ${POSIX} slot 0 limit 49999999 window 0 `,
      `kind 3 queue 0 key 0 value 11 events ${ALL} slot 0 limit 10 window 2000000000 `,
      "kind 2 queue 1 key 0 value 0 events 0 slot 0 limit 7 window 0 orders",
      `kind 3 queue 0 key 0 value 43 events ${ALL} slot 10 limit 0 window 1000000000 `,
      "kind 2 queue 2 key 1 value -1 events 0 slot 0 limit 8 window 0 ",
      `kind 3 queue 0 key 0 value 22 events ${POSIX} slot 10 limit 5 window 1000000000 `,
      "kind 2 queue 2 key 0 value 77 events 0 slot 0 limit 9 window 0 ",
      "kind 2 queue 0 key 0 value 0 events 0 slot 0 limit 10 window 0 ",
    ],
  );
});

live(test, "more than the programs hold are refused", ["objects"], () => {
  assert.throws(
    () => encode(Array(9).fill("EIDRM")),
    /^--trigger: 9 of them, the kernel programs ask at most 8$/,
  );
});

test("a capture has them as they were given", () => {
  const texts = ["latency(*) > 50ms", "EIDRM"];
  const { filters } = configOf(
    {
      output: null,
      events: DEFAULT_EVENTS,
      filters: NO_FILTERS,
      filterText: { comm: ["a"], pid: [] },
      triggers: parse(texts),
      snapBytes: 256,
      bufferBytes: null,
      durationMs: null,
      calls: null,
      command: null,
      user: null,
      kernelPlane: true,
      libcPlane: false,
      rotation: null,
      dropTo: null,
      flight: null,
    },
    65_536,
  );
  assert.equal(filters, { comm: ["a"], trigger: texts });
});

test.run();
