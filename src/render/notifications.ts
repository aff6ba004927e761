/** A registration of mq_notify as one line, out of what `notifications --json` prints: who, how, and what ended it. */
import type { NotificationLine, NotificationParty } from "../replay/notifications/line.js";
import { escapeText, type Piece, padRight, paintLine } from "./text.js";
import { formatDuration, formatSeconds } from "./units.js";

export interface NotificationTextOptions {
  readonly colour: boolean;
  /** Characters to cut the line to; null: whole lines. */
  readonly width: number | null;
}

const TIME_WIDTH = 14;
const TID_WIDTH = 7;
/** TASK_COMM_LEN without its NUL. */
const COMM_WIDTH = 15;

/** One line without a newline. */
export function formatNotification(line: NotificationLine, options: NotificationTextOptions): string {
  const { owner, queue } = line;
  const pieces: Piece[] = [
    { text: `${formatSeconds(line.registered_ns).padStart(TIME_WIDTH)} `, style: "dim" },
    { text: `${String(owner.tid ?? owner.tgid ?? "?").padStart(TID_WIDTH)} `, style: "dim" },
    { text: padRight(owner.comm === null ? "?" : escapeText(owner.comm), COMM_WIDTH) },
    { text: ` [${escapeText(queue.name ?? queue.key ?? "?")}]`, style: "cyan" },
    { text: ` ${methodText(line)}: ` },
    ...endPieces(line),
    ...doubtPieces(line),
    ...besidesPieces(line),
  ];
  return paintLine(pieces, options);
}

function methodText({ method, signo }: NotificationLine): string {
  if (method === null) return "by ?";
  if (method === "none") return "by nothing (SIGEV_NONE)";
  return method === "thread" ? "by thread" : `by signal ${signo ?? "?"}`;
}

function endPieces(line: NotificationLine): Piece[] {
  switch (line.end) {
    case "fired":
      return [
        { text: `fired${afterText(line)} by ${partyText(line.by)}` },
        { text: `, ${receiveText(line)}`, style: "dim" },
      ];
    case "cancelled":
      return [{ text: `cancelled${afterText(line)} by ${partyText(line.by)}` }];
    case "closed":
      return [{ text: "lost: its process closed a descriptor of the queue", style: "red" }];
    case "lost":
      return [{ text: `lost: ${UNRECORDED[line.could_be.join()] ?? UNRECORDED_ALL}`, style: "red" }];
    case "queue_gone":
      return [{ text: "gone with its queue" }];
    case "still":
      return [{ text: "in force at the end" }];
    case "unknown":
      return [{ text: `end not known${seenText(line)}`, style: "yellow" }];
  }
}

const UNRECORDED_ALL = "a close, or its process's exec or exit";
const UNRECORDED: Readonly<Record<string, string>> = { "close,exec": "a close, or its process's exec" };

function afterText({ registered_ns: fromNs, ended_ns: toNs }: NotificationLine): string {
  return fromNs === null || toNs === null ? "" : ` after ${formatDuration(Math.max(toNs - fromNs, 0))}`;
}

function seenText({ last_seen_ns: seenNs }: NotificationLine): string {
  return seenNs === null ? "" : `, last seen at ${formatSeconds(seenNs)}`;
}

function receiveText({ receive, ended_ns: firedNs }: NotificationLine): string {
  if (receive === null) return "no receive followed";
  const doubt = receive.match === "ambiguous" ? ", or an earlier one" : "";
  const laterNs = receive.exit_ns === null || firedNs === null ? null : receive.exit_ns - firedNs;
  const later = laterNs === null || laterNs < 0 ? "" : ` ${formatDuration(laterNs)} later`;
  return `received${later} by ${partyText(receive)}${doubt}`;
}

function partyText(party: NotificationParty | null): string {
  if (party === null) return "?";
  return `${party.tid ?? "?"} ${party.comm === null ? "?" : escapeText(party.comm)}`;
}

function besidesPieces({ refused, ignored }: NotificationLine): Piece[] {
  const parts = [
    ...(refused.length === 0 ? [] : [`${refused.length} refused (EBUSY)`]),
    ...(ignored.length === 0 ? [] : [`${ignored.length} to cancel by others ignored`]),
  ];
  return parts.length === 0 ? [] : [{ text: `; meanwhile ${parts.join(", ")}` }];
}

function doubtPieces({ match, candidates }: NotificationLine): Piece[] {
  if (match === "modelled") return [{ text: " modelled", style: "dim" }];
  if (match !== "ambiguous") return [];
  const why =
    candidates !== null && candidates > 1 ? `one of ${candidates} that fit` : "something else may fit";
  return [{ text: ` ambiguous: ${why}`, style: "yellow" }];
}
