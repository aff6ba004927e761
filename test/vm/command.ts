/** The script that a machine runs: one command in its directory, with the host's variables that matter there. */

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Variables that the command gets: MSGTAPE_… as here, and of the rest what programs need. */
export function commandScript(
  command: readonly string[],
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const own = Object.entries(env).filter(([name]) => /^MSGTAPE_[A-Z0-9_]+$/.test(name));
  const variables = [["PATH", env.PATH ?? DEFAULT_PATH], ["HOME", "/root"], ["LANG", "C.UTF-8"], ...own];
  return [
    ...variables.map(([name, value]) => `export ${name}=${quoted(value ?? "")}`),
    `cd ${quoted(directory)} || exit 1`,
    `exec ${command.map(quoted).join(" ")}`,
    "",
  ].join("\n");
}

/** For a POSIX shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
