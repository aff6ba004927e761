/** A recorder that runs beside the test: until when it records, what it says, how it ended, what /proc says of it. */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { patience } from "./live.js";
import { isRecording, temporary } from "./msgtape.js";
import { MSGTAPE } from "./paths.js";

export interface RecorderOptions {
  readonly file?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly command?: readonly string[];
  /** Its standard input is a pipe: `child.stdin`. */
  readonly input?: boolean;
}

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

const running = new Set<ChildProcess>();

/** For the end of a test that may have failed: nothing of it is to run on. */
export function killRecorders(): void {
  for (const child of running) child.kill("SIGKILL");
}

export class Recorder {
  readonly file: string;
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  #stdout = "";
  #stderr = "";

  constructor(options: readonly string[], { file, env = {}, command, input = false }: RecorderOptions = {}) {
    this.file = file ?? temporary("capture.mtape");
    const tail = command === undefined ? [] : ["--", ...command];
    this.child = spawn(process.execPath, [MSGTAPE, "record", "-o", this.file, ...options, ...tail], {
      stdio: [input ? "pipe" : "ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    this.child.stdout?.on("data", (data) => {
      this.#stdout += data;
    });
    this.child.stderr?.on("data", (data) => {
      this.#stderr += data;
    });
    running.add(this.child);
    this.ended = new Promise((resolve) =>
      this.child.once("close", (status, signal) => {
        running.delete(this.child);
        resolve({ status, signal, stderr: this.#stderr });
      }),
    );
  }

  /** What the command has said. */
  get stdout(): string {
    return this.#stdout;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Until the file has more than its header. Throws when it ends before. */
  recording(ms?: number): Promise<void> {
    return this.#waitFor(() => isRecording(this.file), ms);
  }

  /** Until the command has said this. Throws when the recorder ends before. */
  commandSays(text: string): Promise<void> {
    return this.#waitFor(() => this.#stdout.includes(text));
  }

  #waitFor(condition: () => boolean, ms?: number): Promise<void> {
    return until(() => {
      if (this.child.exitCode !== null) throw new Error(`the recorder ended: ${this.#stderr}`);
      return condition();
    }, ms);
  }

  async end(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** Throws when it does not come true. */
export async function until(condition: () => boolean, ms = 60_000): Promise<void> {
  const deadline = Date.now() + patience(ms);
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms in vain`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A field of every thread's status, each value once. */
export function threadsHave(pid: number, field: string): readonly string[] {
  const values = readdirSync(`/proc/${pid}/task`).flatMap((tid) => {
    try {
      const text = readFileSync(`/proc/${pid}/task/${tid}/status`, "latin1");
      return [new RegExp(`^${field}:\\s*(.*?)\\s*$`, "m").exec(text)?.[1] ?? ""];
    } catch {
      return [];
    }
  });
  return [...new Set(values)];
}

/** The priorities of a process's threads of this name. */
export function niceOf(pid: number, name: string): readonly number[] {
  return readdirSync(`/proc/${pid}/task`)
    .map((tid) => readFileSync(`/proc/${pid}/task/${tid}/stat`, "latin1"))
    .filter((text) => text.includes(`(${name})`))
    .map((text) => Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[16]));
}

/** Children of this name. */
export function childrenNamed(pid: number, name: string): readonly number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => {
      try {
        const [, comm = "", rest = ""] =
          /\((.*)\) . (\d+)/s.exec(readFileSync(`/proc/${entry}/stat`, "latin1")) ?? [];
        return comm === name && Number(rest) === pid;
      } catch {
        return false;
      }
    })
    .map(Number);
}
