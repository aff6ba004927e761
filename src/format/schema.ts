/**
 * Describes a msgpack map once, for both directions: what is written is checked, what is read is checked.
 *
 * Keys in the file are the field names in snake_case. Unknown keys are ignored (a later minor may add some);
 * a missing key is an error unless the field may be null, which it then is.
 */

/** The value does not fit its description; `where` is the way to it: `tasks[3].start_ns`. */
export class SchemaError extends Error {
  constructor(where: string, expected: string, found: unknown) {
    super(`${where || "the value"}: expected ${expected}, found ${describe(found)}`);
    this.name = "SchemaError";
  }
}

export interface Field<T> {
  readonly encode: (value: T, where: string) => unknown;
  readonly parse: (wire: unknown, where: string) => T;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") {
    return String(value);
  }
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return Array.isArray(value) ? "an array" : "a map";
}

function checked<T>(expected: string, is: (value: unknown) => value is T): Field<T> {
  const check = (value: unknown, where: string): T => {
    if (!is(value)) throw new SchemaError(where, expected, value);
    return value;
  };
  return { encode: check, parse: check };
}

export const text: Field<string> = checked("a string", (value) => typeof value === "string");
export const bytes: Field<Uint8Array> = checked("bytes", (value) => value instanceof Uint8Array);
export const bool: Field<boolean> = checked("true or false", (value) => typeof value === "boolean");

/** An integer as a number; how many bytes msgpack spent on it does not matter. */
function integer(least: number, most: number): Field<number> {
  const expected = `an integer from ${least} to ${most}`;
  const check = (value: unknown, where: string): number => {
    const number = typeof value === "bigint" ? Number(value) : value;
    if (typeof number !== "number" || !Number.isInteger(number) || number < least || number > most) {
      throw new SchemaError(where, expected, value);
    }
    return number;
  };
  return { encode: check, parse: check };
}

export const u32 = integer(0, 0xffffffff);
const safeCount = integer(0, Number.MAX_SAFE_INTEGER);
export const s32 = integer(-0x80000000, 0x7fffffff);

export const u64: Field<bigint> = (() => {
  const check = (value: unknown, where: string): bigint => {
    const big = typeof value === "number" && Number.isInteger(value) ? BigInt(value) : value;
    if (typeof big !== "bigint" || big < 0n || big > 0xffffffffffffffffn) {
      throw new SchemaError(where, "an unsigned 64-bit integer", value);
    }
    return big;
  };
  return { encode: check, parse: check };
})();

/** A count that 32 bits may not hold, as a number: up to 2^53 - 1. */
export const count: Field<number> = {
  encode: (value, where) => {
    safeCount.encode(value, where);
    // The msgpack library writes numbers beyond 32 bits as floats, bigint as integers.
    return value > 0xffffffff ? BigInt(value) : value;
  },
  parse: (wire, where) => safeCount.parse(wire, where),
};

/** One of these words. `other`: what a word unknown to this reader is read as; without it that is an error. */
export function oneOf<T extends string>(words: readonly T[], other?: T): Field<T> {
  const expected = `one of ${words.join(", ")}`;
  const find = (value: unknown): T | undefined => words.find((word) => word === value);
  return {
    encode: (value, where) => {
      const found = find(value);
      if (found === undefined) throw new SchemaError(where, expected, value);
      return found;
    },
    parse: (wire, where) => {
      const found = find(wire) ?? (typeof wire === "string" ? other : undefined);
      if (found === undefined) throw new SchemaError(where, expected, wire);
      return found;
    },
  };
}

export function nullable<T>(field: Field<T>): Field<T | null> {
  return {
    encode: (value, where) => (value === null ? null : field.encode(value, where)),
    parse: (wire, where) => (wire === null || wire === undefined ? null : field.parse(wire, where)),
  };
}

/** A key that may be absent, in files and in values: one that a later minor added. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return {
    encode: (value, where) => (value === undefined ? undefined : field.encode(value, where)),
    parse: (wire, where) => (wire === null || wire === undefined ? undefined : field.parse(wire, where)),
  };
}

export function list<T>(field: Field<T>): Field<readonly T[]> {
  return {
    encode: (values, where) => values.map((value, i) => field.encode(value, `${where}[${i}]`)),
    parse: (wire, where) => {
      if (!Array.isArray(wire)) throw new SchemaError(where, "an array", wire);
      return wire.map((value, i) => field.parse(value, `${where}[${i}]`));
    },
  };
}

/** A map whose keys are data. */
export function record<T>(field: Field<T>): Field<Readonly<Record<string, T>>> {
  return {
    encode: (values, where) => mapValues(values, (value, key) => field.encode(value, `${where}.${key}`)),
    parse: (wire, where) =>
      mapValues(asMap(wire, where), (value, key) => field.parse(value, `${where}.${key}`)),
  };
}

/** A map with these fields. */
export function struct<T extends object>(fields: { readonly [K in keyof T]-?: Field<T[K]> }): Field<T> {
  const members = (Object.keys(fields) as (keyof T & string)[]).map((name) => ({
    name,
    key: wireKey(name),
    field: fields[name],
  }));
  return {
    encode: (value, where) => {
      const wire: Record<string, unknown> = {};
      for (const { name, key, field } of members) {
        const encoded = field.encode(value[name], join(where, key));
        if (encoded !== undefined) wire[key] = encoded;
      }
      return wire;
    },
    parse: (wire, where) => {
      const map = asMap(wire, where);
      const value: Partial<T> = {};
      for (const { name, key, field } of members) {
        const parsed = field.parse(map[key], join(where, key));
        if (parsed !== undefined) value[name] = parsed;
      }
      return value as T;
    },
  };
}

/** `startNs` → `start_ns`. */
export function wireKey(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function join(where: string, key: string): string {
  return where === "" ? key : `${where}.${key}`;
}

function asMap(wire: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof wire !== "object" || wire === null || Array.isArray(wire) || wire instanceof Uint8Array) {
    throw new SchemaError(where, "a map", wire);
  }
  return wire as Readonly<Record<string, unknown>>;
}

function mapValues<A, B>(
  map: Readonly<Record<string, A>>,
  change: (value: A, key: string) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value, key)]));
}
