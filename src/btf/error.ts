/** What can be wrong with BTF bytes, or with what was asked of them. */

export type BtfErrorCode =
  | "not_btf"
  | "byte_order"
  | "version"
  | "truncated"
  | "limit"
  | "bad_type"
  | "bad_reference"
  | "cycle"
  | "bad_member"
  | "no_field"
  | "bad_value";

/** Bad BTF, or a field that it does not have. `offset`: in the BTF bytes, null when no place is to blame. */
export class BtfError extends Error {
  readonly code: BtfErrorCode;
  readonly offset: number | null;

  constructor(code: BtfErrorCode, message: string, offset: number | null = null) {
    super(offset === null ? `BTF: ${message}` : `BTF, offset ${offset}: ${message}`);
    this.name = "BtfError";
    this.code = code;
    this.offset = offset;
  }
}
