/** A capture written by hand that has a secret of its own in every place that can hold one. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { encodeMsgpack } from "../../../src/codec/msgpack.js";
import { compress } from "../../../src/codec/zstd.js";
import {
  btfBody,
  chunkBody,
  clocksBody,
  gapBody,
  hostBody,
  inventoryBody,
  originBody,
  summaryBody,
} from "../../../src/format/bodies.js";
import { openCapture } from "../../../src/format/capture.js";
import { encodeChunkContext } from "../../../src/format/chunk-context.js";
import { encodeFileHeader } from "../../../src/format/file-header.js";
import { encodeFrame, FrameFlag } from "../../../src/format/frame.js";
import type { Field } from "../../../src/format/schema.js";
import { memorySource } from "../../../src/format/source.js";
import { encodeTrailer } from "../../../src/format/trailer.js";
import { FrameType, type HostInfo, type Inventory, type Summary } from "../../../src/format/types.js";
import { concat, queueEntry, REAL_START, RECORDER_BTF, START, taskEntry, triple } from "../../replay/tape.js";
import { FIXTURES } from "../../support/paths.js";
import { plantedPlanes, plantedRecords } from "./planted-records.js";

const ID = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);
const SYNC = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

/** What is shorter may come by chance. */
const LEAST_BYTES = 4;

/** Makes secrets and remembers them. */
export class Secrets {
  readonly all: (string | Uint8Array)[] = [];

  /** Text, at least 8 bytes of it. */
  text(about: string): string {
    const secret = `Hush${this.all.length.toString().padStart(3, "0")}${about}`;
    this.all.push(secret);
    return secret;
  }

  bytes(about: string): Uint8Array {
    return new Uint8Array(Buffer.from(this.text(about)));
  }

  /** Exactly so many bytes. */
  exact(lengthBytes: number): Uint8Array {
    const bytes = Buffer.from(
      `~${this.all.length.toString(36)}`.padEnd(lengthBytes, "Shh!").slice(0, lengthBytes),
    );
    // Fewer are everywhere.
    if (lengthBytes >= LEAST_BYTES) this.all.push(new Uint8Array(bytes));
    return new Uint8Array(bytes);
  }

  /** A number, written in decimal. */
  decimal(): string {
    const text = `${4_100_000_000 + 1_237 * this.all.length}`;
    this.all.push(text);
    return text;
  }

  /** A number whose bytes are a secret. */
  number(lengthBytes: number): bigint {
    const bytes = this.exact(lengthBytes);
    return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }
}

