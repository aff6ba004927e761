/** The models of all queues, and the limits of what they hold together: memory does not grow with the file. */
import { type QueueModel, type QueueModelOptions, queueModel } from "./queue-model.js";

export interface QueueTable {
  make(key: string): QueueModel;
  of(key: string | null): QueueModel | null;
  /** To be called after each call of a queue. */
  tidy(model: QueueModel): void;
  finish(): void;
}

/** Messages that nobody has received, over all queues: beyond, the queue at hand gives up its oldest. */
const MOST_WAITING = 262_144;
/** Receives held for calls that overlap with them, over all queues. */
const MOST_HELD = 65_536;
const MOST_QUEUES = 16_384;
/** Kinds of messages remembered, to know which are not the only ones of their kind. */
const MOST_KINDS = 131_072;
/** Looking through all queues is left to one call in so many. */
const LOOK_EVERY = 4096;

export function queueTable(options: Omit<QueueModelOptions, "isRepeated">): QueueTable {
  const models = new Map<string, QueueModel>();
  const kinds = recentKinds();
  let calls = 0;
  const lookAtAll = () => {
    let held = 0;
    let waiting = 0;
    for (const model of models.values()) {
      held += model.held;
      waiting += model.waiting;
    }
    if (held > MOST_HELD) for (const model of models.values()) model.settle();
    for (const model of models.values()) {
      for (; waiting > MOST_WAITING && model.waiting > 0; waiting--) model.giveUpOldest();
    }
  };
  return {
    make(key) {
      let model = models.get(key);
      if (model !== undefined) return model;
      model = queueModel({ ...options, isRepeated: (kind) => kinds.isRepeated(`${key} ${kind}`) });
      models.set(key, model);
      if (models.size > MOST_QUEUES) {
        for (const [oldest, one] of models) {
          one.settle();
          while (one.waiting > 0) one.giveUpOldest();
          one.finish();
          models.delete(oldest);
          break;
        }
      }
      return model;
    },
    of: (key) => (key === null ? null : (models.get(key) ?? null)),
    tidy(model) {
      if (++calls % LOOK_EVERY === 0) lookAtAll();
      if (!model.isOver) return;
      model.finish();
      for (const [key, one] of models) {
        if (one === model) models.delete(key);
      }
    },
    finish() {
      for (const model of models.values()) model.finish();
    },
  };
}

/** Those seen lately, and those seen before them: two halves, so that forgetting is cheap. */
function recentKinds(): { isRepeated(kind: string): boolean } {
  let recent = new Set<string>();
  let before = new Set<string>();
  return {
    isRepeated(kind) {
      const isKnown = recent.has(kind) || before.has(kind);
      recent.add(kind);
      if (recent.size > MOST_KINDS / 2) {
        before = recent;
        recent = new Set();
      }
      return isKnown;
    },
  };
}
