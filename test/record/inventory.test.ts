/** The inventory against queues that a C program made, and against what ipcs and the kernel say of them. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Inventory } from "../../src/format/types.js";
import { type InventoryParts, readInventory } from "../../src/record/inventory.js";
import type { InventorySource, NamespaceLook } from "../../src/record/inventory-source.js";
import { parseSysvipc } from "../../src/record/inventory-sysv.js";
import { NativeInventory } from "../../src/record/native-inventory.js";
import {
  expectedQueues,
  foundQueues,
  InventoryWorkload,
  iteratorConfig,
  type Ready,
} from "../support/inventory.js";
import { live } from "../support/live.js";

const test = suite("record/inventory");

const NOW: Pick<InventoryParts, "boottimeNs"> = { boottimeNs: () => 123n };
/** As long as it takes, on a slow machine too. */
const PATIENT = { ...NOW, holdersMs: 60_000, namespacesMs: 60_000 };

/** Some hosts have processes that not even root may look into. */
function surprising({ missing }: Inventory): Inventory["missing"] {
  return missing.filter(
    ({ what, why }) => !(why === "permission denied" && / of \d+ process(es)?$/.test(what)),
  );
}

/** Runs the workload, and the native half as in a recording; `held`: why there is to be no iterator. */
async function withQueues(
  held: string | null,
  use: (source: NativeInventory, workload: InventoryWorkload, ready: Ready) => Promise<void>,
): Promise<void> {
  const workload = new InventoryWorkload();
  const source = NativeInventory.open(iteratorConfig(), held);
  try {
    await use(source, workload, await workload.ready());
  } finally {
    source.close();
    await workload.end();
  }
}

live(
  test,
  "every queue of a program is found with its state and its holders, in each ipc namespace",
  ["root", "bpf", "gcc"],
  async () => {
    await withQueues(null, async (source, workload, ready) => {
      const before = readdirSync("/proc/self/fd").length;
      const inventory = readInventory({ ...PATIENT, source }, "start", []);
      assert.is(readdirSync("/proc/self/fd").length, before, "no descriptor stays open");
      assert.is(ready.queues.length, 11);
      assert.equal(foundQueues(inventory.queues, ready.queues), expectedQueues(ready.queues));
      assert.equal(surprising(inventory), []);
      assert.is(inventory.atNs, 123n);

      const mine = inventory.queues.filter(
        ({ name }) =>
          name?.includes(`-${ready.pid}-`) === true || name?.includes(`-${ready.other}-`) === true,
      );
      const known = mine.filter(({ generation }) => generation !== undefined);
      assert.equal(
        known.map(({ holders }) => holders.length > 0),
        mine.filter(({ holders }) => holders.length > 0).map(() => true),
        "a generation is known of what is held",
      );
      assert.is(new Set(known.map(({ generation }) => generation)).size, 7);
      assert.ok(inventory.queues.every(({ atNs }) => atNs !== undefined && atNs > 0n));

      const later = await workload.more();
      const after = readInventory({ ...PATIENT, source }, "end", []);
      assert.equal(foundQueues(after.queues, later.queues), expectedQueues(later.queues));
      const generations = (of: Inventory) =>
        of.queues
          .flatMap(({ id, generation }) => (generation === undefined ? [] : [`${id} ${generation}`]))
          .filter((one) => known.some(({ id }) => one.startsWith(`${id} `)))
          .sort();
      assert.equal(generations(after), generations(inventory));
    });
  },
);

live(test, "each ipc namespace has its own limits", ["root", "bpf", "gcc"], async () => {
  await withQueues(null, async (source, _, ready) => {
    const inventory = readInventory({ ...PATIENT, source }, "start", []);
    const ownInum = ready.queues.find(({ name }) => name.includes("named"))?.namespace;
    const otherInum = ready.queues.find(({ name }) => name.includes("other"))?.namespace;
    const limitsOf = (inum: number | undefined) =>
      inventory.namespaces?.find(({ namespaceInum }) => namespaceInum === inum)?.limits;
    assert.equal(limitsOf(ownInum), inventory.limits);
    assert.is(inventory.limits["kernel.msgmnb"], readFileSync("/proc/sys/kernel/msgmnb", "utf8").trim());
    assert.is(Object.keys(inventory.limits).length, 8);
    assert.is(limitsOf(otherInum)?.["kernel.msgmax"], "4567");
    assert.is(limitsOf(otherInum)?.["fs.mqueue.msg_max"], "20");
    assert.is(Object.keys(limitsOf(otherInum) ?? {}).length, 8);
  });
});

