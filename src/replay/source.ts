/**
 * What replay needs of an open capture: the part of format's Capture that it reads. Tests give it by hand.
 */
import type { Rows } from "../format/rows.js";
import type {
  ChunkBody,
  ClockTriple,
  Gap,
  HostInfo,
  IndexEntry,
  Inventory,
  Origin,
  Problem,
  Summary,
} from "../format/types.js";

export interface ReplayCapture {
  /** The file's name, for errors. */
  readonly name: string;
  readonly captureId: string;
  readonly host: HostInfo | null;
  readonly recorderBtf: Uint8Array | null;
  readonly hostBtf: Uint8Array | null;
  readonly clocks: readonly ClockTriple[];
  readonly gaps: readonly Gap[];
  readonly origins?: readonly Origin[];
  /** In file order. */
  inventories(): readonly Inventory[];
  readonly index: Rows<IndexEntry>;
  readonly summary: Summary | null;
  /** The trailer is there: the recording ended as it should. */
  readonly complete: boolean;
  readonly problems: readonly Problem[];
  /** A chunk that is not `wanted`, asked right before it would be read, need not be yielded. */
  chunks(wanted?: (entry: IndexEntry) => boolean): Iterable<ChunkItem>;
}

export type ChunkItem =
  | { readonly entry: IndexEntry; readonly body: ChunkBody }
  | { readonly entry: IndexEntry | null; readonly problem: Problem };
