// Slashed stake that is nobody's and still there, and whether somebody burnt such stake lately.
import type { ChainClient } from "./ChainClient.ts";
import { at, reading } from "./contractRead.ts";
import { lastLog } from "./logRanges.ts";

/** WEFT units that `burnSlashed` would burn now. */
export async function readUnburnt(client: ChainClient): Promise<bigint> {
  const left = client.rpc.readContract({ ...at(client, "registry"), functionName: "slashedUnburnt" });
  const unburnt = await reading("readUnburnt", left);
  // One unit stays for good, so that no later slash pays for a new slot.
  return unburnt > 1n ? unburnt - 1n : 0n;
}

/** Whether anybody burnt within about the last `seconds`: as many blocks as the chain makes in them. */
export async function wasBurntLately(client: ChainClient, { seconds }: { seconds: number }): Promise<boolean> {
  const head = await reading("wasBurntLately", client.rpc.getBlockNumber());
  const blocks = BigInt(Math.ceil(seconds / client.profile.blockSeconds));
  const fromBlock = head > blocks ? head - blocks : 0n;
  const last = await reading(
    "wasBurntLately",
    lastLog(client, { fromBlock }, (range) =>
      client.rpc.getContractEvents({ ...at(client, "registry"), ...range, eventName: "SlashedBurnt" }),
    ),
  );
  return last !== undefined;
}
