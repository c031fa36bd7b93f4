// What a case of the gallery came to: where the dispute ended, who lost what, and what each side's transactions cost.
import { abis } from "@weft/chain/Abis";
import { readChannel, readNode } from "@weft/chain/reads";
import type { CourtRoom, Made } from "@weft/court/courtRoomFixture";
import type { CourtLease } from "@weft/court/disputeFixture";
import type { Side } from "@weft/verification/court/Game";
import { wordIn } from "@weft/verification/court/hashes";
import type { Move } from "@weft/verification/court/Move";
import { type Computed, decodeRecord } from "@weft/verification/court/records";
import type { TraceOracle } from "@weft/verification/court/TraceOracle";
import { firstWord } from "@weft/verification/court/wordMoves";
import { hexToString, parseEventLogs, type TransactionReceipt } from "viem";

export type Gas = { readonly [S in Side]: number };

/** What the court took, as its event says and balances confirm. Stablecoin units; WEFT units. */
export type Slashed = {
  readonly toSponsor: bigint;
  readonly toBuyer: bigint;
  readonly stakeBurnt: bigint;
  readonly isPattern: boolean;
};

export type Outcome = {
  readonly name: string;
  readonly how: string;
  /** The call that decided. */
  readonly end: string;
  /** Deepest place: level, step, value, operator, element, word. */
  readonly depth: string;
  readonly moves: number;
  readonly gas: Gas;
  readonly slashed: Slashed;
  /** Errors that refused what the cheat tried. */
  readonly refused: readonly string[];
};

export const gasOf = (costs: readonly { side: Side; gas: number }[]): Gas => {
  const sum = (side: Side) => costs.filter((cost) => cost.side === side).reduce((all, { gas }) => all + gas, 0);
  return { defender: sum("defender"), rival: sum("rival") };
};

const word = (value: number) => `0x${(value >>> 0).toString(16).padStart(8, "0")}`;
const against = (defender: number, right: number) => `${word(defender)}, right is ${word(right)}`;

/** The place of a move that decides, in words. */
export async function depthOf(move: Move, oracle: TraceOracle): Promise<string> {
  if (move.call === "reveal" || move.call === "choose") return "steps";
  const { facts } = move.position;
  const step = `step ${facts.step}`;
  const recordAt = async (value: number) => decodeRecord((await oracle.leaves({ of: "records" }, value, 1))[0]!);
  const opOf = (record: Awaited<ReturnType<typeof recordAt>>) =>
    record.kind === "node" ? record.scope.node.op : record.kind;
  switch (move.call) {
    case "proveFold": {
      const { scope } = decodeRecord(move.record) as Computed;
      const { index, defender, rival } = move.choice;
      const place = `value ${facts.value} ${scope.node.op} · element ${facts.element} · partial sum ${index}`;
      return `accs · ${step} · ${place} · ${against(defender, rival)}`;
    }
    case "proveWord":
    case "proveToken": {
      const record = decodeRecord(move.record);
      const { element, defender, rival } = firstWord(record.type, move.choice);
      return `leaves · ${step} · value ${facts.value} ${opOf(record)} · element ${element} · ${against(defender, rival)}`;
    }
    case "proveEntry":
      return `entries · ${step} · state ${hexToString(move.rule.name)}, of value ${move.rule.value}`;
    case "proveState":
    case "proveRate":
    case "proveConstant":
      return `values · ${step} · value ${move.choice.index} ${opOf(await recordAt(move.choice.index))}`;
    case "proveLoss":
      return `loss · ${step} · ${against(facts.loss, wordIn(move.leaf, 0))}`;
    default:
      return facts.history === `0x${"00".repeat(32)}` || move.call === "enterStep" ? step : "steps";
  }
}

export function lastMove(made: readonly Made[]): Move | undefined {
  return made.map(({ look: { turn } }) => (turn.act === "move" ? turn.move : undefined)).findLast((move) => move);
}

/** What the verdict in that receipt took. */
export function slashedIn(receipt: TransactionReceipt): Slashed {
  const [event] = parseEventLogs({ abi: abis.court, eventName: "Punished", logs: receipt.logs });
  if (event === undefined) throw new Error("the verdict punished nobody");
  const { bondToSponsor, bondToBuyer, stakeBurnt, pattern } = event.args;
  return { toSponsor: bondToSponsor, toBuyer: bondToBuyer, stakeBurnt, isPattern: pattern };
}

/** Of the node and its lease, to compare before with after. */
export async function standing({ network: { client } }: CourtRoom, { leaseId, nodeId }: CourtLease) {
  const [node, channel] = await Promise.all([readNode(client, nodeId), readChannel(client, leaseId)]);
  return { stake: node.stake + node.unbonding, bondSlashed: channel.bondSlashed };
}
