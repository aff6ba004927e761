/** The kernel's helper functions that a compiled object of BPF programs calls, by number (linux/bpf.h, BPF_FUNC_…). */
import { readFileSync } from "node:fs";

const SECTION_HEADER_BYTES = 64;
const SHT_PROGBITS = 1;
const SHF_EXECINSTR = 4n;
const INSTRUCTION_BYTES = 8;
const BPF_CALL = 0x85;

/** Ascending, each once. */
export function helpersOf(path: string): readonly number[] {
  const elf = readFileSync(path);
  const found = new Set(programSections(elf).flatMap((section) => [...calls(section)]));
  return [...found].sort((one, other) => one - other);
}

/** Of a 64-bit little-endian object. */
function programSections(elf: Buffer): readonly Buffer[] {
  const headers = Number(elf.readBigUInt64LE(40));
  return Array.from({ length: elf.readUInt16LE(60) }, (_, index) => {
    const header = headers + index * SECTION_HEADER_BYTES;
    const isProgram =
      elf.readUInt32LE(header + 4) === SHT_PROGBITS &&
      (elf.readBigUInt64LE(header + 8) & SHF_EXECINSTR) !== 0n;
    const offset = Number(elf.readBigUInt64LE(header + 24));
    return isProgram
      ? elf.subarray(offset, offset + Number(elf.readBigUInt64LE(header + 32)))
      : Buffer.alloc(0);
  });
}

/** A call of a function of the object's own, or of the kernel's by BTF, has a source register. */
function* calls(section: Buffer): Iterable<number> {
  for (let at = 0; at + INSTRUCTION_BYTES <= section.length; at += INSTRUCTION_BYTES) {
    const sourceRegister = section.readUInt8(at + 1) >> 4;
    if (section.readUInt8(at) === BPF_CALL && sourceRegister === 0) yield section.readInt32LE(at + 4);
  }
}
