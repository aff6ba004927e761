/** BTF that is not what it comes as, or has not what the records need. */
import {
  ARRAY,
  btfBytes,
  ENUM,
  FLOAT,
  FUNC_PROTO,
  FWD,
  type HandType,
  INT,
  STRUCT,
  TYPEDEF,
  UNION,
} from "../support/btf-bytes.js";
import { recorded } from "./recorded.js";
import { btf, RECORDS, sample } from "./sample.js";
import { msgpack, Tape } from "./spell.js";
import { BASE_TYPES, btfOf, recordsIn, STRUCTS, structType, TYPES } from "./structs.js";
import type { Corpus } from "./valid.js";

const { kernel, libc } = recordsIn();

const named = Object.entries(STRUCTS).map(([name, struct]) => structType(name, struct));
const onlyWith = (change: (structs: Record<string, (typeof STRUCTS)[string]>) => void): Uint8Array => {
  const structs = { ...STRUCTS };
  change(structs);
  return btfOf(structs);
};
const field = (name: string, of: string, type: keyof typeof TYPES | null, offset = 0): Uint8Array =>
  onlyWith((structs) => {
    const { size = 0, fields = [] } = structs[name] ?? {};
    const changed = fields.flatMap((one): (typeof fields)[number][] =>
      one[0] !== of ? [one] : type === null ? [] : [[of, type, one[2] + offset]],
    );
    structs[name] = { size, fields: changed };
  });
/** The sample's records under this BTF. */
const under = (data: Uint8Array): Uint8Array => recorded(data, [RECORDS[0], RECORDS[1]]);
const patched = (patch: (bytes: Buffer) => void): Uint8Array => under(btfOf(STRUCTS, patch));
/** The record structs with `__u32` through these types, which come first: id 8 is the one that stands for it. */
const through = (...types: Parameters<typeof btfBytes>[0]): Uint8Array => {
  const structs = named.map((one) => {
    const [name, kind, entries, flag, size, ...words] = one;
    const changed = words.map((word, i) => (i % 3 === 1 && word === TYPES.u32 ? 8 : word));
    return [name, kind, entries, flag, size, ...changed] as const;
  });
  return under(btfBytes([...BASE_TYPES, ...types, ...structs]));
};

/** So many typedefs, one behind the other, the first of which has id 8. */
const typedefs = (count: number): HandType[] =>
  Array.from({ length: count }, (_, i) => [`t${i}`, TYPEDEF, 0, 0, i === count - 1 ? TYPES.u32 : 9 + i]);

