// docs/attack-gallery.md, from a run of the whole gallery.
import { formatEther, formatUnits } from "viem";
import type { Harm } from "./griefers.ts";
import type { Outcome } from "./Outcome.ts";

const money = (amount: bigint) => formatUnits(amount, 6);
const gas = (amount: number) => `${Math.round(amount / 1000)}k`;
const row = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]) =>
  [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");

const caught = ({ name, how, end, depth, moves, gas: spent, slashed, refused }: Outcome) => [
  ...[name, how, depth],
  `\`${end}\`${refused.length > 0 ? `; refused before: ${[...new Set(refused)].map((code) => code.replace("games.", "")).join(", ")}` : ""}`,
  ...[moves, gas(spent.defender), gas(spent.rival)],
  `${money(slashed.toSponsor + slashed.toBuyer)}, ${formatEther(slashed.stakeBurnt)} WEFT`,
];

const harmed = (harm: Harm) => [
  ...[harm.name, harm.how, money(harm.attackerLost), money(harm.victimGot)],
  harm.victimLocked === 0n ? "–" : money(harm.victimLocked),
  ...[gas(harm.attackerGas), gas(harm.victimGas), harm.frozenSeconds],
];

export function renderPage(outcomes: readonly Outcome[], harms: readonly Harm[]): string {
  return `# Attack gallery

Written by \`npm run -s gallery -- --write\` from a run on a development chain with the parameters \`standard\`; \`tests/gallery/gallery.deep.ts\` runs all of it again
and holds this page to it. The program is a tiny MLP, so that a game takes seconds; its games are as deep as its tensors. What a main job's game costs, and one of
full depth, is measured by \`npm run -s bench -- court\`. Money is the settlement token's; a million gas is 0.09 at 0.03 gwei and 3,000 a coin.

## Cheats

Each is committed by a provider of its own under a lease that pinned the court, with a bond of 3.24 and 2,000 WEFT of stake. The auditor replays the segment, accuses on the ground that fits and plays.
Half of the bond goes to the auditor, half to the buyer, of the stake 5 % are burnt for a first fault, 50 % for another lease's within 90 days. *Found at*: level, step, value and operator, element, word.
The auditor's gas is all that it sends: the challenge with its bond, moves, the proof with the verdict.

${table(["cheat", "what it does", "found at", "ends with", "moves", "gas, liar", "gas, auditor", "lost"], outcomes.map(caught))}

\`timeout\`: the liar could not or would not go on, and its clock ran out. \`proveFields\`, \`proveNanLoss\`, \`proveNanState\`: proven at once, without a game.

## Griefers

On an honest node's true commitment (the first three): its bond and stake are as before, pay flows again, and half of what the attacker lost is its owner's. Around a false commitment (the others; attacker: the liar with its friends,
bond included; honest side: the auditor): the lie is eliminated all the same, and the auditor has its bond back.

${table(["attack", "how", "attacker lost", "honest side got", "it locked", "gas, attacker", "gas, honest side", "seconds frozen"], harms.map(harmed))}
`;
}

/** What doesn't change from run to run: gas does by some zero bytes. */
export const withoutGas = (page: string): string => page.replace(/\b\d+k\b/g, "k");

export const gasIn = (page: string): number[] => Array.from(page.matchAll(/\b(\d+)k\b/g), ([, k]) => Number(k));
