import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { digestOf, structHash } from "@weft/protocol/Domain";
import * as Epoch from "@weft/protocol/Epoch";
import * as Held from "@weft/protocol/Held";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import { paramsHash } from "@weft/protocol/Params";
import * as Request from "@weft/protocol/Request";
import * as Segment from "@weft/protocol/Segment";
import * as Voucher from "@weft/protocol/Voucher";
import { abis } from "./Abis.ts";
import { sessionGrantSchema, startSchema } from "./consents.ts";
import { networkFixture } from "./networkFixture.ts";
import * as Vectors from "./protocolVectors.ts";

const folder = new URL("../../../spec/vectors/protocol/", import.meta.url);
const file = new URL("typed.json", folder);

test("the vectors in spec/ are what TypeScript computes", async () => {
  const made = await Vectors.protocolVectors();
  if (process.env["WEFT_WRITE_VECTORS"] === "1") {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, made);
  }
  assert.equal(readFileSync(file, "utf8"), made);
});

test("the deployed contracts hash and digest every noun as TypeScript does", async () => {
  const network = await networkFixture();
  assert.deepEqual(network.file.contracts, Vectors.vectorNetwork.contracts);
  const { market, channels, audits, epochs } = network.file.contracts;
  const { rpc } = network.client;
  const onMarket = { address: market, abi: abis.market } as const;
  const onChannels = { address: channels, abi: abis.channels } as const;
  const onEpochs = { address: epochs, abi: abis.epochs } as const;
  const onAudits = { address: audits, abi: abis.audits } as const;
  // The nouns hold every integer as bigint; the ABI types want number up to 48 bits, the encoder takes either.
  const [offer, order, segment] = [Vectors.offer as never, Vectors.order as never, Vectors.segment as never];
  const { voucher, held, grant, start, vectorNetwork, request, epoch, epochVoucher } = Vectors;

  const solidity = await Promise.all([
    rpc.readContract({ ...onMarket, functionName: "offerHash", args: [offer] }),
    rpc.readContract({ ...onMarket, functionName: "offerDigest", args: [offer] }),
    rpc.readContract({ ...onMarket, functionName: "orderHash", args: [order] }),
    rpc.readContract({ ...onMarket, functionName: "orderDigest", args: [order] }),
    rpc.readContract({ ...onMarket, functionName: "startDigest", args: [start.leaseId] }),
    rpc.readContract({
      ...{ ...onChannels, functionName: "voucherDigest" },
      args: [voucher.channelId, voucher.payee, voucher.cumulative],
    }),
    rpc.readContract({ ...onChannels, functionName: "sessionGrantDigest", args: [grant] }),
    rpc.readContract({ ...onAudits, functionName: "commitmentHash", args: [segment] }),
    rpc.readContract({ ...onAudits, functionName: "commitmentDigest", args: [segment] }),
    rpc.readContract({
      ...{ ...onAudits, functionName: "heldDigest" },
      args: [held.leaseId, Number(held.segment), held.checkpoint, held.holder],
    }),
    rpc.readContract({ ...onMarket, functionName: "leaseIdOf", args: [held.leaseId, held.checkpoint, 7] }),
    rpc.readContract({ ...onMarket, functionName: "paramsHash" }),
    rpc.readContract({ ...onEpochs, functionName: "requestHash", args: [request as never] }),
    rpc.readContract({ ...onEpochs, functionName: "requestDigest", args: [request as never] }),
    rpc.readContract({ ...onEpochs, functionName: "epochHash", args: [epoch as never] }),
    rpc.readContract({ ...onEpochs, functionName: "channelIdOf", args: [request.buyer, request.nodeId] }),
    rpc.readContract({
      ...{ ...onEpochs, functionName: "voucherDigest" },
      args: [request.buyer, request.nodeId, epochVoucher.epoch, epochVoucher.amount],
    }),
  ]);
  assert.deepEqual(solidity, [
    structHash(Offer.schema, Vectors.offer),
    digestOf(vectorNetwork, Offer.schema, Vectors.offer),
    structHash(Order.schema, Vectors.order),
    digestOf(vectorNetwork, Order.schema, Vectors.order),
    digestOf(vectorNetwork, startSchema, start),
    digestOf(vectorNetwork, Voucher.schema, voucher),
    digestOf(vectorNetwork, sessionGrantSchema, grant),
    structHash(Segment.schema, Vectors.segment),
    digestOf(vectorNetwork, Segment.schema, Vectors.segment),
    digestOf(vectorNetwork, Held.schema, held),
    Order.leaseId(held.leaseId, held.checkpoint, 7),
    paramsHash(network.client.params),
    structHash(Request.schema, request),
    digestOf(vectorNetwork, Request.schema, request),
    structHash(Epoch.schema, epoch),
    epochVoucher.channelId,
    digestOf(vectorNetwork, Epoch.voucherSchema, epochVoucher),
  ]);
  await network.end();
});
