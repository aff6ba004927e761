/** The kinds of data in a capture that tell of somebody: what `redact` replaces, and what `--keep` lets through by name. */

export interface KindRow {
  readonly name: string;
  /** What belongs to it, for people. */
  readonly says: string;
}

export const KINDS = [
  {
    name: "payloads",
    says: "the bytes of messages, SIGEV_THREAD cookies, control messages of unknown kinds",
  },
  { name: "queue-names", says: "names of POSIX queues, keys of System V queues" },
  { name: "task-names", says: "names of tasks and of their programs" },
  { name: "command-lines", says: "command lines of tasks, and the command that was recorded" },
  { name: "paths", says: "paths of programs, cgroups and C libraries" },
  { name: "host-name", says: "the host's name" },
  { name: "kernel", says: "the kernel's release and version beyond their numbers" },
  { name: "boot-id", says: "the id of the host's boot" },
  { name: "socket-addresses", says: "addresses, ports and paths of sockets" },
  { name: "user-ids", says: "ids of users and groups" },
  { name: "process-ids", says: "ids of processes and threads" },
  { name: "object-ids", says: "inode numbers, System V ids, namespaces, cgroups, cookies, generations" },
  { name: "addresses", says: "memory addresses, and values that notifications carry" },
  { name: "wall-clock", says: "the time of day" },
] as const satisfies readonly KindRow[];

export type Kind = (typeof KINDS)[number]["name"];

/** null: there is no such kind. */
export function kindByName(name: string): Kind | null {
  return KINDS.find((row) => row.name === name)?.name ?? null;
}

/** How often each kind was met. Never what was met. */
export interface Census {
  count(kind: Kind, times?: number): void;
  readonly counts: ReadonlyMap<Kind, number>;
}

export function newCensus(): Census {
  const counts = new Map<Kind, number>(KINDS.map(({ name }) => [name, 0]));
  return {
    counts,
    count(kind, times = 1) {
      counts.set(kind, (counts.get(kind) ?? 0) + times);
    },
  };
}
