// One side of a dispute played from this command to its end, with everything that happens told as it happens. It may be ended and
// called again: where the dispute stands is on the chain.
import { type DisputeSeat, playDispute } from "@weft/court/playDispute";
import type { Table } from "@weft/court/playTurn";
import { type Disputes, openDisputes } from "@weft/court/readDisputes";
import { hasCode, WeftError } from "@weft/protocol/Errors";
import type { Context } from "../Context.ts";
import { readNames } from "../job/nodeNames.ts";
import { disputeText } from "../render/disputeText.ts";
import { disputeTree } from "../render/disputeTree.ts";
import { uncut } from "../render/terminalText.ts";
import { byGame } from "./summarise.ts";

export interface Playing {
  table: Table;
  seat: DisputeSeat;
  pollMs: number;
  signal: AbortSignal;
}

/** In a row; a chain that is away for longer ends the command. */
const mostFailures = 20;

/** True when this side won. @throws WeftError `dispute.stuck`, `cli.interrupted`, those of the chain and the replay */
export async function playToEnd(context: Context, { table, seat, pollMs, signal }: Playing): Promise<boolean> {
  const disputes = openDisputes(table.client, { fromBlock: seat.fromBlock });
  const tell = teller(context, disputes, seat.game);
  for (let failures = 0; ; ) {
    if (signal.aborted)
      throw new WeftError("no longer playing; the clock runs on", {
        code: "cli.interrupted",
        remedy: "call the same command again before it is over",
      });
    try {
      const { turn } = await playDispute(table, seat);
      await tell(turn.act === "done");
      if (turn.act === "done") return turn.won;
      if (turn.act === "stuck" || turn.act === "late") throw stuck(turn);
      failures = 0;
    } catch (error) {
      const passing = error instanceof WeftError && (error.retryable || hasCode(error, "chain.moved"));
      failures += 1;
      if (!passing || failures >= mostFailures) throw error;
    }
    await new Promise((wake) => setTimeout(wake, pollMs));
  }
}

/** Says what is new in the game; at its end the whole of it as a tree. */
function teller(context: Context, disputes: Disputes, game: string): (isOver: boolean) => Promise<void> {
  const names = readNames(context.home);
  let told = 0;
  return async (isOver) => {
    const { events } = await disputes.read();
    const own = byGame(events).find(([first]) => first?.game === game) ?? [];
    for (const event of own.slice(told)) {
      context.emit(event);
      context.say(disputeText(event, { names, told: own }));
    }
    told = own.length;
    if (isOver) for (const line of ["", ...disputeTree(own, { look: uncut(context.look), names })]) context.say(line);
  };
}

const stuck = (turn: { act: "stuck"; why: string } | { act: "late" }): WeftError =>
  new WeftError(
    turn.act === "late" ? "this side's clock is over" : `no move is justified by this history (${turn.why})`,
    {
      code: "dispute.stuck",
      remedy: "nothing more can be done here: the other side is right, or this is not the history that was named",
    },
  );
