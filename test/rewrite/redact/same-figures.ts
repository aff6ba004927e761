/**
 * Two answers about a capture and about the redacted one, held against each other: every figure must be the same, and
 * names, ids, addresses and bytes must be told apart in the one as they are in the other.
 */

/** Of which kind of name a value is; values of one kind are replaced one for one. */
const NAMES: Readonly<Record<string, string>> = {
  capture: "capture",
  comm: "comm",
  tid: "pid",
  tgid: "pid",
  pid: "pid",
  last_send_pid: "pid",
  last_receive_pid: "pid",
  owner_pid: "pid",
  uid: "uid",
  cuid: "uid",
  gid: "gid",
  cgid: "gid",
  name: "queue",
  namespace: "namespace",
  addr: "address",
  entry: "bytes",
  exit: "bytes",
  kernel: "bytes",
  inode: "inode",
  msqid: "msqid",
  holders: "",
};

/** Joined texts: `tid:start`, `kind:namespace:id:generation`. */
const JOINED: Readonly<Record<string, readonly (string | null)[]>> = {
  task: ["pid", null],
  key: [null, "namespace", "id", "generation"],
};

/** Times of day, all moved by the same whole seconds. */
const WALL = new Set(["at", "wall", "last_change", "last_receive", "last_send", "created"]);

export class FigureComparer {
  readonly #there = new Map<string, unknown>();
  readonly #back = new Map<string, unknown>();
  readonly differences: string[] = [];

  /** Every difference is noted with the way to it. */
  compare(before: unknown, after: unknown, where: string): void {
    const key = /([^.[\]]+)(\[\d*\])*$/.exec(where)?.[1] ?? "";
    if (Array.isArray(before) && Array.isArray(after)) {
      if (before.length !== after.length) this.#note(where, before.length, after.length);
      before.forEach((value, i) => {
        this.compare(value, after[i], `${where}[${i}]`);
      });
      return;
    }
    if (isMap(before) && isMap(after)) {
      const keys = Object.keys(before);
      if (keys.join() !== Object.keys(after).join()) this.#note(where, keys, Object.keys(after));
      for (const name of keys) this.compare(before[name], after[name], `${where}.${name}`);
      return;
    }
    if (before === null || after === null || before === undefined || after === undefined) {
      if (before !== after) this.#note(where, before, after);
      return;
    }
    const joined = JOINED[key];
    const kind = NAMES[key];
    if (joined !== undefined && typeof before === "string" && typeof after === "string") {
      this.#parts(joined, before.split(":"), after.split(":"), where);
    } else if (WALL.has(key) && typeof before === "string") this.#wall(before, after, where);
    else if (kind === "bytes") this.#bytes(before, after, where);
    else if (kind !== undefined && kind !== "") this.#pair(kind, before, after, where);
    else if (before !== after) this.#note(where, before, after);
  }

  #parts(
    kinds: readonly (string | null)[],
    before: readonly string[],
    after: readonly string[],
    where: string,
  ): void {
    if (before.length !== after.length) this.#note(where, before, after);
    before.forEach((part, i) => {
      const kind = kinds[i];
      const number = (text: string | undefined) => (kind === "generation" ? text : Number(text));
      if (kind !== null && kind !== undefined) {
        const scoped = kind === "id" ? `id ${before[0]}` : kind;
        this.#pair(scoped, number(part), number(after[i]), where);
      } else if (part !== after[i]) this.#note(where, before, after);
    });
  }

  /** One for one, in both directions. */
  #pair(kind: string, before: unknown, after: unknown, where: string): void {
    const there = this.#there.get(`${kind} ${before}`);
    const back = this.#back.get(`${kind} ${after}`);
    if ((there !== undefined && there !== after) || (back !== undefined && back !== before)) {
      this.#note(`${where} (as ${kind})`, `${before}, elsewhere ${back}`, `${after}, elsewhere ${there}`);
    }
    this.#there.set(`${kind} ${before}`, after);
    this.#back.set(`${kind} ${after}`, before);
  }

  #wall(before: string, after: unknown, where: string): void {
    const seconds = (text: string) => Date.parse(text.replace(/\.\d+Z$/, "Z")) / 1000;
    const fraction = (text: string) => /\.\d+Z$/.exec(text)?.[0] ?? "";
    if (typeof after !== "string" || fraction(before) !== fraction(after)) {
      this.#note(where, before, after);
    } else this.#pair("distance", "wall", seconds(before) - seconds(after), where);
  }

  /** As many bytes. */
  #bytes(before: unknown, after: unknown, where: string): void {
    const length = (text: unknown) => Buffer.from(String(text), "base64").length;
    if (length(before) !== length(after)) this.#note(where, before, after);
  }

  #note(where: string, before: unknown, after: unknown): void {
    this.differences.push(`${where}: ${JSON.stringify(before)} before, ${JSON.stringify(after)} after`);
  }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Lines of JSON, each held against the one in its place. */
export function compareLines(before: string, after: string, what: string, comparer: FigureComparer): void {
  const lines = [before, after].map((text) => text.split("\n").filter((line) => line !== ""));
  const [one = [], other = []] = lines;
  if (one.length !== other.length) comparer.compare(one.length, other.length, `${what} lines`);
  one.forEach((line, i) => {
    comparer.compare(JSON.parse(line), JSON.parse(other[i] ?? "null"), `${what}[${i}]`);
  });
}
