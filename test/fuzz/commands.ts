/**
 * The commands that read captures, each in several forms; an input meets `verify` and some of the others. A
 * command that the program does not have is left out. They are run as the program runs them, but without yargs, which costs
 * more than all the rest.
 */
import { COMMANDS, type CommandModule } from "../../src/cli/program.js";
import type { Random } from "./random.js";

type Options = Readonly<Record<string, string | boolean>>;

export interface Form {
  readonly name: string;
  /** Behind `msgtape NAME FILE`. `OUT` stands for a file that is not there. */
  readonly options: Options;
  readonly module: CommandModule<object>;
}

const READERS_OF_ALL: ReadonlySet<string> = new Set(["calls", "latency", "flows", "toctou", "verify"]);
const FILTERS: readonly string[] = ["failed", "event", "comm", "queue", "min-duration"];

/** Those that tell what a capture has; the others make a new one of it. */
export const READERS: ReadonlySet<string> = new Set([
  ...READERS_OF_ALL,
  ...["info", "queues", "notifications"],
]);

/** Whether it looks at every call of a capture. */
export function readsAll({ name, options }: Form): boolean {
  return READERS_OF_ALL.has(name) && !FILTERS.some((filter) => filter in options);
}

const json = true;
const VIEWS = ["status", "time", "pid", "creator", "limits", "summary"];

const FORMS: Readonly<Record<string, readonly Options[]>> = {
  // First: the others are held against what it says.
  verify: [{ json }, { json, model: true }, {}, { model: true }],
  info: [{}, { json }],
  calls: [{}, { json }, { sort: "enter" }, { failed: true, event: "posix-mq" }, { comm: "x", queue: "/x" }],
  latency: [{}, { json }, { by: "event,comm,pid,queue" }, { by: "layer" }, { histogram: true }],
  flows: [{}, { json }, { received: true }, { json, received: true }, { queue: "1" }],
  toctou: [{ unknown: true }, { json }, { json, unknown: true }, { "min-duration": "1us" }],
  queues: [
    ...[{}, { json }, { all: true }, { "watch-depth": true }, { at: "1ms" }, { json, at: "10ms", all: true }],
    ...VIEWS.map((view) => ({ view })),
  ],
  notifications: [{}, { json }],
  recover: [{ output: "OUT" }],
  slice: [{ output: "OUT" }, { output: "OUT", from: "1ms" }],
  redact: [{ output: "OUT" }, { check: true }],
  merge: [{ output: "OUT" }],
};

/** `verify`, and some of the others, each in one form. */
export async function formsFor(random: Random, others = 2): Promise<readonly Form[]> {
  const known = COMMANDS.filter(({ name }) => FORMS[name] !== undefined);
  const rest = known.filter(({ name }) => name !== "verify");
  const chosen = known.filter(({ name }) => name === "verify");
  while (chosen.length <= others && rest.length > 0) chosen.push(...rest.splice(random.int(rest.length), 1));
  const forms: Form[] = [];
  for (const { name, load } of chosen) {
    forms.push({ name, options: random.pick(FORMS[name] ?? []), module: await load() });
  }
  return forms;
}

/** As a user would type it. */
export function formText({ name, options }: Form): string {
  const words = Object.entries(options).map(([key, value]) =>
    value === true ? `--${key}` : `--${key} ${value}`,
  );
  return [name, ...words].join(" ");
}
