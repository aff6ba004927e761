/** Asks the system's C headers what names stand for: the truth that the catalogue's numbers are compared with. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * The values of macros by name; null where these headers (`errno.h`) define no such macro. Throws when gcc refuses
 * the headers.
 */
export function headerNumbers(
  includes: readonly string[],
  names: readonly string[],
): Record<string, number | null> {
  const lines = names.map(
    (name) =>
      `#ifdef ${name}\n  printf("${name} %lld\\n", (long long)(${name}));\n#else\n  puts("${name} -");\n#endif`,
  );
  const headers = ["stdio.h", ...includes].map((name) => `#include <${name}>`).join("\n");
  const source = `#define _GNU_SOURCE\n${headers}\nint main(void) {\n${lines.join("\n")}\n  return 0;\n}\n`;
  return Object.fromEntries(
    run(source)
      .trimEnd()
      .split("\n")
      .map((line) => {
        const [name = "", value = "-"] = line.split(" ");
        return [name, value === "-" ? null : Number(value)];
      }),
  );
}

function run(source: string): string {
  const directory = mkdtempSync(join(tmpdir(), "msgtape-headers-"));
  try {
    const program = join(directory, "numbers");
    execFileSync("gcc", ["-w", "-x", "c", "-o", program, "-"], { input: source });
    return execFileSync(program, { encoding: "utf8" });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
