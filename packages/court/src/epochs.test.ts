// Small jobs on a real chain: an epoch of committed inferences of a 784-56-10 MLP, one of which has one word changed while it ran.
// Whoever ran the request too names (epoch, index) and its own answer; the word is found and recomputed by the contract.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { abis } from "@weft/chain/Abis";
import { closeEpoch } from "@weft/chain/actions/closeEpoch";
import { commitEpoch } from "@weft/chain/actions/commitEpoch";
import { fundChannel } from "@weft/chain/actions/fundChannel";
import { releaseEpoch } from "@weft/chain/actions/releaseEpoch";
import { accountOf } from "@weft/chain/chainFixture";
import { faucetKey } from "@weft/chain/DevAccounts";
import { signerOf } from "@weft/chain/Keys";
import { type NetworkFixture, networkFixture } from "@weft/chain/networkFixture";
import { signNoun } from "@weft/protocol/Domain";
import * as Epoch from "@weft/protocol/Epoch";
import { commitInference } from "@weft/tensor/commit/commitInference";
import { openInferenceModel } from "@weft/tensor/commit/InferenceModel";
import { linear, relu } from "@weft/tensor/graph/composites";
import { GraphBuilder } from "@weft/tensor/graph/GraphBuilder";
import { firstNodeValue } from "@weft/tensor/graph/inferTypes";
import { bitsView, type TensorValue, tensorFrom } from "@weft/tensor/graph/TensorValue";
import { answeredWith, capOf, holdsResult, sealEpoch } from "@weft/verification/epoch";
import type { Hex } from "viem";
import { ladderOf } from "./gameRules.ts";
import {
  challenged,
  committed,
  epochNode,
  names,
  playResult,
  playSeats,
  requestOf,
  type Served,
  served,
} from "./resultFixture.ts";

const shapes = {
  "hidden.weight": [56, 784],
  "hidden.bias": [56],
  "output.weight": [10, 56],
  "output.bias": [10],
} as const;

function mlp() {
  const g = new GraphBuilder();
  const held = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, g.input({ name, role: "state", dtype: "f32", shape })]),
  );
  const images = g.input({ name: "images", role: "batch", dtype: "f32", shape: [1, 784] });
  const layer = (name: string) => ({ weight: held[`${name}.weight`]!, bias: held[`${name}.bias`]! });
  g.output("logits", linear(g, relu(g, linear(g, images, layer("hidden"))), layer("output")));
  return g.finish();
}

/** Small fractions of both signs, the same on every machine. */
function drawn(shape: readonly number[], seed: number): TensorValue {
  const count = shape.reduce((a, b) => a * b, 1);
  const data = new Float32Array(count);
  for (let i = 0, x = seed; i < count; i++) {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    data[i] = x / 2 ** 33 - 0.25;
  }
  return tensorFrom("f32", shape, data);
}

const weights = Object.fromEntries(Object.entries(shapes).map(([name, shape], i) => [name, drawn(shape, i + 1)]));
const model = await openInferenceModel(mlp(), { weights });
const { graph } = model.step;
const firstProduct = firstNodeValue(graph) + graph.nodes.findIndex(({ op }) => op === "matmul");
const imageOf = (number: number) => ({ number, inputs: { images: drawn([1, 784], 100 + number) } });

/** In a word that the activation lets through: a lie that no output shows is none. */
const flipOneWord = (value: number) =>
  value === firstProduct
    ? (own: TensorValue) => {
        bitsView(own)[own.data.findIndex((word) => word > 1)]! ^= 1 << 20;
      }
    : undefined;

const results = 3;
const disputed = 2;
/** More than the ladder, and enough for the prices. */
const bond = 1_000_000n;

let network: NetworkFixture;
let serving: Served;
before(async () => {
  network = await networkFixture({ blockTimeSeconds: 0.05 });
  await network.freeze();
  serving = served(model, await epochNode(network));
});

/** The node's next epoch; of the disputed one, what this run has. */
function epochOf(number: bigint, run: ReturnType<typeof commitInference>) {
  const answered = Array.from({ length: results }, (_, i) =>
    answeredWith(requestOf(serving, imageOf(i)), i === disputed ? run : commitInference(model, imageOf(i))),
  );
  return sealEpoch({ nodeId: serving.nodeId, epoch: number }, answered);
}

const depositOf = (account: Hex) =>
  network.client.rpc.readContract({
    ...{ address: network.client.network.contracts.epochs, abi: abis.epochs },
    ...{ functionName: "depositOf", args: [account] },
  });
const disputeOf = (epoch: Hex) =>
  network.client.rpc.readContract({
    ...{ address: network.client.network.contracts.epochs, abi: abis.epochs },
    ...{ functionName: "dispute", args: [epoch] },
  });

