/** `msgtape info`: what is in a capture, from its index alone. */
import type { Argv } from "yargs";
import { formatInfo } from "../../render/info.js";
import { formatJson } from "../../render/json.js";
import { captureInfo } from "../../replay/info.js";
import { judge, withCaptures } from "../captures.js";
import { type Io, Output, wantsColour } from "../io.js";
import { type ReadingOptions, readingOptions } from "../options.js";

export const command = "info [files..]";
export const describe = "what is in a capture";

export function builder(yargs: Argv): Argv {
  return readingOptions(yargs).usage(
    "$0 info FILE... [--json]\n\nWhat is in a capture, from its index alone.",
  );
}

/** With `--json` one object a capture, each on its line. */
export async function run(options: ReadingOptions, io: Io): Promise<number> {
  return withCaptures(
    options.files,
    io,
    async (captures) => {
      const output = new Output(io.stdout);
      const colour = wantsColour(io);
      for (const [i, capture] of captures.entries()) {
        const info = captureInfo(capture);
        if (options.json === true) {
          await output.line(formatJson(info));
          continue;
        }
        if (i > 0) await output.line("");
        for (const line of formatInfo(info, { colour })) await output.line(line);
      }
      await output.flush();
      return judge(captures, io);
    },
    true,
  );
}
