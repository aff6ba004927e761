/** Short ways to write the parts of a catalogue row. They add nothing of their own: a row reads as a table. */
import type { Argument, Direction, Notation, Pointee, ScalarType, StructNames, Tag } from "../types.js";

/** An argument passed by value. */
export function scalar(name: string, type: ScalarType, notation: Notation, note?: string): Argument {
  const argument: Argument = {
    name,
    cType: type,
    tags: ["K"],
    direction: "in",
    value: { kind: "scalar", type, notation },
  };
  return note === undefined ? argument : { ...argument, note };
}

/** An argument that points to user memory; `tags` are those beside U. */
export function pointer(
  name: string,
  cType: string,
  direction: Direction,
  tags: readonly Exclude<Tag, "K" | "U">[],
  to: Pointee,
  note?: string,
): Argument {
  const argument: Argument = {
    name,
    cType,
    tags: ["U", ...tags],
    direction,
    value: { kind: "pointer", to },
  };
  return note === undefined ? argument : { ...argument, note };
}

/** A pointer to a struct, named by layout. */
export function toStruct(struct: StructNames): Pointee {
  return { kind: "struct", struct };
}

/** A struct with the same layout for 64-bit and 32-bit programs. */
export function sameStruct(name: string): StructNames {
  return { native: name, compat: name };
}
