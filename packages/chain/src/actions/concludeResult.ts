// Has the court of epochs take note of a game that is over: pays, slashes, starts the next rival's. Anyone may.
import * as Epoch from "@weft/protocol/Epoch";
import type { Address, Hex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** `rival`: of verification's `rivalOf`. */
export function concludeResult(
  client: ChainClient,
  { commitment, sponsor, rival }: { commitment: Epoch.EpochCommitment; sponsor: Address; rival: Hex },
): Intent {
  return intentFor(client, {
    kind: "concludeResult",
    subject: `${Epoch.hash(commitment)}/${sponsor}/${rival}`,
    contract: "epochs",
    functionName: "conclude",
    args: [commitment as never, sponsor, rival],
  });
}
