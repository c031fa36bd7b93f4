// Brings vouchers of many channels in one transaction; a bad one is reported and stops no other.
import { WeftError } from "@weft/protocol/Errors";
import { maxBatchClaims } from "@weft/protocol/generated/params";
import type { SignedVoucher } from "@weft/protocol/Voucher";
import { concatHex, keccak256, toHex } from "viem";
import type { ChainClient } from "../ChainClient.ts";
import type { Intent } from "../Intent.ts";
import { intentFor } from "./intentFor.ts";

/** @throws WeftError `claim.batchSize` for none or more than `maxBatchClaims` vouchers */
export function batchClaim(client: ChainClient, options: { vouchers: readonly SignedVoucher[] }): Intent {
  const { vouchers } = options;
  if (vouchers.length === 0 || vouchers.length > maxBatchClaims)
    throw new WeftError(`${vouchers.length} vouchers in one batch`, {
      code: "claim.batchSize",
      remedy: `bring 1 to ${maxBatchClaims} at once`,
    });
  const subject = keccak256(
    concatHex(vouchers.flatMap(({ voucher }) => [voucher.channelId, toHex(voucher.cumulative, { size: 16 })])),
  );
  const claims = vouchers.map(({ voucher, signature }) => ({
    channelId: voucher.channelId,
    cumulative: voucher.cumulative,
    signature,
  }));
  return intentFor(client, {
    ...{ kind: "batchClaim", subject },
    contract: "channels",
    functionName: "batchClaim",
    args: [claims],
  });
}
