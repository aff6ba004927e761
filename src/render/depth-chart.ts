/**
 * How deep queues were over time, a row of blocks a queue: as high as the queue was full, by its limit or, where that
 * counts bytes, by its own greatest depth. A dot is an empty queue, a blank no queue, `?` a depth that is not known;
 * under what is not sure there is a `~`.
 */
import type { DepthHistory } from "../replay/queue-states/history.js";
import type { CaptureClock } from "../replay/time.js";
import { escapeText } from "./text.js";

const BLOCKS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** Lines. */
export function depthChart(history: DepthHistory, clock: Pick<CaptureClock, "wall">): string[] {
  const { from_ns: from, to_ns: to } = history;
  const lines = [
    `${clock.wall(from) ?? "?"} .. ${clock.wall(to) ?? "?"}, ${((to - from) / 1e9).toFixed(3)} s`,
  ];
  for (const { last, depths } of history.queues) {
    const known = depths.flatMap((one) => one?.depth ?? []);
    const most = known.reduce((greatest, depth) => Math.max(greatest, depth), 0);
    const full = Math.max(last.max_messages ?? most, most, 1);
    const limit = last.max_messages === null ? "" : ` of ${last.max_messages}`;
    const name = last.name === null ? last.key : last.name;
    const id = last.msqid === null ? "" : ` (${last.msqid})`;
    lines.push("", `${escapeText(name)}${id}, at most ${most}${limit}`);
    lines.push(
      depths
        .map((one) => block(one, full))
        .join("")
        .trimEnd(),
    );
    const marks = depths
      .map((one) => (one !== null && !one.certain ? "~" : " "))
      .join("")
      .trimEnd();
    if (marks !== "") lines.push(marks);
  }
  if (history.queues.length === 0) lines.push("no queues");
  return lines;
}

function block(one: { readonly depth: number | null } | null, full: number): string {
  if (one === null) return " ";
  if (one.depth === null) return "?";
  if (one.depth === 0) return "·";
  return BLOCKS[Math.min(Math.ceil((one.depth / full) * BLOCKS.length), BLOCKS.length) - 1] ?? "?";
}
