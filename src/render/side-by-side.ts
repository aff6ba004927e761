/**
 * Copies of the same memory next to each other, in hex and as text, the bytes that differ marked below each row. Plain
 * ASCII: it is pasted into bug reports.
 */

export interface Column {
  readonly title: string;
  /** null: not known. */
  readonly bytes: Uint8Array | null;
  /** Of its first byte. */
  readonly atBytes: number;
}

export interface SideBySide {
  readonly columns: readonly Column[];
  /** The bytes that count; null: all. */
  readonly compared: readonly (readonly [number, number])[] | null;
  /** Rows shown at most; the first that differs is among them. */
  readonly maxRows: number;
}

const ROW_BYTES = 8;
const OFFSET_WIDTH = 10;
/** `xx ` for each byte, a blank, the text. */
const COLUMN_WIDTH = 3 * ROW_BYTES + 1 + ROW_BYTES;
const BETWEEN = "   ";

/** Lines, each without its newline and without blanks at its end. */
export function sideBySide({ columns, compared, maxRows }: SideBySide): string[] {
  const differs = differences(columns, compared);
  const end = Math.max(0, ...columns.map(({ bytes, atBytes }) => atBytes + (bytes?.length ?? 0)));
  const rows = Math.ceil(end / ROW_BYTES);
  const firstDiff = differs.values().next().value ?? 0;
  const first = Math.max(0, Math.min(Math.floor(firstDiff / ROW_BYTES) - 1, rows - maxRows));
  const last = Math.min(rows, first + maxRows);
  const lines = [
    line(
      "",
      columns.map(({ title }) => title),
    ),
  ];
  if (first > 0) lines.push(`${first * ROW_BYTES} bytes before these`);
  for (let row = first; row < last; row++) {
    const at = row * ROW_BYTES;
    lines.push(
      line(
        at.toString(16).padStart(8, "0"),
        columns.map((column) => cell(column, at)),
      ),
    );
    const marks = columns.map((column) => marksOf(column, at, differs));
    if (marks.some((mark) => mark.includes("^"))) lines.push(line("", marks));
  }
  if (last < rows) lines.push(`${end - last * ROW_BYTES} bytes behind these; ${differs.size} differ in all`);
  return lines;
}

function line(offset: string, cells: readonly string[]): string {
  return (
    offset.padEnd(OFFSET_WIDTH) + cells.map((text) => text.padEnd(COLUMN_WIDTH)).join(BETWEEN)
  ).trimEnd();
}

/** Offsets at which two columns have different bytes, in order. */
function differences(columns: readonly Column[], compared: SideBySide["compared"]): ReadonlySet<number> {
  const end = Math.max(0, ...columns.map(({ bytes, atBytes }) => atBytes + (bytes?.length ?? 0)));
  const found = new Set<number>();
  for (const [from, to] of compared ?? [[0, end] as const]) {
    for (let at = from; at < Math.min(to, end); at++) {
      const values = columns.map((column) => byteAt(column, at)).filter((value) => value !== null);
      if (values.some((value) => value !== values[0])) found.add(at);
    }
  }
  return found;
}

function byteAt({ bytes, atBytes }: Column, at: number): number | null {
  return bytes?.[at - atBytes] ?? null;
}

function cell(column: Column, at: number): string {
  let hex = "";
  let text = "";
  for (let i = 0; i < ROW_BYTES; i++) {
    const byte = byteAt(column, at + i);
    hex += byte === null ? "   " : `${byte.toString(16).padStart(2, "0")} `;
    text += byte === null ? " " : byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
  }
  return `${hex} ${text}`;
}

function marksOf(column: Column, at: number, differs: ReadonlySet<number>): string {
  let hex = "";
  let text = "";
  for (let i = 0; i < ROW_BYTES; i++) {
    const isMarked = differs.has(at + i) && byteAt(column, at + i) !== null;
    hex += isMarked ? "^^ " : "   ";
    text += isMarked ? "^" : " ";
  }
  return `${hex} ${text}`;
}
