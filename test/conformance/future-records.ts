/** Records of later recorders: structs that are longer or otherwise, BTF that is, types and words that are not known. */
import { join, le } from "../format/support.js";
import {
  ARRAY,
  btfBytes,
  CONST,
  DATASEC,
  DECL_TAG,
  ENUM,
  ENUM64,
  FLOAT,
  FUNC,
  FUNC_PROTO,
  type HandType,
  RESTRICT,
  STRUCT,
  TYPE_TAG,
  TYPEDEF,
  UNION,
  VAR,
  VOLATILE,
} from "../support/btf-bytes.js";
import { recorded } from "./recorded.js";
import { BASE_TYPES, btfOf, recordsIn, STRUCTS, type Structs, structType, TYPES } from "./structs.js";
import type { Corpus } from "./valid.js";

/** Every struct is longer, and its fields after the first are elsewhere. */
const MOVED: Structs = Object.fromEntries(
  Object.entries(STRUCTS).map(([name, { size, fields }]) => [
    name,
    {
      size: size + 24,
      fields: [
        ...fields.slice(0, 1),
        ["added", "u64", size] as const,
        ...fields.slice(1).map(([field, type, offset]) => [field, type, offset + 16] as const),
      ],
    },
  ]),
);

/** Fields are only appended, as a minor may. */
const LONGER: Structs = Object.fromEntries(
  Object.entries(STRUCTS).map(([name, { size, fields }]) => [
    name,
    { size: size + 8, fields: [...fields, ["added", "u64", size] as const] },
  ]),
);

const text = new Uint8Array(Buffer.from("hello"));

function allKinds(structs: Structs): Uint8Array {
  const { entry, exit, item, kernel, libc } = recordsIn(structs);
  const argument = item({ kind: 1, arg: 1, status: 1, wanted: 50, addr: 7n, iovec: 3, message: 4 }, text);
  return recorded(
    btfOf(structs),
    [
      entry({ time_ns: 5n, seq: 1, call: 9, cpu: 1, mux: 1 }, [1n, 2n, 3n, 4n, 5n, 6n], argument, argument),
      exit({ time_ns: 6n, seq: 2, call: 9, cpu: 1 }, -11n, argument),
    ],
    [
      kernel(
        { time_ns: 5n },
        { hook: 2, pid: -7, message: 8n, queue: 9n, m_type: -10n, m_ts: 5n, ret: -12n },
        argument,
      ),
      libc({ time_ns: 6n }, { function: 4, phase: 2, sequence: 3n, ret: -1n, call: 9n }),
    ],
  );
}

/** The same structs, their types behind typedefs and qualifiers, in another order, with members within members. */
function dressed(): Uint8Array {
  const { entry, exit, item } = recordsIn();
  const base = BASE_TYPES.length;
  const types = Object.entries(STRUCTS).map(([name, struct]) => {
    const [, kind, entries, flag, size, ...words] = structType(name, struct);
    const dressedWords = words.map((word, i) => (i % 3 === 1 && word === TYPES.u32 ? base + 1 : word));
    return [name, kind, entries, flag, size, ...dressedWords] as const;
  });
  const data = btfBytes([
    ...BASE_TYPES,
    ["__u32", TYPEDEF, 0, 0, base + 2],
    ["", CONST, 0, 0, base + 3],
    ["", VOLATILE, 0, 0, base + 4],
    ["tag", TYPE_TAG, 0, 0, TYPES.u32],
    ["unrelated", UNION, 1, 0, 8, "x", TYPES.u64, 0],
    ["colour", ENUM, 1, 0, 4, "RED", 1],
    ...types.reverse(),
    ["mt_exit", STRUCT, 0, 0, 99], // the first of a name counts
  ]);
  const argument = item({ kind: 1, arg: 1 }, text);
  return recorded(data, [entry({ call: 1 }, [1n], argument), exit({ call: 1, time_ns: 2n }, 5n, argument)]);
}

/** The structs with type `u32` in place of __u32, which is among `types`; these come first. */
function dressedIn(u32: number, types: readonly HandType[]): Uint8Array {
  const structs = Object.entries(STRUCTS).map(([name, struct]) => {
    const [, kind, entries, flag, size, ...words] = structType(name, struct);
    const changed = words.map((word, i) => (i % 3 === 1 && word === TYPES.u32 ? u32 : word));
    return [name, kind, entries, flag, size, ...changed] as const;
  });
  return recorded(btfBytes([...BASE_TYPES, ...types, ...structs]), [entry({ call: 1 }, [1n], argument)]);
}

