// The `weft` command: parses, runs one command, and turns whatever went wrong into a clear line, a remedy and an exit
// code. 0 = done, 1 = failed, 2 = called wrongly, 3 = nothing fits (quote), 130 = interrupted.
import { explain, WeftError } from "@weft/protocol/Errors";
import { CommanderError } from "commander";
import { wasInterrupted } from "./Context.ts";
import type { Outcome } from "./commandSpec.ts";
import { buildProgram } from "./program.ts";
import { asPersonError } from "./systemErrors.ts";

const exitCode = { failed: 1, usage: 2, interrupted: 130 } as const;
/** Words of the call that make no sense: as wrong a call as an unknown flag. */
const wrongWords = ["cli.usage", "amount.malformed", "wallet.address", "gateway.address"];

function report(error: unknown, json: boolean): number {
  const known = asPersonError(error);
  const code = known instanceof WeftError ? known.code : "internal";
  const remedy = known instanceof WeftError ? known.remedy : undefined;
  process.stderr.write(`weft: ${explain(known)}\n`);
  if (json) {
    const message = known instanceof Error ? known.message : String(known);
    process.stdout.write(`${JSON.stringify({ kind: "summary", ok: false, error: { code, message, remedy } })}\n`);
  }
  if (wasInterrupted(known)) return exitCode.interrupted;
  return wrongWords.includes(code) ? exitCode.usage : exitCode.failed;
}

/** Commander has written its own line already; under --json the summary is still owed. */
function reportUsage(error: CommanderError, json: boolean): number {
  if (error.exitCode === 0) return 0;
  if (json) {
    const failure = { code: "cli.usage", message: error.message, remedy: "weft --help" };
    process.stdout.write(`${JSON.stringify({ kind: "summary", ok: false, error: failure })}\n`);
  }
  return exitCode.usage;
}

async function main(): Promise<void> {
  const json = process.argv.includes("--json");
  const outcome: Outcome = { code: 0 };
  // A reader that has seen enough (`weft offers | head`) is no error. A command that listens too (onInterrupt) ends by itself.
  process.stdout.on("error", (error: { code?: string }) => {
    if (process.stdout.listenerCount("error") > 1) return;
    process.exit(error.code === "EPIPE" ? (process.exitCode ?? outcome.code) : exitCode.failed);
  });
  try {
    await buildProgram(outcome).parseAsync(process.argv);
    process.exitCode = outcome.code;
  } catch (error) {
    process.exitCode = error instanceof CommanderError ? reportUsage(error, json) : report(error, json);
  }
}

await main();
