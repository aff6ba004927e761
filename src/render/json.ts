/**
 * JSON that is safe on a terminal too: captured names may hold DEL, C1 controls and characters that turn text around,
 * which JSON.stringify lets through. They are escaped; the value stays the same.
 */

const BEYOND_ASCII = /[^\x20-\x7e]/;
/** As in text.ts, but for spaces and what JSON.stringify escapes itself. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** One line, without a newline. */
export function formatJson(value: unknown): string {
  const text = JSON.stringify(value);
  // All but strings in JSON is ASCII, so whatever is found is inside a string.
  return BEYOND_ASCII.test(text) ? text.replace(UNSAFE, escapeUnits) : text;
}

/** By UTF-16 units, as JSON wants it: `\ud800\udc00` for what is beyond the first plane. */
function escapeUnits(character: string): string {
  let escaped = "";
  for (let i = 0; i < character.length; i++) {
    escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
  }
  return escaped;
}
