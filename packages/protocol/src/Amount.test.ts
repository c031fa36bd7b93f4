import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { basisPoints, format, least, most, parse, partsPerMillion, weftDecimals } from "./Amount.ts";
import { hasCode } from "./Errors.ts";

test("decimal text to integers and back, by hand", () => {
  assert.equal(parse("1.25"), 1_250_000n);
  assert.equal(parse(" 0.000001 "), 1n);
  assert.equal(parse("3", weftDecimals), 3n * 10n ** 18n);
  assert.equal(format(1_250_000n), "1.25");
  assert.equal(format(1n), "0.000001");
  assert.equal(format(0n), "0");
  assert.equal(format(-1_500_000n), "-1.5");
});

test("what is not a plain decimal is refused with a remedy", () => {
  for (const text of ["", "1.", ".5", "-1", "+1", "1e3", "0x10", "1,5", "1.0000001", "1 2", "½", "9".repeat(31)])
    assert.throws(
      () => parse(text),
      (error) => hasCode(error, "amount.malformed") && /plain decimal/.test(error.remedy ?? ""),
      `"${text}"`,
    );
});

test("format then parse gives the same amount", () => {
  const amounts = fc.bigInt(0n, 10n ** 30n);
  fc.assert(
    fc.property(amounts, fc.constantFrom(6, 18), (a, digits) => assert.equal(parse(format(a, digits), digits), a)),
  );
});

test("shares round down, so that the vault keeps the remainder", () => {
  assert.equal(partsPerMillion(999_999n, 1n), 0n);
  assert.equal(partsPerMillion(1_000_000n, 1n), 1n);
  assert.equal(basisPoints(19_999n, 1n), 1n);
  fc.assert(
    fc.property(fc.bigInt(0n, 1n << 90n), fc.bigInt(0n, 10_000n), (amount, bps) => {
      const share = basisPoints(amount, bps);
      assert.ok(share * 10_000n <= amount * bps && (share + 1n) * 10_000n > amount * bps);
    }),
  );
});

test("least and most of bigints", () => {
  assert.deepEqual([least(3n, -1n, 2n), most(3n, 9n, 2n), least(5n), most(5n)], [-1n, 9n, 5n, 5n]);
});
