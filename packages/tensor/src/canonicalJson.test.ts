// Canonical JSON: one text for equal data, and a refusal for what has none.
import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson } from "./canonicalJson.ts";

test("canonical JSON sorts keys and refuses what has no single form", () => {
  assert.equal(
    canonicalJson({ b: [1, "é", null, true], a: { d: 2, c: -3 } }),
    '{"a":{"c":-3,"d":2},"b":[1,"é",null,true]}',
  );
  for (const value of [0.5, Number.NaN, -0, 2 ** 53, undefined, 1n])
    assert.throws(() => canonicalJson({ x: [value] }), { code: "tensor.bad-program", message: /\$\.x\[0\]/ });
});
