// A machine of the test: the weft command run inside one network namespace, as a person on that machine would.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { repositoryRoot } from "../../tools/skips.ts";
import type { Namespace } from "./namespaces.ts";

export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

export interface Running {
  readonly pid: number;
  /** The first line of standard output that matches, past or future; rejects at the end of the process or of time. */
  line(pattern: RegExp, timeoutMs?: number): Promise<string>;
  /** Standard output until now. */
  out(): string;
  readonly ended: Promise<Ended>;
  /** Ctrl-C, and kill -9 when it does not end within two minutes. */
  interrupt(): Promise<Ended>;
}

export interface Machine {
  readonly address: string;
  /** Runs `node SCRIPT WORDS…`; the weft command when no script is named. */
  begin(words: readonly string[], options?: { script?: string }): Running;
  /** The same, to its end. */
  run(words: readonly string[], options?: { script?: string }): Promise<Ended>;
  /** Ends what still runs. */
  stop(): Promise<void>;
}

const weft = join(repositoryRoot, "apps/cli/src/main.ts");
const lineTimeoutMs = 300_000;
const graceMs = 120_000;
const maxCharacters = 8 * 1024 * 1024;

export function machineIn(namespace: Namespace, cwd: string): Machine {
  const running = new Set<Running>();
  const begin: Machine["begin"] = (words, { script = weft } = {}) => {
    // `ip netns exec` becomes the command it runs: its pid is Node's.
    const command = ["netns", "exec", namespace.name, process.execPath, script, ...words];
    const child = spawn("ip", command, {
      cwd,
      env: { ...process.env, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const one = watch(child, words);
    running.add(one);
    void one.ended.then(() => running.delete(one));
    return one;
  };
  return {
    address: namespace.address,
    begin,
    run: (words, options) => begin(words, options).ended,
    stop: async () => void (await Promise.all([...running].map((one) => one.interrupt()))),
  };
}

function watch(child: ChildProcess, words: readonly string[]): Running {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  let [err, characters] = ["", 0];
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
    characters += line.length;
    if (characters < maxCharacters) lines.push(line);
    for (const look of waiting) look();
  });
  child.stderr?.on("data", (piece: Buffer) => {
    if (err.length < maxCharacters) err += piece.toString();
  });
  const ended = new Promise<Ended>((resolve) =>
    child.once("close", (code) => resolve({ code, out: lines.join("\n"), err })),
  );
  const told = () => `weft ${words.join(" ")}\n${lines.slice(-20).join("\n")}\n${err.slice(-4000)}`;
  const line: Running["line"] = (pattern, timeoutMs = lineTimeoutMs) =>
    new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        waiting.delete(look);
        act();
      };
      const look = () => {
        const found = lines.find((text) => pattern.test(text));
        if (found !== undefined) settle(() => resolve(found));
      };
      const timer = setTimeout(
        () => settle(() => reject(new Error(`no line ${pattern} in time: ${told()}`))),
        timeoutMs,
      );
      waiting.add(look);
      void ended.then(() => {
        look();
        settle(() => reject(new Error(`ended without a line ${pattern}: ${told()}`)));
      });
      look();
    });
  const interrupt = async () => {
    child.kill("SIGINT");
    const kill = setTimeout(() => child.kill("SIGKILL"), graceMs);
    const end = await ended;
    clearTimeout(kill);
    return end;
  };
  return { pid: child.pid as number, line, out: () => lines.join("\n"), ended, interrupt };
}
