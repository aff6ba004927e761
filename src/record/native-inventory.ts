/**
 * The native half's looks for an inventory: the iterator over all descriptors, as a resource, and ipc namespaces from
 * inside. One foreign call a look; its buffers grow until what is there fits.
 */
import { errnoName } from "../catalog/errno.js";
import { whyHeldBack } from "./hold-back.js";
import { type FoundQueue, parseFoundQueues } from "./inventory-found.js";
import type {
  HeldLook,
  InventorySource,
  KnownNamespace,
  NamespaceList,
  NamespaceLook,
} from "./inventory-source.js";
import {
  type Library,
  library,
  MESSAGE_BYTES,
  messageIn,
  NativeError,
  nativeError,
  type Pointer,
} from "./native.js";
import { checkKeeper } from "./native-keeper.js";
import { buildPath } from "./paths.js";
import { type StructLayout, StructView } from "./struct-view.js";

export const INVENTORY_OBJECT = "msgtape-inventory.bpf.o";

const FIRST_BYTES = 1 << 18;
/** Some 350 000 descriptors, or a million System V queues: beyond, the inventory says that there are more. */
const MOST_BYTES = 128 << 20;
const GROWTH = 8;

/** The native half, for inventories. Holds the iterator where the kernel has it; `close` lets it go. */
export class NativeInventory implements InventorySource {
  readonly #library: Library;
  readonly #holders: Pointer | null;
  readonly whyNoHeld: string | null;
  /** Who looks in our place; null: we do. */
  #keeper: Pointer = null;
  #isClosed = false;

  private constructor(lib: Library, holders: Pointer | null, whyNoHeld: string | null) {
    this.#library = lib;
    this.#holders = holders;
    this.whyNoHeld = whyNoHeld;
  }

  /** `config`: struct mt_config of the recording, whose secret the generations are made with. Throws no refusal. */
  static open(config: Uint8Array, held = whyHeldBack(["iter"])): NativeInventory {
    const lib = library();
    if (held !== null) return new NativeInventory(lib, null, held);
    const message = Buffer.alloc(MESSAGE_BYTES);
    const out: [Pointer] = [null];
    const result: number = lib.call.mt_holders_open(
      buildPath(INVENTORY_OBJECT),
      config,
      config.length,
      out,
      message,
      message.length,
    );
    if (result >= 0) return new NativeInventory(lib, out[0], null);
    return new NativeInventory(lib, null, nativeError(result, messageIn(message)).message);
  }

  /** The iterator, for the keeper; null where there is none. */
  get holders(): Pointer {
    return this.#holders;
  }

  /** From now on the keeper looks: we give up the right to. */
  lookThrough(keeper: Pointer): void {
    this.#keeper = keeper;
  }