live(
  test,
  "without the iterator /proc is read, and what it does not show is missing",
  ["root", "bpf", "gcc"],
  async () => {
    await withQueues("held back", async (source, _, ready) => {
      const inventory = readInventory({ ...PATIENT, source }, "start", []);
      // No descriptor tells a thread's own table, who waits, or what was opened through an unusual mount.
      const seen = ready.queues.filter(({ name }) => !name.includes("-odd-"));
      const asScanned = expectedQueues(seen).map((queue) => {
        const { waiting_senders: _s, waiting_receivers: _r, ...fields } = queue.fields;
        const { mq_maxmsg: _m, mq_msgsize: _z, mq_curmsgs: _c, ...unlinked } = fields;
        return {
          ...queue,
          fields: fields.nlink === "0" ? unlinked : fields,
          holders: queue.holders.filter(({ tid }) => tid === undefined),
        };
      });
      assert.equal(foundQueues(inventory.queues, ready.queues), asScanned);
      assert.ok(inventory.queues.every(({ generation }) => generation === undefined));
      assert.equal(surprising(inventory), [
        {
          what: "queues held through unusual mounts, and generations",
          why: "/proc was read in place of the kernel's list of descriptors: held back",
        },
      ]);
    });
  },
);

live(test, "System V queues are those of ipcs -q", ["root", "bpf", "gcc"], async () => {
  await withQueues(null, async (source, _, ready) => {
    const ipcs = spawnSync("ipcs", ["-q"], { encoding: "utf8" });
    const namespaceInum = ready.queues.find(({ name }) => name.includes("named"))?.namespace;
    const mine = ready.queues.filter(({ kind, namespace }) => kind === "sysv" && namespace === namespaceInum);
    const isMine = (id: string) => mine.some((queue) => queue.id === Number(id));
    const rows = [...ipcs.stdout.matchAll(/^(0x\w+)\s+(\d+)\s+\S+\s+(\d+)\s+(\d+)\s+(\d+)/gm)];
    const inventory = readInventory({ ...PATIENT, source }, "interval", []);
    const found = inventory.queues.filter(
      (one) => one.kind === "sysv" && one.namespaceInum === namespaceInum,
    );
    assert.equal(
      found
        .map(({ name, id, fields }) => [name, String(id), fields.perms, fields.cbytes, fields.qnum])
        .filter(([, id]) => isMine(id ?? "")),
      rows.map((row) => row.slice(1)).filter(([, id]) => isMine(id ?? "")),
    );
    assert.is(mine.length, 2);
  });
});

live(test, "limits of time and number are kept, and told", ["root", "bpf", "gcc"], async () => {
  await withQueues(null, async (source, _, ready) => {
    const few = readInventory({ ...PATIENT, source, namespacesMax: 0 }, "start", []);
    const other = ready.queues.find(({ name }) => name.includes("other"))?.namespace;
    assert.equal(
      few.namespaces?.filter(({ namespaceInum }) => namespaceInum === other),
      [],
    );
    assert.ok(
      few.missing.some(
        (one) => one.what === "further ipc namespaces" && one.why === "there are more than are kept",
      ),
      JSON.stringify(few.missing),
    );
    // Held ones are found wherever they are.
    const names = few.queues.map(({ name }) => name);
    assert.ok(names.some((name) => name?.includes("other-held")));
    assert.not(names.some((name) => name?.includes("other-unheld")));
  });
});

const NO_LOOK: NamespaceLook = {
  namespaceInum: null,
  device: null,
  whyEntered: "ENOENT",
  whyMqueue: "EPERM",
  whySysv: null,
  queues: [],
  sysvAtNs: 5n,
  sysv: "key perms\n",
  limits: "fs/mqueue/msg_max !13\n",
  cut: null,
  refused: 0,
  whyRefused: null,
};

function refuses(): never {
  throw new Error("it is refused");
}

