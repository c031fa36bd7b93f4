// Both sides of a dispute at one table, each step as soon as the other's is mined: for benches, galleries and tests.
import type { IntentResult } from "@weft/chain/Intent";
import type { Side } from "@weft/verification/court/Game";
import { type DisputeLook, type DisputeSeat, playDispute } from "./playDispute.ts";
import type { Table } from "./playTurn.ts";

export interface Player {
  table: Table;
  seat: DisputeSeat;
}

export interface Step {
  side: Side;
  look: DisputeLook;
  result: IntentResult;
}

/** More than the moves of a game of any depth. */
const mostSteps = 96;

/** Until nothing is due for either side; a side that is stuck or late is silent, and time is the caller's to pass. */
export async function playOut(
  players: { defender: Player; rival: Player },
  onStep: (step: Step) => void = () => {},
): Promise<Step[]> {
  const steps: Step[] = [];
  for (let idle = 0; idle < 2 && steps.length < mostSteps; )
    for (const side of ["defender", "rival"] as const) {
      const { result, ...look } = await playDispute(players[side].table, players[side].seat);
      if (result === undefined) idle++;
      else {
        idle = 0;
        const step = { side, look, result };
        steps.push(step);
        onStep(step);
      }
      if (idle >= 2) break;
    }
  return steps;
}
