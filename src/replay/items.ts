/** The items of a record: pieces of evidence after the entry's arguments or the exit's result. */
import { type Item, type RecordLayouts, RecordType } from "./records.js";
import type { EvidenceStatus } from "./types.js";

/** enum mt_item_status, in order. */
const STATUSES: readonly EvidenceStatus[] = ["read", "truncated", "partly", "not_resident", "refused"];

/**
 * Items of the record in `record` (exactly its bytes), appended to `into`. `bodyBytes`: of the struct between the
 * record's header and its items. Returns null, or what is wrong: items before the damage are kept, since each was
 * bounded by the record.
 */
export function parseItems(
  record: Uint8Array,
  layouts: RecordLayouts,
  into: Item[],
  bodyBytes = callBodyBytes(record, layouts),
): string | null {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const head = layouts.item;
  let offset = layouts.record.sizeBytes + bodyBytes;
  while (offset < record.byteLength) {
    const room = record.byteLength - offset - head.sizeBytes;
    if (room < 0) return `item at byte ${offset} of its record: ${head.sizeBytes + room} bytes are no item`;
    const captured = view.getUint32(offset + head.captured, true);
    const wanted = view.getUint32(offset + head.wanted, true);
    const status = STATUSES[view.getUint8(offset + head.status)];
    if (captured > room) {
      return `item at byte ${offset} of its record: claims ${captured} bytes, ${room} are left`;
    }
    const at = offset;
    const from = at + head.sizeBytes;
    offset = from + ((captured + 7) & ~7);
    if (status === undefined) continue; // of a later recorder: what it says of the bytes is not known
    into.push({
      kind: view.getUint8(at + head.kind),
      arg: view.getUint8(at + head.arg),
      status,
      iovec: view.getUint8(at + head.iovec),
      message: view.getUint16(at + head.message, true),
      wanted,
      captured,
      addr: view.getBigUint64(at + head.addr, true),
      bytes: record.subarray(from, from + captured),
    });
  }
  return null;
}

/** Of an entry or exit record. */
function callBodyBytes(record: Uint8Array, layouts: RecordLayouts): number {
  return record[layouts.record.type] === RecordType.ENTRY ? layouts.entry.sizeBytes : layouts.exit.sizeBytes;
}

/**
 * Where the bytes of the record's first item of this kind begin, if at least `bytesAtLeast` of them are there;
 * -1 otherwise. For readers that want one item and no objects.
 */
export function findItem(
  view: DataView,
  recordOffset: number,
  recordBytes: number,
  layouts: RecordLayouts,
  kind: number,
  bytesAtLeast: number,
): number {
  const head = layouts.item;
  const type = view.getUint8(recordOffset + layouts.record.type);
  const body = type === RecordType.ENTRY ? layouts.entry.sizeBytes : layouts.exit.sizeBytes;
  const end = recordOffset + recordBytes;
  let offset = recordOffset + layouts.record.sizeBytes + body;
  while (offset + head.sizeBytes <= end) {
    const captured = view.getUint32(offset + head.captured, true);
    const from = offset + head.sizeBytes;
    if (captured > end - from) return -1;
    if (view.getUint8(offset + head.kind) === kind) return captured >= bytesAtLeast ? from : -1;
    offset = from + ((captured + 7) & ~7);
  }
  return -1;
}
