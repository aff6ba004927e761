/** The items of records: inside their record, of known kinds, with lengths that agree. Makes no object an item. */
import { ItemKind, type RecordHead, type RecordLayouts, RecordType } from "../records.js";

export interface ItemFault {
  readonly code: "record_invalid" | "implausible";
  readonly what: string;
}

export interface ItemCheck {
  /** What is wrong with the items of this record, or null. */
  fault(view: DataView, offset: number, head: RecordHead): ItemFault | null;
  /** Keys of the queues of all records since it was asked last: `kind:namespace:id:generation`. */
  takeQueues(): ReadonlySet<string>;
}

/** MT_STATUS_READ, MT_STATUS_REFUSED. */
const READ = 0;
const LAST_STATUS = 4;

export function itemCheck(layouts: RecordLayouts, isLater: boolean): ItemCheck {
  const at = layouts.item;
  let queues = new Set<string>();
  let [lastId, lastGeneration] = [-1n, -1n];

  const noteQueue = (view: DataView, from: number) => {
    const id = view.getBigUint64(from + layouts.queue.id, true);
    const generation = view.getBigUint64(from + layouts.queue.generation, true);
    if (id === lastId && generation === lastGeneration) return;
    [lastId, lastGeneration] = [id, generation];
    const kind = view.getUint8(from + layouts.queue.kind);
    queues.add(`${kind}:${view.getUint32(from + layouts.queue.namespace_inum, true)}:${id}:${generation}`);
  };

  const one = (view: DataView, offset: number, end: number): number | ItemFault => {
    const room = end - offset - at.sizeBytes;
    if (room < 0) return notWhole(`${end - offset} bytes at its end are no item`);
    const captured = view.getUint32(offset + at.captured, true);
    if (captured > room) return notWhole(`an item claims ${captured} bytes, ${room} are left`);
    const kind = view.getUint8(offset + at.kind);
    const status = view.getUint8(offset + at.status);
    const wanted = view.getUint32(offset + at.wanted, true);
    if (!isLater && status > LAST_STATUS) return odd(`an item has status ${status}, which is none`);
    if (!isLater && (kind < ItemKind.ARGUMENT || kind > ItemKind.KERNEL))
      return odd(`an item of kind ${kind}, which is none`);
    if (captured > wanted) return odd(`an item holds ${captured} bytes of ${wanted}`);
    if (status === READ && captured < wanted && kind !== ItemKind.NOT_KEPT) {
      return odd(`an item was read whole, and holds ${captured} bytes of ${wanted}`);
    }
    if (kind === ItemKind.QUEUE) {
      if (captured < layouts.queue.sizeBytes) return notWhole(`a queue of ${captured} bytes`);
      noteQueue(view, offset + at.sizeBytes);
    }
    return offset + at.sizeBytes + Math.ceil(captured / 8) * 8;
  };

  return {
    fault(view, offset, head) {
      const end = offset + head.sizeBytes;
      const body = head.type === RecordType.ENTRY ? layouts.entry.sizeBytes : layouts.exit.sizeBytes;
      for (let next = offset + layouts.record.sizeBytes + body; next < end; ) {
        const found = one(view, next, end);
        if (typeof found !== "number") return found;
        next = found;
      }
      return null;
    },
    takeQueues() {
      const taken = queues;
      queues = new Set();
      lastId = -1n;
      return taken;
    },
  };
}

function notWhole(what: string): ItemFault {
  return { code: "record_invalid", what };
}

/** Readers pass it by, and the version that the capture names does not have it. */
function odd(what: string): ItemFault {
  return { code: "implausible", what };
}
