/** Every file of the conformance corpus: by folder and name. */
import { BTF } from "./damaged-btf.js";
import { CUTS, FLIPS, JOINED, MOVES } from "./damaged-bytes.js";
import { CONTEXT_LIES, ENDS, FILE_HEADERS, FRAMES, METADATA } from "./damaged-frames.js";
import { MSGPACK, RECORD_CONTENTS, RECORD_LENGTHS, VALUES, ZSTD } from "./damaged-payloads.js";
import { FUTURE } from "./future.js";
import { VALID } from "./valid.js";

export interface CorpusFile {
  readonly folder: "valid" | "damaged" | "future";
  readonly name: string;
  readonly make: () => Uint8Array;
}

const of = (folder: CorpusFile["folder"], files: Readonly<Record<string, () => Uint8Array>>): CorpusFile[] =>
  Object.entries(files).map(([name, make]) => ({ folder, name, make }));

export const CORPUS: readonly CorpusFile[] = [
  of("valid", VALID),
  of("damaged", { ...CUTS, ...FLIPS, ...MOVES, ...JOINED }),
  of("damaged", { ...FILE_HEADERS, ...FRAMES, ...CONTEXT_LIES, ...METADATA, ...ENDS }),
  of("damaged", { ...ZSTD, ...MSGPACK, ...VALUES, ...RECORD_LENGTHS, ...RECORD_CONTENTS, ...BTF }),
  of("future", FUTURE),
].flat();

/** Recordings in fixtures/ itself that the corpus says something of too. */
export const RECORDINGS: readonly string[] = ["refused", "gap", "escapes", "toctou-612"];
