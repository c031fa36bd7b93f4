// Views against element numbers moved one by one: reshapes that exist, rows and columns, places of rows.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { elementCount, type Shape } from "../graph/Graph.ts";
import { rowShape, rowStrides } from "./rowShape.ts";
import {
  broadcast,
  isContiguous,
  isEveryRow,
  reshaped,
  rowAccess,
  runsOf,
  sliced,
  transposed,
  type View,
  wholeView,
} from "./View.ts";

/** Places of a view's elements in row-major order. */
function places({ offset, shape, strides }: View): number[] {
  return Array.from({ length: elementCount(shape) }, (_, i) => {
    let rest = i;
    let place = offset;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += (rest % shape[axis]!) * strides[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    return place;
  });
}

const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
const change = fc.record({
  kind: fc.constantFrom("transpose", "slice", "expand", "reshape"),
  n: fc.nat(100),
  to: shape,
});

/** A whole value seen through some moves. */
const view = fc.tuple(shape, fc.array(change, { maxLength: 4 })).map(([from, changes]) =>
  changes.reduce(
    (seen: View, { kind, n, to }) => {
      const axis = n % seen.shape.length;
      const size = seen.shape[axis]!;
      if (kind === "transpose") {
        const axes = seen.shape.map((_, i) => (i + n) % seen.shape.length);
        return transposed(seen, axes);
      }
      if (kind === "slice") return sliced(seen, { axis, start: n % size, length: size - (n % size) });
      if (kind === "expand") return seen.shape.length < 5 ? broadcast(seen, [1 + (n % 3), ...seen.shape]) : seen;
      return elementCount(to) === elementCount(seen.shape) ? (reshaped(seen, to) ?? seen) : seen;
    },
    wholeView(0, from),
  ),
);

test("joined axes walk through the same places, and contiguous means one behind the other", () => {
  fc.assert(
    fc.property(view, (seen) => {
      const runs = runsOf(seen).reverse();
      const joined = { ...seen, shape: runs.map(({ size }) => size), strides: runs.map(({ stride }) => stride) };
      assert.deepEqual(places(joined), places(seen));
      const inOrder = places(seen).every((place, i) => place === seen.offset + i);
      assert.equal(isContiguous(seen), inOrder);
    }),
    { numRuns: 2000 },
  );
});

test("a reshape of a view holds the same places in the same order; a contiguous one has every shape", () => {
  let possible = 0;
  fc.assert(
    fc.property(view, fc.nat(), (seen, n) => {
      const shapes = factorings(elementCount(seen.shape));
      const to = shapes[n % shapes.length]!;
      const found = reshaped(seen, to);
      if (found !== undefined) assert.deepEqual([found.shape, places(found)], [to, places(seen)]);
      if (found !== undefined) possible++;
      if (isContiguous(seen)) assert.ok(found);
    }),
    { numRuns: 2000 },
  );
  assert.ok(possible > 300);
});

function factorings(count: number): Shape[] {
  const found: Shape[] = [[count]];
  for (let a = 1; a <= count; a++)
    if (count % a === 0) {
      found.push([a, count / a]);
      for (let b = 1; b <= count / a; b++) if ((count / a) % b === 0) found.push([a, b, count / a / b]);
    }
  return found;
}

test("rows and columns find every element, by terms and by axes of the rows", () => {
  let found = 0;
  fc.assert(
    fc.property(view, fc.nat(), (seen, n) => {
      const count = elementCount(seen.shape);
      const divisors = Array.from({ length: count }, (_, i) => i + 1).filter((d) => count % d === 0);
      const columns = divisors[n % divisors.length]!;
      const rows = count / columns;
      const access = rowAccess(seen, rows, columns);
      if (access === undefined) return;
      found++;
      const { offset, along, terms } = access;
      const place = (row: number) =>
        terms.reduce(
          (sum, { divisor, modulus, stride }) => sum + (Math.floor(row / divisor) % modulus) * stride,
          offset,
        );
      const expected = places(seen);
      const axes = rowShape(rows, [{ kind: "stored", root: 0, perRow: false, access }])!;
      const byAxes = places({ root: 0, offset, shape: axes, strides: rowStrides(axes, terms) });
      for (let row = 0; row < rows; row++) {
        assert.equal(byAxes[row], place(row));
        for (let c = 0; c < columns; c++) assert.equal(place(row) + c * along, expected[row * columns + c]);
      }
      const every = Array.from({ length: rows }, (_, row) => place(row) === offset + row * columns).every(Boolean);
      assert.equal(isEveryRow(terms, rows, columns), every);
    }),
    { numRuns: 3000 },
  );
  assert.ok(found > 500);
});

test("row axes nest or are refused", () => {
  const stored = (modulus: number) => {
    const access = { offset: 0, along: 1 as const, terms: [{ divisor: 1, modulus, stride: 7 }] };
    return { kind: "stored" as const, root: 0, perRow: false, access };
  };
  assert.deepEqual(rowShape(12, [stored(3), stored(6)]), [2, 2, 3]);
  assert.equal(rowShape(12, [stored(4), stored(6)]), undefined);
  assert.deepEqual(rowShape(1, []), [1]);
});