/** Everything wrong that the records do not need, and types of kinds that they do not use. */
function flawed(): Uint8Array {
  const base = BASE_TYPES.length;
  const structs = Object.entries(STRUCTS).map(([name, struct]) => {
    const [, kind, entries, flag, size, ...words] = structType(name, struct);
    return [name, kind, entries + 1, flag, size, ...words, "pad9", 9999, 3] as const;
  });
  const data = btfBytes([
    ...BASE_TYPES,
    ["loop", TYPEDEF, 0, 0, base + 1],
    ["self", STRUCT, 1, 0, 4, "self", base + 2, 0],
    ["far", STRUCT, 1, 0, 4, "x", TYPES.u32, 99_999],
    ["f", FLOAT, 0, 0, 8],
    ["e64", ENUM64, 1, 0, 8, "BIG", 1, 1],
    ["note", DECL_TAG, 0, 0, 4242, 0],
    ["v", VAR, 0, 0, 4242, 1],
    ["sec", DATASEC, 1, 0, 4, 4242, 0, 4],
    ["fn", FUNC, 0, 0, 4242],
    ["", FUNC_PROTO, 1, 0, 4242, "a", 4242],
    ["", ARRAY, 0, 0, 0, 4242, 4242, 0xffff_ffff],
    ...structs,
  ]);
  return recorded(data, [entry({ call: 1 }, [1n], argument)]);
}

const { entry, exit, item, kernel, record } = recordsIn();
const argument = item({ kind: 1, arg: 1 }, text);

export const FUTURE_RECORDS: Corpus = {
  "structs-longer": () => allKinds(LONGER),
  "structs-with-fields-moved": () => allKinds(MOVED),
  "structs-behind-typedefs": () => dressed(),
  "struct-with-a-flag-for-bit-fields": () => {
    const named = Object.entries(STRUCTS).map(([name, struct]) => structType(name, struct));
    const data = btfBytes([
      ...BASE_TYPES,
      ...named.map(
        ([name, kind, entries, , size, ...words]) => [name, kind, entries, 1, size, ...words] as const,
      ),
    ]);
    return recorded(data, [entry({ call: 1 }, [1n], argument), exit({ call: 1, time_ns: 2n }, 5n)]);
  },
  "structs-behind-64-typedefs": () => {
    const base = BASE_TYPES.length;
    const chain = Array.from(
      { length: 64 },
      (_, i) => [`t${i}`, TYPEDEF, 0, 0, i === 63 ? TYPES.u32 : base + 2 + i] as const,
    );
    return dressedIn(base + 1, chain);
  },
  "structs-behind-every-qualifier-to-an-enum": () => {
    const base = BASE_TYPES.length;
    const kinds = [TYPEDEF, CONST, VOLATILE, RESTRICT, TYPE_TAG];
    const chain = kinds.map((kind, i) => ["q", kind, 0, 0, base + 2 + i] as const);
    return dressedIn(base + 1, [...chain, ["e", ENUM, 1, 0, 4, "A", 1]]);
  },
  "btf-flaws-elsewhere": () => flawed(),
  "btf-header-longer": () => {
    const data = btfOf();
    const longer = join(data.subarray(0, 24), new Uint8Array(16).fill(0xee), data.subarray(24));
    longer.set(le(40, 4), 4);
    return recorded(longer, [entry({ call: 1 }, [1n], argument)]);
  },
  "args-more-than-six": () => {
    const base = BASE_TYPES.length;
    const named = Object.entries(STRUCTS).filter(([name]) => name !== "mt_entry");
    const data = btfBytes([
      ...BASE_TYPES,
      ["", 3, 0, 0, 0, TYPES.u64, TYPES.u32, 8],
      ["mt_entry", STRUCT, 1, 0, 64, "args", base + 1, 0],
      ...named.map(([name, struct]) => structType(name, struct)),
    ]);
    const args = join(...[1, 2, 3, 4, 5, 6, 7, 8].map((one) => le(one, 8)));
    return recorded(data, [record(1, { call: 1 }, args, argument)]);
  },
  "record-types-unknown": () =>
    recorded(
      btfOf(),
      [
        record(7, { time_ns: 1n }, new Uint8Array(64)),
        record(255, {}),
        record(0, {}),
        exit({ time_ns: 2n }, 5n),
      ],
      [record(8, {}, text), kernel({ time_ns: 1n }, { hook: 1 }), record(200, {})],
      { times: [2n, 2n], counts: [[10, 0, 1]] },
    ),
  "item-kinds-unknown": () =>
    recorded(btfOf(), [
      entry(
        {},
        [1n],
        item({ kind: 0 }, text),
        argument,
        item({ kind: 13 }, text),
        item({ kind: 255 }),
        argument,
      ),
    ]),
  "item-status-unknown": () =>
    recorded(btfOf(), [
      entry({}, [1n], item({ kind: 1, status: 5 }, text), argument, item({ kind: 1, status: 255 }, text)),
    ]),
  "kernel-hook-and-libc-function-unknown": () => {
    const { libc } = recordsIn();
    return recorded(
      btfOf(),
      [exit({ time_ns: 2n }, 5n)],
      [kernel({}, { hook: 99, pid: 5 }), libc({ time_ns: 1n }, { function: 999, phase: 3, sequence: 5n })],
    );
  },
  "event-abi-mux-and-flags-unknown": () =>
    recorded(btfOf(), [entry({ event: 31, abi: 9, mux: 9, flags: 0xc1 }, [1n], argument)]),
};
