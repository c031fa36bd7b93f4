import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { hasCode } from "@weft/protocol/Errors";
import { choosePort, freePorts, ifFree, maxNodes, planNodes, sharedHostNotice } from "./plan.ts";

test("five nodes at five prices, the cheapest not the first", () => {
  assert.deepEqual(
    planNodes(5).map(({ name, pricePerUnitSecond }) => [name, pricePerUnitSecond]),
    [
      ["node-1", 155n],
      ["node-2", 190n],
      ["node-3", 225n],
      ["node-4", 260n],
      ["node-5", 135n],
    ],
  );
  const all = planNodes(maxNodes).map(({ pricePerUnitSecond }) => pricePerUnitSecond);
  assert.equal(new Set(all).size, maxNodes);
  assert.ok(
    all.every((price) => price * 3600n <= 990_000n),
    "at most 0.99 per hour, the main job's ceiling",
  );
  for (const bad of [0, 33, 1.5, Number.NaN])
    assert.throws(
      () => planNodes(bad),
      (error) => hasCode(error, "start.nodes"),
    );
});

test("the notice says that the nodes share a machine", () => {
  assert.equal(sharedHostNotice(5), "shared-host: the five nodes run on this one machine");
  assert.equal(sharedHostNotice(12), "shared-host: the 12 nodes run on this one machine");
});

test("ports: distinct, given way when remembered, refused when asked for", async () => {
  assert.equal(new Set(await freePorts(8)).size, 8);
  const server = createServer();
  const taken = await new Promise<number>((resolve) =>
    server.listen({ port: 0, host: "127.0.0.1" }, () => resolve((server.address() as { port: number }).port)),
  );
  assert.equal(await ifFree(taken), undefined);
  assert.notEqual(await choosePort({ remembered: taken, what: "gateway" }), taken);
  await assert.rejects(
    choosePort({ asked: taken, what: "gateway" }),
    (error) => hasCode(error, "port.taken") && error.message.includes(String(taken)),
  );
  await new Promise((closed) => server.close(closed));
  assert.equal(await choosePort({ asked: taken, what: "gateway" }), taken);
});
