// Whole disputes on a development chain with the parameters of a real one, and what each side's transactions cost, from receipts.
import { depositBond } from "@weft/chain/actions/depositBond";
import { stake } from "@weft/chain/actions/stake";
import { accountOf } from "@weft/chain/chainFixture";
import { readDispute, readGameView } from "@weft/chain/courtReads";
import type { Intent, IntentResult } from "@weft/chain/Intent";
import { fund, type NetworkFixture, networkFixture } from "@weft/chain/networkFixture";
import { type CourtLease, challenged, commit, commitmentOf, courtLease, playerOf } from "@weft/court/disputeFixture";
import { ladderOf } from "@weft/court/gameRules";
import { type Player, playOut } from "@weft/court/playOut";
import * as Segment from "@weft/protocol/Segment";
import type { Side } from "@weft/verification/court/Game";
import type { CourtStruct } from "@weft/verification/court/Move";
import { rootOf } from "@weft/verification/court/ownTrees";
import { syntheticDispute } from "@weft/verification/court/syntheticFixture";
import type { TraceOracle } from "@weft/verification/court/TraceOracle";
import { parseEther } from "viem";
import { mustHold } from "./report.ts";

/** One transaction. */
export interface Cost {
  side: Side;
  /** What it called. */
  call: string;
  gas: number;
  /** Of its calldata. */
  bytes: number;
}

/** Between two histories of a segment from the program's own start, of which the defender's is false. */
export interface Disputed {
  program: CourtStruct;
  steps: number;
  defender: TraceOracle;
  rival: TraceOracle;
}

export interface CourtRoom {
  network: NetworkFixture;
  /** Leases so far: each dispute gets its own. */
  leases: number;
}

const sponsor = "rival";

/**
 * A deployment of the preset `standard`, whose clock stands still between moves. Slots are in the steady state: sponsor and buyer
 * have been in a dispute before.
 */
export async function openCourtRoom(): Promise<CourtRoom> {
  const network = await networkFixture({ preset: "standard", blockTimeSeconds: 0.05 });
  await network.freeze();
  await fund(network, [sponsor]);
  const room = { network, leases: 0 };
  const shape = { steps: 4, values: 8, rows: 2, columns: 2, terms: 2 };
  const { court, truth, lie } = await syntheticDispute(shape, { step: 1, element: 0, chunk: 0 });
  await playMeasured(room, { ...court, defender: lie, rival: truth });
  return room;
}

const costOf = (side: Side, intent: Intent, { kind, gasUsed }: IntentResult): Cost => ({
  ...{ side, call: kind, gas: Number(gasUsed), bytes: (intent.data.length - 2) / 2 },
});

/** The player, whose transactions are written down. */
const counted = ({ table, seat }: Player, costs: Cost[]): Player => ({
  seat,
  table: {
    ...table,
    send: async (intent) => {
      const result = await table.send(intent);
      costs.push(costOf(seat.side, intent, result));
      return result;
    },
  },
});

/** Of a new node, which this is the first fault of and which keeps its seat when a part of its stake is gone. */
async function nextLease(room: CourtRoom, program: CourtStruct): Promise<CourtLease> {
  const { network } = room;
  const nonce = BigInt(++room.leases);
  const owner = `liar ${nonce}`;
  const lease = await courtLease(network, { program, owner, nonce });
  await fund(network, [owner]);
  const from = accountOf(owner);
  const intent = await stake(network.client, { nodeId: lease.nodeId, from, amount: parseEther("900"), id: "second" });
  await network.senderOf(from).send(intent);
  return lease;
}

/** The rival's bond, its challenge, every move of both sides, the verdict: the false commitment must be eliminated. */
export async function playMeasured(room: CourtRoom, disputed: Disputed): Promise<Cost[]> {
  const { network } = room;
  const { program, steps } = disputed;
  const costs: Cost[] = [];
  const lease = await nextLease(room, program);
  const segment = { oracle: disputed.defender, firstStep: 0n, lastStep: BigInt(steps - 1) };
  const said = await commitmentOf(lease, { ...segment, startRoot: program.startRoot });
  const commitment = await commit(network, lease, said);

  const from = accountOf(sponsor);
  const amount = ladderOf(network.client.params);
  const bond = await depositBond(network.client, {
    ...{ account: from.address, from, amount, id: `${room.leases}` },
  });
  costs.push(costOf("rival", bond, await network.senderOf(from).send(bond)));
  const rival = await rootOf(disputed.rival, { of: "steps" }, steps);
  const opened = await challenged(network, { lease, commitment, accusation: { call: "challenge", rival }, sponsor });
  const { input: data } = await network.client.rpc.getTransaction({ hash: opened.result.hash });
  costs.push(costOf("rival", { ...bond, data }, opened.result));

  const players = {
    defender: playerOf(network, opened, {
      ...{ side: "defender", account: `${lease.owner} operator`, program, oracle: disputed.defender },
    }),
    rival: playerOf(network, opened, { side: "rival", account: sponsor, program, oracle: disputed.rival }),
  };
  await playOut({ defender: counted(players.defender, costs), rival: counted(players.rival, costs) });
  const [view, dispute] = await Promise.all([
    readGameView(network.client, opened.game),
    readDispute(network.client, Segment.hash(commitment)),
  ]);
  mustHold(view.outcome === "rival" && dispute.eliminated, "the false commitment was eliminated");
  return costs;
}