/** `secrets` has everything that must not be found in what becomes of it. */
export function plantedCapture(): { readonly bytes: Uint8Array; readonly secrets: Secrets } {
  const secrets = new Secrets();
  const frames: Uint8Array[] = [encodeFileHeader(ID, SYNC)];
  let sequence = 0;
  const frame = (type: number, payload: unknown, context: Uint8Array = new Uint8Array(0), isKnown = true) => {
    const raw = payload instanceof Uint8Array ? payload : encodeMsgpack(planted(payload, secrets, isKnown));
    const stored = compress(raw);
    const flags = FrameFlag.ZSTD;
    frames.push(
      encodeFrame(SYNC, { type, flags, sequence: sequence++, context, stored, rawBytes: raw.length }),
    );
  };
  const put = <T>(type: number, field: Field<T>, value: T) => frame(type, field.encode(value, ""));
  put(FrameType.HOST, hostBody, host(secrets));
  put(FrameType.CLOCKS, clocksBody, { clocks: [triple(START, REAL_START)] });
  const hostBtf = openCapture(memorySource(new Uint8Array(readFileSync(`${FIXTURES}ia32.mtape`)))).hostBtf;
  for (const [origin, blob] of [
    ["recorder", RECORDER_BTF],
    ["host", hostBtf ?? new Uint8Array(0)],
  ] as const) {
    const data = withString(blob, secrets.text("in a string of the BTF"));
    put(FrameType.BTF, btfBody, { origin, sha256: createHash("sha256").update(data).digest("hex"), data });
  }
  put(FrameType.INVENTORY, inventoryBody, inventory(secrets));
  frame(0x8001, { secret: secrets.text("private frame") }, new Uint8Array(0), false);
  frame(77, secrets.bytes("unknown frame"), secrets.bytes("its context"));
  const records = plantedRecords(secrets);
  const context = encodeChunkContext({
    firstRecord: 0n,
    records: records.length,
    counts: [],
    firstTimeNs: START,
    lastTimeNs: START + 1_000_000n,
    oldestOpenNs: null,
    openCalls: 0,
    lost: [],
  });
  const body = {
    records: concat(records),
    planes: concat(plantedPlanes(secrets)),
    tasks: [
      taskEntry({
        uid: Number(secrets.number(4)),
        gid: Number(secrets.number(4)),
        ppid: Number(secrets.number(4)),
        namespacePid: Number(secrets.number(4)),
        namespaceTid: Number(secrets.number(4)),
        comm: secrets.bytes("comm"),
        exe: `/${secrets.text("folder")}/${secrets.text("program")}`,
        exeName: secrets.bytes("exe name"),
        cmdline: secrets.bytes("command line"),
        cgroupId: secrets.number(8),
        cgroupPath: `/${secrets.text("cgroup")}`,
      }),
    ],
    queues: [
      queueEntry({
        id: secrets.number(8),
        namespaceInum: Number(secrets.number(4)),
        generation: secrets.number(8),
        name: secrets.bytes("queue"),
      }),
      queueEntry({
        kind: "sysv",
        key: Number(BigInt.asIntN(32, secrets.number(4))),
        uid: Number(secrets.number(4)),
        gid: Number(secrets.number(4)),
        cuid: Number(secrets.number(4)),
        cgid: Number(secrets.number(4)),
      }),
      queueEntry({
        kind: "socket",
        family: 1,
        cookie: secrets.number(8),
        local: concat([Uint8Array.of(1, 0), Buffer.from("/"), secrets.bytes("socket path")]),
        peer: concat([Uint8Array.of(40, 0), secrets.bytes("address of an unknown family")]),
      }),
    ],
  };
  // Behind the context that is known here: a later minor may have more.
  frame(FrameType.CHUNK, chunkBody.encode(body, ""), concat([context, secrets.bytes("context")]));
  put(FrameType.GAP, gapBody, { cpu: 0, fromNs: START, toNs: START + 5n, lost: 1n, cause: "ring_full" });
  put(FrameType.ORIGIN, originBody, {
    madeBy: "merge",
    version: secrets.text("version"),
    from: [secrets.text("origin")],
    options: { [secrets.text("option")]: [secrets.text("value")] },
    problems: [{ code: secrets.text("code"), offset: 0, frame: null, message: secrets.text("message") }],
  });
  const summaryOffset = concat(frames).length;
  put(FrameType.SUMMARY, summaryBody, summary(secrets, records.length));
  const fileBytes = concat(frames).length + 56;
  frames.push(encodeTrailer(ID, { indexOffset: null, summaryOffset, fileBytes }));
  return { bytes: concat(frames), secrets };
}

/** Maps with free keys have values of one kind. */
const FREE: ReadonlySet<string> = new Set(["filters", "fields", "limits", "options"]);

/** With a key that nobody knows in each map. */
function planted(value: unknown, secrets: Secrets, isKnown: boolean, name = ""): unknown {
  if (!isKnown || value instanceof Uint8Array || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => planted(one, secrets, isKnown));
  const own = Object.entries(value).map(([key, one]) => [key, planted(one, secrets, isKnown, key)] as const);
  const more = FREE.has(name) ? [] : [[secrets.text("key"), secrets.text("of that key")] as const];
  return Object.fromEntries([...own, ...more]);
}

