/** `msgtape doctor`: what this host can record, why not the rest, and what to do about it. */
import type { Argv } from "yargs";
import type { Check, Diagnosis } from "../../record/doctor.js";
import { formatJson } from "../../render/json.js";
import { ExitStatus, type Io, Output } from "../io.js";
import { safeText } from "../text.js";

export const command = "doctor";
export const describe = "what this host can record";

export interface DoctorOptions {
  readonly json?: boolean;
}

export function builder(yargs: Argv): Argv {
  return yargs
    .usage(
      "$0 doctor [--json]\n\nWhat this host can record, found out by trying, and what to do about the rest.",
    )
    .option("json", { type: "boolean", describe: "one JSON object" });
}

/** 0: recording is possible here for this user; 1: it is not. */
export async function run(options: DoctorOptions, io: Io): Promise<number> {
  const { examineHost } = await import("../../record/doctor.js");
  const diagnosis = examineHost();
  const output = new Output(io.stdout);
  const lines = options.json === true ? [formatJson(diagnosis)] : formatDiagnosis(diagnosis);
  for (const line of lines) await output.line(line);
  await output.flush();
  return diagnosis.possible ? ExitStatus.DONE : ExitStatus.FAILED;
}

export function formatDiagnosis(diagnosis: Diagnosis): readonly string[] {
  const width = Math.max(...diagnosis.checks.map((check) => check.name.length));
  const verdict = diagnosis.possible ? "can record" : "cannot record";
  return [
    `Linux ${safeText(diagnosis.kernel)} on ${diagnosis.machine}: ${verdict}`,
    ...diagnosis.checks.flatMap((check) => formatCheck(check, width)),
  ];
}

function formatCheck(check: Check, width: number): readonly string[] {
  const mark = check.status === "note" ? "" : check.status;
  const line = `${mark.padEnd(8)}${check.name.padEnd(width)}  ${safeText(check.detail)}`;
  return check.todo === null ? [line] : [line, `${" ".repeat(8 + width)}  → ${check.todo}`];
}
