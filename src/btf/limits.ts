/**
 * The limits of reading BTF. The blob may come from a stranger's capture (which holds 1 MiB of it at most, see
 * src/format/limits.ts) or be the running kernel's, of some megabytes and 150 000 types.
 */
export const BTF_LIMITS = {
  bytes: 64 * 1024 * 1024,
  /** The kernel's own BTF_MAX_TYPE and BTF_MAX_NAME_OFFSET. */
  types: 0xfffff,
  stringBytes: 0xffffff,
  /** The kernel's KSYM_NAME_LEN. Names may overlap each other, so that this multiplies. */
  nameBytes: 512,
  /** typedef → const → typedef …: longer chains are nonsense or cyclic. */
  chain: 64,
  /** Structs and arrays within each other, by value: also finds those that hold themselves. */
  depth: 32,
  /** Of one struct. Anonymous members of anonymous members multiply: no real struct comes near this. */
  fields: 4096,
  /** Elements without a size cost nothing in memory, so only this bounds a loop over them. */
  emptyElements: 4096,
  /** Of an integer, an enumerator, a float: C has none wider. */
  scalarBytes: 16,
} as const;
