/**
 * Captured text on its way to a terminal. Every byte that came from a capture passes through here: nothing that
 * moves the cursor, changes colours, hides or turns around text gets out. Escapes are strace's.
 */

/** What C escapes by a letter. */
const LETTERS: ReadonlyMap<number, string> = new Map([
  [0x09, "\\t"],
  [0x0a, "\\n"],
  [0x0b, "\\v"],
  [0x0c, "\\f"],
  [0x0d, "\\r"],
  [0x22, '\\"'],
  [0x5c, "\\\\"],
]);

/**
 * Not for terminals: controls (C0, DEL, C1), format characters (bidi overrides, zero width), lone surrogates, private
 * and unassigned code points, line and paragraph separators, and every space but the plain one.
 */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}\\]|(?! )\p{Zs}/gu;

/** Most names: nothing in them needs an escape. */
const PLAIN = /^[\x20-\x5b\x5d-\x7e]*$/;

/** Names of tasks, queues and files: printable text of any language stays, the rest is escaped, and so is `\`. */
export function escapeText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code === 0x5c) return "\\\\";
    const letter = LETTERS.get(code);
    if (letter !== undefined) return letter;
    if (code < 0x80) return `\\${code.toString(8).padStart(3, "0")}`;
    return `\\u{${code.toString(16)}}`;
  });
}

/**
 * Bytes as a C string, ASCII only: `"hi\0\33"`, with `...` behind it when bytes are missing or more than
 * `shownBytes` are there.
 */
export function quoteBytes(bytes: Uint8Array, options: { shownBytes: number; isCut: boolean }): string {
  const shown = bytes.subarray(0, options.shownBytes);
  let text = "";
  for (let i = 0; i < shown.length; i++) text += escapeByte(shown[i] ?? 0, shown[i + 1]);
  return `"${text}"${options.isCut || shown.length < bytes.length ? "..." : ""}`;
}

/** Octal as short as can be: three digits only where a digit follows, which C would take for a part of it. */
function escapeByte(byte: number, next: number | undefined): string {
  const letter = LETTERS.get(byte);
  if (letter !== undefined) return letter;
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  const digitFollows = next !== undefined && next >= 0x30 && next <= 0x39;
  return `\\${byte.toString(8).padStart(digitFollows ? 3 : 1, "0")}`;
}

/** A piece of a line. Its text is safe already; the style is applied last, so that widths count text alone. */
export interface Piece {
  readonly text: string;
  readonly style?: Style;
}

export type Style = "dim" | "bold" | "red" | "yellow" | "cyan";

const CODES: Readonly<Record<Style, string>> = { dim: "2", bold: "1", red: "31", yellow: "33", cyan: "36" };

/** Joins pieces to a line: cut to `width` characters when that is no null, coloured only when asked. */
export function paintLine(
  pieces: readonly Piece[],
  options: { readonly colour: boolean; readonly width: number | null },
): string {
  const kept = options.width === null ? pieces : cutPieces(pieces, options.width);
  let line = "";
  for (const { text, style } of kept) {
    line += options.colour && style !== undefined ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;
  }
  return line;
}

/** As many characters as fit, the last of them `…` when some do not. */
function cutPieces(pieces: readonly Piece[], width: number): readonly Piece[] {
  const total = pieces.reduce((sum, piece) => sum + lengthOf(piece.text), 0);
  if (total <= width) return pieces;
  const kept: Piece[] = [];
  let left = Math.max(width - 1, 0);
  for (const piece of pieces) {
    if (left <= 0) break;
    const text = [...piece.text].slice(0, left).join("");
    left -= lengthOf(text);
    kept.push({ ...piece, text });
  }
  return [...kept, { text: "…" }];
}

/** Characters, not UTF-16 units. */
function lengthOf(text: string): number {
  return [...text].length;
}

/** Pads on the right, counting characters. */
export function padRight(text: string, width: number): string {
  return text + " ".repeat(Math.max(width - lengthOf(text), 0));
}
