// Slashed stake burnt on a real chain: nothing but that leaves the registry, and the supply falls by as much.
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeFunctionData } from "viem";
import { abis } from "./Abis.ts";
import { burnSlashed } from "./actions/burnSlashed.ts";
import { accountOf } from "./chainFixture.ts";
import { at } from "./contractRead.ts";
import { fund, networkFixture, provider } from "./networkFixture.ts";
import { readNode } from "./reads.ts";
import { readUnburnt, wasBurntLately } from "./slashed.ts";

test("what was slashed is burnt once, by anybody, and nobody's stake with it", async () => {
  const network = await networkFixture({ blockTimeSeconds: 0.05 });
  const { client, driver } = network;
  await fund(network, ["node", "node operator"]);
  const nodeId = await provider(network, "node");
  const { registry, court } = network.file.contracts;
  const day = { seconds: 86_400 };
  const books = async () => ({
    staked: (await readNode(client, nodeId)).stake,
    held: await client.rpc.readContract({ ...at(client, "weft"), functionName: "balanceOf", args: [registry] }),
    supply: await client.rpc.readContract({ ...at(client, "weft"), functionName: "totalSupply" }),
  });
  assert.deepEqual([await readUnburnt(client), await wasBurntLately(client, day)], [0n, false]);
  const before = await books();
  assert.equal(before.held, before.staked);

  await driver.impersonateAccount({ address: court });
  await driver.setBalance({ address: court, value: 10n ** 18n });
  const data = encodeFunctionData({ abi: abis.registry, functionName: "slash", args: [nodeId, 1_000_000n] });
  const params = [{ from: court, to: registry, data }];
  const hash = await client.rpc.request({ method: "eth_sendTransaction", params } as never);
  await client.rpc.waitForTransactionReceipt({ hash });
  const slashed = await books();
  assert.deepEqual(slashed, { ...before, staked: before.staked - 1_000_000n });
  assert.equal(await readUnburnt(client), 999_999n);

  const sender = network.senderOf(accountOf("node operator"));
  await sender.send(burnSlashed(client, { id: "1" }));
  const after = await books();
  assert.deepEqual(after, { ...slashed, held: slashed.staked + 1n, supply: before.supply - 999_999n });
  assert.deepEqual([await readUnburnt(client), await wasBurntLately(client, day)], [0n, true]);
  await assert.rejects(sender.send(burnSlashed(client, { id: "2" })), { code: "registry.ZeroAmount" });
  await network.end();
});
