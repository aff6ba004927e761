/** BTF: parse · layout · slice · encode. No I/O. */
export { encodeStruct, type FieldValue, type StructValues } from "./encode.js";
export { BtfError, type BtfErrorCode } from "./error.js";
export {
  enumValues,
  type FieldKind,
  type FieldLayout,
  fieldAt,
  type StructLayout,
  structLayout,
  type ValueLayout,
} from "./layout.js";
export { type PlainMember, type PlainStruct, plainStruct } from "./members.js";
export { type Btf, parseBtf } from "./parse.js";
export { type BtfSlice, sliceBtf } from "./slice.js";
