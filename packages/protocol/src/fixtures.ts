// A network, a key and one filled-in noun of each kind, for this package's tests.
import type { Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { Network, Signer } from "./Domain.ts";
import { zeroHash } from "./fields.ts";
import type { Held } from "./Held.ts";
import type { Offer } from "./Offer.ts";
import type { Order } from "./Order.ts";
import type { SegmentCommitment } from "./Segment.ts";
import type { Voucher } from "./Voucher.ts";

const at = (byte: string): Hex => `0x${byte.repeat(20)}`;

export const network: Network = {
  chainId: 31_337,
  contracts: {
    stable: at("01"),
    weft: at("02"),
    registry: at("03"),
    channels: at("04"),
    market: at("05"),
    audits: at("06"),
    beacon: at("07"),
    courts: at("08"),
    games: at("09"),
    court: at("0a"),
    epochs: at("0b"),
  },
};

export const account = privateKeyToAccount(`0x${"11".repeat(32)}`);
export const signer: Signer = {
  address: account.address.toLowerCase() as Hex,
  signDigest: (hash) => account.sign({ hash }),
};

const hash = (byte: string): Hex => `0x${byte.repeat(32)}`;

export const offer: Offer = {
  nodeId: at("aa"),
  poolId: 1n,
  slot: 2n,
  seq: 3n,
  class: "0x6370750000000000",
  attributes: 5n,
  units: 6n,
  pricePerUnitSecond: 7n,
  region: 8n,
  expiresAt: 9n,
  orderHash: zeroHash,
  detailsHash: zeroHash,
};

export const order: Order = {
  buyer: at("bb"),
  session: at("cc"),
  class: "0x6370750000000000",
  minAttributes: 1n,
  units: 2n,
  durationSeconds: 3n,
  maxPricePerUnitSecond: 4n,
  priceRule: 0n,
  tier: 1n,
  mechanism: 1n,
  payMode: 0n,
  jobCommitment: hash("0a"),
  detailsHash: zeroHash,
  matcher: at("00"),
  maxFee: 5n,
  budget: 6n,
  courtId: zeroHash,
  paramsHash: hash("0b"),
  buyerEpoch: 7n,
  nonce: 8n,
  expiresAt: 9n,
  biddingEndsAt: 10n,
};

export const voucher: Voucher = { channelId: hash("c1"), payee: at("aa"), cumulative: 12n };

export const held: Held = { leaseId: hash("c1"), segment: 0xffff_ffffn, checkpoint: hash("0c"), holder: at("dd") };

export const commitment: SegmentCommitment = {
  leaseId: hash("c1"),
  segment: 1n,
  firstStep: 250n,
  lastStep: 499n,
  orderHash: hash("0d"),
  program: hash("0e"),
  dataRoot: hash("0f"),
  startRoot: hash("10"),
  endRoot: hash("11"),
  historyRoot: hash("12"),
  checkpoint: hash("13"),
  meteredSeconds: 14n,
  tokens: 15n,
  beaconRound: 16n,
};
