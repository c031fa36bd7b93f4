// For deep tests and the bench of `weft start --cheat`: runs it as a process of its own, and holds what it told to what must be so in every such run.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { type JobEvent, shapes } from "@weft/protocol/JobEvent";
import { type ProtocolParams, presets } from "@weft/protocol/Params";
import { type Home, repositoryRoot } from "../Home.ts";
import { readNames } from "../job/nodeNames.ts";

export interface Story {
  code: number | null;
  /** Lines of --json. */
  lines: Record<string, unknown>[];
}

/** One run in 7,456 has no audit at all; a cheat in so many is not found. */
export async function cheat(home: Home, words: readonly string[], limitMs: number): Promise<Story> {
  const main = join(repositoryRoot, "apps/cli/src/main.ts");
  const all = ["start", "--once", "--cheat", "--json", "--home", home.root, ...words];
  const child = spawn(process.execPath, [main, ...all], {
    ...{ cwd: repositoryRoot, stdio: ["ignore", "pipe", "inherit"], timeout: limitMs },
  });
  let out = "";
  child.stdout.on("data", (piece) => (out += piece));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, lines: linesOf(out) };
}

export const linesOf = (out: string): Record<string, unknown>[] =>
  out.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Record<string, unknown>]));

type Of = <K extends JobEvent["kind"]>(kind: K) => Extract<JobEvent, { kind: K }>[];

interface Summary {
  ok: boolean;
  failovers: number;
  disputes: unknown[];
  gas: { byAction: Record<string, string> };
  fates: {
    verified: number[];
    unverified: number[];
    accused: { segment: number }[];
    false: { segment: number; nodeId: string }[];
  };
}

/** What was seen, for whoever reports it. */
export interface Seen {
  /** From the job's creation to the first slash, and from its challenge; seconds of the chain's time. */
  slashedAfter: number;
  playedFor: number;
  /** The proof that ended the game. */
  proof: string;
}

/** @throws AssertionError */
export function checkStory(home: Home, { code, lines }: Story): Seen {
  assert.equal(code, 0);
  const events = lines.filter(({ kind }) => Object.hasOwn(shapes, String(kind))) as unknown as JobEvent[];
  const of = ((kind: string) => events.filter((event) => event.kind === kind)) as unknown as Of;
  const said = lines.find(({ kind }) => kind === "cheat");
  const names = readNames(home);
  const [first, second] = of("lease");
  assert.equal(names.get(first?.nodeId ?? ""), said?.["name"], "the cheat won the auction");
  assert.ok(second !== undefined && second.nodeId !== first?.nodeId, "somebody else went on");
  const seen = checkCourt(of, {
    liar: first!.nodeId,
    firstFalse: Number(said?.["firstFalse"]),
    params: paramsOf(home),
  });
  checkEnd(lines.at(-1) as unknown as Summary, first!.nodeId);
  return seen;
}

const paramsOf = ({ network }: Home): ProtocolParams =>
  presets[NetworkFile.parse(readFileSync(network, "utf8"), network).preset];

/** Moves a side of a game of full depth (spec/court.md §5). */
const mostMoves = 27n;

function checkCourt(
  of: Of,
  { liar, firstFalse, params }: { liar: string; firstFalse: number; params: ProtocolParams },
): Seen {
  const slashed = of("slashed");
  assert.ok(slashed.length > 0 && slashed.every(({ nodeId }) => nodeId === liar), "the liar, and nobody else");
  assert.ok(
    slashed.every(({ segment }) => segment >= firstFalse),
    "segments before the first false one stand",
  );
  const [one] = slashed as [(typeof slashed)[0]];
  assert.ok(BigInt(one.bondToSponsor) > 0n && BigInt(one.stakeBurnt) > 0n);
  const { game, time } = one;
  const moves = of("move").filter((move) => move.game === game);
  assert.ok(moves.length > 0 && moves.every(({ gas }) => gas > 20_000));
  const verdict = of("verdict").find((event) => event.game === game);
  assert.equal(verdict?.winner, "rival");
  const { proof = "silence" } = verdict;
  assert.match(proof, /^prove/, "this liar answers as long as it can");
  const challenged = of("challenged").find((event) => event.game === game)!;
  // By the chain's own clocks, however slow the machine: within the longest game that the rules allow.
  const { courtClockSeconds: clock, courtExtensionSeconds: extension, courtInclusionSeconds: inclusion } = params;
  const longest = Number(2n * (clock + mostMoves * (extension + inclusion)));
  assert.ok(time - challenged.time <= longest, `${time - challenged.time} s`);
  return {
    ...{ slashedAfter: time - of("created")[0]!.at / 1000, playedFor: time - challenged.time },
    proof,
  };
}

/** The job is done; what was found false is neither verified nor not; what the court cost is in the table. */
function checkEnd({ ok, failovers, disputes, gas, fates }: Summary, liar: string): void {
  assert.ok(ok && failovers >= 1 && disputes.length >= 1);
  assert.ok(fates.false.length > 0 && fates.false.every(({ nodeId }) => nodeId === liar));
  const accused = fates.accused.map(({ segment }) => segment);
  const stands = [...fates.verified, ...fates.unverified, ...accused].sort((a, b) => a - b);
  assert.deepEqual(stands, [...stands.keys()], "every segment of the model once");
  assert.ok(BigInt(gas.byAction["court.challenge"] ?? 0) > 0n);
}
