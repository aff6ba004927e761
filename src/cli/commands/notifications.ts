/** `msgtape notifications`: each registration of mq_notify, in order of registration. */
import type { Argv } from "yargs";
import { formatJson } from "../../render/json.js";
import { formatNotification } from "../../render/notifications.js";
import type { NotificationLine } from "../../replay/notifications/line.js";
import { notificationsOfAll } from "../../replay/notifications/notifications.js";
import { judge, ProblemLog, withCaptures } from "../captures.js";
import { type Io, Output, wantsColour } from "../io.js";
import {
  type FilterOptions,
  filterOptions,
  parseFilter,
  type ReadingOptions,
  readingOptions,
  resolveFilter,
} from "../options.js";
import { LineSorter } from "../sorter.js";

export const command = "notifications [files..]";
export const describe = "each registration of mq_notify, from its beginning to what ended it";

export type NotificationsOptions = ReadingOptions & FilterOptions;

export function builder(yargs: Argv): Argv {
  return filterOptions(readingOptions(yargs)).usage(
    "$0 notifications FILE... [filters] [--json]\n\n" +
      "Who asked to be notified of a queue's next message, and how that ended: which send fired it and which receive " +
      "followed, or who cancelled it, or that it was lost. Filters ask for any call that had a part in it.",
  );
}

/** With `--json` one object a registration, each on its line (NDJSON). */
export async function run(options: NotificationsOptions, io: Io): Promise<number> {
  const parsed = parseFilter(options);
  const format = lineFormat(options, io);
  return withCaptures(options.files, io, async (captures) => {
    const log = new ProblemLog();
    const filter = resolveFilter(parsed, captures);
    const output = new Output(io.stdout);
    const sorter = new LineSorter();
    try {
      for (const line of notificationsOfAll(captures, filter, (capture, problem) =>
        log.add(capture, problem),
      ))
        sorter.add(startNs(line), format(line));
      for (const text of sorter.sorted()) {
        const full = output.line(text);
        if (full !== undefined) await full;
        if (output.isClosed) break;
      }
    } finally {
      sorter.close();
    }
    await output.flush();
    return judge(captures, io, log);
  });
}

function startNs(line: NotificationLine): number {
  return line.registered_ns ?? line.since_ns ?? 0;
}

function lineFormat(options: NotificationsOptions, io: Io): (line: NotificationLine) => string {
  if (options.json === true) return (line) => formatJson(line);
  const text = { colour: wantsColour(io), width: null };
  return (line) => formatNotification(line, text);
}
