// Which skipped tests are allowed, and whether their excuse holds on this machine.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export type Condition = "data" | "netns" | "gpu" | "tmpfs" | "emulator" | "nvcc";
export interface ExpectedSkip {
  /** Full name of the test, or a prefix ending in `*`. */
  test: string;
  condition: Condition;
}

export const repositoryRoot = resolve(import.meta.dirname, "..");

/** Folder of the real inputs that tests and benches read and never copy. */
export const dataRoot = (): string => resolve(process.env["WEFT_DATA"] ?? join(repositoryRoot, "..", "shared", "data"));

const works = (command: string, args: string[]) => spawnSync(command, args, { stdio: "ignore" }).status === 0;

/** A named namespace with a cable in it, made, entered and removed: all that the tests need. */
const tryNamespace = [
  'n="weft-try-$$"; ip netns add "$n" || exit 1',
  'ip -n "$n" link add weft0 type veth peer name weft1 && ip netns exec "$n" true; works=$?',
  'ip netns del "$n"; exit $works',
].join("\n");

/** True when the condition really holds here, that is, when a skip that names it is excused. */
export function conditionHolds(condition: Condition): boolean {
  if (condition === "data") return !existsSync(join(dataRoot(), "ml", "tinyshakespeare", "input.txt"));
  if (condition === "netns") return !works("sh", ["-c", tryNamespace]);
  if (condition === "gpu") return !works("nvidia-smi", ["-L"]);
  if (condition === "emulator") return process.platform !== "linux" || !works("g++", ["--version"]);
  if (condition === "nvcc") return !works("nvcc", ["--version"]);
  return !works("unshare", ["--mount", "sh", "-c", "mount -t tmpfs none /mnt"]);
}

const matches = (pattern: string, name: string) =>
  pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : pattern === name;

/** A line of complaint for each skip that is not listed, or is listed while its condition does not hold. */
export function unexcused(skipped: readonly string[], expected: readonly ExpectedSkip[]): string[] {
  return skipped.flatMap((name) => {
    const entry = expected.find((candidate) => matches(candidate.test, name));
    if (entry === undefined) return [`"${name}" was skipped and tests/expected-skips.json does not list it`];
    return conditionHolds(entry.condition)
      ? []
      : [`"${name}" was skipped though "${entry.condition}" is available here`];
  });
}

export function readExpectedSkips(): ExpectedSkip[] {
  const file = JSON.parse(readFileSync(join(repositoryRoot, "tests", "expected-skips.json"), "utf8"));
  return file.skips as ExpectedSkip[];
}
