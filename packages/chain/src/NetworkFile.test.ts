import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@weft/protocol/Errors";
import { zeroHash } from "@weft/protocol/fields";
import { paramsHash, presets } from "@weft/protocol/Params";
import { abis } from "./Abis.ts";
import { fixture } from "./chainFixture.ts";
import * as NetworkFile from "./NetworkFile.ts";
import { networkFixture } from "./networkFixture.ts";
import { vectorNetwork } from "./protocolVectors.ts";

const unsigned = {
  ...{
    version: 1 as const,
    chainId: 31337,
    genesisHash: `0x${"11".repeat(32)}` as const,
    rpcUrl: "http://127.0.0.1:8545",
  },
  ...{ contracts: vectorNetwork.contracts, fromBlock: 1n, preset: "local" as const },
  ...{ paramsHash: paramsHash(presets.local), profile: { blockSeconds: 0.25, confirmations: 1 } },
  beacon: { kind: "commitReveal" as const },
  bootstrap: ["/ip4/127.0.0.1/tcp/9000/p2p/16Uiu2HAm"],
};
const file: NetworkFile.NetworkFile = { ...unsigned, networkId: NetworkFile.networkIdOf(unsigned) };

/** The file with one field replaced, as text. */
const changed = (change: Record<string, unknown>) =>
  JSON.stringify({ ...(JSON.parse(NetworkFile.encode(file)) as object), ...change });

const drand = {
  kind: "drand" as const,
  chainHash: `0x${"33".repeat(32)}` as const,
  relays: ["https://relay.example", "http://127.0.0.1:8080/drand"],
};

test("a network file reads back as it was written", () => {
  assert.deepEqual(NetworkFile.parse(NetworkFile.encode(file), "network.json"), file);
  assert.deepEqual(NetworkFile.originOf(file), { fromBlock: 1n, courtId: zeroHash });
  const courtId = `0x${"c0".repeat(32)}` as const;
  const withCourt = NetworkFile.parse(changed({ courtId }), "network.json");
  assert.deepEqual([withCourt.networkId, NetworkFile.originOf(withCourt).courtId], [file.networkId, courtId]);
});

test("the beacon is the stakers' where a file names none; relays are not part of the network's id", () => {
  const { beacon: _, ...older } = JSON.parse(NetworkFile.encode(file)) as Record<string, unknown>;
  assert.deepEqual(NetworkFile.parse(JSON.stringify(older), "network.json"), file);
  assert.deepEqual(NetworkFile.parse(changed({ beacon: drand }), "network.json"), { ...file, beacon: drand });
});

test("what is wrong is named by file and field", () => {
  const broken: [Record<string, unknown>, string][] = [
    [{ chainId: "one" }, "chainId"],
    [{ rpcUrl: "ftp://somewhere" }, "rpcUrl"],
    [{ contracts: { ...file.contracts, market: "0x12" } }, "contracts.market"],
    [{ preset: "fast" }, "preset"],
    [{ profile: { blockSeconds: 0, confirmations: 1 } }, "profile.blockSeconds"],
    [{ bootstrap: ["127.0.0.1"] }, "bootstrap.0"],
    [{ beacon: { kind: "dice" } }, "beacon.kind"],
    [{ beacon: { ...drand, relays: [] } }, "beacon.relays"],
    [{ beacon: { ...drand, relays: ["ftp://somewhere"] } }, "beacon.relays.0"],
    [{ beacon: { ...drand, relays: Array(17).fill(drand.relays[0]) } }, "beacon.relays"],
    [{ beacon: { ...drand, chainHash: "0x12" } }, "beacon.chainHash"],
    [{ beacon: { kind: "commitReveal", relays: drand.relays } }, "beacon"],
    [{ fromBlock: "-1" }, "fromBlock"],
    [{ courtId: "0xc0" }, "courtId"],
  ];
  for (const [change, field] of broken)
    assert.throws(
      () => NetworkFile.parse(changed(change), "network.json"),
      (error) =>
        hasCode(error, "network.malformed") && field in error.details && error.message.includes("network.json"),
      field,
    );
  for (const text of ["", "{", "[]", "x".repeat(70_000)])
    assert.throws(
      () => NetworkFile.parse(text, "f"),
      (error) => hasCode(error, "network.malformed"),
    );
});

test("a file whose parts contradict each other is refused", () => {
  const other = `0x${"22".repeat(32)}`;
  for (const change of [{ paramsHash: other }, { networkId: other }, { preset: "minimal" }, { genesisHash: other }])
    assert.throws(
      () => NetworkFile.parse(changed(change), "f"),
      (error) => hasCode(error, "network.inconsistent"),
    );
});

test("a chain is held against the file: right one and its court, wrong genesis, nothing deployed", async () => {
  const network = await networkFixture();
  await NetworkFile.verify(network.client, network.file);
  const { courts, court } = network.file.contracts;
  const { courtId } = NetworkFile.originOf(network.file);
  const query = { address: courts, abi: abis.courts, functionName: "courtOf", args: [courtId] } as const;
  assert.equal((await network.client.rpc.readContract(query)).toLowerCase(), court);
  const other = await fixture({ genesisTimestamp: 1_700_000_000 });
  const misled = { ...network.file, rpcUrl: other.chain.rpcUrl };
  await assert.rejects(NetworkFile.verify(NetworkFile.clientOf(misled), misled), (error) =>
    hasCode(error, "network.wrongChain"),
  );
  await other.end();
  await network.end();
});
