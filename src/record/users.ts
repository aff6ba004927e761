/** Users by name and number, as the host's passwd file has them. Other sources of users (LDAP, …) are not asked. */
import { readFileSync } from "node:fs";

export const PASSWD_PATH = "/etc/passwd";

interface User {
  readonly name: string;
  readonly uid: number;
}

/** undefined: the file has no such name, or cannot be read. */
export function uidByName(name: string, passwdPath = PASSWD_PATH): number | undefined {
  return users(passwdPath).find((user) => user.name === name)?.uid;
}

/** The first name of this number; undefined: the file has none, or cannot be read. */
export function nameByUid(uid: number, passwdPath = PASSWD_PATH): string | undefined {
  return users(passwdPath).find((user) => user.uid === uid)?.name;
}

function users(passwdPath: string): readonly User[] {
  try {
    return readFileSync(passwdPath, "utf8")
      .split("\n")
      .map((line) => line.split(":"))
      .flatMap(([name, , uid]) =>
        name !== undefined && uid !== undefined && /^\d+$/.test(uid) ? [{ name, uid: Number(uid) }] : [],
      );
  } catch {
    return [];
  }
}
