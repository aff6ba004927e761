/** Takes a trigger's text apart, from left to right, and knows the place of what is wrong. */
import { RecordError } from "./errors.js";

/** A piece of the text, and where it begins. */
export interface Piece {
  readonly text: string;
  readonly at: number;
}

export interface Scanner {
  /** What the sticky pattern takes, behind blanks. Throws RecordError (wrong usage) when it takes nothing. */
  take(pattern: RegExp, expected: string): Piece;
  /** Whether this comes next, behind blanks; "": the end. */
  next(text: string): boolean;
  /** Throws RecordError when more follows. */
  end(): void;
  /** An error about what begins at `at`. */
  wrong(at: number, what: string): RecordError;
}

export function scanner(text: string): Scanner {
  let at = 0;
  const skipBlanks = () => {
    while (/\s/.test(text[at] ?? "")) at++;
  };
  const wrong = (place: number, what: string) =>
    new RecordError(`--trigger ${JSON.stringify(text)}: at character ${place + 1}: ${what}`, 2);
  const unexpected = (expected: string) =>
    wrong(at, `expected ${expected}, found ${at < text.length ? JSON.stringify(text.slice(at)) : "the end"}`);
  return {
    take(pattern, expected) {
      skipBlanks();
      pattern.lastIndex = at;
      const match = pattern.exec(text);
      if (match === null) throw unexpected(expected);
      const piece = { text: match[0], at };
      at += piece.text.length;
      return piece;
    },
    next(wanted) {
      skipBlanks();
      return wanted === "" ? at === text.length : text.startsWith(wanted, at);
    },
    end() {
      skipBlanks();
      if (at < text.length) throw unexpected("the end");
    },
    wrong,
  };
}
