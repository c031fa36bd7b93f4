import assert from "node:assert/strict";
import { test } from "node:test";
import { type Conservation, discrepancies, readConservation } from "./conservation.ts";
import { give } from "./provision.ts";
import { keyOf } from "./seed.ts";
import { startTestNetwork } from "./TestNetwork.ts";

const even: Conservation = {
  ...{ minted: 100n, wallets: 40n, vault: 60n, vaultBalance: 60n },
  ...{ accounts: 30n, bonds: 20n, leases: 10n },
};

test("money that adds up has no discrepancy; each unit astray is named", () => {
  assert.deepEqual(discrepancies(even), []);
  assert.deepEqual(discrepancies({ ...even, minted: 101n }), ["minted 101, but wallets 40 + vault 60"]);
  assert.deepEqual(discrepancies({ ...even, bonds: 19n }), [
    "the vault holds 60, but accounts 30 + bonds 19 + leases 10",
  ]);
  assert.equal(discrepancies({ ...even, vaultBalance: 59n }).length, 2);
});

test("on a network it sees every wallet, and a unit nobody accounts for", { timeout: 600_000 }, async (t) => {
  const network = await startTestNetwork({ seed: 5, nodes: 1 });
  t.after(() => network.stop());
  await network.conservation();
  const { client, clock } = network.chain;
  // What the node's operator has for bonds in the court.
  const { wallets } = await readConservation(client, network.snapshot);
  await give({ client, clock }, [{ to: keyOf(5, "bystander").signer.address, stable: 77n }]);
  await network.conservation();
  const found = await readConservation(client, network.snapshot);
  assert.deepEqual([found.wallets, found.bonds, found.accounts], [wallets + 77n, 10_000_000n, 50_000_000n]);
  // A look that misses a node's bond does not add up.
  const nodes = network.snapshot.nodes.delete(network.node("node-1").nodeId);
  const blind = await readConservation(client, { ...network.snapshot, nodes });
  assert.equal(discrepancies(blind).length, 1);
});
