/**
 * Makes host-structs.btf: the slice of the running kernel's BTF that a capture carries, without the kernel's own
 * queue structs. Unit tests decode with it where there is no BTF. Run on x86_64 with a 64-bit kernel that has
 * CONFIG_COMPAT, after a build:
 *   node dist/test/replay/data/make-host-structs.js
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseBtf, sliceBtf } from "../../../src/btf/index.js";
import { COMPAT_STRUCTS, NATIVE_STRUCTS, SOCKET_STRUCTS } from "../../../src/catalog/structs.js";
import { PACKAGE } from "../../support/paths.js";

const host = parseBtf(readFileSync("/sys/kernel/btf/vmlinux"));
const slice = sliceBtf(host, [...NATIVE_STRUCTS, ...COMPAT_STRUCTS, ...SOCKET_STRUCTS]);
if (slice.missing.length > 0) throw new Error(`this kernel lacks ${slice.missing.join(", ")}`);
writeFileSync(`${PACKAGE}test/replay/data/host-structs.btf`, slice.data);
