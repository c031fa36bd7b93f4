// Brings one voucher; its amount becomes pending.
import type { SignedVoucher } from "@weft/protocol/Voucher";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** A later voucher of the same channel is another intent. */
export function claim(client: ChainClient, options: SignedVoucher): Intent {
  const { voucher, signature } = options;
  return intentFor(client, {
    kind: "claim",
    subject: `${voucher.channelId}/${voucher.cumulative}`,
    contract: "channels",
    functionName: "claim",
    args: [voucher.channelId, voucher.cumulative, signature],
  });
}
