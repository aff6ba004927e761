/**
 * What can be wrong with a capture. Damage is a Problem, a value; CaptureError is only for what cannot be read
 * at all. The codes are in the format's registry and never change their meaning.
 */
import type { Problem } from "./types.js";

export const REFUSAL_CODES = [
  "empty_file",
  "not_a_capture",
  "file_header_damaged",
  "newer_major",
  "unknown_feature",
  "unknown_critical_frame",
  "too_many_captures",
] as const;

export type RefusalCode = (typeof REFUSAL_CODES)[number];

export const PROBLEM_CODES = [
  "no_trailer",
  "truncated",
  "trailing_bytes",
  "trailer_mismatch",
  "index_damaged",
  "index_mismatch",
  "frame_header_damaged",
  "frame_body_damaged",
  "frame_invalid",
  "frame_too_large",
  "frames_missing",
  "frame_out_of_order",
  "too_many_frames",
  "context_invalid",
  "body_invalid",
  "records_invalid",
  "records_missing",
  "record_invalid",
  "btf_hash",
  "btf_invalid",
  "metadata_missing",
  "metadata_misplaced",
  "implausible",
  "context_mismatch",
  "times_disordered",
  "losses_mismatch",
  "summary_mismatch",
  "more_problems",
] as const;

export type ProblemCode = (typeof PROBLEM_CODES)[number];

/** The capture cannot be read at all; the message says why and what to do, in one line. */
export class CaptureError extends Error {
  readonly code: RefusalCode;
  readonly offset: number | null;
  readonly frame: number | null;

  constructor(
    code: RefusalCode,
    message: string,
    place: { offset?: number; frame?: number } = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "CaptureError";
    this.code = code;
    this.offset = place.offset ?? null;
    this.frame = place.frame ?? null;
  }
}

export function problem(code: ProblemCode, offset: number, frame: number | null, message: string): Problem {
  return { code, offset, frame, message };
}
