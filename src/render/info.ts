/** `info` for people: a few blocks of `name value` lines. Unknown is written out, never left as 0. */
import type { CaptureInfo } from "../replay/info.js";
import { escapeText, type Piece, padRight, paintLine } from "./text.js";
import { formatBytes, formatDuration } from "./units.js";

export interface InfoTextOptions {
  readonly colour: boolean;
}

const NAME_WIDTH = 10;
const UNKNOWN = "unknown";

/** Lines without newlines. */
export function formatInfo(info: CaptureInfo, options: InfoTextOptions): string[] {
  const rows: Row[] = [
    ...fileRows(info),
    ...hostRows(info),
    ...configRows(info),
    ...recordRows(info),
    ...hookRows(info),
    ...problemRows(info),
  ];
  const paint = { colour: options.colour, width: null };
  return [...rows.map((row) => paintLine(rowPieces(row), paint)), ...eventTable(info, paint)];
}

interface Row {
  readonly name: string;
  readonly text: string;
  readonly style?: Piece["style"];
}

function rowPieces(row: Row): Piece[] {
  const style = row.style;
  return [
    { text: padRight(row.name, NAME_WIDTH), style: "dim" },
    style === undefined ? { text: row.text } : { text: row.text, style },
  ];
}

function fileRows(info: CaptureInfo): Row[] {
  const size = info.bytes === null ? `${UNKNOWN} size` : formatBytes(info.bytes);
  return [
    { name: "capture", text: escapeText(info.file), style: "bold" },
    { name: "", text: `${size}, format ${info.format}, ${info.capture_id}` },
    { name: "created", text: `${info.created ?? UNKNOWN}${info.synthetic === true ? " (synthetic)" : ""}` },
    endRow(info),
    ...originRows(info),
  ];
}

/** Every recorder's capture is a part of its recording: mostly the only one, which goes without saying. */
function isWholeRecording({ recording, ended }: CaptureInfo): boolean {
  const goesOn = ended === null || ended === "rotation" || ended === "snapshot";
  return recording?.part === 1 && recording.first_record === 0 && !goesOn;
}

/** What this is, where it is not simply what a recorder wrote. */
function originRows(info: CaptureInfo): Row[] {
  const rows: Row[] = [];
  const { recording } = info;
  if (recording !== null && !isWholeRecording(info)) {
    const text = `${recording.part} of recording ${recording.id}, from its record ${recording.first_record} on`;
    rows.push({ name: "part", text: escapeText(text) });
  }
  for (const { command, version, from, options, problems } of info.made_by) {
    const given = Object.entries(options).map(([name, values]) => ` --${name} ${values.join(",")}`);
    const lacks =
      problems.length === 0
        ? ""
        : `, ${problems.length === 1 ? "1 thing" : `${problems.length} things`} could not be taken over`;
    rows.push({ name: "made by", text: escapeText(`${command} ${version}${given.join("")}${lacks}`) });
    // A redacted capture does not say which one it was made from.
    if (from.length > 0) rows.push({ name: "", text: escapeText(`from ${from.join(", ")}`) });
  }
  if (info.redacted_but !== null) {
    const kept = info.redacted_but.length === 0 ? "" : `, but for ${info.redacted_but.join(", ")}`;
    rows.push({ name: "redacted", text: escapeText(`yes${kept}`), style: "bold" });
  }
  return rows;
}

function endRow(info: CaptureInfo): Row {
  const lasted = info.duration_ns === null ? UNKNOWN : formatDuration(info.duration_ns);
  if (!info.complete) return { name: "duration", text: `${lasted}, and then cut off`, style: "yellow" };
  if (info.ended === "recovered") {
    return { name: "duration", text: `${lasted} or more: its end was not there`, style: "yellow" };
  }
  return { name: "duration", text: `${lasted}, ended by ${escapeText(info.ended ?? UNKNOWN)}` };
}

function hostRows(info: CaptureInfo): Row[] {
  const cpus = info.cpus === null ? "" : `, ${info.cpus} cpus`;
  return [
    { name: "host", text: `${escapeText(info.host ?? UNKNOWN)}${cpus}` },
    { name: "kernel", text: `${escapeText(info.kernel ?? UNKNOWN)} ${info.arch ?? ""}`.trimEnd() },
    { name: "recorder", text: escapeText(info.recorder ?? UNKNOWN) },
  ];
}

