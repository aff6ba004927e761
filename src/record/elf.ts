/**
 * What hooking a C library needs of an ELF file, 64 or 32 bits, little-endian: its interpreter, and where in the file
 * its exported functions begin. Reads only the tables it needs, none beyond a limit; anything else is refused with a
 * line that says why.
 */

/** Up to `length` bytes at `offset`; fewer where the file ends. */
export type ReadAt = (offset: number, length: number) => Uint8Array;

export class ElfError extends Error {}

export interface ElfFile {
  readonly bits: 32 | 64;
  /** Of PT_INTERP; null: it is started without a loader (static), or is a library. */
  readonly interpreter: string | null;
  /**
   * Where exported functions of these names begin: offsets in the file, each once a name. Several versions of a symbol
   * are mostly the same function.
   */
  functions(names: ReadonlySet<string>): readonly ElfFunction[];
}

export interface ElfFunction {
  readonly name: string;
  readonly offset: number;
}

const HEADER_BYTES = 64;
const MAX_SEGMENTS = 256;
const MAX_SECTIONS = 4096;
const MAX_INTERPRETER_BYTES = 4096;
const MAX_TABLE_BYTES = 32 << 20;

const PT_LOAD = 1;
const PT_INTERP = 3;
const PF_X = 1;
const SHT_DYNSYM = 11;
const STT_FUNC = 2;
const SHN_UNDEF = 0;

/** Where fields are, and how wide; as in elf.h. */
const LAYOUTS = {
  32: {
    word: 4,
    header: { phoff: 28, shoff: 32, phentsize: 42, phnum: 44, shentsize: 46, shnum: 48, bytes: 52 },
    segment: { type: 0, offset: 4, vaddr: 8, filesz: 16, flags: 24, bytes: 32 },
    section: { type: 4, offset: 16, size: 20, link: 24, entsize: 36, bytes: 40 },
    symbol: { name: 0, value: 4, info: 12, shndx: 14, bytes: 16 },
  },
  64: {
    word: 8,
    header: { phoff: 32, shoff: 40, phentsize: 54, phnum: 56, shentsize: 58, shnum: 60, bytes: 64 },
    segment: { type: 0, offset: 8, vaddr: 16, filesz: 32, flags: 4, bytes: 56 },
    section: { type: 4, offset: 24, size: 32, link: 40, entsize: 56, bytes: 64 },
    symbol: { name: 0, value: 8, info: 4, shndx: 6, bytes: 24 },
  },
} as const;

type Layout = (typeof LAYOUTS)[32 | 64];

interface Segment {
  readonly type: number;
  readonly isCode: boolean;
  readonly offset: number;
  readonly address: number;
  readonly fileBytes: number;
}

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly link: number;
  readonly entryBytes: number;
}

/** Throws ElfError for what is no such file, is cut, or has tables beyond the limits. */
export function readElf(read: ReadAt): ElfFile {
  const start = viewOf(read(0, HEADER_BYTES));
  if (start.byteLength < 4 || start.getUint32(0) !== 0x7f454c46) throw new ElfError("not an ELF file");
  if (start.byteLength < HEADER_BYTES - 12) throw new ElfError("an ELF file that is cut in its header");
  const bits = start.getUint8(4) === 1 ? 32 : start.getUint8(4) === 2 ? 64 : null;
  if (bits === null || start.getUint8(5) !== 1) {
    throw new ElfError("an ELF file of another machine: expected little-endian of 32 or 64 bits");
  }
  const layout = LAYOUTS[bits];
  if (start.byteLength < layout.header.bytes) throw new ElfError("an ELF file that is cut in its header");
  const segments = readSegments(read, start, layout);
  return {
    bits,
    interpreter: interpreterOf(read, segments),
    functions: (names) => readFunctions(read, start, layout, segments, names),
  };
}

function readSegments(read: ReadAt, start: DataView, layout: Layout): readonly Segment[] {
  const { header, segment } = layout;
  const count = start.getUint16(header.phnum, true);
  const table = tableOf(read, "program headers", {
    offset: wordAt(start, header.phoff, layout),
    count,
    entryBytes: start.getUint16(header.phentsize, true),
    leastEntryBytes: segment.bytes,
    maxCount: MAX_SEGMENTS,
  });
  return table.map((view) => ({
    type: view.getUint32(segment.type, true),
    isCode: (view.getUint32(segment.flags, true) & PF_X) !== 0,
    offset: wordAt(view, segment.offset, layout),
    address: wordAt(view, segment.vaddr, layout),
    fileBytes: wordAt(view, segment.filesz, layout),
  }));
}

