// Brings an accusation against a commitment to the court: as a rival with a bond, or proven at once without one. The sender is
// its sponsor.
import * as Segment from "@weft/protocol/Segment";
import type { Accusation, CourtOpening } from "@weft/verification/court/grounds";
import type { Address, Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import { startRival } from "../courtGrounds.ts";
import { gameId } from "../gameId.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

export interface AccuseOptions {
  commitment: Segment.SegmentCommitment;
  /** Segment 0 of the lease; read by ground `start` alone. */
  first: Segment.SegmentCommitment;
  opening: CourtOpening;
  accusation: Accusation;
  /** Of the sender's deposit; nothing is locked by what is proven at once. */
  bond: bigint;
  sponsor: Address;
}

/** The intent's key names the game, or what is proven at once about the commitment: the court takes the same only once. */
export function accuse(client: ChainClient, options: AccuseOptions): Intent {
  const { accusation } = options;
  return intentFor(client, {
    kind: accusation.call,
    subject: subjectOf(client, options),
    contract: "court",
    functionName: accusation.call,
    args: argumentsOf(options) as never,
  });
}

function subjectOf({ network }: ChainClient, { commitment: said, accusation, sponsor }: AccuseOptions): string {
  const commitment = Segment.hash(said);
  const rival = rivalOf(accusation);
  return rival === undefined ? `${commitment}/${sponsor}` : gameId(network, { commitment, sponsor, rival });
}

/** What the rival is named by; undefined for what is proven at once. */
export function rivalOf(accusation: Accusation): Hex | undefined {
  if (accusation.call === "challenge") return accusation.rival;
  return accusation.call === "challengeStart" ? startRival : undefined;
}

function argumentsOf({ commitment, first, opening, accusation, bond }: AccuseOptions): readonly unknown[] {
  switch (accusation.call) {
    case "challenge":
      return [commitment, opening, accusation.rival, bond];
    case "challengeStart":
      return [commitment, first, opening, bond];
    case "proveFields":
      return [commitment, opening, accusation.last];
    case "proveNanLoss":
      return [commitment, opening, accusation.step];
    case "proveNanState":
      return [commitment, opening, accusation.step, accusation.word];
  }
}
