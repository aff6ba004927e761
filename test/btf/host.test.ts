/** The running kernel's own BTF, against what other programs read there. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseBtf, sliceBtf, structLayout } from "../../src/btf/index.js";

const test = suite("btf/host");
const VMLINUX = "/sys/kernel/btf/vmlinux";
const STRUCTS = [
  "user_msghdr",
  "mmsghdr",
  "msqid64_ds",
  "ipc64_perm",
  "mq_attr",
  "msginfo",
  "msg_queue",
].concat(["mqueue_inode_info", "__kernel_timespec", "old_timespec32", "iovec"]);

/** Registers a test that needs the host's BTF and a tool; skipped, visibly, without them. */
function withHost(name: string, tool: string, run: () => void): void {
  const lacks = !existsSync(VMLINUX)
    ? VMLINUX
    : spawnSync(tool, ["--version"]).error === undefined
      ? null
      : tool;
  if (lacks === null) {
    test(name, run);
  } else {
    console.log(`skipped: ${name} (missing: ${lacks})`);
    test.skip(name, run);
  }
}

withHost("offsets and sizes are those that pahole prints", "pahole", () => {
  const btf = parseBtf(readFileSync(VMLINUX));
  for (const name of STRUCTS) {
    const { stdout } = spawnSync("pahole", ["-C", name, VMLINUX], { encoding: "utf8" });
    const lines = [...stdout.matchAll(/(\w+)(?:\[\d+\])*;\s*\/\*\s+(\d+)\s+(\d+) \*\//g)];
    const expected = lines.map(([, field, offset, size]) => [field, Number(offset), Number(size)]);
    const layout = structLayout(btf, name);
    assert.ok(expected.length > 0, name);
    // pahole prints anonymous members within their braces, and the braces' own line has no name.
    assert.equal(
      layout?.fields.map((field) => [field.name, field.offsetBytes, field.sizeBytes]),
      expected,
      name,
    );
    assert.is(layout?.sizeBytes, Number(/size: (\d+)/.exec(stdout)?.[1]), name);
  }
});

withHost("bpftool reads a slice and finds the same members", "bpftool", () => {
  const btf = parseBtf(readFileSync(VMLINUX));
  const directory = mkdtempSync(join(tmpdir(), "msgtape-btf-"));
  try {
    const file = join(directory, "slice.btf");
    writeFileSync(file, sliceBtf(btf, STRUCTS).data);
    const dump = spawnSync("bpftool", ["-j", "btf", "dump", "file", file], { encoding: "utf8" });
    assert.is(dump.status, 0, dump.stderr);
    const types = JSON.parse(dump.stdout).types as {
      kind: string;
      name: string;
      size: number;
      members: { name: string; bits_offset: number }[];
    }[];
    for (const name of ["msqid64_ds", "mmsghdr", "msg_queue"]) {
      const found = types.find((type) => type.kind === "STRUCT" && type.name === name);
      const layout = structLayout(btf, name);
      assert.equal(
        [found?.size, ...(found?.members ?? []).map((member) => [member.name, member.bits_offset / 8])],
        [layout?.sizeBytes, ...(layout?.fields ?? []).map((field) => [field.name, field.offsetBytes])],
        name,
      );
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.run();
