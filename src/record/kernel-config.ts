/**
 * What the running kernel was built with, where it says so: /proc/config.gz, else the file that distributions put
 * into /boot. Says nothing about a kernel that keeps it to itself.
 */
import { readFileSync } from "node:fs";
import { release } from "node:os";
import { gunzipSync } from "node:zlib";

export interface KernelConfig {
  /** "y", "m" or a value; null: not set. */
  option(name: string): string | null;
}

/** null: the kernel's configuration is not to be had. */
export function readKernelConfig(): KernelConfig | null {
  const text = textOf("/proc/config.gz") ?? textOf(`/boot/config-${release()}`);
  return text === null ? null : parseKernelConfig(text);
}

export function parseKernelConfig(text: string): KernelConfig {
  const options = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^(CONFIG_\w+)=(.*)$/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) options.set(match[1], match[2]);
  }
  return { option: (name) => options.get(name) ?? null };
}

function textOf(path: string): string | null {
  try {
    const bytes = readFileSync(path);
    return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  } catch {
    return null;
  }
}
