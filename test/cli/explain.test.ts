import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EVENTS } from "../../src/catalog/events.js";
import { program } from "./support.js";

const test = suite("cli: explain");

async function json(args: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  const answer = await program(["explain", ...args, "--json"]);
  assert.equal([answer.status, answer.stderr], [0, ""]);
  return answer.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The section of a page, without its title. */
function section(text: string, title: string): readonly string[] {
  const lines = text.split("\n");
  const from = lines.indexOf(title);
  assert.ok(from >= 0, `no ${title}`);
  const to = lines.indexOf("", from);
  return lines.slice(from + 1, to < 0 ? undefined : to);
}

test("a page has all its sections", async () => {
  const { status, stdout, stderr } = await program(["explain", "mq_timedreceive"]);
  assert.equal([status, stderr], [0, ""]);
  const titles = stdout.split("\n").filter((line) => /^[A-Z][A-Z, ]+$/.test(line));
  assert.equal(titles, [
    "DESCRIPTION",
    "USE",
    "ARGUMENTS",
    "RESULT",
    "BEHAVIOUR",
    "PITFALLS",
    "ERRORS",
    "NUMBERS",
    "HOOKS",
    "RELATED",
    "NOT TESTED, AND WHY",
  ]);
  assert.equal(section(stdout, "ARGUMENTS"), [
    "  mqdes        mqd_t                             in     K",
    "  msg_ptr      char *                            out    U",
    "  msg_len      size_t                            in     K",
    "      the buffer's size: at least the queue's mq_msgsize",
    "  msg_prio     unsigned int *                    out    U OPT",
    "  abs_timeout  const struct __kernel_timespec *  in     U TOCTOU OPT",
    "      absolute, CLOCK_REALTIME: a step of the clock moves it. Checked for validity even when the",
    "      call would not wait; null waits for ever",
    "      struct __kernel_timespec",
  ]);
  assert.equal(section(stdout, "ERRORS").slice(0, 3), [
    "  EAGAIN",
    "      the queue is empty and the descriptor has O_NONBLOCK",
    "      queue: the queue was empty",
  ]);
  assert.equal(section(stdout, "NUMBERS"), ["  x86_64 243 · ia32 419 · arm64 183"]);
  assert.equal(section(stdout, "HOOKS").slice(0, 1), [
    "  system call  sys_enter and sys_exit, by tp_btf, else raw_tp",
  ]);
  assert.equal(section(stdout, "RELATED"), [
    "  mq_timedsend, mq_notify, mq_open",
    "  with the other width of time: mq_timedreceive_time32",
  ]);
});

test("pages fit a terminal", async () => {
  for (const columns of [40, 80, 200]) {
    const width = Math.min(Math.max(columns, 80), 100);
    for (const { name } of EVENTS) {
      const { stdout } = await program(["explain", name], { columns });
      const long = stdout.split("\n").filter((line) => [...line].length > width);
      assert.equal(long, [], name);
    }
  }
});

test("32-bit calls: the multiplexer, and both layouts of structs", async () => {
  const { stdout } = await program(["explain", "msgctl"]);
  assert.equal(section(stdout, "NUMBERS"), [
    "  x86_64 71 · ia32 402 · arm64 187",
    "  ia32: also call 14 of ipc (117)",
  ]);
  assert.match(stdout, "struct msqid64_ds (32-bit: compat_msqid_ds)");
});

test("without an event: all of them, a line each; a group: its own", async () => {
  const all = await program(["explain"]);
  assert.equal(
    all.stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(" ")[0]),
    EVENTS.map(({ name }) => name),
  );
  const some = await json(["sysv-msg"]);
  assert.equal(
    some.map(({ event }) => event),
    ["msgget", "msgsnd", "msgrcv", "msgctl"],
  );
});

