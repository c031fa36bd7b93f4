// Gas of fp32 in Solidity: the operation alone, from gasleft around a loop with it less that around the same loop without.
// Operands come half from all words, half from values of like magnitude, as training has them (there a sum costs most).
// `_subnormal` is the dearest kind: both operands subnormal.
import { hardPairs } from "../tests/court/float32Cases.ts";
import { differences, float32Chain, PAIRS_PER_CALL } from "../tests/court/float32Chain.ts";
import { type Bench, type Figure, figure, mustHold } from "./report.ts";

const PAIRS = 8192;

export const bench: Bench = {
  name: "float32",
  about: `gas of one fp32 operation on chain, mean over ${PAIRS} random pairs`,
  run: measure,
};

const LIMITS = { add: 1150, mul: 1000, div: 1150, lt: 330, sqrt: undefined };

/** A fixed sequence of words. */
function words(count: number): Uint32Array {
  let state = 0x2545f491;
  return Uint32Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  });
}

/** Exponents 2^-4 … 2^3, any sign. */
const ordinary = (word: number): number => (word & 0x807fffff) | ((123 + ((word >>> 23) & 7)) << 23);

async function* measure(): AsyncGenerator<Figure> {
  const chain = await float32Chain();
  const any = words(2 * PAIRS);
  const mixed = any.map((word, i) => (i % 4 < 2 ? word : ordinary(word)));
  const subnormal = any.map((word) => word & 0x807fffff);
  const hard = hardPairs(77, PAIRS_PER_CALL);
  for (const [name, limit] of Object.entries(LIMITS)) {
    mustHold(differences(name, hard, await chain.run(name, hard)).length === 0, `${name} has the processor's bits`);
    const atMost = limit === undefined ? {} : { atMost: limit };
    yield figure(`float32.${name}_gas`, { value: await chain.gasOf(name, mixed), unit: "gas" }, atMost);
    yield figure(`float32.${name}_gas_subnormal`, { value: await chain.gasOf(name, subnormal), unit: "gas" });
  }
  await chain.end();
}
