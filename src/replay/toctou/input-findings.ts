/** What a call's inputs tell: each exposed argument's verdict and window, and a finding for each piece that changed. */
import { addressOf, type CallContext } from "../arguments/evidence.js";
import { base64, hexAddress } from "../arguments/values.js";
import type { NamedCall } from "../call-line.js";
import { ItemKind } from "../records.js";
import type { ExposedCall } from "./exposure.js";
import { newFinding, type OpenFinding } from "./findings.js";
import { type ArgumentInput, inputsOf } from "./inputs.js";
import { judgeArgument, type KernelRead, kernelRead, type Mutation } from "./mutated.js";
import { payloadOf } from "./payload.js";
import { callId, type Waiting } from "./receivers.js";

export interface InputFinding {
  readonly finding: OpenFinding;
  readonly mutation: Mutation;
  /** null: what a receiver got would tell nothing more. */
  readonly wait: Waiting | null;
}

export interface InputFindings {
  readonly inputs: readonly ArgumentInput[];
  readonly read: KernelRead | null;
  readonly exposed: readonly { readonly arg: string; readonly call: ExposedCall }[];
  readonly findings: readonly InputFinding[];
}

/** How the operands of ia32's multiplexers are called, which lie in user memory themselves. */
const OPERANDS = "operands";

export function judgeInputs(context: CallContext, named: NamedCall, captureId: string): InputFindings {
  const { call } = named;
  const isPaired = call.state === "complete" || call.state === "in_flight";
  const isOpen = call.exitNs === null;
  if (!isPaired || context.call.args === null) return unknownInputs(context, isOpen);
  const read = kernelRead(call);
  const endNs = read?.timeNs ?? call.exitNs;
  const windowNs = endNs === null || call.enterNs === null ? null : endNs - call.enterNs;
  const exposedCall = (verdict: ExposedCall["verdict"]): ExposedCall => ({
    verdict,
    windowNs,
    isReadKnown: read !== null,
    isOpen,
  });
  const inputs = inputsOf(context);
  const exposed: { arg: string; call: ExposedCall }[] = [];
  const findings: InputFinding[] = [];
  for (const input of inputs) {
    const judged = judgeArgument(context, input, read);
    exposed.push({ arg: input.name, call: exposedCall(judged.verdict) });
    for (const mutation of judged.mutations) {
      const finding = {
        ...mutatedFinding(input, mutation, named, captureId),
        window_ns: [call.enterNs, endNs] as const,
      };
      findings.push({ finding, mutation, wait: waitingFor(finding, input, mutation, named) });
    }
  }
  // Kept at entry alone: nobody compares them.
  const hasOperands = context.call.entryItems?.some((item) => item.kind === ItemKind.OPERANDS) === true;
  if (hasOperands) exposed.push({ arg: OPERANDS, call: exposedCall("unknown") });
  return { inputs, read, exposed, findings };
}

/** A record is missing, so that nothing can be said but that the arguments were there. */
function unknownInputs(context: CallContext, isOpen: boolean): InputFindings {
  const { args, event } = context.call;
  const exposed = event.args
    .filter(
      (argument, arg) =>
        argument.tags.includes("TOCTOU") && (args === null || addressOf(context, arg) !== 0n),
    )
    .map(({ name }) => ({
      arg: name,
      call: { verdict: "unknown" as const, windowNs: null, isReadKnown: false, isOpen },
    }));
  return { inputs: [], read: null, exposed, findings: [] };
}

function mutatedFinding(
  input: ArgumentInput,
  mutation: Mutation,
  named: NamedCall,
  captureId: string,
): OpenFinding {
  const { piece, copies, firstDiffBytes, kernelUsed } = mutation;
  const addr = piece.entry?.addr ?? piece.exit?.addr ?? null;
  return {
    ...newFinding("mutated", named, captureId),
    arg: input.name,
    verdict: "changed",
    kernel_used: kernelUsed,
    first_diff_offset: firstDiffBytes,
    entry: textOf(copies.entry?.bytes),
    kernel: textOf(copies.kernel?.bytes),
    exit: textOf(copies.exit?.bytes),
    place: piece.place,
    addr: addr === null ? null : hexAddress(addr),
    len: copies.wantedBytes,
    compared: copies.ranges,
    kernel_from: copies.kernel === null ? null : "kernel",
    kernel_offset: copies.kernel?.atBytes ?? null,
  };
}

function textOf(bytes: Uint8Array | undefined): string | null {
  return bytes === undefined ? null : base64(bytes);
}

function waitingFor(
  finding: OpenFinding,
  input: ArgumentInput,
  { piece }: Mutation,
  { call }: NamedCall,
): Waiting | null {
  if (finding.kernel_used !== "unknown" || call.call === null || call.ret === null || call.ret < 0)
    return null;
  if (!piece.payload && !piece.leads) return null;
  const payload = payloadOf(input.pieces, piece.message);
  if (payload === null) return null;
  return {
    finding,
    id: callId(call),
    message: piece.message,
    copies: payload.copies,
    ownAtBytes: payload.atBytes(piece),
  };
}
