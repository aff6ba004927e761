/** A message's way as one line, out of what `flows --json` prints: when, from whom, to whom, which queue, how long. */
import type { FlowLine, FlowParty } from "../replay/flows/line.js";
import { escapeText, type Piece, padRight, paintLine } from "./text.js";
import { formatDuration, formatSeconds } from "./units.js";

export interface FlowTextOptions {
  readonly colour: boolean;
  /** Characters to cut the line to; null: whole lines. */
  readonly width: number | null;
}

const TIME_WIDTH = 14;
const TID_WIDTH = 7;
/** TASK_COMM_LEN without its NUL. */
const COMM_WIDTH = 15;

/** One line without a newline. */
export function formatFlow(line: FlowLine, options: FlowTextOptions): string {
  const startNs = line.send?.enter_ns ?? line.send?.exit_ns ?? line.receive?.exit_ns ?? null;
  const pieces: Piece[] = [
    { text: `${formatSeconds(startNs).padStart(TIME_WIDTH)} `, style: "dim" },
    ...partyPieces(line.send),
    { text: " → " },
    ...partyPieces(line.receive),
    { text: ` [${escapeText(queueText(line))}]`, style: "cyan" },
    { text: ` ${messageText(line)}` },
    ...outcomePieces(line),
    ...timePieces(line),
    ...doubtPieces(line),
  ];
  return paintLine(pieces, options);
}

/** What ipcs shows of a queue that was made with IPC_PRIVATE. */
const NO_KEY = "0x00000000";

function queueText({ queue: { kind, key, name } }: FlowLine): string {
  if (kind === "sysv" && name === NO_KEY && key !== null) return `msqid ${key.split(":")[2]}`;
  return name ?? key ?? "?";
}

function partyPieces(party: FlowParty | null): Piece[] {
  if (party === null) return [{ text: padRight(`${"-".padStart(TID_WIDTH)} `, TID_WIDTH + 1 + COMM_WIDTH) }];
  const comm = party.comm === null ? "?" : escapeText(party.comm);
  return [
    { text: `${String(party.tid).padStart(TID_WIDTH)} `, style: "dim" },
    { text: padRight(comm, COMM_WIDTH) },
  ];
}

function messageText(line: FlowLine): string {
  const len = line.len === null ? "? bytes" : `${line.len} ${line.len === 1 ? "byte" : "bytes"}`;
  if (line.queue.kind === "posix") return `${len} priority ${line.prio ?? "?"}`;
  if (line.queue.kind === "sysv") return `${len} type ${line.type === null ? "?" : escapeText(line.type)}`;
  return len;
}

const DROPS = {
  removed: "with its queue (IPC_RMID)",
  fault: "its receiver's memory could not be written (EFAULT)",
  closed: "with its queue (last descriptor closed)",
} as const;

function outcomePieces(line: FlowLine): Piece[] {
  if (line.outcome === "pending") return [{ text: " pending", style: "yellow" }];
  if (line.outcome === "dropped") {
    return [{ text: ` dropped${line.drop === null ? "" : `: ${DROPS[line.drop.how]}`}`, style: "red" }];
  }
  if (line.send === null) return [{ text: " sent by somebody not recorded", style: "yellow" }];
  if (line.receive === null) return [{ text: " taken by somebody not recorded", style: "yellow" }];
  return [];
}

function timePieces(line: FlowLine): Piece[] {
  if (line.send === null) return [];
  const parts: string[] = [];
  if (line.sender_blocked_ns !== null && line.sender_blocked_ns > 0) {
    parts.push(`sender blocked ${formatDuration(line.sender_blocked_ns)}`);
  }
  if (line.receive !== null && line.outcome === "delivered") {
    parts.push(`queued ${line.queued_ns === null ? "?" : formatDuration(line.queued_ns)}`);
    if (line.receiver_waiting_ns !== null && line.receiver_waiting_ns > 0) {
      parts.push(`receiver waited ${formatDuration(line.receiver_waiting_ns)}`);
    }
  }
  return parts.length === 0 ? [] : [{ text: ` <${parts.join(", ")}>`, style: "dim" }];
}

function doubtPieces(line: FlowLine): Piece[] {
  if (line.match === "exact" || line.match === null) return [];
  if (line.match === "modelled") return [{ text: " modelled", style: "dim" }];
  const why =
    line.candidates === null ? "not all that may fit is known" : `one of ${line.candidates} that fit`;
  return [{ text: ` ambiguous: ${why}`, style: "yellow" }];
}
