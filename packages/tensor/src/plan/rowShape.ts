// The axes that a chain's rows have, so that every source of it is a view with a stride per axis.
import type { ChainOperand } from "./Schedule.ts";
import type { Term } from "./View.ts";

/** Numbers of rows at which some term's index steps on or starts over; 1 and all rows among them. */
function cutsOf(rows: number, terms: readonly Term[]): number[] {
  return [1, rows, ...terms.flatMap(({ divisor, modulus }) => [divisor, divisor * modulus])];
}

/** Sizes of the axes, outermost first, that all terms are made of; undefined when they cut rows in ways that don't nest. */
export function rowShape(rows: number, operands: Iterable<ChainOperand>): number[] | undefined {
  const terms = Array.from(operands).flatMap((operand) => (operand.kind === "stored" ? operand.access.terms : []));
  const cuts = Array.from(new Set(cutsOf(rows, terms))).sort((a, b) => a - b);
  const sizes: number[] = [];
  for (let i = 1; i < cuts.length; i++) {
    const size = cuts[i]! / cuts[i - 1]!;
    if (!Number.isInteger(size)) return undefined;
    sizes.unshift(size);
  }
  return sizes.length === 0 ? [1] : sizes;
}

/** Strides of a row along those axes. */
export function rowStrides(shape: readonly number[], terms: readonly Term[]): number[] {
  let divisor = 1;
  const strides: number[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const at = divisor;
    const term = terms.find((one) => one.divisor <= at && at < one.divisor * one.modulus);
    strides.unshift(term === undefined || shape[axis] === 1 ? 0 : (at / term.divisor) * term.stride);
    divisor *= shape[axis]!;
  }
  return strides;
}
