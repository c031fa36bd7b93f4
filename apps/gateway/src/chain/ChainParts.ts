// The pieces of packages/chain that the gateway's chain port is made of.
import type { ChainClient } from "@weft/chain/ChainClient";
import type { LiveSnapshot } from "@weft/chain/LiveSnapshot";
import type { Sender } from "@weft/chain/Sender";
import type { Clock } from "@weft/protocol/Clock";
import type { Hex } from "viem";

export interface ChainParts {
  client: ChainClient;
  live: LiveSnapshot;
  sender: Sender;
  clock: Clock;
  /** First block with events of the deployment. */
  fromBlock: bigint;
  /** The court of the network file; 32 zero bytes for none. */
  courtId: Hex;
}
