/**
 * The catalogue: every event, by id, by name and by group. The order of EVENTS is that of the ids, which are in
 * captures and never reused.
 */
import { POSIX_MQ } from "./events/posix-mq.js";
import { SOCKET_MSG } from "./events/socket-msg.js";
import { SYSV_MSG } from "./events/sysv-msg.js";
import type { EventRow, Family } from "./types.js";

export const EVENTS: readonly EventRow[] = [...POSIX_MQ, ...SYSV_MSG, ...SOCKET_MSG];

/** What is recorded when nothing is asked for: all but the events that are hot on any host. */
export const DEFAULT_EVENTS: readonly EventRow[] = EVENTS.filter((event) => !event.onRequest);

export type Group = Family | "all";

export const GROUPS: readonly Group[] = ["posix-mq", "sysv-msg", "socket-msg", "all"];

const byId: readonly (EventRow | undefined)[] = EVENTS.reduce<(EventRow | undefined)[]>((rows, event) => {
  rows[event.id] = event;
  return rows;
}, []);
const byName = new Map(EVENTS.map((event) => [event.name, event]));

/** The event with this number in a record; undefined when this version of msgtape does not know it. */
export function eventById(id: number): EventRow | undefined {
  return byId[id];
}

/** The event with this syscall name; undefined when there is none. */
export function eventByName(name: string): EventRow | undefined {
  return byName.get(name);
}

/** Every event of a group, those recorded only on request included: who names a group asks for them. */
export function eventsOfGroup(group: Group): readonly EventRow[] {
  return group === "all" ? EVENTS : EVENTS.filter((event) => event.family === group);
}