function interpreterOf(read: ReadAt, segments: readonly Segment[]): string | null {
  const segment = segments.find(({ type }) => type === PT_INTERP);
  if (segment === undefined) return null;
  if (segment.fileBytes > MAX_INTERPRETER_BYTES)
    throw new ElfError("an interpreter's path beyond 4096 bytes");
  return textAt(bytesOf(read, "interpreter", segment.offset, segment.fileBytes), 0);
}

function readFunctions(
  read: ReadAt,
  start: DataView,
  layout: Layout,
  segments: readonly Segment[],
  names: ReadonlySet<string>,
): readonly ElfFunction[] {
  const sections = readSections(read, start, layout);
  const dynsym = sections.find(({ type }) => type === SHT_DYNSYM);
  if (dynsym === undefined) throw new ElfError("no table of exported symbols (.dynsym)");
  const strings = sections[dynsym.link];
  if (strings === undefined) throw new ElfError("a table of exported symbols without their names");
  if (dynsym.entryBytes < layout.symbol.bytes) throw new ElfError(`symbols of ${dynsym.entryBytes} bytes`);
  const symbols = bytesOf(read, ".dynsym", dynsym.offset, dynsym.sizeBytes);
  const texts = bytesOf(read, ".dynstr", strings.offset, strings.sizeBytes);
  const view = viewOf(symbols);
  const found = new Map<string, ElfFunction>();
  for (let at = 0; at + dynsym.entryBytes <= symbols.length; at += dynsym.entryBytes) {
    const isFunction = (view.getUint8(at + layout.symbol.info) & 15) === STT_FUNC;
    if (!isFunction || view.getUint16(at + layout.symbol.shndx, true) === SHN_UNDEF) continue;
    const name = textAt(texts, view.getUint32(at + layout.symbol.name, true));
    if (name === null || !names.has(name)) continue;
    const offset = fileOffset(segments, wordAt(view, at + layout.symbol.value, layout));
    if (offset !== null) found.set(`${name} ${offset}`, { name, offset });
  }
  return [...found.values()];
}

function readSections(read: ReadAt, start: DataView, layout: Layout): readonly Section[] {
  const { header, section } = layout;
  const table = tableOf(read, "section headers", {
    offset: wordAt(start, header.shoff, layout),
    count: start.getUint16(header.shnum, true),
    entryBytes: start.getUint16(header.shentsize, true),
    leastEntryBytes: section.bytes,
    maxCount: MAX_SECTIONS,
  });
  return table.map((view) => ({
    type: view.getUint32(section.type, true),
    offset: wordAt(view, section.offset, layout),
    sizeBytes: wordAt(view, section.size, layout),
    link: view.getUint32(section.link, true),
    entryBytes: wordAt(view, section.entsize, layout),
  }));
}

/** Where in the file the code at this address is; null: in none of its segments of code. */
function fileOffset(segments: readonly Segment[], address: number): number | null {
  const segment = segments.find(
    (one) =>
      one.type === PT_LOAD && one.isCode && address >= one.address && address - one.address < one.fileBytes,
  );
  return segment === undefined ? null : address - segment.address + segment.offset;
}

interface Table {
  readonly offset: number;
  readonly count: number;
  readonly entryBytes: number;
  readonly leastEntryBytes: number;
  readonly maxCount: number;
}

function tableOf(read: ReadAt, what: string, table: Table): readonly DataView[] {
  const { offset, count, entryBytes, leastEntryBytes, maxCount } = table;
  if (count === 0) return [];
  if (entryBytes < leastEntryBytes) throw new ElfError(`${what} of ${entryBytes} bytes each`);
  if (count > maxCount) throw new ElfError(`${count} ${what}: at most ${maxCount} are read`);
  const bytes = bytesOf(read, what, offset, count * entryBytes);
  return Array.from({ length: count }, (_, at) =>
    viewOf(bytes.subarray(at * entryBytes, (at + 1) * entryBytes)),
  );
}

function bytesOf(read: ReadAt, what: string, offset: number, length: number): Uint8Array {
  if (length > MAX_TABLE_BYTES)
    throw new ElfError(`${what} of ${length} bytes: at most ${MAX_TABLE_BYTES} are read`);
  const isThere = Number.isSafeInteger(offset + length);
  const bytes = isThere ? read(offset, length) : new Uint8Array(0);
  if (bytes.length < length) throw new ElfError(`the file ends before the end of its ${what}`);
  return bytes;
}

/** Up to the NUL; null where there is none, or no such place. */
function textAt(bytes: Uint8Array, at: number): string | null {
  const end = bytes.indexOf(0, at);
  return at >= bytes.length || end < 0 ? null : Buffer.from(bytes.subarray(at, end)).toString("utf8");
}

/** An address, offset or size; beyond 2^53 it is no place in any file, and stays beyond as a number. */
function wordAt(view: DataView, at: number, layout: Layout): number {
  return layout.word === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
