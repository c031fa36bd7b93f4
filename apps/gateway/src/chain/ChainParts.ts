// The pieces of packages/chain that the gateway's chain port is made of.
import type { ChainClient } from "@weft/chain/ChainClient";
import type { LiveSnapshot } from "@weft/chain/LiveSnapshot";
import type { Sender } from "@weft/chain/Sender";
import type { Clock } from "@weft/protocol/Clock";

export interface ChainParts {
  client: ChainClient;
  live: LiveSnapshot;
  sender: Sender;
  clock: Clock;
  /** First block with events of the deployment. */
  fromBlock: bigint;
}
