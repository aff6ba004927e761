/** What doctor says of the kernel plane's hooks, from what came of trying them: one line a hook. */
import type { AttachedHook } from "../format/types.js";
import type { Check } from "./doctor.js";
import { KERNEL_HOOKS } from "./kernel-plane.js";

const WITHOUT = "nothing: calls are recorded without, and what it would have told stays unknown";

/** `plan`: as addKernelPlane gave it. */
export function kernelHookChecks(plan: readonly AttachedHook[]): readonly Check[] {
  return KERNEL_HOOKS.map(({ hook, use }) => {
    const name = `kernel, ${hook}`;
    const tried = plan.filter((one) => one.hook === hook);
    const attached = tried.find((one) => one.attached);
    if (attached !== undefined) {
      return { name, status: "ok", detail: `${use}: by ${attached.mechanism}`, todo: null };
    }
    const why = tried.map((one) => `${one.mechanism}: ${one.why}`).join("; ");
    return { name, status: "no", detail: `${use}: not there (${why})`, todo: WITHOUT };
  });
}
