/** One record by itself: against the structs and the numbers of the spec. Says nothing of the records around it. */
import { eventById } from "../../catalog/events.js";
import type { ProblemCode } from "../../format/problem.js";
import { HeadResult, headProblem, type RecordHead, type RecordLayouts } from "../records.js";
import { type ItemCheck, itemCheck } from "./items.js";

export interface RecordFault {
  readonly code: ProblemCode;
  readonly what: string;
}

export interface OneRecordOptions {
  readonly layouts: RecordLayouts;
  /** null: not known. */
  readonly cpus: number | null;
  /** A later minor may have numbers that this reader does not know. */
  readonly isLater: boolean;
}

export interface OneRecordCheck {
  /** What is wrong with record `number` of its chunk, of which reading the head came to `result`. */
  faults(result: HeadResult, view: DataView, offset: number, head: RecordHead, number: number): RecordFaults;
  readonly takeQueues: ItemCheck["takeQueues"];
}

type RecordFaults = readonly RecordFault[];

const NONE: RecordFaults = [];
export const MAX_CPUS = 8192;

export function oneRecordCheck(options: OneRecordOptions): OneRecordCheck {
  const { layouts, isLater } = options;
  const items = itemCheck(layouts, isLater);
  return {
    takeQueues: items.takeQueues,
    faults(result, view, offset, head, number) {
      if (result !== HeadResult.RECORD) {
        const what = headProblem(view, offset, layouts);
        if (what !== null) return [{ code: "record_invalid", what }];
        if (isLater) return NONE;
        return [{ code: "implausible", what: `record ${number} of the chunk is of type ${head.type}` }];
      }
      const odd = numberFault(head, options);
      const fault = items.fault(view, offset, head);
      if (odd === null && fault === null) return NONE;
      const found: RecordFaults = odd === null ? NONE : [{ code: "implausible", what: odd }];
      return [...found, ...(fault === null ? [] : [fault])].map(({ code, what }) => ({
        code,
        what: `record ${number} of the chunk: ${what}`,
      }));
    },
  };
}

const KNOWN_FLAGS = 0x3f;

/** A number that the spec does not have. */
function numberFault(head: RecordHead, { cpus, isLater }: OneRecordOptions): string | null {
  if (head.cpu < 0 || head.cpu >= (cpus ?? MAX_CPUS)) return `cpu ${head.cpu >>> 0}, of ${cpus ?? MAX_CPUS}`;
  if (isLater) return null;
  if (eventById(head.event) === undefined) return `event ${head.event} is none`;
  if (head.abi < 1 || head.abi > 3) return `abi ${head.abi} is none`;
  if (head.mux > 2) return `multiplexer ${head.mux} is none`;
  return (head.flags & ~KNOWN_FLAGS) === 0 ? null : `flags 0x${head.flags.toString(16)} are not known`;
}
