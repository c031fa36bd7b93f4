// Some of the attack gallery on a real chain: a cheat for each way to be caught, and griefers. gallery.deep.ts has all of it.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { openCourtRoom } from "@weft/court/courtRoomFixture";
import { auditor, catchLie } from "./catchLie.ts";
import { lies } from "./cheats.ts";
import { attackers, griefer } from "./griefers.ts";

const timed = { timeout: 600_000 };
const room = await openCourtRoom([auditor, griefer]);
after(() => room.network.end());
const found = await lies();
const attacks = await attackers();

/** How each must be found: level, step, operator. */
const cheats: Record<string, RegExp> = {
  "one bit of one weight": /^entries · step 3 · state hidden\.weight, of value \d+$/,
  "fused multiply-add": /^accs · step 0 · value \d+ matmul · element \d+ · partial sum 0 · 0x\w{8}, right is 0x\w{8}$/,
  "stale checkpoint": /^the start$/,
  "a forged Merkle path": /^values · step 3$/,
  "a pattern": /^entries · step 3 · state embedding\.weight, of value \d+$/,
};

for (const [name, place] of Object.entries(cheats))
  test(`${name}: found, bond and stake slashed`, timed, async () => {
    const { depth } = await catchLie(room, found.find((lie) => lie.name === name)!);
    assert.match(depth, place);
  });

for (const name of [
  "a challenger who is wrong",
  "self-challenge laundering",
  "a crowd for every place",
  "a censoring sequencer",
])
  test(`${name}: the honest side loses nothing`, timed, async () => {
    const harm = await attacks.find((attack) => attack.name === name)!.run(room);
    assert.ok(harm.attackerLost > harm.victimGot && harm.victimGot > 0n);
  });
