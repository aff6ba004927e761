/** Where things lie, from the compiled tests' own place: dist/test/support → the package. */
import { fileURLToPath } from "node:url";

export const PACKAGE = fileURLToPath(new URL("../../../", import.meta.url));
export const MSGTAPE = `${PACKAGE}bin/msgtape.js`;
export const FIXTURES = `${PACKAGE}fixtures/`;
export const WORKLOAD_SOURCES = `${PACKAGE}test/workloads/`;
export const WORKLOADS = `${PACKAGE}build/workloads/`;
