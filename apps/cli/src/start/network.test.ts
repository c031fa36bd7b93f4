import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { abis } from "@weft/chain/Abis";
import type { ChainClient } from "@weft/chain/ChainClient";
import * as DevChain from "@weft/chain/DevChain";
import { clientOf } from "@weft/chain/NetworkFile";
import { readAccount, readSession } from "@weft/chain/reads";
import * as Attributes from "@weft/protocol/Attributes";
import { hasCode } from "@weft/protocol/Errors";
import { wantedStake } from "@weft/protocol/Params";
import { homeAt } from "../Home.ts";
import { escrowWanted, prepareBuyer } from "./buyer.ts";
import { missing, type Need, topUp } from "./faucet.ts";
import { buyerKey, heldKey, nodeKeys, sessionKey } from "./keys.ts";
import { openNetwork, readNetwork } from "./network.ts";
import { bondMoney, known, needsOf, registerNode } from "./registerNode.ts";

const root = mkdtempSync(join(tmpdir(), "weft-cli-network-"));
const home = homeAt(join(root, ".weft"));
let chain: DevChain.DevChain;
let client: ChainClient;

before(async () => {
  chain = await DevChain.start({ folder: home.chain, blockTimeSeconds: 0.1 });
  client = clientOf(await openNetwork(home, { rpcUrl: chain.rpcUrl, bootstrap: [] }));
});
after(async () => {
  await chain.stop();
  rmSync(root, { recursive: true, force: true });
});

test("deploys once, then finds the same deployment again at another address", async () => {
  const first = readNetwork(home);
  const bootstrap = ["/ip4/127.0.0.1/tcp/4001"];
  const again = await openNetwork(home, { rpcUrl: chain.rpcUrl, bootstrap });
  assert.deepEqual(again, { ...first, bootstrap });
  assert.equal(first.preset, "local");
});

test("a restarted chain is still the same network, a chain without blocks isn't", async () => {
  const own = homeAt(join(root, "restarted"));
  for (let run = 0; run < 2; run++) {
    const restarted = await DevChain.start({ folder: own.chain, blockTimeSeconds: 0.1 });
    await openNetwork(own, { rpcUrl: restarted.rpcUrl, bootstrap: [] });
    // Long enough for a block 0 that is made up anew to differ.
    await new Promise((wake) => setTimeout(wake, 1500));
    await restarted.stop();
  }
  const empty = await DevChain.start({ folder: join(root, "empty"), noMining: true });
  await assert.rejects(openNetwork(own, { rpcUrl: empty.rpcUrl, bootstrap: [] }), (error) =>
    hasCode(error, "network.wrongChain"),
  );
  await empty.stop();
});

test("a network file that belongs to another chain is refused with the way out", async () => {
  const other = homeAt(join(root, "other"));
  const chain2 = await DevChain.start({ folder: other.chain, blockTimeSeconds: 0.1, genesisTimestamp: 1_700_000_000 });
  writeFileSync(other.network, readFileSync(home.network));
  await assert.rejects(
    openNetwork(other, { rpcUrl: chain2.rpcUrl, bootstrap: [] }),
    (error) => hasCode(error, "network.wrongChain") && /weft reset/.test(error.remedy ?? ""),
  );
  await chain2.stop();
  assert.throws(
    () => readNetwork(homeAt(join(root, "nowhere"))),
    (error) => hasCode(error, "network.none"),
  );
});

test("keys are made once, in files for their owner alone, operator and owner apart", async () => {
  const keys = await nodeKeys(home, "node-1");
  assert.notEqual(keys.operator.signer.address, keys.owner.signer.address);
  assert.equal((await nodeKeys(home, "node-1")).owner.signer.address, keys.owner.signer.address);
  const paths = [
    join(home.nodes, "node-1", "keystore", "operator.json"),
    join(home.nodes, "node-1", "keystore", "password"),
    join(home.owners, "node-1", "owner.json"),
  ];
  for (const path of paths) assert.equal(statSync(path).mode & 0o077, 0, path);
});