/** BTF with a string that no type has. */
function withString(blob: Uint8Array, text: string): Uint8Array {
  const bytes = concat([blob, Buffer.from(`${text}\0`)]);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(20, view.getUint32(20, true) + text.length + 1, true);
  return bytes;
}

function host(secrets: Secrets): HostInfo {
  return {
    hostname: secrets.text("host"),
    sysname: secrets.text("system"),
    release: `6.18.5-${secrets.text("release")}`,
    version: secrets.text("version"),
    machine: secrets.text("machine"),
    arch: "x86_64",
    littleEndian: true,
    pageSize: 4096,
    bootId: secrets.text("boot id"),
    cpus: 2,
    recorder: { name: "msgtape", version: `0.1.0-${secrets.text("recorder")}` },
    synthetic: true,
    config: {
      events: ["mq_open", secrets.text("event")],
      snapBytes: 256,
      bufferBytes: 65536,
      filters: {
        comm: [secrets.text("comm filter")],
        uid: [secrets.text("uid filter")],
        pid: [secrets.text("pid filter")],
        cgroup: [`/${secrets.text("cgroup filter")}`],
        queue: [`/${secrets.text("queue filter")}`, secrets.text("other queue filter")],
        [secrets.text("filter")]: [secrets.text("unknown filter")],
      },
      command: [secrets.text("command"), secrets.text("argument")],
    },
    attachPlan: [
      {
        plane: "libc",
        hook: secrets.text("hook"),
        mechanism: `uprobe at /${secrets.text("libc folder")}/${secrets.text("libc")}+0x123`,
        attached: false,
        why: secrets.text("why"),
      },
      { plane: "task", hook: "task_rename", mechanism: secrets.text("mechanism"), attached: true, why: null },
    ],
    recording: { id: secrets.text("recording"), part: 1, firstRecord: 0n },
    redacted: { kept: [secrets.text("kept")] },
  };
}

function inventory(secrets: Secrets): Inventory {
  return {
    atNs: START,
    reason: "start",
    queues: [
      {
        kind: "posix",
        namespaceInum: Number(secrets.number(4)),
        id: secrets.number(8),
        name: `/${secrets.text("listed queue")}`,
        fields: {
          QSIZE: secrets.text("size"),
          NOTIFY_PID: secrets.decimal(),
          [secrets.text("field")]: "1",
          uid: secrets.text("uid"),
        },
        holders: [{ tgid: Number(secrets.number(4)), fd: 3, tid: Number(secrets.number(4)) }],
        generation: secrets.number(8),
        atNs: START,
      },
      {
        kind: "sysv",
        namespaceInum: null,
        id: 98_305n,
        name: secrets.text("odd key"),
        fields: { key: secrets.decimal(), lspid: secrets.decimal(), msqid: "98305" },
        holders: [],
      },
    ],
    limits: { "kernel.msgmax": secrets.text("limit"), [secrets.text("limit's name")]: "1" },
    namespaces: [{ namespaceInum: Number(secrets.number(4)), limits: {}, whole: [secrets.text("whole")] }],
    everyDescriptor: true,
    missing: [
      { what: secrets.text("what"), why: secrets.text("why") },
      { what: `open descriptors of ${secrets.text("whom")}`, why: secrets.text("why else") },
    ],
    inFlight: [{ tid: Number(secrets.number(4)), startNs: 77n, event: 4, enterNs: START }],
  };
}

function summary(secrets: Secrets, records: number): Summary {
  return {
    startNs: START,
    endNs: START + 1_500_000_000n,
    records: BigInt(records),
    lost: 1n,
    lostByEvent: [{ event: 4, entries: 1n, exits: 0n }],
    gaps: 1,
    chunks: 1,
    counts: [],
    x32Calls: 0n,
    planesLost: 0n,
    ended: secrets.text("end"),
  };
}