function configRows(info: CaptureInfo): Row[] {
  if (info.events === null) return [{ name: "events", text: UNKNOWN }];
  const command = info.command?.map((word) => (/^[\w./:=@%+-]+$/.test(word) ? word : JSON.stringify(word)));
  const filters = Object.entries(info.filters ?? {}).map(([name, values]) => `--${name} ${values.join(",")}`);
  return [
    ...(command === undefined ? [] : [{ name: "command", text: escapeText(command.join(" ")) }]),
    { name: "events", text: escapeText(info.events.join(", ")) },
    ...(filters.length === 0 ? [] : [{ name: "filters", text: escapeText(filters.join(" ")) }]),
    { name: "kept", text: `${info.snap_bytes} bytes of each piece of evidence` },
  ];
}

function recordRows(info: CaptureInfo): Row[] {
  const chunks = info.chunks === 1 ? "1 chunk" : `${info.chunks} chunks`;
  const rows: Row[] = [{ name: "records", text: `${info.records} in ${chunks}` }, lostRow(info)];
  const open = info.in_flight;
  if (open === null && info.lost === null) rows.push({ name: "in flight", text: UNKNOWN, style: "yellow" });
  if (open !== null && open > 0) rows.push({ name: "in flight", text: `${open} at the end` });
  const x32 = info.x32_calls;
  if (x32 !== null && x32 > 0) {
    rows.push({ name: "x32", text: `${x32} calls counted, not recorded`, style: "yellow" });
  }
  return rows;
}

function lostRow(info: CaptureInfo): Row {
  const causes = Object.entries(info.lost_by_cause).map(([cause, count]) => `${cause} ${count}`);
  const detail = causes.length === 0 ? "" : ` (${causes.join(", ")}) in ${gapsText(info.gaps)}`;
  if (info.lost !== null) {
    const text = `${info.lost}${detail}`;
    return info.lost === 0 ? { name: "lost", text } : { name: "lost", text, style: "red" };
  }
  const atLeast = info.lost_at_least > 0 ? `, at least ${info.lost_at_least}${detail}` : "";
  return { name: "lost", text: `${UNKNOWN}${atLeast}`, style: "yellow" };
}

function gapsText(gaps: number): string {
  return gaps === 1 ? "1 gap" : `${gaps} gaps`;
}

function hookRows(info: CaptureInfo): Row[] {
  return (info.hooks ?? []).map((hook, i) => {
    const text = escapeText(`${hook.hook} by ${hook.mechanism}`);
    const name = i === 0 ? "hooks" : "";
    if (hook.attached) return { name, text };
    return { name, text: `${text}: not attached, ${escapeText(hook.why ?? UNKNOWN)}`, style: "yellow" };
  });
}

const SHOWN_PROBLEMS = 10;

function problemRows(info: CaptureInfo): Row[] {
  const rows = info.problems.slice(0, SHOWN_PROBLEMS).map((problem, i): Row => {
    const text = `${problem.code} at offset ${problem.offset}: ${escapeText(problem.message)}`;
    return { name: i === 0 ? "damage" : "", text, style: "red" };
  });
  const rest = info.problems.length - rows.length;
  return rest > 0 ? [...rows, { name: "", text: `and ${rest} more`, style: "red" }] : rows;
}

/** Right-aligned columns of counts. */
function eventTable(info: CaptureInfo, paint: { colour: boolean; width: null }): string[] {
  const rows = Object.entries(info.by_event);
  if (rows.length === 0) return [];
  const head = ["event", "entries", "exits", "lost"];
  const cells = rows.map(([name, counts]) => [
    escapeText(name),
    String(counts.entries),
    String(counts.exits),
    counts.lost === null ? "?" : String(counts.lost),
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i === 0 ? padRight(cell, widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("  ");
  return ["", paintLine([{ text: line(head), style: "dim" }], paint), ...cells.map(line)];
}
