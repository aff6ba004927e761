/**
 * A reference page as data: what the catalogue knows of an event, in the order in which people read it. `explain`
 * prints it, as text, Markdown or JSON; nothing here knows how.
 */
import { ABIS, muxRow } from "./abi.js";
import { errnoByName, errnoText } from "./errno.js";
import { EVENTS } from "./events.js";
import { KERNEL_FUNCTIONS, KERNEL_WAYS, LIBC_WAYS, SYSCALL_HOOKS } from "./hooks.js";
import { LIBC_FUNCTIONS } from "./libc.js";
import type { Argument, ErrorRow, EventRow, Fact, StructNames } from "./types.js";

/** A statement, and whether a test executes it; `untested` is the reason why none does. */
export interface Statement {
  readonly id: string;
  readonly says: string;
  readonly untested: string | null;
}

export interface PageArgument {
  readonly name: string;
  readonly type: string;
  readonly direction: Argument["direction"];
  readonly tags: Argument["tags"];
  readonly note: string | null;
  /** Of what it points to, by layout; several where a command chooses. */
  readonly structs: readonly StructNames[];
}

export interface PageError {
  readonly errno: string;
  readonly number: number | null;
  readonly text: string | null;
  readonly seen_as: string | null;
  readonly means: string;
  readonly queue: string;
  readonly message_lost: "never" | "sometimes" | "always";
  readonly untested: string | null;
}

export interface PageNumber {
  readonly abi: string;
  readonly number: number;
  /** Through a multiplexer: its name and the call's number there. */
  readonly via: string | null;
  readonly call: number | null;
}

export interface EventPage {
  readonly event: string;
  readonly family: EventRow["family"];
  readonly on_request: boolean;
  readonly summary: string;
  readonly description: readonly Statement[];
  readonly use_case: string;
  readonly arguments: readonly PageArgument[];
  readonly result: Statement;
  readonly behaviour: readonly Statement[];
  readonly pitfalls: readonly Statement[];
  readonly errors: readonly PageError[];
  readonly numbers: readonly PageNumber[];
  readonly hooks: {
    readonly syscall: { readonly hooks: readonly string[]; readonly ways: readonly string[] };
    readonly kernel: readonly {
      readonly function: string;
      readonly when: string;
      readonly use: string;
      readonly ways: readonly string[];
    }[];
    readonly libc: { readonly functions: readonly string[]; readonly ways: readonly string[] };
  };
  readonly related: readonly string[];
  /** The same call with the other width of time. */
  readonly twin: string | null;
}

/** Everything of one event. */
export function pageOf(event: EventRow): EventPage {
  const { page } = event;
  return {
    event: event.name,
    family: event.family,
    on_request: event.onRequest,
    summary: event.summary,
    description: page.description.map(statement),
    use_case: page.useCase,
    arguments: event.args.map(argument),
    result: statement(page.result),
    behaviour: page.behaviour.map(statement),
    pitfalls: page.pitfalls.map(statement),
    errors: event.errors.map(pageError).sort((a, b) => (a.errno < b.errno ? -1 : 1)),
    numbers: numbersOf(event),
    hooks: hooksOf(event),
    related: event.related,
    twin: page.twin ?? null,
  };
}

export interface ErrnoUse {
  readonly event: string;
  readonly error: PageError;
}

/** What an error means, event by event; also where the tracer sees another name for it. `errno` as a page has it. */
export function usesOfErrno(errno: string): readonly ErrnoUse[] {
  return EVENTS.flatMap((event) =>
    event.errors
      .filter((row) => row.errno === errno || row.seenAs === errno)
      .map((row) => ({ event: event.name, error: pageError(row) })),
  );
}

/** Each statement of an event's page, in its order. */
export function factsOf({ page }: EventRow): readonly Fact[] {
  return [...page.description, page.result, ...page.behaviour, ...page.pitfalls];
}

function statement({ id, says, untested }: Fact): Statement {
  return { id, says, untested: untested ?? null };
}

function pageError(row: ErrorRow): PageError {
  return {
    errno: row.errno,
    number: errnoByName(row.errno),
    text: errnoText(row.errno),
    seen_as: row.seenAs ?? null,
    means: row.means,
    queue: row.queue,
    message_lost: row.loses ?? "never",
    untested: row.untested ?? null,
  };
}

function argument({ name, cType, direction, tags, note, value }: Argument): PageArgument {
  const structs = value.kind === "scalar" ? [] : structsOf(value.to);
  return { name, type: cType, direction, tags, note: note ?? null, structs };
}

type Pointee = Extract<Argument["value"], { kind: "pointer" }>["to"];

function structsOf(to: Pointee): readonly StructNames[] {
  switch (to.kind) {
    case "struct":
      return [to.struct];
    case "msgbuf":
      return [{ native: "msgbuf", compat: "compat_msgbuf" }];
    case "msghdr":
      return [
        { native: "user_msghdr", compat: "compat_msghdr" },
        { native: "iovec", compat: "compat_iovec" },
      ];
    case "mmsghdr":
      return [
        { native: "mmsghdr", compat: "compat_mmsghdr" },
        { native: "iovec", compat: "compat_iovec" },
      ];
    case "msgctl":
      return [
        { native: "msqid64_ds", compat: "compat_msqid64_ds" },
        { native: "msqid64_ds", compat: "compat_msqid_ds" },
        { native: "msginfo", compat: "msginfo" },
      ];
    case "bytes":
    case "string":
    case "number":
      return [];
  }
}

/** By convention, the call's own number first. Only ia32 has multiplexers. */
function numbersOf(event: EventRow): readonly PageNumber[] {
  const own = ABIS.flatMap(({ abi }) => {
    const number = event.numbers[abi];
    return number === undefined ? [] : [{ abi: abi as string, number, via: null, call: null }];
  });
  const through = event.muxes.map(({ mux, call }) => ({
    abi: "ia32",
    number: muxRow(mux).number,
    via: mux,
    call,
  }));
  return [...own, ...through];
}

function hooksOf(event: EventRow): EventPage["hooks"] {
  const functions = LIBC_FUNCTIONS.filter((one) => one.events.includes(event.name)).map(({ name }) => name);
  return {
    syscall: { hooks: [SYSCALL_HOOKS.entry, SYSCALL_HOOKS.exit], ways: SYSCALL_HOOKS.ways },
    kernel: event.page.kernel.map((passage) => {
      const row = KERNEL_FUNCTIONS.find(({ name }) => name === passage.function);
      if (row === undefined) throw new TypeError(`no hook in the kernel's ${passage.function}`);
      return { function: row.name, when: passage.when, use: row.use, ways: KERNEL_WAYS[row.at] };
    }),
    libc: { functions, ways: functions.length === 0 ? [] : LIBC_WAYS },
  };
}
