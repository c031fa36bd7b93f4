// Brings an accusation against a commitment to the court: as a rival with a bond, or proven at once without one. The sender is
// its sponsor.
import * as Segment from "@weft/protocol/Segment";
import type { Accusation, CourtOpening } from "@weft/verification/court/grounds";
import type { Address } from "viem";
import type { ChainClient } from "../ChainClient.ts";
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

/** The intent's key names commitment, sponsor and what is said: the court takes the same only once. */
export function accuse(client: ChainClient, options: AccuseOptions): Intent {
  const { commitment, accusation, sponsor } = options;
  const said = accusation.call === "challenge" ? accusation.rival : accusation.call;
  return intentFor(client, {
    kind: accusation.call,
    subject: `${Segment.hash(commitment)}/${sponsor}/${said}`,
    contract: "court",
    functionName: accusation.call,
    args: argumentsOf(options) as never,
  });
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
