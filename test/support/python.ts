/** A Python with the modules that conformance/ needs: Debian's, where the one on the PATH is another without them. */
import { spawnSync } from "node:child_process";

const CANDIDATES = ["python3", "/usr/bin/python3"];
const CONDITION = "import sys, msgpack, zstandard; sys.exit(sys.version_info < (3, 11))";

/** Its command, or null. */
export function findPython(): string | null {
  return CANDIDATES.find((command) => spawnSync(command, ["-c", CONDITION]).status === 0) ?? null;
}

export const PYTHON_NEEDS = "Python 3.11 with msgpack and zstandard (python3-msgpack, python3-zstandard)";
