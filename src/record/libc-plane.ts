/**
 * The libc plane of a recording: the functions of the catalogue probed in each file that has them, one by one, and
 * what came of each. What cannot be probed is told and costs nothing else.
 */
import { LIBC_FUNCTIONS, type LibcFunction } from "../catalog/libc.js";
import type { EventRow } from "../catalog/types.js";
import type { AttachedHook } from "../format/types.js";
import { type ElfFunction, readElf } from "./elf.js";
import { findLibcFiles, type LibcFile, type LibcFiles, onFile } from "./libc-files.js";
import type { RecordOptions } from "./options.js";
import { descendantsOf } from "./proc.js";

/** The part of a tape that this needs. Throws an error with a line for users. */
export interface LibcTape {
  libcFunctions(path: string, places: readonly LibcPlace[]): void;
}

/** A function of the catalogue, by id, and where in a file it begins. */
export interface LibcPlace {
  readonly offset: number;
  readonly id: number;
}

export interface Planes {
  readonly plan: readonly AttachedHook[];
  /** For users: what will not be seen, and why. */
  readonly notes: readonly string[];
}

export const LIBC_OBJECT = "msgtape-libc.bpf.o";

/** The functions whose system call may be one of these. */
export function libcFunctionsOf(events: readonly EventRow[]): readonly LibcFunction[] {
  const names = new Set(events.map(({ name }) => name));
  return LIBC_FUNCTIONS.filter((one) => one.events.some((event) => names.has(event)));
}

/** `load` loads the programs; before the tape is attached. Never throws: what fails is in the plan. */
export function addLibcPlane(
  tape: LibcTape,
  { events, filters, command }: Pick<RecordOptions, "events" | "filters" | "command">,
  load: () => void,
): Planes {
  const isTree = command !== null || filters.pids.length > 0;
  const files = findLibcFiles({
    pids: isTree ? descendantsOf(new Set(filters.pids)) : null,
    areNamed: isTree,
    command: command?.[0] ?? null,
  });
  return probeLibraries(tape, load, libcFunctionsOf(events), files);
}

/** As above, in these files. */
export function probeLibraries(
  tape: LibcTape,
  load: () => void,
  functions: readonly LibcFunction[],
  { files, notes }: LibcFiles,
): Planes {
  const refused = attempt(load);
  if (refused !== null) {
    const plan = functions.map(({ name }) => hookOf(name, "uprobe", refused));
    return { plan, notes: [`libc: ${refused}`] };
  }
  const bySymbol = new Map(functions.flatMap((one) => one.symbols.map((symbol) => [symbol, one] as const)));
  const plan: AttachedHook[] = [];
  const unread: string[] = [];
  for (const file of files) {
    const found = functionsIn(file, new Set(bySymbol.keys()));
    if (typeof found === "string") unread.push(`${file.name}: ${found}`);
    else plan.push(...probe(tape, file, found, bySymbol));
  }
  plan.push(...absent(functions, plan, files));
  const failed = plan.filter(({ attached, why }) => !attached && why !== null);
  return {
    plan,
    notes: [...notes, ...unread, ...failed.map(({ hook, why }) => `${hook}: ${why}`)].map(
      (line) => `libc: ${line}`,
    ),
  };
}

function functionsIn(file: LibcFile, names: ReadonlySet<string>): readonly ElfFunction[] | string {
  try {
    return onFile(file.path, (read) => readElf(read).functions(names));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Symbols that lie at one place are one function: probing it twice would make two records of each call. */
function probe(
  tape: LibcTape,
  file: LibcFile,
  found: readonly ElfFunction[],
  bySymbol: ReadonlyMap<string, LibcFunction>,
): readonly AttachedHook[] {
  const places = new Map<number, LibcFunction>();
  for (const { name, offset } of found) {
    const one = bySymbol.get(name);
    const there = places.get(offset);
    if (one !== undefined && (there === undefined || one.id < there.id)) places.set(offset, one);
  }
  const all = [...places].map(([offset, { id, name }]) => ({ offset, id, name }));
  if (all.length === 0) return [];
  const isRefused = attempt(() => tape.libcFunctions(file.path, all)) !== null;
  return all.map((place) =>
    hookOf(
      place.name,
      `uprobe at ${file.name}+0x${place.offset.toString(16)}`,
      isRefused ? attempt(() => tape.libcFunctions(file.path, [place])) : null,
    ),
  );
}

/** What no file has. That of names with underscores tells nothing: not every library has those. */
function absent(
  functions: readonly LibcFunction[],
  plan: readonly AttachedHook[],
  files: readonly LibcFile[],
): readonly AttachedHook[] {
  const where = files.length === 0 ? "no C library was found" : "in none of the C libraries found";
  return functions
    .filter(({ name }) => !name.startsWith("__") && !plan.some(({ hook }) => hook === name))
    .map(({ name }) => hookOf(name, "uprobe", where));
}

function hookOf(hook: string, mechanism: string, why: string | null): AttachedHook {
  return { plane: "libc", hook, mechanism, attached: why === null, why };
}

/** Why it failed; null: it did not. */
function attempt(run: () => void): string | null {
  try {
    run();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