test("a key, or its password, that was taken away is asked for by its file, and no other is made in its place", async () => {
  const { owner } = await nodeKeys(home, "node-3");
  const [owners, kept] = [join(home.owners, "node-3"), join(root, "kept")];
  renameSync(owners, kept);
  await assert.rejects(nodeKeys(home, "node-3"), (error) => {
    assert.ok(hasCode(error, "keystore.ownerMissing"));
    assert.ok(error.message.includes(join(owners, "owner.json")) && error.remedy?.includes("from a backup"));
    return true;
  });
  assert.equal(existsSync(owners), false);
  renameSync(kept, owners);
  assert.equal((await nodeKeys(home, "node-3")).owner.signer.address, owner.signer.address);
  const password = join(owners, "password");
  rmSync(password);
  await assert.rejects(nodeKeys(home, "node-3"), (error) => {
    assert.ok(hasCode(error, "keystore.missing") && error.message.includes(password));
    return true;
  });
  writeFileSync(password, "another\n", { mode: 0o600 });
  await assert.rejects(nodeKeys(home, "node-3"), (error) => {
    assert.ok(hasCode(error, "keystore.password") && error.message.includes(join(owners, "owner.json")));
    return true;
  });
});

test("the faucet gives what is short, and nothing twice", async () => {
  const { signer } = await heldKey(join(root, "keys"), "owner");
  const need: Need = { who: "owner", address: signer.address, gas: 10n ** 18n, weft: 5n, stable: 7n };
  assert.equal((await missing(client, [need])).length, 3);
  await topUp(client, [need]);
  assert.deepEqual(await missing(client, [need]), []);
  await topUp(client, [need, { ...need, stable: 9n }]);
  const held = await client.rpc.readContract({
    ...{
      address: client.network.contracts.stable,
      abi: abis.stable,
      functionName: "balanceOf",
      args: [signer.address],
    },
  });
  assert.equal(held, 9n);
});

test("where there is no faucet, what to fund is named", async () => {
  const elsewhere = { ...client, network: { ...client.network, chainId: 1 } };
  const need: Need = { who: "owner of node-1", address: `0x${"1".repeat(40)}`, weft: 10n ** 21n };
  await assert.rejects(topUp(elsewhere, [need]), (error) => {
    assert.ok(hasCode(error, "faucet.none"));
    assert.deepEqual(error.details, { [`owner of node-1 0x${"1".repeat(40)} (weft)`]: "1000 WEFT" });
    return true;
  });
});

test("the buyer's escrow is filled and the gateway's session granted, once", async () => {
  const [buyer, session] = await Promise.all([buyerKey(home), sessionKey(home)]);
  await topUp(client, [{ who: "buyer", address: buyer.signer.address, gas: 10n ** 18n, stable: escrowWanted }]);
  const ready = { buyer: buyer.signer, session: session.signer.address };
  assert.deepEqual(await prepareBuyer(client, ready), ["deposit", "grantSession"]);
  assert.deepEqual(await prepareBuyer(client, ready), []);
  assert.equal((await readAccount(client, buyer.signer.address)).free, escrowWanted);
  assert.equal((await readSession(client, { buyer: buyer.signer.address, key: session.signer.address })).live, true);
});

test("a node is registered, staked, bonded and given its pools, once", async () => {
  const keys = await nodeKeys(home, "node-2");
  const [owner, operator] = [keys.owner.signer, keys.operator.signer];
  await topUp(client, await needsOf(client, "node-2", { owner, operator }));
  const attributes = { ...Attributes.none, cpuThreads: 2, flags: Attributes.flags.sharedHost };
  const registration = {
    owner,
    operator,
    endpoint: "/ip4/127.0.0.1/tcp/1",
    capabilities: [{ class: "cpu", units: 1, attributes }],
  };
  const nodeId = await registerNode(client, registration);
  const expected = { registered: true, stake: wantedStake(client.params), pools: 1, bonds: bondMoney };
  assert.deepEqual(await known(client, nodeId), expected);
  const sent = await client.rpc.getTransactionCount({ address: owner.address });
  assert.equal(await registerNode(client, registration), nodeId);
  assert.equal(await client.rpc.getTransactionCount({ address: owner.address }), sent, "nothing is sent twice");
  const later = await needsOf(client, "node-2", { owner, operator });
  assert.deepEqual(await missing(client, later), [], "what is staked and bonded is not asked for again");
});
