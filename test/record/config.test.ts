/**
 * struct mt_config as C reads it: a small C program with bpf/config.h prints the bytes that TypeScript encoded.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseBtf, structLayout } from "../../src/btf/index.js";
import { EVENTS } from "../../src/catalog/events.js";
import type { EventRow, Page, Step } from "../../src/catalog/types.js";
import { type ConfigOptions, encodeConfig } from "../../src/record/config.js";
import { NO_FILTERS } from "../../src/record/filters.js";
import { btfBytes, int, STRUCT } from "../support/btf-bytes.js";
import { PACKAGE } from "../support/paths.js";

const test = suite("record/config");
const RECORDER_BTF = `${PACKAGE}build/msgtape.btf`;

const PRINTER = `
#include <linux/types.h>
#include <stdio.h>
#include "config.h"
static struct mt_config c;
static void steps(int event, int variant, const char *phase, struct mt_step *s)
{
	for (int i = 0; i < MT_STEPS && s[i].take; i++) {
		printf("step %d.%d.%s take %u arg %u length %u size %u flags %u", event, variant, phase, s[i].take,
		       s[i].arg, s[i].length_arg, s[i].size, s[i].flags);
		if (s[i].when_arg != MT_ARG_NONE)
			printf(" when %u & %#x == %#x set %#x", s[i].when_arg, s[i].when_mask, s[i].when_value, s[i].when_set);
		printf("\\n");
	}
}
static void mux(const char *name, struct mt_mux_call *m)
{
	for (int i = 0; i < MT_MUX_CALLS; i++)
		if (m[i].event)
			printf("%s %d event %u count %u from %u %u %u %u %u %u\\n", name, i, m[i].event, m[i].count,
			       m[i].from[0], m[i].from[1], m[i].from[2], m[i].from[3], m[i].from[4], m[i].from[5]);
}
int main(void)
{
	if (fread(&c, 1, sizeof(c), stdin) != sizeof(c) || getchar() != EOF)
		return 1;
	for (int a = 0; a < 2; a++)
		for (int n = 0; n < MT_NUMBERS; n++)
			if (c.event_of_nr[a][n])
				printf("nr %d %d event %u\\n", a, n, c.event_of_nr[a][n]);
	for (int n = 0; n < MT_NUMBERS; n++)
		if (c.x32_of_nr[n])
			printf("x32 %d event %u\\n", n, c.x32_of_nr[n]);
	for (int e = 0; e < MT_EVENTS; e++) {
		if (c.record_event[e])
			printf("wanted %d\\n", e);
		for (int v = 0; v < MT_VARIANTS; v++) {
			steps(e, v, "entry", c.plans[e][v].entry);
			steps(e, v, "exit", c.plans[e][v].exit);
		}
	}
	printf("muxes %u %u\\n", c.nr_ipc, c.nr_socketcall);
	mux("ipc", c.ipc);
	mux("socketcall", c.socketcall);
	printf("snap %u cpus %u ring %u own %u keeper %u filters %u secret %#llx %#llx\\n", c.snap_bytes, c.cpus, c.ring_bytes, c.own_tgid, c.keeper_tgid, c.filters,
	       c.secret[0], c.secret[1]);
	for (unsigned i = 0; i < c.comm_count; i++)
		printf("comm %.16s\\n", c.comms[i]);
	for (unsigned i = 0; i < c.uid_count; i++)
		printf("uid %u\\n", c.uids[i]);
	for (unsigned i = 0; i < c.cgroup_count; i++)
		printf("cgroup %llu\\n", c.cgroups[i]);
	for (unsigned i = 0; i < c.queue_count; i++)
		printf("queue kind %u is_key %u value %d name %u %s\\n", c.queues[i].kind, c.queues[i].is_key,
		       c.queues[i].value, c.queues[i].name_len, c.queues[i].name);
	return 0;
}
`;

/** What C reads in the encoded bytes, line by line. */
function asCReads(options: Partial<ConfigOptions>, isSigreturn = false): string[] {
  const bytes = encodeConfig({ ...BASE, recorderBtf: parseBtf(readFileSync(RECORDER_BTF)), ...options });
  const directory = mkdtempSync(join(tmpdir(), "msgtape-config-"));
  try {
    const program = join(directory, "print");
    const gcc = spawnSync("gcc", ["-x", "c", `-I${PACKAGE}bpf`, "-w", "-o", program, "-"], {
      input: PRINTER,
    });
    assert.is(gcc.status, 0, String(gcc.stderr));
    const printed = spawnSync(program, { input: bytes, encoding: "utf8" });
    assert.is(printed.status, 0, `${bytes.length} bytes are not a struct mt_config`);
    // What every configuration has: the calls that tell of a signal handler's return. A test of its own is below.
    return printed.stdout
      .slice(0, -1)
      .split("\n")
      .filter((line) => line.endsWith(" event 255") === isSigreturn);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Sizes as no kernel has them: what is seen in steps came from here. */
const HOST_BTF = parseBtf(
  btfBytes([
    int("int", 4, 1),
    ["mq_attr", STRUCT, 0, 0, 72],
    ["compat_mq_attr", STRUCT, 0, 0, 40],
    ["sigevent", STRUCT, 0, 0, 68],
  ]),
);

const BASE: Omit<ConfigOptions, "recorderBtf"> = {
  hostBtf: HOST_BTF,
  events: [],
  arch: "x86_64",
  snapBytes: 256,
  cpus: 2,
  ringBytes: 8192,
  ownTgid: 4321,
  filters: NO_FILTERS,
  secret: [0x1111222233334444n, 0xffffffffffffffffn],
};
const REST = [
  "muxes 0 0",
  "snap 256 cpus 2 ring 8192 own 4321 keeper 0 filters 0 secret 0x1111222233334444 0xffffffffffffffff",
];

const NOTHING = { id: "nothing", says: "" };
const NO_PAGE: Page = {
  description: [],
  useCase: "",
  result: NOTHING,
  behaviour: [],
  pitfalls: [],
  kernel: [],
};

function event(
  id: number,
  entry: readonly Step[],
  exit: readonly Step[],
  more: Partial<EventRow> = {},
): EventRow {
  return {
    id,
    name: `event_${id}`,
    family: "posix-mq",
    onRequest: false,
    numbers: {},
    muxes: [],
    args: [],
    returns: "zero",
    entry,
    exit,
    queue: null,
    access: [],
    errors: [],
    related: [],
    summary: "",
    page: NO_PAGE,
    ...more,
  };
}

/** Registers a test that needs gcc and the program object's BTF; skipped, visibly, without them. */
function withC(name: string, run: () => void): void {
  const gcc = spawnSync("gcc", ["--version"]).error === undefined;
  const lacks = [...(existsSync(RECORDER_BTF) ? [] : ["build/msgtape.btf"]), ...(gcc ? [] : ["gcc"])];
  if (lacks.length === 0) {
    test(name, run);
  } else {
    console.log(`skipped: ${name} (missing: ${lacks.join(", ")})`);
    test.skip(name, run);
  }
}

withC("numbers of both conventions lead to wanted events only", () => {
  const one = event(3, [], [], { numbers: { x86_64: 242, ia32: 418, arm64: 182 } });
  const two = event(17, [], [], { numbers: { ia32: 337 } });
  assert.equal(asCReads({ events: [one, two] }), [
    "nr 0 242 event 3",
    "nr 1 337 event 17",
    "nr 1 418 event 3",
    "x32 242 event 3",
    "wanted 3",
    "wanted 17",
    ...REST,
  ]);
  assert.equal(asCReads({ events: [one, two], arch: "arm64" }), [
    "nr 0 182 event 3",
    "wanted 3",
    "wanted 17",
    ...REST,
  ]);
});

withC("returns from signal handlers are known by their numbers, whatever is wanted", () => {
  assert.equal(asCReads({ events: [] }, true), [
    "nr 0 15 event 255",
    "nr 1 119 event 255",
    "nr 1 173 event 255",
  ]);
  assert.equal(asCReads({ events: [], arch: "arm64" }, true), ["nr 0 139 event 255"]);
});

withC("multiplexers are looked at only for wanted events, with operands by position", () => {
  const send = event(10, [], [], { muxes: [{ mux: "ipc", call: 11, from: [1, 4, 2, 3] }] });
  const receive = event(11, [], [], { muxes: [{ mux: "ipc", call: 12, from: [1, 4, 2, 5, 3] }] });
  const socket = event(16, [], [], { muxes: [{ mux: "socketcall", call: 19, from: [0, 1, 2, 3, 4] }] });
  assert.equal(asCReads({ events: [send, receive] }), [
    "wanted 10",
    "wanted 11",
    "muxes 117 0",
    "ipc 11 event 10 count 5 from 1 4 2 3 255 255",
    "ipc 12 event 11 count 6 from 1 4 2 5 3 255",
    REST[1],
  ]);
  assert.equal(asCReads({ events: [socket] }), [
    "wanted 16",
    "muxes 0 102",
    "socketcall 19 event 16 count 5 from 0 1 2 3 4 255",
    REST[1],
  ]);
});

withC("every kind of step, in every layout, with the host's own sizes", () => {
  const attr = { native: "mq_attr", compat: "compat_mq_attr" };
  const row = event(
    5,
    [
      { take: "mqd", from: { arg: 0 } },
      { take: "string", arg: 1 },
      { take: "struct", arg: 3, struct: attr, only: ["native"] },
      { take: "struct", arg: 3, struct: attr, only: ["compat"], when: { arg: 1, mask: 0o100, value: 0o100 } },
      { take: "bytes", arg: 1, length: { arg: 2 }, prefix: "long" },
      { take: "cookie", arg: 1 },
      { take: "mmsghdr", arg: 1, count: { arg: 2 }, payload: false, received: false },
    ],
    [
      { take: "msqid", from: "ret", onSuccess: true },
      { take: "socket", from: { arg: 0 } },
      { take: "bytes", arg: 1, length: "ret", onSuccess: true },
      { take: "fixed", arg: 3, bytes: 4, onSuccess: true },
      { take: "msghdr", arg: 1, payload: true, received: true },
      { take: "mmsghdr", arg: 1, count: "ret", payload: true, received: false },
      {
        take: "fixed",
        arg: 2,
        bytes: 8,
        only: ["compat_ipc"],
        when: { arg: 1, mask: 0xffffff00, value: 0x80000100, low: [2, 11, 31] },
      },
    ],
  );
  const entry = (variant: number, long: number, middle: readonly string[]) => [
    `step 5.${variant}.entry take 7 arg 0 length 255 size 0 flags 0`,
    `step 5.${variant}.entry take 1 arg 1 length 255 size 0 flags 0`,
    ...middle,
    `step 5.${variant}.entry take 2 arg 1 length 2 size ${long} flags 0`,
    `step 5.${variant}.entry take 4 arg 1 length 255 size 0 flags 0`,
    `step 5.${variant}.entry take 6 arg 1 length 2 size 0 flags 0`,
  ];
  const exit = (variant: number) => [
    `step 5.${variant}.exit take 8 arg 254 length 255 size 0 flags 1`,
    `step 5.${variant}.exit take 9 arg 0 length 255 size 0 flags 0`,
    `step 5.${variant}.exit take 2 arg 1 length 254 size 0 flags 1`,
    `step 5.${variant}.exit take 3 arg 3 length 255 size 4 flags 1`,
    `step 5.${variant}.exit take 5 arg 1 length 255 size 0 flags 6`,
    `step 5.${variant}.exit take 6 arg 1 length 254 size 0 flags 2`,
  ];
  assert.equal(asCReads({ events: [row] }), [
    "wanted 5",
    ...entry(0, 8, ["step 5.0.entry take 3 arg 3 length 255 size 72 flags 0"]),
    ...exit(0),
    ...entry(1, 4, ["step 5.1.entry take 3 arg 3 length 255 size 40 flags 0 when 1 & 0x40 == 0x40 set 0"]),
    ...exit(1),
    ...entry(2, 4, []),
    ...exit(2),
    "step 5.2.exit take 3 arg 2 length 255 size 8 flags 0 when 1 & 0xffffff00 == 0x80000100 set 0x80000804",
    ...REST,
  ]);
});

withC("a struct that nobody has is no step; one that only the program object has is taken from there", () => {
  const row = event(
    1,
    [{ take: "struct", arg: 1, struct: { native: "mt_stats", compat: "compat_nothing" } }],
    [],
  );
  const size = structLayout(parseBtf(readFileSync(RECORDER_BTF)), "mt_stats")?.sizeBytes;
  assert.equal(asCReads({ events: [row] }), [
    "wanted 1",
    `step 1.0.entry take 3 arg 1 length 255 size ${size} flags 0`,
    ...REST,
  ]);
  assert.equal(asCReads({ events: [row], hostBtf: null }).length, 4);
});

withC("filters reach the kernel programs with their counts and kinds", () => {
  const filters = {
    pids: [7],
    comms: [Buffer.from("fifteen-bytes-x"), Buffer.from("b")],
    uids: [0, 4294967294],
    cgroups: [2n ** 40n],
    queues: [
      { kind: "posix", name: Buffer.from("jobs") },
      { kind: "sysv", isKey: true, value: -2 },
      { kind: "sysv", isKey: false, value: 65536 },
    ],
  } as const;
  assert.equal(asCReads({ filters }).slice(1), [
    "snap 256 cpus 2 ring 8192 own 4321 keeper 0 filters 31 secret 0x1111222233334444 0xffffffffffffffff",
    "comm fifteen-bytes-x",
    "comm b",
    "uid 0",
    "uid 4294967294",
    "cgroup 1099511627776",
    "queue kind 1 is_key 0 value 0 name 4 jobs",
    "queue kind 2 is_key 1 value -2 name 0 ",
    "queue kind 2 is_key 0 value 65536 name 0 ",
  ]);
  assert.match(asCReads({ tree: true })[1] ?? "", "filters 1 ");
  assert.throws(
    () => asCReads({ filters: { ...NO_FILTERS, uids: Array<number>(17).fill(1) } }),
    "--uid: 17 values, the kernel programs compare at most 16",
  );
});

withC("the whole catalogue fits, in every layout", () => {
  const lines = asCReads({ events: EVENTS });
  const wanted = lines.filter((line) => line.startsWith("wanted ")).map((line) => Number(line.slice(7)));
  assert.equal(
    wanted,
    EVENTS.map((row) => row.id),
  );
  for (const row of EVENTS) {
    assert.ok(
      lines.some((line) => line.startsWith(`step ${row.id}.`)),
      row.name,
    );
  }
});

test.run();
