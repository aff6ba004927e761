/**
 * A recording that goes on in the file that it is in: captures one behind the other, each with its own end, when the one
 * before has as many frames as it may. Readers put them together.
 *
 * The next capture's beginning is held in memory until the end of the one before is written: a disk that has no room for
 * both leaves the file as it was. It is written at once, so that a kill in between leaves the one before whole, and nothing
 * or the header and metadata of the next.
 */
import { concatBytes } from "../format/bytes.js";
import { LIMITS, type Limits } from "../format/limits.js";
import type { NextSection, OpenPart, SectionSource } from "./output.js";
import type { Sink } from "./sink.js";

/** Of one capture. Its index is written at once, while batches wait: one or two tenths of a second of them. */
const SECTION_FRAMES = 128 * 1024;
/** So many frames are worth a capture of their own, beside those that are kept for its end. */
const LEAST_FRAMES = 4096;

export function sectionLimits(limits: Limits = LIMITS): Limits {
  return { ...limits, frames: Math.min(limits.frames, SECTION_FRAMES) };
}

export type OpenSection = (number: number, sink: Sink, limits: Limits) => OpenPart;

export class FileSections implements SectionSource {
  readonly #base: Sink;
  readonly #open: OpenSection;
  /** Of each capture; `fileFrames` and `fileContextsBytes`: of all. */
  readonly #limits: Limits;
  readonly #leastFrames: number;
  readonly first: OpenPart;
  #last: OpenPart;
  /** By the captures that are ended. */
  #used = { frames: 0, contextsBytes: 0 };

  constructor(base: Sink, open: OpenSection, limits: Limits = sectionLimits(), leastFrames = LEAST_FRAMES) {
    this.#base = base;
    this.#open = open;
    this.#limits = limits;
    this.#leastFrames = leastFrames;
    this.first = open(1, new SectionSink(base), limits);
    this.#last = this.first;
  }

  get hasRoom(): boolean {
    const { frames, contextsBytes } = this.#left();
    return frames >= this.#leastFrames && contextsBytes >= 2 * this.#limits.contextBytes;
  }

  next(number: number): NextSection {
    const before = this.#last;
    const left = this.#left();
    const sink = new SectionSink(this.#base, () => before.writer.bytesAtEnd - before.writer.bytes);
    const part = this.#open(number, sink, {
      ...this.#limits,
      frames: Math.min(this.#limits.frames, left.frames),
      contextsBytes: Math.min(this.#limits.contextsBytes, left.contextsBytes),
    });
    return {
      part,
      taken: () => {
        const { frames, contextsBytes } = before.writer.used;
        this.#used = {
          frames: this.#used.frames + frames,
          contextsBytes: this.#used.contextsBytes + contextsBytes,
        };
        this.#last = part;
        return sink.release();
      },
    };
  }

  /** What readers would still take of this file, behind the capture that is written now. */
  #left(): { readonly frames: number; readonly contextsBytes: number } {
    const { used } = this.#last.writer;
    return {
      frames: this.#limits.fileFrames - this.#used.frames - used.frames - ENDING_FRAMES,
      contextsBytes: this.#limits.fileContextsBytes - this.#used.contextsBytes - used.contextsBytes,
    };
  }
}

/** What the capture before still gets: its last inventory, clocks and gaps, INDEX and SUMMARY. */
const ENDING_FRAMES = 64;

/** One capture of a file. Held: what is written waits in memory. */
class SectionSink implements Sink {
  readonly #base: Sink;
  /** Room that the file needs beside; null: nothing is held. */
  #aside: (() => number) | null;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #writtenBytes = 0;
  #failure: unknown = null;

  constructor(base: Sink, aside: (() => number) | null = null) {
    this.#base = base;
    this.#aside = aside;
  }

  get name(): string {
    return this.#base.name;
  }

  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  reserve(bytes: number): Promise<void> {
    return this.#base.reserve(this.#heldBytes + bytes + (this.#aside?.() ?? 0));
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    if (this.#aside === null) await this.#base.write(bytes);
    else {
      this.#held.push(bytes);
      this.#heldBytes += bytes.length;
    }
    this.#writtenBytes += bytes.length;
  }

  /** Writes what is held, and from now on what comes. */
  async release(): Promise<void> {
    const held = concatBytes(this.#held);
    this.#aside = null;
    this.#held = [];
    this.#heldBytes = 0;
    try {
      await this.#base.write(held);
    } catch (error) {
      // What comes would be frames without a file header.
      this.#failure = error;
      throw error;
    }
  }

  async sync(): Promise<void> {
    await this.#base.sync();
  }

  /** What is still held goes away: it came to nothing. */
  async close(): Promise<void> {
    await this.#base.close();
  }

  discard(): void {
    this.#base.discard();
  }
}
