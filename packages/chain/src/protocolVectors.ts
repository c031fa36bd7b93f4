// The shared vectors of everything that is signed: content of spec/vectors/protocol/typed.json. Test support.
// Solidity and TypeScript read the same file; protocolVectors.test.ts asks a deployed network for the same values.
import { digestOf, type Network, type Schema, structHash } from "@weft/protocol/Domain";
import * as Epoch from "@weft/protocol/Epoch";
import * as Held from "@weft/protocol/Held";
import { nodeIdOf } from "@weft/protocol/NodeId";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import { type PresetName, paramsHash, presets } from "@weft/protocol/Params";
import * as Request from "@weft/protocol/Request";
import * as Segment from "@weft/protocol/Segment";
import * as Voucher from "@weft/protocol/Voucher";
import { type Address, type Hex, keccak256, toHex } from "viem";
import { operatorConsentSchema, sessionGrantSchema, startSchema } from "./consents.ts";
import { contractsOf, predict } from "./creations.ts";
import { deployerKey } from "./DevAccounts.ts";
import { signerOf } from "./Keys.ts";

const word = (text: string): Hex => keccak256(toHex(text));
const id20 = (text: string): Hex => word(text).slice(0, 42) as Hex;

/** What the deployer's first transactions create on chain 31337. */
export const vectorNetwork: Network = {
  chainId: 31337,
  contracts: contractsOf(predict(signerOf(deployerKey).address, 0)),
};

export const offer: Offer.Offer = {
  ...{ nodeId: id20("node"), poolId: 3n, slot: 15n, seq: 2n ** 64n - 1n, class: "0x6770752d68313030" },
  ...{ attributes: 2n ** 128n - 2n, units: 4_294_967_295n, pricePerUnitSecond: 2n ** 96n - 1n },
  ...{ region: 0x8a2a1072b59ffffn, expiresAt: 1_900_000_000n, orderHash: word("order"), detailsHash: word("details") },
};

export const order: Order.Order = {
  ...{ buyer: id20("buyer"), session: id20("session"), class: "0x6370750000000000", minAttributes: 0x10008n },
  ...{ units: 7n, durationSeconds: 86_400n, maxPricePerUnitSecond: 123_456_789n, priceRule: 1n, tier: 1n },
  ...{ mechanism: 1n, payMode: 1n, jobCommitment: word("job"), detailsHash: word("order details") },
  ...{ matcher: id20("matcher"), maxFee: 5_000n, budget: 10n ** 24n, courtId: word("court") },
  ...{ paramsHash: paramsHash(presets.minimal), buyerEpoch: 9n, nonce: 2n ** 63n, expiresAt: 1_900_000_001n },
  biddingEndsAt: 1_800_000_000n,
};

export const voucher: Voucher.Voucher = {
  ...{ channelId: word("channel"), payee: id20("node"), cumulative: 2n ** 127n + 1n },
};

export const segment: Segment.SegmentCommitment = {
  ...{ leaseId: word("lease"), segment: 65_534n, firstStep: 1n, lastStep: 2n ** 63n, orderHash: word("order") },
  ...{ program: word("program"), dataRoot: word("data"), startRoot: word("start"), endRoot: word("end") },
  ...{ historyRoot: word("history"), checkpoint: word("checkpoint"), meteredSeconds: 60n, tokens: 1_000_000n },
  beaconRound: 77n,
};

export const request: Request.Request = {
  ...{ buyer: id20("buyer"), nodeId: id20("node"), program: word("court program"), startRoot: word("start") },
  ...{ price: 10_000n, nonce: 2n ** 64n - 1n, deadline: 1_900_000_002n },
};

export const epoch: Epoch.EpochCommitment = {
  ...{ nodeId: id20("node"), epoch: 3n, results: 65_536n, value: 2n ** 95n, root: word("results") },
};

export const epochVoucher: Epoch.EpochVoucher = {
  ...{ channelId: Epoch.channelId(id20("buyer"), id20("node")), epoch: word("epoch"), amount: 20_000n },
};

export const held: Held.Held = {
  ...{ leaseId: word("lease"), segment: 4_294_967_295n, checkpoint: word("checkpoint"), holder: id20("holder") },
};

export const grant = {
  ...{ buyer: id20("buyer"), key: id20("session"), dailyCap: 2n ** 64n - 1n, expiresAt: 1_900_000_000n },
  ...{ sessionEpoch: 4n, anyPayee: false, allowRoot: word("allowed"), nonce: 11n },
};

export const start = { leaseId: word("lease") };
export const consent = { nodeId: id20("node"), operator: id20("operator") as Address, nonce: 2n };

const signerKey = word("vector signer");

/** JSON with every integer as decimal text. */
export async function protocolVectors(): Promise<string> {
  const signed = async (schema: Schema, message: object) => {
    const digest = digestOf(vectorNetwork, schema, message);
    const signature = await signerOf(signerKey).signDigest(digest);
    return { message, structHash: structHash(schema, message), digest, signature };
  };
  const vectors = {
    $comment:
      "EIP-712 of everything signed; written by packages/chain/src/protocolVectors.test.ts with WEFT_WRITE_VECTORS=1",
    ...vectorNetwork,
    signer: { privateKey: signerKey, address: signerOf(signerKey).address },
    Offer: await signed(Offer.schema, offer),
    Order: await signed(Order.schema, order),
    Voucher: await signed(Voucher.schema, voucher),
    SegmentCommitment: await signed(Segment.schema, segment),
    Request: await signed(Request.schema, request),
    EpochCommitment: await signed(Epoch.schema, epoch),
    EpochVoucher: await signed(Epoch.voucherSchema, epochVoucher),
    Held: await signed(Held.schema, held),
    SessionGrant: await signed(sessionGrantSchema, grant),
    Start: await signed(startSchema, start),
    OperatorConsent: await signed(operatorConsentSchema, consent),
    leaseId: [0, 1, 255].map((fill) => ({ fill, leaseId: Order.leaseId(word("order"), word("offer"), fill) })),
    nodeId: { owner: id20("owner"), salt: word("salt"), nodeId: nodeIdOf(id20("owner"), word("salt")) },
    paramsHash: Object.fromEntries(
      (Object.keys(presets) as PresetName[]).map((name) => [name, paramsHash(presets[name])]),
    ),
  };
  return `${JSON.stringify(vectors, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value), 2)}\n`;
}
