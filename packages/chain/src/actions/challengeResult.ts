// Names another answer to one result of an epoch, with a bond of the sender's deposit. The sender is its sponsor.
import * as Epoch from "@weft/protocol/Epoch";
import type { CourtStruct } from "@weft/verification/court/Move";
import { type EpochAnswer, type EpochResult, rivalOf } from "@weft/verification/epoch";
import type { Address } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

export interface ResultChallenge {
  commitment: Epoch.EpochCommitment;
  result: EpochResult;
  /** Of the request's model. */
  program: CourtStruct;
  answer: EpochAnswer;
  bond: bigint;
  sponsor: Address;
}

export function challengeResult(client: ChainClient, options: ResultChallenge): Intent {
  const { commitment, result, program, answer, bond, sponsor } = options;
  return intentFor(client, {
    kind: "challengeResult",
    subject: `${Epoch.hash(commitment)}/${sponsor}/${rivalOf(result.index, answer)}`,
    contract: "epochs",
    functionName: "challenge",
    args: [commitment, result, program, answer, bond] as never,
  });
}
