import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hasCode } from "@weft/protocol/Errors";
import { nodeIdOf } from "@weft/protocol/NodeId";
import type { Hex } from "viem";
import { registerNode } from "./actions/registerNode.ts";
import { ChainStore } from "./ChainStore.ts";
import { accountOf, eventually, patienceMs, wallClock } from "./chainFixture.ts";
import { deployerKey } from "./DevAccounts.ts";
import { signerOf } from "./Keys.ts";
import { LiveSnapshot, rebuild } from "./LiveSnapshot.ts";
import { fund, type NetworkFixture, networkFixture, provider, salt } from "./networkFixture.ts";
import type { Snapshot } from "./Snapshot.ts";
import type { WatchItem } from "./Watch.ts";

/** A node that only needs gas: the deployer's account owns it under a salt of its own. */
async function register(network: NetworkFixture, sender = network.senderOf(signerOf(deployerKey)), index = 0) {
  const owner = signerOf(deployerKey);
  const own = `0x${index.toString(16).padStart(64, "0")}` as Hex;
  const operator = accountOf(`operator ${index}`);
  const intent = await registerNode(network.client, {
    owner: owner.address,
    operator,
    salt: own,
    endpoint: `/${index}`,
    region: 0n,
  });
  return { result: await sender.send(intent), nodeId: nodeIdOf(owner.address, own), intent };
}

function following(network: NetworkFixture, path = ":memory:") {
  const store = new ChainStore(path, network.file.networkId);
  const items: WatchItem[] = [];
  const live = new LiveSnapshot(network.client, { store, clock: wallClock, fromBlock: network.file.fromBlock });
  live.subscribe((_, item) => items.push(item));
  network.closers.push(() => live.stop());
  return { store, live, items };
}

const plain = (snapshot: Snapshot) => [...snapshot.nodes.values()].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));

test("after a kill -9 that loses blocks the view goes back, and the intent sent again appears once", async () => {
  // The deployment is on disk before the crash, and nothing after it.
  const network = await networkFixture({ stateIntervalSeconds: 3600 });
  await network.restart();
  const { live, items, store } = following(network);
  const sender = network.senderOf(signerOf(deployerKey));
  const { nodeId, intent, result } = await register(network, sender);
  await live.reach(result.blockNumber, patienceMs);
  assert.ok(live.current.nodes.has(nodeId));
  live.subscribe((_, item) => void (item.kind === "rewind" && sender.rewound(item.toBlock)));
  await network.crash();
  await eventually(() => (items.some((item) => item.kind === "rewind") ? true : undefined));
  await sender.send(intent);
  await live.until((snapshot) => (snapshot.nodes.has(nodeId) ? true : undefined), patienceMs);
  assert.equal(live.current.nodes.size, 1);
  assert.deepEqual(plain(rebuild(network.client, store)), plain(live.current));
  await live.stop();
  await network.end();
});

test("a re-org replaces what was seen, and a fresh follower sees the same as the old one", async () => {
  const network = await networkFixture({ noMining: false });
  const old = following(network);
  const first = await register(network, undefined, 1);
  await old.live.reach(first.result.blockNumber + 2n, patienceMs);
  const depth = Number((await network.client.rpc.getBlockNumber()) - first.result.blockNumber) + 1;
  await network.driver.request({ method: "anvil_reorg" as never, params: [depth, []] as never });
  await eventually(() => (old.items.some((item) => item.kind === "rewind") ? true : undefined));
  const second = await register(network, undefined, 2);
  await old.live.until((snapshot) => (snapshot.nodes.has(second.nodeId) ? true : undefined), patienceMs);
  const fresh = following(network);
  await fresh.live.reach(old.live.current.block, patienceMs);
  assert.deepEqual(plain(fresh.live.current), plain(old.live.current));
  assert.deepEqual(plain(rebuild(network.client, old.store)), plain(fresh.live.current));
  await Promise.all([old.live.stop(), fresh.live.stop()]);
  await network.end();
});

test("a follower goes on where its file ends, and a chain that is away is waited out", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weft-store-"));
  const path = join(folder, "chain.sqlite");
  const network = await networkFixture();
  await fund(network, ["owner"]);
  const nodeId = await provider(network, "owner");
  const before = following(network, path);
  const head = await network.client.rpc.getBlockNumber();
  await before.live.reach(head, patienceMs);
  await before.live.stop();
  before.store.close();

  const after = following(network, path);
  assert.equal(after.live.current.nodes.get(nodeId)?.pools.size, 1);
  assert.deepEqual(plain(after.live.current), plain(before.live.current));
  await network.chain.stop();
  const down = after.live.current.block;
  await new Promise((wake) => setTimeout(wake, 600));
  await network.crash();
  await after.live.reach(down + 1n, patienceMs);
  assert.equal(after.live.current.nodes.get(nodeId)?.owner, accountOf("owner").address);
  assert.equal(nodeIdOf(accountOf("owner").address, salt), nodeId);
  await after.live.stop();
  after.store.close();
  assert.throws(
    () => new ChainStore(path, "0xother"),
    (error) => hasCode(error, "store.otherNetwork"),
  );
  rmSync(folder, { recursive: true });
  await network.end();
});
