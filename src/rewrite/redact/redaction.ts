/** What is made once for one file: the key, and everything that replaces something under it. */
import { type Btf, type StructLayout, structLayout } from "../../btf/index.js";
import { type MovedClock, movedClock } from "./clock.js";
import { type Ids, newIds } from "./ids.js";
import { type IpAddresses, newIpAddresses } from "./ip.js";
import { newKey, type RedactKey } from "./key.js";
import { type Census, type Kind, newCensus } from "./kinds.js";
import { type Names, newNames } from "./names.js";
import { type PayloadCipher, payloadCipher } from "./payload.js";
import type { Plan } from "./plan.js";
import { newPointers, type Pointers } from "./pointers.js";
import { newSocketAddresses, type SocketAddresses } from "./sockaddr.js";
import { scrambler } from "./values.js";

/** The same for all captures that go into one file. */
export interface Shared {
  readonly keeps: ReadonlySet<Kind>;
  readonly census: Census;
  readonly key: RedactKey;
  readonly ids: Ids;
  readonly names: Names;
  readonly ips: IpAddresses;
  readonly pointers: Pointers;
  readonly payloads: PayloadCipher;
  readonly clock: MovedClock;
  /** A value that a program gave to get it back. */
  readonly value: (value: Uint8Array) => Uint8Array;
}

/** For one capture. */
export interface Redaction extends Shared {
  readonly sockets: SocketAddresses;
  /** The capture's structs: the host's BTF first, then the recorder's. */
  readonly layout: (name: string) => StructLayout | null;
}

/** `realtimesNs`: of all clocks of all captures. The caller destroys the key. */
export function newShared(keeps: ReadonlySet<Kind>, plan: Plan, realtimesNs: readonly bigint[]): Shared {
  const census = newCensus();
  const key = newKey();
  const names = newNames(keeps, census);
  for (const group of plan.names) names.joinQueues(group);
  const scramble = scrambler(key);
  const cipher = payloadCipher(key, plan.checkpoints, plan.contents, plan.aliases);
  return {
    keeps,
    census,
    key,
    ids: newIds(keeps, census),
    names,
    ips: newIpAddresses(),
    pointers: newPointers(keeps, key, census),
    clock: movedClock(realtimesNs, keeps, census),
    value(value) {
      if (value.every((byte) => byte === 0)) return value;
      census.count("addresses");
      return keeps.has("addresses") ? value : scramble(value);
    },
    payloads: {
      replace(content) {
        if (content.length === 0) return content;
        census.count("payloads");
        return keeps.has("payloads") ? content : cipher.replace(content);
      },
    },
  };
}

/** `addresses`: of the plan, to be told before anything is replaced. */
export function redactionOf(
  shared: Shared,
  hostBtf: Btf | null,
  recorderBtf: Btf | null,
  addresses: Plan["addresses"] = [],
): Redaction {
  const layouts = new Map<string, StructLayout | null>();
  const layout = (name: string): StructLayout | null => {
    let found = layouts.get(name);
    if (found === undefined) {
      found =
        (hostBtf && structLayout(hostBtf, name)) ?? (recorderBtf && structLayout(recorderBtf, name)) ?? null;
      layouts.set(name, found);
    }
    return found;
  };
  const sockets = newSocketAddresses({ ...shared, layout });
  for (const [before, after] of addresses) sockets.join(before, after);
  return { ...shared, sockets, layout };
}
