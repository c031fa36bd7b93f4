// The whole of `weft start --cheat`: a network of real processes in which the provider that wins flips one bit of one weight a
// segment. It is found, tried in court and slashed, and the job is done by others. Minutes; part of the deep run.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type JobEvent, shapes } from "@weft/protocol/JobEvent";
import { homeAt, repositoryRoot } from "../Home.ts";
import { readNames } from "../job/nodeNames.ts";
import { livingRecords } from "../process/RunFolder.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-cli-cheat-"));
const home = homeAt(join(folder, ".weft"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** One run in 7,456 has no audit at all; a cheat in so many is not found. */
async function cheat(): Promise<{ code: number | null; lines: Record<string, unknown>[] }> {
  const main = join(repositoryRoot, "apps/cli/src/main.ts");
  const words = ["start", "--once", "--quick", "--cheat", "--json", "--home", home.root];
  const child = spawn(process.execPath, [main, ...words], {
    ...{ cwd: folder, stdio: ["ignore", "pipe", "inherit"], timeout: 1_200_000 },
  });
  let out = "";
  child.stdout.on("data", (piece) => (out += piece));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  const lines = out.split("\n").slice(0, -1);
  return { code, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

test("start --once --quick --cheat: found, challenged, narrowed, slashed; the job goes on elsewhere and is done", async (t) => {
  const { code, lines } = await cheat();
  assert.equal(code, 0);
  const events = lines.filter(({ kind }) => Object.hasOwn(shapes, String(kind))) as unknown as JobEvent[];
  const of = <K extends JobEvent["kind"]>(kind: K) =>
    events.filter((event): event is Extract<JobEvent, { kind: K }> => event.kind === kind);
  const said = lines.find(({ kind }) => kind === "cheat");
  const nameOf = (nodeId: string | undefined) => readNames(home).get(nodeId ?? "");
  const [first, second] = of("lease");
  assert.equal(nameOf(first?.nodeId), said?.["name"], "the cheat won the auction");
  assert.ok(second !== undefined && second.nodeId !== first?.nodeId, "somebody else went on");

  const slashed = of("slashed");
  assert.ok(
    slashed.length > 0 && slashed.every(({ nodeId }) => nodeId === first?.nodeId),
    "and nobody else was slashed",
  );
  assert.ok(BigInt(slashed[0]!.bondToSponsor) > 0n && BigInt(slashed[0]!.stakeBurnt) > 0n);
  const { game, time } = slashed[0]!;
  const moves = of("move").filter((move) => move.game === game);
  assert.ok(moves.length > 0 && moves.every(({ gas }) => gas > 20_000));
  const verdict = of("verdict").find((one) => one.game === game);
  assert.equal(verdict?.winner, "rival");
  t.diagnostic(`slashed after ${time - of("created")[0]!.at / 1000} s; ${verdict?.proof ?? "silence"}`);
  assert.ok(
    slashed.every(({ segment }) => segment >= Number(said?.["firstFalse"])),
    "segments before the first false one stand",
  );

  const summary = lines.at(-1) as { ok: boolean; failovers: number; disputes: unknown[] };
  assert.ok(summary.ok && summary.failovers >= 1 && summary.disputes.length >= 1);
  assert.deepEqual(livingRecords(home), []);
});
