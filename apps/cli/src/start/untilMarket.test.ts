import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { untilMarket } from "./untilMarket.ts";

/** What the gateway says at each look; the last one again and again. */
let seen: { peers: number; offers: number }[] = [];
const server = createServer((_, response) => {
  response.end(JSON.stringify(seen.length > 1 ? seen.shift() : seen[0]));
});
before(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
after(() => server.close().closeAllConnections());
const client = () => ({ url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, token: "t" });
const growing = [0, 1, 2, 3, 4].map((count) => ({ peers: count, offers: count }));
const { signal } = new AbortController();

test("waits for every node, and no longer than its bound", async () => {
  const options = { quietMs: 60_000, signal };
  seen = [...growing];
  const all = await untilMarket(client(), { ...options, nodes: 3, timeoutMs: 60_000 });
  assert.deepEqual(all, { peers: 3, offers: 3 });
  seen = growing.slice(4);
  const fewer = await untilMarket(client(), { ...options, nodes: 5, timeoutMs: 300 });
  assert.deepEqual(fewer, { peers: 4, offers: 4 });
});

test("a node that offers nothing is not waited for once all are connected", async () => {
  const options = { nodes: 4, timeoutMs: 60_000, signal };
  seen = [{ peers: 4, offers: 0 }, { peers: 4, offers: 2 }, { peers: 3, offers: 3 }, ...growing.slice(4)];
  const whole = await untilMarket(client(), { ...options, quietMs: 60_000 });
  assert.deepEqual(whole, { peers: 4, offers: 4 });
  seen = [
    { peers: 4, offers: 0 },
    { peers: 4, offers: 3 },
  ];
  const quiet = await untilMarket(client(), { ...options, quietMs: 300 });
  assert.deepEqual(quiet, { peers: 4, offers: 3 });
});
