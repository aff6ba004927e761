/**
 * Socket addresses: AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK by their fields, other families as bytes.
 * Fields beyond the address's length are null: the kernel took or gave no more.
 */
import type { StructLayout } from "../../btf/index.js";
import type { ArgValue } from "../types.js";
import { type Fields, readInteger, type Structs } from "./structs.js";
import { base64 } from "./values.js";

/** Family numbers of the Linux ABI, the same on every architecture. */
const FAMILIES: ReadonlyMap<number, { struct: string; decode: (at: AddressBytes) => Fields }> = new Map([
  [1, { struct: "sockaddr_un", decode: unixFields }],
  [2, { struct: "sockaddr_in", decode: inetFields }],
  [10, { struct: "sockaddr_in6", decode: inet6Fields }],
  [16, { struct: "sockaddr_nl", decode: netlinkFields }],
]);

interface AddressBytes {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly layout: StructLayout;
}

/** The address's fields by their C names, or `{"status":"no_layout"}`. `bytes`: as many as the address is long. */
export function sockaddrFields(structs: Structs, bytes: Uint8Array): Fields {
  const any = structs.layout("sockaddr");
  if (any === null) return { status: "no_layout" };
  const head: AddressBytes = { bytes, view: viewOf(bytes), layout: any };
  const family = number(head, "sa_family");
  const known = family === null ? undefined : FAMILIES.get(family);
  if (known === undefined) return { sa_family: family, sa_data: otherBytes(head) };
  const layout = structs.layout(known.struct);
  return layout === null
    ? { sa_family: family, sa_data: otherBytes(head), status: "no_layout" }
    : known.decode({ ...head, layout });
}

/** What follows the family, as it is. */
function otherBytes(at: AddressBytes): ArgValue {
  const family = at.layout.fields.find((one) => one.name === "sa_family");
  const rest = at.bytes.subarray(family === undefined ? 0 : family.offsetBytes + family.sizeBytes);
  return { len: rest.length, captured: rest.length, bytes: base64(rest), status: "read" };
}

/**
 * `sun_path` as text, an abstract name behind `@`. `sun_path_bytes` comes with it when the text alone does not say
 * which bytes they were.
 */
function unixFields(at: AddressBytes): Fields {
  const family = number(at, "sun_family");
  const path = at.layout.fields.find((field) => field.name === "sun_path");
  if (path === undefined) return { sun_family: family, status: "no_layout" };
  const all = at.bytes.subarray(path.offsetBytes, path.offsetBytes + path.sizeBytes);
  const isAbstract = all.length > 0 && all[0] === 0;
  const end = all.indexOf(0);
  const name = isAbstract ? all.subarray(1) : end < 0 ? all : all.subarray(0, end);
  const text = new TextDecoder().decode(name);
  const isExact =
    Buffer.from(text, "utf8").equals(name) && !text.includes("\0") && (isAbstract || text[0] !== "@");
  const fields: Fields = { sun_family: family, sun_path: `${isAbstract ? "@" : ""}${text}` };
  return isExact ? fields : { ...fields, sun_path_bytes: base64(isAbstract ? all : name) };
}

function inetFields(at: AddressBytes): Fields {
  return {
    sin_family: number(at, "sin_family"),
    sin_port: networkNumber(at, "sin_port"),
    sin_addr: inetText(field(at, "sin_addr")),
  };
}

function inet6Fields(at: AddressBytes): Fields {
  return {
    sin6_family: number(at, "sin6_family"),
    sin6_port: networkNumber(at, "sin6_port"),
    sin6_flowinfo: networkNumber(at, "sin6_flowinfo"),
    sin6_addr: inet6Text(field(at, "sin6_addr")),
    sin6_scope_id: number(at, "sin6_scope_id"),
  };
}

function netlinkFields(at: AddressBytes): Fields {
  return {
    nl_family: number(at, "nl_family"),
    nl_pid: number(at, "nl_pid"),
    nl_groups: number(at, "nl_groups"),
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function field(at: AddressBytes, name: string): Uint8Array | null {
  const layout = at.layout.fields.find((one) => one.name === name);
  if (layout === undefined || layout.offsetBytes + layout.sizeBytes > at.bytes.length) return null;
  return at.bytes.subarray(layout.offsetBytes, layout.offsetBytes + layout.sizeBytes);
}

function number(at: AddressBytes, name: string): number | null {
  const bytes = field(at, name);
  return bytes === null ? null : Number(readInteger(viewOf(bytes), 0, bytes.length, false));
}

function networkNumber(at: AddressBytes, name: string): number | null {
  const bytes = field(at, name);
  return bytes === null ? null : bytes.reduce((value, byte) => value * 256 + byte, 0);
}

/** `127.0.0.1`. */
export function inetText(bytes: Uint8Array | null): ArgValue {
  return bytes === null ? null : bytes.join(".");
}

/** RFC 5952: lower case, the longest run of zero groups (two at least, the first of equals) as `::`. */
export function inet6Text(bytes: Uint8Array | null): ArgValue {
  if (bytes === null || bytes.length !== 16) return null;
  const view = viewOf(bytes);
  if (bytes.subarray(0, 10).every((byte) => byte === 0) && view.getUint16(10) === 0xffff) {
    return `::ffff:${bytes.subarray(12).join(".")}`;
  }
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(i * 2));
  let from = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) {
      from = i;
      length = end - i;
    }
  }
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(":");
  if (from < 0) return text(groups);
  return `${text(groups.slice(0, from))}::${text(groups.slice(from + length))}`;
}
