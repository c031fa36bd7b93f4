import assert from "node:assert/strict";
import { test } from "node:test";
import * as messages from "@weft/protocol/messages";
import fc from "fast-check";
import { z } from "zod";
import { decodeMessage, encodeMessage, MAX_JSON_BYTES, wireBytes } from "./Wire.ts";
import { WireError, type WireErrorCode } from "./WireError.ts";

const amount = z.union([z.bigint(), z.string().regex(/^[0-9]{1,78}$/)]).transform((value) => BigInt(value));
const schemas = {
  pay: z.strictObject({ amount, data: wireBytes({ maxBytes: 64 }) }),
  note: z.strictObject({ text: z.string().max(200), when: z.int() }),
  throws: z.strictObject({ text: z.string() }).refine(() => {
    throw new Error("a refinement that breaks");
  }),
};

const seed = Number(process.env["WEFT_SEED"] ?? 8_471);
const coded = (code: WireErrorCode) => (error: unknown) => error instanceof WireError && error.code === code;

test("a message comes back as it was, with bigints as decimals and bytes as hex", () => {
  const property = fc.property(
    fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
    fc.uint8Array({ maxLength: 64 }),
    (n, data) => {
      const bytes = encodeMessage(schemas, "pay", { amount: n, data });
      const parsed = JSON.parse(Buffer.from(bytes).toString());
      assert.deepEqual(parsed, {
        v: 1,
        kind: "pay",
        amount: n.toString(),
        data: `0x${Buffer.from(data).toString("hex")}`,
      });
      const message = decodeMessage(schemas, bytes);
      assert.ok(message.kind === "pay");
      assert.equal(message.body.amount, n);
      assert.deepEqual(Buffer.from(message.body.data), Buffer.from(data));
    },
  );
  fc.assert(property, { seed });
});

test("each way to be wrong has its code, and whose fault it is", () => {
  const cases: [WireErrorCode, string][] = [
    ["malformed", ""],
    ["malformed", "null"],
    ["malformed", "[]"],
    ["malformed", '{"v":1'],
    ["version", "{}"],
    ["version", '{"v":"1","kind":"note"}'],
    ["version", '{"v":2,"kind":"note"}'],
    ["kind", '{"v":1}'],
    ["kind", '{"v":1,"kind":7}'],
    ["kind", '{"v":1,"kind":"__proto__"}'],
    ["kind", '{"v":1,"kind":"constructor"}'],
    ["schema", '{"v":1,"kind":"note"}'],
    ["schema", '{"v":1,"kind":"note","text":"","when":1.5}'],
    ["schema", '{"v":1,"kind":"note","text":"","when":1,"__proto__":{"x":1}}'],
    ["schema", '{"v":1,"kind":"pay","amount":"-1","data":"0x"}'],
    ["schema", '{"v":1,"kind":"pay","amount":"1","data":"0x0G"}'],
    ["schema", `{"v":1,"kind":"pay","amount":"${"9".repeat(100)}","data":"0x"}`],
    ["schema", '{"v":1,"kind":"throws","text":""}'],
    ["oversize", `"${"x".repeat(MAX_JSON_BYTES)}"`],
  ];
  for (const [code, text] of cases) {
    assert.throws(() => decodeMessage(schemas, Buffer.from(text)), coded(code), `${code}: ${text.slice(0, 60)}`);
  }
  const invalidUtf8 = Buffer.from('{"v":1,"kind":"note","text":"\xff","when":1}', "latin1");
  assert.throws(() => decodeMessage(schemas, invalidUtf8), coded("malformed"));
  try {
    decodeMessage(schemas, Buffer.from("{"));
  } catch (error) {
    assert.ok(error instanceof WireError && error.fault === "caller" && !error.retryable);
  }
});

test("our own bad message never leaves", () => {
  const wrong = { text: "x".repeat(201), when: 1 };
  assert.throws(
    () => encodeMessage(schemas, "note", wrong),
    (error: unknown) => {
      return error instanceof WireError && error.code === "schema" && error.fault === "us";
    },
  );
  const long = { long: z.strictObject({ text: z.string() }) };
  assert.throws(() => encodeMessage(long, "long", { text: "x".repeat(MAX_JSON_BYTES) }), coded("oversize"));
});

/** JSON texts that look like messages, then bytes of them turned, cut and doubled. */
function hostileBytes(): fc.Arbitrary<Uint8Array> {
  const looksRight = fc
    .record({ v: fc.oneof(fc.constant(1), fc.jsonValue()), kind: fc.oneof(fc.constantFrom(...kinds), fc.string()) })
    .chain((head) =>
      fc
        .dictionary(fc.constantFrom("text", "when", "amount", "data", "peer", "step"), fc.jsonValue())
        .map((rest) => ({ ...head, ...rest })),
    )
    .map((message) => Buffer.from(JSON.stringify(message)));
  const right = fc
    .record({ text: fc.string({ maxLength: 200 }), when: fc.integer() })
    .map((body) => Buffer.from(encodeMessage(schemas, "note", body)));
  const turned = fc.tuple(fc.oneof(looksRight, right), fc.nat(), fc.nat({ max: 255 })).map(([bytes, at, value]) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[at % copy.length] = value;
    return copy;
  });
  const cut = fc.tuple(looksRight, fc.nat()).map(([bytes, at]) => bytes.subarray(0, at % (bytes.length + 1)));
  const nested = fc
    .nat({ max: 50_000 })
    .map((depth) => Buffer.from(`{"v":1,"kind":"note","text":${"[".repeat(depth)}`));
  return fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    looksRight,
    right,
    turned,
    cut,
    nested,
    fc.json().map((text) => Buffer.from(text)),
  );
}

const everything = { ...schemas, ...messages.streams, ...messages.gossip };
const kinds = Object.keys(everything);

test(`fuzz (seed ${seed}): decoding throws nothing but WireError and returns only what its schema allows`, () => {
  let decoded = 0;
  fc.assert(
    fc.property(hostileBytes(), (bytes) => {
      try {
        const { kind } = decodeMessage(everything, bytes, { maxBytes: 60_000 });
        assert.ok(kinds.includes(kind));
        decoded += 1;
      } catch (error) {
        assert.ok(error instanceof WireError, `seed ${seed}: ${error}`);
        assert.ok(error.message.length < 400, "an error never repeats a foreign message");
      }
    }),
    { seed, numRuns: 3_000 },
  );
  assert.ok(decoded > 100, "the fuzz also makes messages that pass");
  console.log(`  fuzz seed ${seed}: ${decoded} of 3,000 decoded`);
});

test("an oversized message is refused before anything is made of it", () => {
  const bytes = Buffer.alloc(64 << 20, "[");
  const before = process.memoryUsage();
  for (let round = 0; round < 20; round += 1) {
    assert.throws(() => decodeMessage(schemas, bytes), coded("oversize"));
  }
  const after = process.memoryUsage();
  const grown = after.heapUsed + after.external - before.heapUsed - before.external;
  assert.ok(grown < 4 << 20, `${grown} bytes for twenty refusals`);
});
