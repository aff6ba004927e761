/**
 * Gives one input to the commands and says what no input may ever bring about: a fault, a hang, much memory, control
 * characters in the output, files beside the named one, and damage that is called good.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { ExitStatus } from "../../src/cli/io.js";
import { answering } from "../../src/cli/program.js";
import { type Form, formText, READERS, readsAll } from "./commands.js";

export interface Find {
  readonly kind:
    | "fault"
    | "died"
    | "slow"
    | "memory"
    | "text"
    | "json"
    | "files"
    | "good"
    | "unnoticed"
    | "disagree";
  readonly command: string;
  readonly detail: string;
}

/** What must be so of an input. */
export interface Expected {
  readonly mustBeFound: boolean;
  readonly mustBeNoticed: boolean;
}

export interface Judged {
  readonly finds: readonly Find[];
  /** By command: its exit status. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  readonly slowest: string;
  readonly peakMiB: number;
  /** What `verify` said first: the code of its first problem, `ok`, or why it was refused. */
  readonly verdict: string;
}

export interface Bounds {
  readonly cpuMs: number;
  readonly peakMiB: number;
}

export const BOUNDS: Bounds = { cpuMs: 2000, peakMiB: 512 };

/** Nothing of this may be in what a terminal gets; line ends are the program's own. */
const CONTROL = /[\p{C}\p{Zl}\p{Zp}]/u;

interface Ran {
  readonly status: number;
  readonly stderr: string;
  readonly firstLine: string;
  readonly outputFault: Find | null;
  readonly cpuMs: number;
}

/** `directory`: nobody else's; the input is in it, and nothing else. `onCommand` is told of each before it runs. */
export async function judgeInput(
  file: string,
  directory: string,
  forms: readonly Form[],
  expected: Expected,
  bounds: Bounds = BOUNDS,
  onCommand: (command: string) => void = () => {},
): Promise<Judged> {
  const finds: Find[] = [];
  const statuses: Record<string, number> = {};
  let slowestMs = 0;
  let slowest = "";
  let verdict = "not asked";
  let isVerifiedOk = false;
  resetPeak();
  for (const form of forms) {
    const command = formText(form);
    const find = (kind: Find["kind"], detail: string) => finds.push({ kind, command, detail });
    onCommand(command);
    const ran = await runForm(file, directory, form);
    statuses[form.name] = ran.status;
    if (ran.cpuMs > slowestMs) [slowestMs, slowest] = [ran.cpuMs, command];
    if (ran.cpuMs > bounds.cpuMs) find("slow", `${Math.round(ran.cpuMs)} ms`);
    if (ran.outputFault) finds.push({ ...ran.outputFault, command });
    const fault = /a fault of msgtape itself: .*/.exec(ran.stderr)?.[0];
    if (fault !== undefined) find("fault", await faultOf(file, directory, form, fault));
    if (form.name === "verify") {
      isVerifiedOk = ran.status === 0;
      verdict = verdictOf(ran);
      if (isVerifiedOk && expected.mustBeFound) find("good", "a damaged file is called good");
    } else if (isVerifiedOk && READERS.has(form.name)) {
      const contrary = ran.stderr.split("\n").find((line) => line !== "" && !IS_NO_DAMAGE.test(line));
      if (contrary !== undefined && ran.status !== ExitStatus.USAGE) {
        // One of each kind is enough.
        const what = /damaged: .*(\(\w+\))$/.exec(contrary)?.[1] ?? contrary.replaceAll(file, "FILE");
        find("disagree", `verify says ok, but: ${what.replace(/\d+/g, "N")}`);
      }
    }
    if (expected.mustBeNoticed && readsAll(form) && ran.status === 0) {
      find("unnoticed", "a damaged file is read as if it were whole");
    }
    const strange = strangersIn(directory, file);
    if (strange.length > 0) find("files", strange.join(", "));
  }
  const peakMiB = peakOf();
  if (peakMiB > bounds.peakMiB) finds.push({ kind: "memory", command: slowest, detail: `${peakMiB} MiB` });
  return { finds, statuses, slowestMs, slowest, peakMiB, verdict };
}

/** What a sound capture may be said of, too. */
const IS_NO_DAMAGE =
  /records? lost: answers near them|records are missing, how many is not known|the same capture as|given more than once/;

const OUTPUT = "out.mtape";

async function runForm(file: string, directory: string, form: Form, isDebug = false): Promise<Ran> {
  const isJson = form.options.json === true;
  let outputFault: Find | null = null;
  let firstLine = "";
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const text = chunk.toString();
      if (firstLine === "") firstLine = text.slice(0, 2000).split("\n")[0] ?? "";
      outputFault ??= faultOfText(text, isJson);
      done();
    },
  });
  let stderr = "";
  const errors = new Writable({
    write(chunk: Buffer, _encoding, done) {
      stderr += chunk.toString();
      done();
    },
  });
  const options = Object.fromEntries(
    Object.entries(form.options).map(([key, value]) => [
      key,
      value === "OUT" ? join(directory, OUTPUT) : value,
    ]),
  );
  const io = {
    stdout,
    stderr: errors,
    stdoutIsTerminal: false,
    stderrIsTerminal: false,
    columns: null,
    env: {},
  };
  const start = process.cpuUsage();
  const status = await answering(() => form.module.run({ ...options, files: [file] }, io), io, isDebug);
  const { user, system } = process.cpuUsage(start);
  outputFault ??= isDebug ? null : faultOfText(stderr, false);
  rmSync(join(directory, OUTPUT), { force: true });
  return { status, stderr, firstLine, outputFault, cpuMs: (user + system) / 1000 };
}

function faultOfText(text: string, isJson: boolean): Find | null {
  const found = CONTROL.exec(text.replaceAll("\n", ""));
  if (found !== null) {
    const around = JSON.stringify(
      text.replaceAll("\n", "").slice(Math.max(0, found.index - 40), found.index + 20),
    );
    return { kind: "text", command: "", detail: `U+${found[0].codePointAt(0)?.toString(16)} in ${around}` };
  }
  if (!isJson) return null;
  for (const line of text.split("\n")) {
    try {
      if (line !== "") JSON.parse(line);
    } catch {
      return { kind: "json", command: "", detail: line.slice(0, 100) };
    }
  }
  return null;
}

/** The fault with the place where it happened. */
async function faultOf(file: string, directory: string, form: Form, fault: string): Promise<string> {
  const { stderr } = await runForm(file, directory, form, true);
  const places = stderr
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 3);
  return `${fault.replace(/ \(add --debug.*/, "")} ${places.map((line) => line.trim()).join(" < ")}`;
}

function verdictOf({ status, stderr, firstLine }: Ran): string {
  if (status === 0) return "ok";
  if (status !== 3) return `refused: ${stderr.split(": ").at(-1)?.replace(/\d+/g, "N").trim().slice(0, 60)}`;
  return /"code":"(\w+)"/.exec(firstLine)?.[1] ?? /\((\w+)\)$/.exec(firstLine)?.[1] ?? "problems";
}

function strangersIn(directory: string, file: string): string[] {
  return readdirSync(directory).filter((name) => join(directory, name) !== file && name !== OUTPUT);
}

/** Makes the kernel begin anew with this process's highest memory. */
function resetPeak(): void {
  if (existsSync("/proc/self/clear_refs")) writeFileSync("/proc/self/clear_refs", "5");
}

/** The highest memory since then, in MiB. */
function peakOf(): number {
  const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"));
  return Math.round(Number(found?.[1] ?? 0) / 1024);
}
