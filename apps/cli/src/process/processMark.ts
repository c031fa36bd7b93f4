// Whether a process we wrote down is still the same one. A pid alone is not enough: pids are reused, and nothing may be
// ended on the word of an old file. The mark is the kernel's start time of the process.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface ProcessRecord {
  role: string;
  pid: number;
  /** From `processMark`. */
  mark: string;
}

/** Start time of a living process as text, or undefined when there is none (or the platform doesn't tell). */
export function processMark(pid: number): string | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  if (process.platform === "linux") return linuxMark(pid);
  if (process.platform === "win32") return windowsMark(pid);
  return commandOutput("ps", ["-o", "lstart=", "-p", String(pid)]);
}

/** Field 22 of /proc/PID/stat, clock ticks since boot; a zombie counts as gone. */
function linuxMark(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command name, in parentheses, may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

const windowsMark = (pid: number): string | undefined =>
  commandOutput("powershell", ["-NoProfile", "-Command", `(Get-Process -Id ${pid}).StartTime.Ticks`]);

function commandOutput(command: string, parameters: string[]): string | undefined {
  try {
    const text = execFileSync(command, parameters, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 5000,
    });
    return text.trim() === "" ? undefined : text.trim();
  } catch {
    return undefined;
  }
}

/** A record for a process that lives now. */
export function recordOf(role: string, pid: number): ProcessRecord | undefined {
  const mark = processMark(pid);
  return mark === undefined ? undefined : { role, pid, mark };
}

export const isAlive = (record: ProcessRecord): boolean => processMark(record.pid) === record.mark;

/** Sends a signal if, and only if, the process is still the recorded one. True when it was sent. */
export function signal(record: ProcessRecord, name: NodeJS.Signals): boolean {
  if (!isAlive(record)) return false;
  try {
    process.kill(record.pid, name);
    return true;
  } catch {
    return false;
  }
}

/** Resolves true once the process is gone, false after `timeoutMs`. */
export async function untilGone(record: ProcessRecord, timeoutMs: number): Promise<boolean> {
  const until = performance.now() + timeoutMs;
  while (isAlive(record)) {
    if (performance.now() > until) return false;
    await new Promise((wake) => setTimeout(wake, 20));
  }
  return true;
}

/** SIGTERM, then SIGKILL after `graceMs`. */
export async function endProcess(record: ProcessRecord, graceMs: number): Promise<void> {
  if (!signal(record, "SIGTERM")) return;
  if (await untilGone(record, graceMs)) return;
  signal(record, "SIGKILL");
  await untilGone(record, 2000);
}
