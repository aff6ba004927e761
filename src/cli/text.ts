/** Words around results: what goes to standard error. */
import { escapeText } from "../render/text.js";

/** A line that may quote a capture or a file's name, safe for a terminal. Backslashes stay as they are. */
export function safeText(line: string): string {
  return line.split("\\").map(escapeText).join("\\");
}

/** `1 record`, `2 records`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