test("--json has the page as data", async () => {
  const [page] = await json(["msgrcv"]);
  assert.equal(Object.keys(page ?? {}), [
    "event",
    "family",
    "on_request",
    "summary",
    "description",
    "use_case",
    "arguments",
    "result",
    "behaviour",
    "pitfalls",
    "errors",
    "numbers",
    "hooks",
    "related",
    "twin",
  ]);
  const errors = page?.errors as readonly Record<string, unknown>[];
  assert.equal(
    errors.find(({ errno }) => errno === "EFAULT"),
    {
      errno: "EFAULT",
      number: 14,
      text: "Bad address",
      seen_as: null,
      means: "msgp cannot be written; with MSG_COPY also: cannot be read",
      queue: "the message was taken out and is lost; with MSG_COPY it is still there",
      message_lost: "sometimes",
      untested: null,
    },
  );
  assert.equal(
    errors.filter(({ untested }) => untested !== null).map(({ errno }) => errno),
    ["ENOMEM", "ENOSYS"],
  );
});

test("an event that is not there: near names, in one line", async () => {
  const rows = [
    ["mq_send", 'there is no event "mq_send": did you mean mq_timedsend?'],
    ["msgrvc", 'there is no event "msgrvc": did you mean msgrcv?'],
    ["xyzzy", 'there is no event "xyzzy": msgtape explain without a name lists them all'],
  ] as const;
  for (const [word, line] of rows) {
    assert.equal(await program(["explain", word]), { status: 2, stdout: "", stderr: `msgtape: ${line}\n` });
  }
});

test("--errors finds by name, other name and number", async () => {
  const byName = await program(["explain", "--errors", "EAGAIN"]);
  assert.is(byName.stdout.split("\n")[0], "EAGAIN (11): Resource temporarily unavailable");
  for (const other of ["eagain", "EWOULDBLOCK", "11"]) {
    assert.equal(await program(["explain", "--errors", other]), byName);
  }
  const events = (await json(["--errors", "EAGAIN"])).map(({ event }) => event);
  assert.equal(
    events,
    EVENTS.filter(({ errors }) => errors.some(({ errno }) => errno === "EAGAIN")).map(({ name }) => name),
  );
  assert.ok(events.length > 5);
});

test("--errors EINTR also tells of what the tracer sees in its place", async () => {
  const rows = await json(["--errors", "EINTR"]);
  const seen = rows.map(({ event, errno }) => `${event} ${errno}`);
  assert.ok(seen.includes("mq_timedsend ERESTARTSYS"));
  assert.ok(seen.includes("msgsnd ERESTARTNOHAND"));
  assert.ok(seen.includes("recvmsg EINTR"));
  const raw = (await json(["--errors", "ERESTARTNOHAND"])).map(({ event }) => event);
  assert.equal(raw, ["msgsnd", "msgrcv"]);
  const { stdout } = await program(["explain", "--errors", "514"]);
  assert.match(stdout, /^ERESTARTNOHAND \(514\): /);
});

test("--errors of what no event gives says that, and what it does not mean", async () => {
  const { status, stdout } = await program(["explain", "--errors", "EBADMSG"]);
  assert.is(status, 0);
  assert.match(stdout, "No event's page names it");
  assert.match(stdout, "seccomp may give any error");
});

test("wrong usage is told in one line", async () => {
  const rows = [
    [["--errors", "EFOO"], '--errors: expected an error such as EAGAIN, or its number, found "EFOO"'],
    [["--errors", "0"], '--errors: expected an error such as EAGAIN, or its number, found "0"'],
    [["mq_open", "--errors", "EINVAL"], "--errors does not go with an event: leave one of them out"],
    [["mq_open", "--json", "--markdown"], "--json does not go with --markdown: leave one of them out"],
  ] as const;
  for (const [args, line] of rows) {
    const answer = await program(["explain", ...args]);
    assert.equal(answer, { status: 2, stdout: "", stderr: `msgtape: ${line}\n` });
  }
});

test("--markdown gives the page of docs/events", async () => {
  const { stdout } = await program(["explain", "mq_notify", "--markdown"]);
  assert.match(stdout, "# mq_notify\n");
  assert.match(stdout, "| sevp | `const struct sigevent *` | in | `U` `TOCTOU` `OPT` |");
});

test.run();
