/**
 * What must be known before a program is loaded: the BTF of both sides and the programs' configuration.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import type { Btf } from "../btf/index.js";
import { STRUCTS } from "../catalog/structs.js";
import type { BtfFrame, RecordConfig } from "../format/types.js";
import { btfFrames, HOST_BTF_PATH, readBtfFile } from "./btf.js";
import { encodeConfig } from "./config.js";
import { RecordError } from "./errors.js";
import { hostArch, possibleCpus } from "./host.js";
import type { RecordOptions } from "./options.js";
import { buildPath } from "./paths.js";

export interface Setup {
  readonly recorderBtf: Btf;
  readonly btf: readonly BtfFrame[];
  /** struct mt_config, encoded. */
  readonly config: Uint8Array;
}

/** Throws RecordError: not built, no BTF in this kernel, more filters than the programs can hold. */
export function prepareSetup(options: RecordOptions): Setup {
  requireFile(buildPath("msgtape.btf"), "build the kernel programs with npm run build");
  requireFile(
    HOST_BTF_PATH,
    "a kernel built with CONFIG_DEBUG_INFO_BTF is needed to record; captures can be read",
  );
  const recorderBtf = readBtfFile(buildPath("msgtape.btf"));
  const hostBtf = readBtfFile(HOST_BTF_PATH);
  const secret = randomBytes(16);
  const config = encodeConfig({
    recorderBtf,
    hostBtf,
    events: options.events,
    arch: hostArch(),
    snapBytes: options.snapBytes,
    cpus: possibleCpus(),
    ownTgid: process.pid,
    filters: options.filters,
    tree: options.command !== null,
    secret: [secret.readBigUInt64LE(0), secret.readBigUInt64LE(8)],
  });
  return { recorderBtf, btf: btfFrames(recorderBtf, hostBtf, STRUCTS).frames, config };
}

function requireFile(path: string, todo: string): void {
  if (!existsSync(path)) throw new RecordError(`${path} is not there: ${todo}`);
}

/** The options as the capture tells of them. */
export function configOf(options: RecordOptions): RecordConfig {
  const given = Object.entries(options.filterText).filter(([, values]) => values.length > 0);
  return {
    events: options.events.map((event) => event.name),
    snapBytes: options.snapBytes,
    bufferBytes: options.bufferBytes,
    filters: Object.fromEntries(given),
    command: options.command,
  };
}
