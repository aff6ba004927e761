/**
 * What a compiled object of BPF programs asks of the kernel: helper functions, by number (linux/bpf.h, BPF_FUNC_…), and
 * maps, by name.
 */
import { readFileSync } from "node:fs";

const SECTION_HEADER_BYTES = 64;
const SHT_PROGBITS = 1;
const SHT_SYMTAB = 2;
const SYMBOL_BYTES = 24;
const SHF_EXECINSTR = 4n;
const INSTRUCTION_BYTES = 8;
const BPF_CALL = 0x85;

/** Ascending, each once. */
export function helpersOf(path: string): readonly number[] {
  const elf = readFileSync(path);
  const found = new Set(programSections(elf).flatMap((section) => [...calls(section)]));
  return [...found].sort((one, other) => one - other);
}

/** In the order of the alphabet. */
export function mapsOf(path: string): readonly string[] {
  const elf = readFileSync(path);
  const sections = sectionsOf(elf);
  const names = sections[elf.readUInt16LE(62)]?.bytes ?? Buffer.alloc(0);
  const maps = sections.findIndex(({ name }) => textAt(names, name) === ".maps");
  const table = sections.find(({ type }) => type === SHT_SYMTAB);
  const texts = sections[table?.link ?? -1]?.bytes ?? Buffer.alloc(0);
  const found: string[] = [];
  for (let at = 0; at + SYMBOL_BYTES <= (table?.bytes.length ?? 0); at += SYMBOL_BYTES) {
    const symbol = table?.bytes.subarray(at, at + SYMBOL_BYTES) ?? Buffer.alloc(SYMBOL_BYTES);
    const name = textAt(texts, symbol.readUInt32LE(0));
    if (symbol.readUInt16LE(6) === maps && name !== "") found.push(name);
  }
  return found.sort();
}

interface Section {
  /** Where its name stands among the sections' names. */
  readonly name: number;
  readonly type: number;
  readonly flags: bigint;
  readonly link: number;
  readonly bytes: Buffer;
}

/** Of a 64-bit little-endian object. */
function sectionsOf(elf: Buffer): readonly Section[] {
  const headers = Number(elf.readBigUInt64LE(40));
  return Array.from({ length: elf.readUInt16LE(60) }, (_, index) => {
    const header = elf.subarray(headers + index * SECTION_HEADER_BYTES);
    const offset = Number(header.readBigUInt64LE(24));
    return {
      name: header.readUInt32LE(0),
      type: header.readUInt32LE(4),
      flags: header.readBigUInt64LE(8),
      link: header.readUInt32LE(40),
      bytes: elf.subarray(offset, offset + Number(header.readBigUInt64LE(32))),
    };
  });
}

function programSections(elf: Buffer): readonly Buffer[] {
  return sectionsOf(elf)
    .filter(({ type, flags }) => type === SHT_PROGBITS && (flags & SHF_EXECINSTR) !== 0n)
    .map(({ bytes }) => bytes);
}

function textAt(texts: Buffer, offset: number): string {
  return texts.toString("latin1", offset, texts.indexOf(0, offset));
}

/** A call of a function of the object's own, or of the kernel's by BTF, has a source register. */
function* calls(section: Buffer): Iterable<number> {
  for (let at = 0; at + INSTRUCTION_BYTES <= section.length; at += INSTRUCTION_BYTES) {
    const sourceRegister = section.readUInt8(at + 1) >> 4;
    if (section.readUInt8(at) === BPF_CALL && sourceRegister === 0) yield section.readInt32LE(at + 4);
  }
}
