// A local network of real processes for benches: `weft start --json` in a folder of its own, ended and removed after.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { connect, type GatewayClient } from "@weft/cli/GatewayClient";
import { homeAt } from "@weft/cli/Home";

export const repositoryRoot = resolve(import.meta.dirname, "..");

export interface Line {
  kind: string;
  [field: string]: unknown;
}

export interface LocalNetwork {
  home: ReturnType<typeof homeAt>;
  /** Every JSON line the command printed, with milliseconds since it was started. */
  lines(): AsyncIterable<{ line: Line; atMs: number }>;
  /** Waits for a line; rejects when the command ends first. */
  until(test: (line: Line) => boolean): Promise<{ line: Line; atMs: number }>;
  gateway(): GatewayClient;
  end(): Promise<void>;
}

const endGraceMs = 30_000;

/** Starts `weft start` with these flags, under the Node that runs the bench. */
export function startNetwork(flags: readonly string[], options: { home?: string } = {}): LocalNetwork {
  const folder = options.home ?? mkdtempSync(join(tmpdir(), "weft-bench-"));
  const begun = performance.now();
  const child = spawn(
    process.execPath,
    [join(repositoryRoot, "apps/cli/src/main.ts"), "start", "--json", "--home", folder, ...flags],
    { cwd: repositoryRoot, stdio: ["pipe", "pipe", "inherit"] },
  );
  const received: { line: Line; atMs: number }[] = [];
  const waiting = new Set<() => void>();
  let ended = false;
  createInterface({ input: child.stdout }).on("line", (text) => {
    if (!text.startsWith("{")) return;
    received.push({ line: JSON.parse(text) as Line, atMs: performance.now() - begun });
    for (const wake of waiting) wake();
  });
  child.once("exit", () => {
    ended = true;
    for (const wake of waiting) wake();
  });
  async function* lines() {
    for (let next = 0; ; next++) {
      while (next >= received.length) {
        if (ended) return;
        await new Promise<void>((wake) => waiting.add(wake));
      }
      yield received[next] as { line: Line; atMs: number };
    }
  }
  const home = homeAt(folder);
  return {
    home,
    lines,
    until: async (test) => {
      for await (const entry of lines()) if (test(entry.line)) return entry;
      throw new Error("the network ended before it did what the bench waits for");
    },
    gateway: () => connect({ url: gatewayUrl(home.run), tokenFile: home.gatewayToken }),
    end: async () => {
      await stop(child);
      if (options.home === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

const gatewayUrl = (run: string): string => JSON.parse(readFileSync(join(run, "endpoint"), "utf8")).url as string;

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise((exited) => child.once("exit", exited));
  child.kill("SIGINT");
  const timer = setTimeout(() => child.kill("SIGKILL"), endGraceMs);
  await gone;
  clearTimeout(timer);
}
