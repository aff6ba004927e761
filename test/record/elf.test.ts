/** ELF files: those of this machine against readelf, some made by hand, and bytes that mean no good. */
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ElfError, type ReadAt, readElf } from "../../src/record/elf.js";
import { live } from "../support/live.js";
import { workload } from "../support/workload.js";

const test = suite("elf");

const of =
  (bytes: Uint8Array): ReadAt =>
  (offset, length) =>
    bytes.subarray(offset, offset + length);

/** A library with one segment of code at 0x1000, file offset 0x200, and symbols `[name, address, info, section]`. */
function library(bits: 32 | 64, symbols: readonly (readonly [string, number, number, number])[]): Uint8Array {
  const bytes = new Uint8Array(4096);
  const view = new DataView(bytes.buffer);
  const is64 = bits === 64;
  const word = (at: number, value: number) =>
    is64 ? view.setBigUint64(at, BigInt(value), true) : view.setUint32(at, value, true);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, is64 ? 2 : 1, 1, 1]);
  const [phoff, shoff] = [64, 128];
  word(is64 ? 32 : 28, phoff);
  word(is64 ? 40 : 32, shoff);
  const counts = is64 ? 54 : 42;
  for (const [index, value] of [is64 ? 56 : 32, 1, is64 ? 64 : 40, 3].entries()) {
    view.setUint16(counts + 2 * index, value, true);
  }
  view.setUint32(phoff, 1, true);
  view.setUint32(phoff + (is64 ? 4 : 24), 5, true);
  word(phoff + (is64 ? 8 : 4), 0x200);
  word(phoff + (is64 ? 16 : 8), 0x1000);
  word(phoff + (is64 ? 32 : 16), 0x100);
  const entry = is64 ? 24 : 16;
  const section = (index: number, type: number, offset: number, size: number, link: number) => {
    const at = shoff + index * (is64 ? 64 : 40);
    view.setUint32(at + 4, type, true);
    word(at + (is64 ? 24 : 16), offset);
    word(at + (is64 ? 32 : 20), size);
    view.setUint32(at + (is64 ? 40 : 24), link, true);
    word(at + (is64 ? 56 : 36), entry);
  };
  const texts = `\0${symbols.map(([name]) => `${name}\0`).join("")}`;
  section(1, 11, 0x400, entry * symbols.length, 2);
  section(2, 3, 0xc00, texts.length, 0);
  bytes.set(Buffer.from(texts), 0xc00);
  let name = 1;
  for (const [index, [text, address, info, shndx]] of symbols.entries()) {
    const at = 0x400 + index * entry;
    view.setUint32(at, name, true);
    word(at + (is64 ? 8 : 4), address);
    bytes[at + (is64 ? 4 : 12)] = info;
    view.setUint16(at + (is64 ? 6 : 14), shndx, true);
    name += text.length + 1;
  }
  return bytes;
}

const FUNC = 0x12;
const WANTED = new Set(["mq_open", "msgsnd"]);

for (const bits of [64, 32] as const) {
  test(`functions by name and place, versions of one address once (${bits} bits)`, () => {
    const bytes = library(bits, [
      ["mq_open", 0x1010, FUNC, 1],
      ["mq_open", 0x1010, FUNC, 1],
      ["mq_open", 0x1020, FUNC, 1], // another version that is another function
      ["msgsnd", 0x1030, 0x22, 1], // weak
      ["mq_openx", 0x1040, FUNC, 1],
      ["msgsnd", 0x1050, 0x11, 1], // data
      ["msgsnd", 0, FUNC, 0], // undefined
      ["msgsnd", 0x1100, FUNC, 1], // in no segment
    ]);
    const elf = readElf(of(bytes));
    assert.equal([elf.bits, elf.interpreter], [bits, null]);
    assert.equal(elf.functions(WANTED), [
      { name: "mq_open", offset: 0x210 },
      { name: "mq_open", offset: 0x220 },
      { name: "msgsnd", offset: 0x230 },
    ]);
  });
}

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof ElfError) return error.message;
    throw error;
  }
  return "taken";
};

