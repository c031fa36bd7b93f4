import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { untilMarket } from "./untilMarket.ts";

let looks = 0;
/** A gateway that hears of one more node at each look, up to four. */
const server = createServer((_, response) => {
  const seen = Math.min(4, looks++);
  response.end(JSON.stringify({ peers: seen, offers: seen }));
});
after(() => server.close().closeAllConnections());

test("waits for every node, and no longer than its bound", async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, token: "t" };
  const { signal } = new AbortController();
  assert.deepEqual(await untilMarket(client, { nodes: 3, timeoutMs: 60_000, signal }), { peers: 3, offers: 3 });
  assert.deepEqual(await untilMarket(client, { nodes: 5, timeoutMs: 300, signal }), { peers: 4, offers: 4 });
});