  held(limitMs: number): HeldLook {
    if (this.#holders === null || this.#isClosed)
      throw new NativeError(this.whyNoHeld ?? "it is closed", null);
    const { found, foundQueue } = this.#library.layouts;
    const { mt_holders_read, mt_keeper_held } = this.#library.call;
    for (let room = FIRST_BYTES; ; room *= GROWTH) {
      const queues = new Uint8Array(room);
      const answer = new Uint8Array(found.sizeBytes);
      const result: number =
        this.#keeper === null
          ? mt_holders_read(this.#holders, limitMs, queues, queues.length, answer)
          : mt_keeper_held(this.#keeper, limitMs, queues, queues.length, answer);
      checkKeeper(result);
      const view = new StructView(answer, found);
      const unseen = unseenOf(view);
      if (unseen.cut === "ENOSPC" && room * GROWTH <= MOST_BYTES) continue;
      return { ...unseen, ...queuesIn(queues, 0, view, foundQueue) };
    }
  }

  namespaces(proc: string, limitMs: number, max: number): NamespaceList {
    const { found, namespace } = this.#library.layouts;
    const bytes = new Uint8Array(max * namespace.sizeBytes);
    const answer = new Uint8Array(found.sizeBytes);
    const { mt_namespaces, mt_keeper_namespaces } = this.#library.call;
    const count = checkKeeper(
      this.#keeper === null
        ? mt_namespaces(proc, limitMs, bytes, max, answer)
        : mt_keeper_namespaces(this.#keeper, limitMs, bytes, max, answer),
    );
    const namespaces = Array.from({ length: count }, (_, i) => {
      const view = new StructView(bytes, namespace, i * namespace.sizeBytes);
      return { namespaceInum: view.u32("namespace_inum"), pid: view.u32("pid") };
    });
    return { ...unseenOf(new StructView(answer, found)), namespaces };
  }

  look(proc: string, namespaces: readonly KnownNamespace[], limitMs: number): readonly NamespaceLook[] {
    for (let room = FIRST_BYTES; ; room *= GROWTH) {
      const looks = this.#look(proc, namespaces, limitMs, room);
      const isFull = looks.some(({ cut, whySysv }) => cut === "ENOSPC" || whySysv === "ENOSPC");
      if (!isFull || room * GROWTH > MOST_BYTES) return looks;
    }
  }

  #look(
    proc: string,
    namespaces: readonly KnownNamespace[],
    limitMs: number,
    roomBytes: number,
  ): readonly NamespaceLook[] {
    const { found, foundQueue, namespace } = this.#library.layouts;
    const [queues, text] = [new Uint8Array(roomBytes), new Uint8Array(roomBytes)];
    const answers = new Uint8Array(namespaces.length * found.sizeBytes);
    const wanted = encodeNamespaces(namespaces, namespace);
    const { mt_namespaces_look, mt_keeper_look } = this.#library.call;
    const given = [wanted, namespaces.length, limitMs, queues, queues.length, text, text.length, answers];
    checkKeeper(
      this.#keeper === null ? mt_namespaces_look(proc, ...given) : mt_keeper_look(this.#keeper, ...given),
    );
    let [queuesAt, textAt] = [0, 0];
    return namespaces.map((_, i) => {
      const view = new StructView(answers, found, i * found.sizeBytes);
      const sysvEnd = textAt + Number(view.u64("sysv_len"));
      const limitsEnd = sysvEnd + Number(view.u64("limits_len"));
      const look: NamespaceLook = {
        ...unseenOf(view),
        namespaceInum: view.u32("namespace_inum") || null,
        device: view.u64("device") || null,
        whyEntered: errnoOf(view, "why_entered"),
        whyMqueue: errnoOf(view, "why_mqueue"),
        whySysv: errnoOf(view, "why_sysv"),
        ...queuesIn(queues, queuesAt, view, foundQueue),
        sysvAtNs: view.u64("sysv_at_ns"),
        sysv: textIn(text, textAt, sysvEnd),
        limits: textIn(text, sysvEnd, limitsEnd),
      };
      queuesAt += Number(view.u64("queues_len"));
      textAt = limitsEnd;
      return look;
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#holders !== null) this.#library.call.mt_holders_close(this.#holders);
  }
}

function errnoOf(view: StructView, field: string): string | null {
  const number = view.u32(field);
  return number === 0 ? null : (errnoName(number) ?? `error ${number}`);
}

function unseenOf(view: StructView) {
  return {
    cut: errnoOf(view, "cut"),
    refused: view.u32("refused"),
    whyRefused: errnoOf(view, "why_refused"),
  };
}

function queuesIn(
  bytes: Uint8Array,
  from: number,
  answer: StructView,
  layout: StructLayout,
): { readonly queues: readonly FoundQueue[] } {
  const { queues, isCut } = parseFoundQueues(
    bytes.subarray(from, from + Number(answer.u64("queues_len"))),
    layout,
  );
  if (isCut) throw new NativeError("libmsgtape.so and msgtape are of different builds: build again", null);
  return { queues };
}

function textIn(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString();
}

function encodeNamespaces(namespaces: readonly KnownNamespace[], layout: StructLayout): Uint8Array {
  const bytes = new Uint8Array(namespaces.length * layout.sizeBytes);
  const view = new DataView(bytes.buffer);
  const offsetOf = (field: string) => layout.fields[field]?.offsetBytes ?? 0;
  namespaces.forEach(({ namespaceInum, pid }, i) => {
    view.setUint32(i * layout.sizeBytes + offsetOf("namespace_inum"), namespaceInum, true);
    view.setUint32(i * layout.sizeBytes + offsetOf("pid"), pid, true);
  });
  return bytes;
}
