/** Triggers as struct mt_config has them: bpf/trigger-config.h. */
import type { StructValues } from "../btf/index.js";
import { RecordError } from "./errors.js";
import type { StepContext } from "./steps.js";
import type { DepthTrigger, ErrnoTrigger, Trigger } from "./triggers.js";

/** The fields of mt_config that are about triggers. Throws RecordError for more than `room` of them. */
export function encodeTriggers(
  triggers: readonly Trigger[],
  room: number,
  context: StepContext,
): StructValues {
  if (triggers.length > room) {
    throw new RecordError(
      `--trigger: ${triggers.length} of them, the kernel programs ask at most ${room}`,
      2,
    );
  }
  let slots = 0;
  const encoded = triggers.map((trigger) => {
    const first = slots;
    if (trigger.kind === "errno") slots += trigger.over;
    return encodeTrigger(trigger, first, context);
  });
  return {
    trigger_count: triggers.length,
    depth_trigger_count: triggers.filter(({ kind }) => kind === "depth").length,
    burst_slots: Math.max(slots, 1),
    triggers: encoded,
  };
}

function encodeTrigger(trigger: Trigger, firstSlot: number, context: StepContext): StructValues {
  const kind = context.value("mt_trigger_kind", `MT_TRIGGER_${trigger.kind.toUpperCase()}`);
  switch (trigger.kind) {
    case "latency":
      return { kind, events: eventBits(trigger), limit: trigger.overNs };
    case "depth":
      return { kind, limit: trigger.over, ...encodeQueue(trigger, context) };
    case "errno":
      return { kind, events: eventBits(trigger), limit: trigger.over, ...encodeBurst(trigger, firstSlot) };
  }
}

function eventBits({ events }: Pick<ErrnoTrigger, "events">): number {
  return events.reduce((bits, event) => bits + 2 ** event.id, 0);
}

function encodeBurst(trigger: ErrnoTrigger, firstSlot: number): StructValues {
  return { value: trigger.errno, window_ns: trigger.windowNs, first_slot: firstSlot };
}

function encodeQueue({ queue }: DepthTrigger, context: StepContext): StructValues {
  if (queue === null) return {};
  if (queue.kind === "posix") {
    return { queue_kind: context.value("mt_queue_kind", "MT_QUEUE_POSIX"), name: queue.name };
  }
  const queue_kind = context.value("mt_queue_kind", "MT_QUEUE_SYSV");
  return { queue_kind, is_key: queue.isKey ? 1 : 0, value: queue.value };
}
