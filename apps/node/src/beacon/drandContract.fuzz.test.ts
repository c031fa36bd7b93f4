// The contract and the TypeScript implementation, over random rounds of a group whose secret is known: what one signs the
// other takes, and nothing else. Real bytecode on a real chain.
//
//   P1 both name the same drand round for a round of the beacon
//   P2 the contract takes the signature of that round
//   P3 it refuses every other one with the error that says why, as the TypeScript one does
import assert from "node:assert/strict";
import { test } from "node:test";
import { abis } from "@weft/chain/Abis";
import { bringRound } from "@weft/chain/actions/bringRound";
import { accountOf } from "@weft/chain/chainFixture";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { fund, type NetworkFixture, networkFixture } from "@weft/chain/networkFixture";
import { chainError } from "@weft/chain/Reverts";
import { chainTime, readBeaconClock, readDrandNetwork, readRandom, roundAt } from "@weft/chain/reads";
import { hasCode } from "@weft/protocol/Errors";
import { isSigned, randomnessOf } from "@weft/verification/drand";
import { evmnetHash, signRound, testChain } from "@weft/verification/drandFixture";
import { firstRoundAt } from "@weft/verification/drandRounds";
import fc from "fast-check";
import { concat, type Hex, numberToHex, slice } from "viem";

const group = "contract";
const chain = testChain(group, { genesis: 1_700_000_000n, period: 1n });
const drand = { chain, chainHash: evmnetHash, relays: ["http://127.0.0.1:9"] };
const fieldOrder = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n;
const tenYears = 315_360_000;

const negated = (signature: Hex): Hex =>
  concat([slice(signature, 0, 32), numberToHex(fieldOrder - BigInt(slice(signature, 32)), { size: 32 })]);

/** What can be made of a signature, and what the contract calls it. */
const wrongs = {
  "of the round before": { make: (round: bigint) => signOf(round - 1n), code: "beacon.SignatureWrong" },
  "of the round after": { make: (round: bigint) => signOf(round + 1n), code: "beacon.SignatureWrong" },
  "of another group": { make: (round: bigint) => signOf(round, "another"), code: "beacon.SignatureWrong" },
  "with the other sign": { make: (round: bigint) => negated(signOf(round)), code: "beacon.SignatureWrong" },
  "with a bit flipped": { make: (round: bigint) => flipped(signOf(round)), code: "beacon.SignatureNotOnCurve" },
  "of nothing": { make: (): Hex => `0x${"00".repeat(64)}`, code: "beacon.SignatureNotOnCurve" },
  "cut short": { make: (round: bigint) => slice(signOf(round), 0, 63), code: "beacon.SignatureLengthWrong" },
} as const;

const signOf = (round: bigint, name = group): Hex => signRound(name, { round, dst: chain.dst }).signature;
const flipped = (signature: Hex): Hex => numberToHex(BigInt(signature) ^ 1n, { size: 64 });

const beaconOf = ({ client }: NetworkFixture) => ({ address: client.network.contracts.beacon, abi: abis.beacon });

/** As a transaction in the next block would end. */
async function tried(network: NetworkFixture, args: readonly [bigint, Hex]): Promise<string> {
  try {
    await network.client.rpc.simulateContract({ ...beaconOf(network), functionName: "bring", args });
    return "taken";
  } catch (error) {
    const known = chainError(error, { kind: "bring", called: "beacon" });
    return known.code;
  }
}

test("contract and node agree on random rounds and refuse what is no signature of them", async () => {
  const network = await networkFixture({ drand });
  await network.pass(tenYears);
  const clock = await readBeaconClock(network.client);
  const current = roundAt(clock, await chainTime(network.client));
  assert.ok(current >= BigInt(tenYears) - 60n);
  const round = fc.bigInt(0n, current - 1n);
  const wrong = fc.constantFrom(...(Object.keys(wrongs) as (keyof typeof wrongs)[]));
  await fc.assert(
    fc.asyncProperty(round, wrong, async (one, how) => {
      const drandRound = firstRoundAt(chain, clock.genesis + (one + 1n) * clock.roundSeconds);
      const named = { ...beaconOf(network), functionName: "drandRoundOf", args: [one] } as const;
      assert.equal(await network.client.rpc.readContract(named), drandRound, "P1");
      const signature = signOf(drandRound);
      assert.equal(await tried(network, [one, signature]), "taken", "P2");
      const { make, code } = wrongs[how];
      const forged = make(drandRound);
      assert.equal(await tried(network, [one, forged]), code, `P3 ${how}`);
      assert.ok(!isSigned(chain, { round: drandRound, signature: forged }), `P3 ${how}`);
    }),
    { numRuns: 40, seed: 20_260_301 },
  );
  await network.end();
});

test("a round is brought once, and is then what the group signed", async () => {
  const network = await networkFixture({ drand });
  await fund(network, ["caller"]);
  await network.pass(60);
  assert.deepEqual(await readDrandNetwork(network.client), chain);
  const clock = await readBeaconClock(network.client);
  const signature = signOf(firstRoundAt(chain, clock.genesis + 8n * clock.roundSeconds));
  assert.equal(await readRandom(network.client, 7n), undefined);
  await network.senderOf(accountOf("caller")).send(bringRound(network.client, { round: 7n, signature }));
  assert.equal(await readRandom(network.client, 7n), randomnessOf(signature));
  assert.equal(await tried(network, [7n, signature]), "beacon.AlreadyBrought");
  await network.end();
});

test("a network file that names another beacon than the chain has is refused", async () => {
  const network = await networkFixture({ drand });
  await NetworkFile.verify(network.client, network.file);
  const misled = { ...network.file, beacon: { kind: "commitReveal" } as const };
  await assert.rejects(NetworkFile.verify(network.client, misled), (error) => hasCode(error, "network.wrongBeacon"));
  await network.end();
  const staked = await networkFixture();
  assert.equal(await readDrandNetwork(staked.client), undefined);
  const beacon = { kind: "drand", chainHash: drand.chainHash, relays: drand.relays } as const;
  await assert.rejects(NetworkFile.verify(staked.client, { ...staked.file, beacon }), (error) =>
    hasCode(error, "network.wrongBeacon"),
  );
  await staked.end();
});
