/** What the commands that make a capture of captures share: where it goes, and that it is verified before it stays. */
import type { Argv } from "yargs";
import type { ByteSource } from "../format/source.js";
import type { Problem } from "../format/types.js";
import { fileSource } from "../replay/open.js";
import { RewriteError } from "../rewrite/error.js";
import { createOutput, type OutputFile } from "../rewrite/output.js";
import { UsageError } from "./io.js";
import { once, type Repeated } from "./options.js";

export interface OutputOptions {
  readonly output?: Repeated;
}

export function outputOption(yargs: Argv): Argv {
  return yargs.option("output", {
    alias: "o",
    type: "string",
    requiresArg: true,
    describe: "the new capture; nothing may be there yet",
  });
}

/** @throws UsageError */
export function outputPath(options: OutputOptions): string {
  const path = once("output", options.output);
  if (path === null || path === "") throw new UsageError("no output given: name the new capture with -o");
  if (path === "-")
    throw new UsageError("-o -: what is written is read again to verify it, so it has to be a file");
  return path;
}

/**
 * Makes the file by `make`, and keeps it only if `faultOf` finds nothing wrong with what is then on the disk.
 *
 * @throws OutputFileError, RewriteError, and what `make` throws
 */
export function writeVerified<T>(
  path: string,
  make: (output: OutputFile) => T,
  faultOf: (source: ByteSource, made: T) => Problem | null,
): T {
  const output = createOutput(path);
  try {
    const made = make(output);
    const written = fileSource(path);
    try {
      const fault = faultOf(written, made);
      if (fault !== null) {
        const what = `offset ${fault.offset}: ${fault.message} (${fault.code})`;
        throw new RewriteError(`${path}: what was written does not verify, and is removed: ${what}`);
      }
    } finally {
      written.close();
    }
    output.finish();
    return made;
  } finally {
    output.discard();
  }
}
