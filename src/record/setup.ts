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
  /** struct mt_config, encoded for rings of this size a cpu. */
  config(ringBytes: number): Uint8Array;
  readonly cpus: number;
  /** The same, where a process beside ours is not to be recorded either. */
  without(keeperTgid: number): Setup;
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
  const cpus = possibleCpus();
  const known = {
    recorderBtf,
    hostBtf,
    events: options.events,
    arch: hostArch(),
    snapBytes: options.snapBytes,
    cpus,
    ownTgid: process.pid,
    filters: options.filters,
    tree: options.command !== null,
    triggers: options.triggers,
    secret: [secret.readBigUInt64LE(0), secret.readBigUInt64LE(8)],
  } as const;
  const { frames } = btfFrames(recorderBtf, hostBtf, STRUCTS);
  const setup = (keeperTgid: number | null): Setup => ({
    recorderBtf,
    btf: frames,
    cpus,
    config: (ringBytes) => encodeConfig({ ...known, ringBytes, keeperTgid }),
    without: setup,
  });
  return setup(null);
}

function requireFile(path: string, todo: string): void {
  if (!existsSync(path)) throw new RecordError(`${path} is not there: ${todo}`);
}

/** The options as the capture tells of them; `bufferBytes`: of the rings that are there. */
export function configOf(options: RecordOptions, bufferBytes: number): RecordConfig {
  const trigger = options.triggers.map(({ text }) => text);
  const given = Object.entries({ ...options.filterText, trigger }).filter(([, values]) => values.length > 0);
  return {
    events: options.events.map((event) => event.name),
    snapBytes: options.snapBytes,
    bufferBytes,
    filters: Object.fromEntries(given),
    command: options.command,
  };
}
