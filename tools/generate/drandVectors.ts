// Vectors of the drand beacon that both implementations read: recorded rounds of real networks, published points, and
// rounds that a group of one signed. Where the recorded ones come from: packages/verification/src/drandFixture.ts.
import { type Hex, keccak256, slice, toHex } from "viem";
import { messageOf } from "../../packages/verification/src/drand.ts";
import * as fixture from "../../packages/verification/src/drandFixture.ts";
import type { DrandChain } from "../../packages/verification/src/drandRounds.ts";
import { columns } from "./columns.ts";

const signedRounds = 40;
const mostUint64 = (1n << 64n) - 1n;

/** Small and large ones, and whatever lies between. */
const rounds = [
  ...[1n, 2n, 1n << 32n, mostUint64 - 1n, mostUint64],
  ...Array.from({ length: signedRounds - 5 }, (_, index) => BigInt(keccak256(toHex(`round ${index}`))) & mostUint64),
];

const zero: Hex = `0x${"00".repeat(32)}`;
const pointOf = (signature: Hex) => ({ x: slice(signature, 0, 32), y: slice(signature, 32, 64) });

const chainOf = ({ genesis, period, publicKey, dst }: DrandChain) => ({
  ...{ publicKey, dst },
  ...{ genesis: Number(genesis), period: Number(period) },
});

const recorded = (chain: DrandChain, of: readonly fixture.RecordedRound[]) => ({
  ...chainOf(chain),
  rounds: columns(of.map(({ round, signature, randomness = zero }) => ({ round, ...pointOf(signature), randomness }))),
});

function signed() {
  const chain = fixture.testChain("vectors", { genesis: 1_700_000_000n, period: 2n });
  const rows = rounds.map((round) => {
    const { x, y } = messageOf(chain, round).toAffine();
    const { signature } = fixture.signRound("vectors", { round, dst: chain.dst });
    return { round, hashX: x, hashY: y, ...pointOf(signature) };
  });
  return { ...chainOf(chain), rounds: columns(rows) };
}

export const drandVectors = () => ({
  evmnet: recorded(fixture.evmnet, fixture.evmnetRounds),
  earlyEvmnet: recorded(fixture.earlyEvmnet, fixture.earlyEvmnetRounds),
  elements: columns(fixture.elements),
  mapped: columns(fixture.mapped),
  hashed: {
    inputs: fixture.hashed.map(({ dst, message }) => ({ dst, message })),
    ...columns(fixture.hashed.map(({ x, y }) => ({ x, y }))),
  },
  signed: signed(),
});
