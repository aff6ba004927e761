/** A workload to which one talks line by line: each line is answered with one of JSON. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export class Partner<Answer> {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(program: string) {
    const child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  async line<T = Answer>(): Promise<T> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("the workload ended early");
    return JSON.parse(value) as T;
  }

  async say(words: string): Promise<Answer> {
    this.#child.stdin?.write(`${words}\n`);
    return this.line();
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.stdin?.end();
    await ended;
  }
}