test("one word of one result changed: found in a partial sum, the epoch's bond is slashed", async (t) => {
  const truth = commitInference(model, imageOf(disputed));
  const lie = commitInference(model, { ...imageOf(disputed), changeOf: flipOneWord });
  const epoch = epochOf(0n, lie);
  for (let i = 0; i < results; i++) assert.ok(holdsResult(epoch.commitment, epoch.open(i)));
  assert.ok(!holdsResult(epoch.commitment, { ...epoch.open(0), index: 1 }));
  await committed(network, epoch, bond);
  const [sponsor, treasury] = [accountOf(names.sponsor).address, signerOf(faucetKey).address];
  const had = { sponsor: await depositOf(sponsor), treasury: await depositOf(treasury) };
  const steps = await playResult(network, {
    ...{ epoch, index: disputed, court: serving.court, runs: { defender: lie, rival: truth } },
  });
  const calls = steps.map(({ result }) => result.kind).join(" ");
  assert.equal(calls, "challengeResult enterStep chooseValue enterValue chooseWord enterFold proveFold concludeResult");
  const gas = (side: string) => steps.reduce((sum, step) => (step.side === side ? sum + step.result.gasUsed : sum), 0n);
  t.diagnostic(`gas: defender ${gas("defender")}, rival ${gas("rival")}`);
  assert.ok((await disputeOf(epoch.hash)).eliminated);
  assert.equal(await depositOf(sponsor), had.sponsor + bond / 2n);
  assert.equal(await depositOf(treasury), had.treasury + bond / 2n);
});

test("a false answer to a true result loses its bond, half of it to the node", async () => {
  const truth = commitInference(model, imageOf(disputed));
  const lie = commitInference(model, { ...imageOf(disputed), changeOf: flipOneWord });
  const epoch = epochOf(1n, truth);
  await committed(network, epoch, bond);
  const owner = accountOf(names.owner).address;
  const had = await depositOf(owner);
  const runs = { defender: truth, rival: lie };
  const game = await challenged(network, { epoch, index: disputed, court: serving.court, runs });
  const moves = await playSeats(network, game);
  assert.equal(
    moves.map(({ result }) => result.kind).join(" "),
    "enterStep chooseValue enterValue chooseWord enterFold",
  );
  const { courtClockSeconds, courtInclusionSeconds } = network.client.params;
  await network.pass(Number(courtClockSeconds + courtInclusionSeconds) + 1);
  const [end] = await playSeats(network, game);
  assert.equal(end!.result.kind, "timeoutGame");
  await game.conclude();
  assert.ok(!(await disputeOf(epoch.hash)).eliminated);
  // All of the ladder: the game had come to the partial sums.
  assert.equal(await depositOf(owner), had + ladderOf(network.client.params) / 2n);
});

test("a final epoch: its buyer's voucher is paid out of their channel, the bond comes back", async () => {
  const { client } = network;
  const epoch = epochOf(2n, commitInference(model, imageOf(disputed)));
  const { commitment } = epoch;
  const [owner, buyer] = [accountOf(names.owner).address, accountOf(names.buyer)];
  const sender = network.senderOf(buyer);
  await sender.send(
    fundChannel(client, { nodeId: serving.nodeId, signer: buyer.address, amount: 50_000n, id: "first" }),
  );
  await committed(network, epoch, bond);
  const voucher = {
    ...{ channelId: Epoch.channelId(buyer.address, serving.nodeId), epoch: epoch.hash },
    amount: commitment.value,
  };
  const signature = await signNoun(network.file, Epoch.voucherSchema, voucher, buyer);
  const pay = releaseEpoch(client, { commitment, buyer: buyer.address, amount: commitment.value, signature });
  await assert.rejects(sender.send(pay), { code: "epochs.EpochOpen" });
  await network.pass(Number(client.params.challengeWindowSeconds) + 1);
  const had = await depositOf(owner);
  await sender.send(pay);
  assert.equal(await depositOf(owner), had + commitment.value);
  await sender.send(closeEpoch(client, commitment));
  assert.equal(await depositOf(owner), had + commitment.value + bond);
});

test("the contract's cap is the one that is computed here", async () => {
  const { client } = network;
  const cap = await client.rpc.readContract({
    ...{ address: client.network.contracts.epochs, abi: abis.epochs, functionName: "capOf", args: [bond] },
  });
  assert.equal(cap, capOf(bond, client.params));
  const epoch = epochOf(3n, commitInference(model, imageOf(disputed)));
  const tooMuch = { ...epoch.commitment, value: cap + 1n };
  const sender = network.senderOf(accountOf(names.operator));
  await assert.rejects(sender.send(commitEpoch(client, tooMuch, bond)), { code: "epochs.ValueAboveCap" });
  await network.end();
  await model.close();
});
