/** What is made once for one file: the key, and everything that replaces something under it. */
import { type Btf, type StructLayout, structLayout } from "../../btf/index.js";
import { type MovedClock, movedClock } from "./clock.js";
import { type Ids, newIds } from "./ids.js";
import { newKey, type RedactKey } from "./key.js";
import { type Census, type Kind, newCensus } from "./kinds.js";
import { type Names, newNames } from "./names.js";
import { type PayloadCipher, payloadCipher } from "./payload.js";
import type { Plan } from "./plan.js";
import { newPointers, type Pointers } from "./pointers.js";
import { newSocketAddresses, type SocketAddresses } from "./sockaddr.js";
import { scrambler } from "./values.js";

export interface Redaction {
  readonly keeps: ReadonlySet<Kind>;
  readonly census: Census;
  readonly key: RedactKey;
  readonly ids: Ids;
  readonly names: Names;
  readonly pointers: Pointers;
  readonly sockets: SocketAddresses;
  readonly payloads: PayloadCipher;
  readonly clock: MovedClock;
  /** A value that a program gave to get it back. */
  readonly value: (value: Uint8Array) => Uint8Array;
  /** The capture's structs: the host's BTF first, then the recorder's. */
  readonly layout: (name: string) => StructLayout | null;
}

export interface RedactionParts {
  readonly keeps: ReadonlySet<Kind>;
  readonly hostBtf: Btf | null;
  readonly recorderBtf: Btf | null;
  readonly realtimeNs: bigint | null;
  readonly plan: Plan;
}

/** The caller destroys the key. */
export function newRedaction({ keeps, hostBtf, recorderBtf, realtimeNs, plan }: RedactionParts): Redaction {
  const census = newCensus();
  const key = newKey();
  const ids = newIds(keeps, census);
  const names = newNames(keeps, census);
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
  for (const group of plan.names) names.joinQueues(group);
  const sockets = newSocketAddresses({ keeps, census, key, names, ids, layout });
  for (const [before, after] of plan.addresses) sockets.join(before, after);
  const scramble = scrambler(key);
  const cipher = payloadCipher(key, plan.checkpoints, plan.contents, plan.aliases);
  return {
    keeps,
    census,
    key,
    ids,
    names,
    layout,
    pointers: newPointers(keeps, key, census),
    sockets,
    clock: movedClock(realtimeNs, keeps, census),
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