test("a host where nothing can be looked at says so, and is not an empty one", () => {
  const proc = mkdtempSync(join(tmpdir(), "msgtape-proc-"));
  try {
    mkdirSync(join(proc, "sysvipc"));
    writeFileSync(join(proc, "sysvipc/msg"), "key perms\n");
    const source: InventorySource = { held: refuses, namespaces: refuses, look: () => [NO_LOOK] };
    const call = { tid: 5, startNs: 1n, event: 3, enterNs: 9n };
    const inventory = readInventory({ ...NOW, proc, source }, "rotation", [call]);
    assert.equal(inventory.queues, []);
    assert.equal(inventory.limits, {});
    assert.equal(inventory.namespaces, []);
    assert.equal(inventory.inFlight, [call]);
    const notRead = ["msg_default", "msgsize_default", "msgsize_max", "queues_max"].map(
      (name) => `fs.mqueue.${name}`,
    );
    assert.equal(
      inventory.missing.filter(({ why }) => why !== "this is not the initial pid namespace"),
      [
        {
          what: "queues held through unusual mounts, and generations",
          why: "/proc was read in place of the kernel's list of descriptors: it is refused",
        },
        { what: "the ipc namespace", why: "no such file or directory" },
        { what: "other ipc namespaces", why: "it is refused" },
        { what: "POSIX queues that nobody holds open", why: "operation not permitted" },
        ...["fs.mqueue.msg_default", "fs.mqueue.msg_max", ...notRead.slice(1)].map((what) => ({
          what,
          why: what === "fs.mqueue.msg_max" ? "permission denied" : "it was not read",
        })),
        ...["msgmax", "msgmnb", "msgmni"].map((name) => ({ what: `kernel.${name}`, why: "it was not read" })),
        { what: "System V queues", why: "/proc/sysvipc/msg has no column msqid" },
      ],
    );
    const blind = readInventory({ ...NOW, proc, source: { ...source, look: refuses } }, "start", []);
    assert.equal(blind.missing.at(-1), {
      what: "queues that nobody holds open, and limits",
      why: "it is refused",
    });
  } finally {
    rmSync(proc, { recursive: true });
  }
});

test("namespaces that could not be entered are told, those whose processes are gone are not", () => {
  const proc = mkdtempSync(join(tmpdir(), "msgtape-proc-"));
  try {
    const whys = [null, "ESRCH", "EPERM", "ETIME", "ETIME"];
    const namespaces = [7, 8, 9, 10].map((namespaceInum) => ({ namespaceInum, pid: namespaceInum }));
    const whole = { cut: null, refused: 2, whyRefused: "EACCES" };
    const source: InventorySource = {
      held: () => ({ ...whole, refused: 0, whyRefused: null, queues: [] }),
      namespaces: () => ({ ...whole, namespaces }),
      look: () =>
        whys.map((whyEntered) => ({ ...NO_LOOK, whyEntered, whyMqueue: null, sysv: "msqid\n", limits: "" })),
    };
    const { missing } = readInventory({ ...NOW, proc, source, namespacesMs: 9 }, "start", []);
    const isOfNamespaces = ({ what, why }: { what: string; why: string }) =>
      /namespaces? |namespaces$/.test(what) && !why.includes("initial") && what !== "the ipc namespace";
    assert.equal(missing.filter(isOfNamespaces), [
      { what: "the ipc namespaces of 2 processes", why: "permission denied" },
      { what: "all in ipc namespace 8", why: "operation not permitted" },
      {
        what: "2 of 4 other ipc namespaces",
        why: "looking for longer than 9 ms would hold up the recording",
      },
    ]);
  } finally {
    rmSync(proc, { recursive: true });
  }
});

test("every column of /proc/sysvipc/msg is kept, those of a later kernel too", () => {
  const text =
    "       key      msqid perms      later\n-1 98304   640 seven\n      1234          0     0          0\n";
  assert.equal(parseSysvipc(text, 4026531839), [
    {
      kind: "sysv",
      namespaceInum: 4026531839,
      id: 98304n,
      name: "0xffffffff",
      fields: { key: "-1", msqid: "98304", perms: "640", later: "seven" },
      holders: [],
    },
    {
      kind: "sysv",
      namespaceInum: 4026531839,
      id: 0n,
      name: "0x000004d2",
      fields: { key: "1234", msqid: "0", perms: "0", later: "0" },
      holders: [],
    },
  ]);
  assert.equal(parseSysvipc("key msqid\n", null), []);
});

test.run();
