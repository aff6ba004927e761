/** Where the built parts of this package lie, from the compiled file's own place: dist/src/record → the package. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PACKAGE = new URL("../../../", import.meta.url);

export function buildPath(file: string): string {
  return fileURLToPath(new URL(`build/${file}`, PACKAGE));
}

export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("package.json", PACKAGE), "utf8"));
  const known = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return known ? String(manifest.version) : "unknown";
}