test("what is no such file is refused, and says why", () => {
  const good = library(64, []);
  const cases: readonly (readonly [string, (bytes: Uint8Array, view: DataView) => unknown])[] = [
    ["not an ELF file", () => new Uint8Array(0)],
    ["not an ELF file", () => Buffer.from("#!/bin/sh\n".repeat(20))],
    ["an ELF file that is cut in its header", (bytes) => bytes.subarray(0, 20)],
    ["an ELF file that is cut in its header", (bytes) => bytes.subarray(0, 60)],
    [
      "an ELF file of another machine: expected little-endian of 32 or 64 bits",
      (bytes) => bytes.fill(2, 5, 6),
    ],
    [
      "an ELF file of another machine: expected little-endian of 32 or 64 bits",
      (bytes) => bytes.fill(9, 4, 5),
    ],
    [
      "the file ends before the end of its program headers",
      (_, view) => view.setBigUint64(32, 1n << 62n, true),
    ],
    ["program headers of 8 bytes each", (_, view) => view.setUint16(54, 8, true)],
    ["65535 program headers: at most 256 are read", (_, view) => view.setUint16(56, 65_535, true)],
    ["the file ends before the end of its section headers", (bytes) => bytes.subarray(0, 150)],
    ["60000 section headers: at most 4096 are read", (_, view) => view.setUint16(60, 60_000, true)],
    ["no table of exported symbols (.dynsym)", (_, view) => view.setUint16(60, 0, true)],
    ["a table of exported symbols without their names", (_, view) => view.setUint32(128 + 64 + 40, 77, true)],
    ["symbols of 0 bytes", (_, view) => view.setBigUint64(128 + 64 + 56, 0n, true)],
    [
      ".dynsym of 33554433 bytes: at most 33554432 are read",
      (_, view) => view.setBigUint64(128 + 64 + 32, (1n << 25n) + 1n, true),
    ],
  ];
  for (const [expected, change] of cases) {
    const bytes = good.slice();
    const made = change(bytes, new DataView(bytes.buffer));
    const changed = made instanceof Uint8Array ? made : bytes;
    assert.is(
      refusal(() => readElf(of(changed)).functions(WANTED)),
      expected,
    );
  }
});

test("whatever the bytes are, it answers or refuses, and reads little", () => {
  const good = library(64, [
    ["mq_open", 0x1010, FUNC, 1],
    ["msgsnd", 0x1020, FUNC, 1],
  ]);
  let seed = 12345;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (let round = 0; round < 5000; round++) {
    const bytes = good.slice(0, random(4) === 0 ? random(good.length) : good.length);
    const changes = 1 + random(6);
    for (let change = 0; change < changes; change++) bytes[random(Math.min(bytes.length, 512))] = random(256);
    let asked = 0;
    const read: ReadAt = (offset, length) => {
      asked += Math.min(length, 1 << 30);
      return bytes.subarray(Math.min(offset, bytes.length), Math.min(offset + length, bytes.length));
    };
    refusal(() => readElf(read).functions(WANTED));
    assert.ok(asked < 4 * (32 << 20), `round ${round} asked for ${asked} bytes`);
  }
});

/** `name offset` of this file's functions, by readelf: code begins where segment and address say. */
function byReadelf(path: string, names: ReadonlySet<string>): string[] {
  const out = (option: string) => spawnSync("readelf", ["-W", option, path], { encoding: "utf8" }).stdout;
  const loads = [...out("-l").matchAll(/LOAD +(0x\w+) (0x\w+) 0x\w+ (0x\w+) 0x\w+ R E/g)].map((match) =>
    match.slice(1).map(Number),
  );
  const lines = [...out("--dyn-syms").matchAll(/: (\w+) +\d+ FUNC +\S+ +\S+ +(\S+) ([\w]+)/g)];
  const found = lines
    .filter(([, , section = "", name = ""]) => section !== "UND" && names.has(name))
    .map(([, value = "", , name = ""]) => {
      const address = Number.parseInt(value, 16);
      const [offset = 0, start = 0] =
        loads.find(([, from = 0, size = 0]) => address >= from && address < from + size) ?? [];
      return `${name} ${address - start + offset}`;
    });
  return [...new Set(found)].sort();
}

function onFile<T>(path: string, use: (read: ReadAt) => T): T {
  const fd = openSync(path, "r");
  try {
    return use((offset, length) => {
      const buffer = Buffer.alloc(length);
      return buffer.subarray(0, readSync(fd, buffer, 0, length, offset));
    });
  } finally {
    closeSync(fd);
  }
}

live(test, "this machine's C libraries, as readelf has them; this program's own interpreter", ["gcc"], () => {
  const libraries = [
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib32/libc.so.6",
    "/lib/aarch64-linux-gnu/libc.so.6",
  ];
  const names = new Set(["mq_open", "mq_timedsend", "mq_receive", "msgrcv", "__recvmmsg64", "sendmmsg"]);
  for (const path of libraries.filter(existsSync)) {
    const found = onFile(path, (read) => readElf(read).functions(names));
    assert.equal(found.map(({ name, offset }) => `${name} ${offset}`).sort(), byReadelf(path, names));
    assert.ok(found.length >= 5);
  }
  assert.match(onFile(workload("mq-ping"), (read) => readElf(read).interpreter) ?? "", /^\/lib.*\/ld-linux/);
});

test.run();
