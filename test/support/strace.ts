/**
 * Reads what `strace -f -ttt -T -e raw=all -e signal=none -o FILE` wrote: for each thread its calls in order, with
 * arguments and results as numbers. Puts a call together again that strace tore into "<unfinished ...>" and
 * "<... resumed>"; one with "<detached ...>" ends with its killed thread. Refuses decoded arguments: raw ones need no
 * knowledge of strace's notations.
 */

export interface StraceCall {
  readonly tid: number;
  readonly event: string;
  readonly args: readonly bigint[];
  /** null: strace saw no result (`= ?`): the task ended first, or the tracer was too late. */
  readonly ret: bigint | null;
  readonly errno: string | null;
}

export interface StraceThread {
  readonly calls: StraceCall[];
  /**
   * strace wrote how it ended. With `signal=none` it does so only of those that exit, so that false means: killed. Of
   * a thread that is killed as it enters a call strace may see nothing (ptrace does not stop for it), or may come too
   * late to read which call it is, and writes `???( <detached ...>`, though it be none that was asked for.
   */
  exited: boolean;
}

/** The names under which sys_exit shows what strace, for want of a name in raw mode, calls "errno 512". */
const INTERNAL: Readonly<Record<string, string>> = {
  "512": "ERESTARTSYS",
  "513": "ERESTARTNOINTR",
  "514": "ERESTARTNOHAND",
  "516": "ERESTART_RESTARTBLOCK",
};

const CALL = /^(?<event>\w+)\((?<args>[^)<]*?)\s*(?<rest>\)\s*=.*|<(?:unfinished|detached) \.\.\.>)$/;
/** strace 6.1 has three question marks, others four. */
const UNREADABLE =
  /^(?:\?{3,4}\(\s*(?:<(?:detached|unfinished) \.\.\.>|\)\s*= \?)|<\.\.\. \?{3,4} resumed>.*)$/;
const RESUMED = /^<\.\.\. (?<event>\w+) resumed>\s*(?<args>[^)]*)(?<rest>\)\s*=.*)$/;
const RESULT =
  /^\)\s*= (?:(?<unknown>\?)|-1 (?<errno>E\w+)|-1 \(errno (?<number>\d+)\)|(?<ret>-?(?:0x)?[0-9a-f]+))/;

/** By thread id. Throws on a line that it cannot read: a comparison must not pass by skipping. */
export function parseStrace(text: string): ReadonlyMap<number, StraceThread> {
  const threads = new Map<number, StraceThread>();
  const open = new Map<number, { event: string; args: readonly bigint[] }>();
  for (const line of text.split("\n")) {
    const [, tidText, what] = /^(\d+)\s+\d+\.\d+ (.*)$/.exec(line) ?? [];
    if (tidText === undefined || what === undefined) {
      if (line !== "") throw new Error(`not a line of strace: ${line}`);
      continue;
    }
    const tid = Number(tidText);
    const thread = threads.get(tid) ?? { calls: [], exited: false };
    threads.set(tid, thread);
    const add = (call: StraceCall) => thread.calls.push(call);
    if (/^(\+\+\+|---|strace:|\[)/.test(what)) {
      // A thread that ends, or is taken over by execve, inside a call has no more result.
      if (what.startsWith("+++")) closeOpen(tid, open, add);
      if (what.startsWith("+++ exited")) thread.exited = true;
      continue;
    }
    if (UNREADABLE.test(what)) continue;
    const begun = CALL.exec(what)?.groups;
    const resumed = RESUMED.exec(what)?.groups;
    if (begun?.event !== undefined) {
      const call = { event: begun.event, args: parseArgs(begun.args ?? "") };
      if (begun.rest?.startsWith("<")) {
        open.set(tid, call);
      } else {
        add({ tid, ...call, ...parseResult(begun.rest ?? "", line) });
      }
    } else if (resumed?.event !== undefined) {
      const call = open.get(tid);
      open.delete(tid);
      if (call?.event !== resumed.event) throw new Error(`strace resumes what never began: ${line}`);
      const args = [...call.args, ...parseArgs(resumed.args ?? "")];
      add({ tid, event: call.event, args, ...parseResult(resumed.rest ?? "", line) });
    } else {
      throw new Error(`not a call as strace writes it: ${line}`);
    }
  }
  for (const tid of [...open.keys()]) {
    closeOpen(tid, open, (call) => threads.get(tid)?.calls.push(call));
  }
  return threads;
}

function closeOpen(
  tid: number,
  open: Map<number, { event: string; args: readonly bigint[] }>,
  add: (call: StraceCall) => void,
): void {
  const call = open.get(tid);
  if (call !== undefined) {
    open.delete(tid);
    add({ tid, ...call, ret: null, errno: null });
  }
}

function parseArgs(text: string): readonly bigint[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => {
      if (!/^(0x[0-9a-f]+|\d+)$/.test(part))
        throw new Error(`not a raw argument (strace -e raw=all): ${part}`);
      return BigInt(part);
    });
}

function parseResult(text: string, line: string): { ret: bigint | null; errno: string | null } {
  const found = RESULT.exec(text)?.groups;
  if (found === undefined) throw new Error(`no result in a line of strace: ${line}`);
  if (found.unknown !== undefined) return { ret: null, errno: null };
  const errno = found.errno ?? (found.number === undefined ? null : (INTERNAL[found.number] ?? found.number));
  return errno === null ? { ret: BigInt(found.ret ?? "0"), errno: null } : { ret: -1n, errno };
}
