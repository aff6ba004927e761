/** The parts of a reference page that read the same on a terminal and in Markdown. All text is the catalogue's own. */
import type { EventPage, PageArgument, PageError } from "../catalog/page.js";

/** `tp_btf, else raw_tp`. */
export function elseList(ways: readonly string[]): string {
  return ways.join(", else ");
}

/** `x86_64 69 · ia32 400 · arm64 189`, then the multiplexers, one a line. */
export function numberLines({ numbers }: EventPage): readonly string[] {
  const own = numbers.filter(({ via }) => via === null).map(({ abi, number }) => `${abi} ${number}`);
  const through = numbers
    .filter(({ via }) => via !== null)
    .map(({ abi, number, via, call }) => `${abi}: also call ${call} of ${via} (${number})`);
  return [own.join(" · "), ...through];
}

export interface HookLine {
  readonly plane: string;
  readonly text: string;
}

export function hookLines({ hooks }: EventPage): readonly HookLine[] {
  const { syscall, kernel, libc } = hooks;
  return [
    { plane: "system call", text: `${syscall.hooks.join(" and ")}, by ${elseList(syscall.ways)}` },
    ...(kernel.length === 0
      ? [{ plane: "kernel", text: "passes through none of the functions that msgtape hooks" }]
      : kernel.map((one) => ({
          plane: "kernel",
          text: `${one.function}, by ${elseList(one.ways)}. When: ${one.when}. Tells: ${one.use}`,
        }))),
    {
      plane: "C library",
      text:
        libc.functions.length === 0
          ? "none"
          : `${libc.functions.join(", ")}, by ${libc.ways.join(" and ")}, with record --libc`,
    },
    { plane: "this host", text: "msgtape doctor tells which of these it has" },
  ];
}

/** `struct mq_attr (32-bit: compat_mq_attr)`. */
export function structLines({ structs }: PageArgument): readonly string[] {
  return structs.map(({ native, compat }) =>
    native === compat ? `struct ${native}` : `struct ${native} (32-bit: ${compat})`,
  );
}

/** `ERESTARTSYS (user space: EINTR)`. */
export function errnoLabel({ errno, seen_as }: PageError): string {
  return seen_as === null ? errno : `${errno} (user space: ${seen_as})`;
}

export function relatedLines({ related, twin }: EventPage): readonly string[] {
  const others = related.filter((name) => name !== twin);
  const line = others.length === 0 ? [] : [others.join(", ")];
  return twin === null ? line : [...line, `with the other width of time: ${twin}`];
}

/** What no test executes: the statement's first words, or the error, and why. */
export function untestedLines(page: EventPage): readonly string[] {
  const facts = [...page.description, page.result, ...page.behaviour, ...page.pitfalls].flatMap(
    ({ says, untested }) => (untested === null ? [] : [`"${firstWords(says)}": ${untested}`]),
  );
  const errors = page.errors.flatMap(({ errno, untested }) =>
    untested === null ? [] : [`${errno}: ${untested}`],
  );
  return [...facts, ...errors];
}

function firstWords(text: string): string {
  const words = text.split(" ");
  return words.length <= 7 ? text : `${words.slice(0, 6).join(" ")} …`;
}