export const BTF: Corpus = {
  "btf-hash-wrong": () => sample({ btf: { ...btf(), sha256: "0".repeat(64) } }).bytes,
  "btf-hash-in-upper-case": () => {
    const of = btf();
    return sample({ btf: { ...of, sha256: of.sha256.toUpperCase() } }).bytes;
  },
  "btf-hash-wrong-then-right": () =>
    new Tape()
      .frame("BTF", { type: 2, flags: 1, payload: msgpack({ ...btf(), sha256: "" }) })
      .frame("BTF 2", { type: 2, flags: 1, payload: msgpack(btf()) })
      .frame("BTF 3", { type: 2, flags: 1, payload: msgpack(btf(btfOf({}))) })
      .end(null, null).bytes,
  "btf-empty": () => under(new Uint8Array(0)),
  "btf-not-btf": () => patched((bytes) => bytes.writeUInt16LE(0x1234, 0)),
  "btf-big-endian": () => patched((bytes) => bytes.writeUInt16BE(0xeb9f, 0)),
  "btf-version-2": () => patched((bytes) => bytes.writeUInt8(2, 2)),
  "btf-header-short": () => patched((bytes) => bytes.writeUInt32LE(16, 4)),
  "btf-header-past-the-end": () => patched((bytes) => bytes.writeUInt32LE(0xffff_fff0, 4)),
  "btf-types-past-the-end": () => patched((bytes) => bytes.writeUInt32LE(0xffff_ffff, 12)),
  "btf-types-cut": () => patched((bytes) => bytes.writeUInt32LE(bytes.readUInt32LE(12) - 4, 12)),
  "btf-strings-past-the-end": () => patched((bytes) => bytes.writeUInt32LE(bytes.readUInt32LE(20) + 1, 20)),
  "btf-strings-without-nul": () => patched((bytes) => bytes.writeUInt8(0x78, bytes.length - 1)),
  "btf-no-strings": () => patched((bytes) => bytes.writeUInt32LE(0, 20)),
  "btf-of-nothing": () => under(btfBytes([])),
  "btf-unknown-kind": () => patched((bytes) => bytes.writeUInt32LE(20 * 2 ** 24, 24 + 4)),
  "btf-kind-0": () => patched((bytes) => bytes.writeUInt32LE(0, 24 + 4)),
  "btf-name-outside": () => patched((bytes) => bytes.writeUInt32LE(0x00ff_ffff, 24)),
  "btf-65535-members": () => under(btfBytes([...BASE_TYPES, ["mt_record", STRUCT, 0xffff, 0, 56]])),
  "btf-no-mt_record": () => under(onlyWith((structs) => delete structs.mt_record)),
  "btf-no-mt_item": () => under(onlyWith((structs) => delete structs.mt_item)),
  "btf-no-mt_queue": () => under(onlyWith((structs) => delete structs.mt_queue)),
  "btf-mt_record-is-an-enum": () =>
    under(
      btfBytes([
        ...BASE_TYPES,
        ["mt_record", ENUM, 0, 0, 4],
        ...named.filter(([name]) => name !== "mt_record"),
      ]),
    ),
  "btf-no-mt_kernel": () => {
    const data = onlyWith((structs) => delete structs.mt_kernel);
    return recorded(data, [RECORDS[1]], [kernel({}, { hook: 1 }), libc({ time_ns: 9n }, { phase: 1 })]);
  },
  "btf-record-size-not-first": () =>
    under(
      onlyWith((structs) => {
        const { size = 0, fields = [] } = STRUCTS.mt_record ?? {};
        const moved = fields.map(([name, type, offset]): (typeof fields)[number] => [name, type, offset + 8]);
        structs.mt_record = { size: size + 8, fields: moved };
      }),
    ),
  "btf-field-missing": () => under(field("mt_record", "call", null)),
  "btf-field-of-a-queue-missing": () => under(field("mt_queue", "depth", null)),
  "btf-field-of-another-width": () => under(field("mt_record", "tid", "u64")),
  "btf-field-past-its-struct": () => under(field("mt_item", "addr", "u64", 4)),
  "btf-field-at-a-bit": () =>
    under(
      btfBytes([
        ...BASE_TYPES,
        ...named.map((one) =>
          one[0] === "mt_exit" ? (["mt_exit", STRUCT, 1, 0, 16, "ret", TYPES.s64, 3] as const) : one,
        ),
      ]),
    ),
  "btf-field-of-no-type": () => through(["u", TYPEDEF, 0, 0, 9999]),
  "btf-field-void": () => through(["u", TYPEDEF, 0, 0, 0]),
  "btf-field-forward": () => through(["u", FWD, 0, 0, 0]),
  "btf-field-a-function": () => through(["", FUNC_PROTO, 0, 0, 0]),
  "btf-typedef-of-itself": () => through(["u", TYPEDEF, 0, 0, 8]),
  "btf-typedefs-in-a-circle": () => through(["u", TYPEDEF, 0, 0, 9], ["v", TYPEDEF, 0, 0, 8]),
  "btf-array-of-itself": () => through(["", ARRAY, 0, 0, 0, 8, TYPES.u32, 2]),
  "btf-struct-in-itself": () => through(["s", STRUCT, 1, 0, 4, "s", 8, 0]),
  "btf-65-typedefs": () => through(...typedefs(65)),
  "btf-field-a-union": () => through(["u", UNION, 1, 0, 4, "a", TYPES.u32, 0]),
  "btf-field-a-struct": () => through(["u", STRUCT, 1, 0, 4, "a", TYPES.u32, 0]),
  "btf-field-a-float": () => through(["u", FLOAT, 0, 0, 4]),
  "btf-field-an-array": () => through(["", ARRAY, 0, 0, 0, TYPES.u32, TYPES.u32, 1]),
  "btf-field-of-few-bits": () => through(["u", INT, 0, 0, 4, 31]),
  "btf-field-of-shifted-bits": () => through(["u", INT, 0, 0, 4, (1 << 16) | 32]),
  "btf-field-of-too-many-bits": () => through(["u", INT, 0, 0, 4, 64]),
  "btf-field-a-bit-field": () =>
    under(
      btfBytes([
        ...BASE_TYPES,
        ...named.map((one) =>
          one[0] === "mt_exit"
            ? (["mt_exit", STRUCT, 1, 1, 8, "ret", TYPES.s64, 64 * 2 ** 24] as const)
            : one,
        ),
      ]),
    ),
  "btf-mt_exit-is-a-union": () =>
    under(
      btfBytes([
        ...BASE_TYPES,
        ["mt_exit", UNION, 1, 0, 8, "ret", TYPES.s64, 0],
        ...named.filter(([name]) => name !== "mt_exit"),
      ]),
    ),
  "btf-args-of-4-bytes": () =>
    under(
      btfBytes([
        ...BASE_TYPES,
        ["", ARRAY, 0, 0, 0, TYPES.u32, TYPES.u32, 12],
        ...named.map((one) =>
          one[0] === "mt_entry" ? (["mt_entry", STRUCT, 1, 0, 48, "args", 8, 0] as const) : one,
        ),
      ]),
    ),
  "btf-args-too-few": () =>
    under(
      btfBytes([
        ...BASE_TYPES,
        ["", ARRAY, 0, 0, 0, TYPES.u64, TYPES.u32, 5],
        ...named.map((one) =>
          one[0] === "mt_entry" ? (["mt_entry", STRUCT, 1, 0, 48, "args", 8, 0] as const) : one,
        ),
      ]),
    ),
  "btf-size-0": () =>
    under(
      onlyWith((structs) =>
        Object.assign(structs, { mt_record: { size: 0, fields: STRUCTS.mt_record?.fields } }),
      ),
    ),
};
