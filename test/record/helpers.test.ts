/**
 * What the compiled programs ask of a kernel: helpers of Linux 5.15 and no younger ones, so no bpf_loop (5.17); and, in
 * the syscall plane, no map of the other planes.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PROGRAM_OBJECTS } from "../../src/record/attach.js";
import { INVENTORY_OBJECT } from "../../src/record/native-inventory.js";
import { buildPath } from "../../src/record/paths.js";
import { helpersOf, mapsOf } from "../support/helpers.js";
import { live } from "../support/live.js";

const test = suite("the programs' helpers");

/** bpf_task_pt_regs, the last one of Linux 5.15. */
const LAST_OF_5_15 = 175;
const MAP_LOOKUP_ELEM = 1;
const KTIME_GET_BOOT_NS = 125;
const PROBE_READ_USER = 112;
const SEQ_WRITE = 127;

live(test, "the iterator's helpers are those of Linux 5.15", ["objects"], () => {
  const helpers = helpersOf(buildPath(INVENTORY_OBJECT));
  assert.ok(helpers.includes(SEQ_WRITE), "this does read the programs");
  assert.equal(
    helpers.filter((id) => id > LAST_OF_5_15),
    [],
  );
});

/** Of bpf/maps.h, bpf/state.h, bpf/trigger.h and bpf/wanted.h. */
const SYSCALL_MAPS = [
  "bursts",
  "control",
  "fired",
  "names",
  "names_ring",
  "rings",
  "scratch",
  "stats",
  "tasks",
  "tree",
];
/** Of bpf/planes.h and bpf/kernel-plane.bpf.c. */
const KERNEL_MAPS = ["messages", "planes_ring"];

for (const { file } of PROGRAM_OBJECTS) {
  live(test, `${file}: those of Linux 5.15, and no bpf_loop`, ["objects"], () => {
    const helpers = helpersOf(buildPath(file));
    const known = [MAP_LOOKUP_ELEM, PROBE_READ_USER, KTIME_GET_BOOT_NS];
    assert.equal(
      known.filter((id) => !helpers.includes(id)),
      [],
      "this does read the programs",
    );
    assert.equal(
      helpers.filter((id) => id > LAST_OF_5_15),
      [],
    );
  });
}

// A recording without the other planes must cost no more than before there were any.
live(test, "the syscall plane has its own maps and no other plane's", ["objects"], () => {
  for (const { file } of PROGRAM_OBJECTS) assert.equal(mapsOf(buildPath(file)), SYSCALL_MAPS, file);
  const found = mapsOf(buildPath("msgtape-fentry.bpf.o"));
  assert.equal(
    KERNEL_MAPS.filter((name) => !found.includes(name)),
    [],
    "this does read the maps",
  );
});

test.run();
