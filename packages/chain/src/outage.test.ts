// A chain that refuses, hangs, stops half way through an answer, or answers nonsense: whatever follows it and whatever waits
// for a transaction goes on once it is back. Every fault is injected between them and a real chain.
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { connect, rpcOf } from "./ChainClient.ts";
import { ChainStore } from "./ChainStore.ts";
import { accountOf, type Fixture, fixture, patienceMs, wallClock } from "./chainFixture.ts";
import { deployerKey } from "./DevAccounts.ts";
import { memoryStore } from "./Intent.ts";
import { signerOf } from "./Keys.ts";
import { LiveSnapshot } from "./LiveSnapshot.ts";
import { isTransient } from "./Reverts.ts";
import { Sender } from "./Sender.ts";

/** What a fault that hangs costs the test, several times; a machine on which answers that come take longer waits for ever. */
const requestTimeoutMs = 1000;

const faults = {
  /** Takes the request and never answers. */
  hang: () => {},
  /** Begins an answer and stops. */
  stall: (response: ServerResponse) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "5000" });
    response.write('[{"jsonrpc":');
  },
  cut: (response: ServerResponse) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "5000" });
    response.write('[{"jsonrpc":');
    setImmediate(() => response.destroy());
  },
  refuse: (response: ServerResponse) => void response.destroy(),
  nonsense: (response: ServerResponse) => void response.end("<html>starting</html>"),
  overloaded: (response: ServerResponse) => void response.writeHead(503).end("later"),
  /** One error for a whole batch. */
  single: (response: ServerResponse) =>
    void response
      .writeHead(200, { "content-type": "application/json" })
      .end('{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"starting"}}'),
} as const;
type Fault = keyof typeof faults;

/** Stands before the chain; `fault` is what it does instead of passing a request on. */
async function proxy(chain: Fixture) {
  const state: { fault: Fault | undefined; hit: number } = { fault: undefined, hit: 0 };
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    if (state.fault !== undefined) {
      state.hit += 1;
      faults[state.fault](response);
      return;
    }
    const headers = { "content-type": "application/json" };
    const answer = await fetch(chain.chain.rpcUrl, { method: "POST", headers, body: Buffer.concat(pieces) });
    response.writeHead(answer.status, headers).end(await answer.text());
  });
  await new Promise<void>((bound) => server.listen(0, "127.0.0.1", bound));
  chain.closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { state, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test("a request has its time, however far its answer has come", { timeout: 180_000 }, async (t) => {
  const chain = await fixture();
  t.after(() => chain.end());
  const { state, url } = await proxy(chain);
  const rpc = rpcOf(url, 31337, requestTimeoutMs);
  assert.ok((await rpc.getBlockNumber()) >= 0n);
  for (const fault of ["hang", "stall", "cut", "refuse", "overloaded"] as const) {
    state.fault = fault;
    await assert.rejects(rpc.getBlockNumber(), isTransient, fault);
  }
});

test("follower and sender go on after every kind of outage", { timeout: 300_000 }, async (t) => {
  const chain = await fixture();
  t.after(() => chain.end());
  const { state, url } = await proxy(chain);
  const client = connect({ ...chain.client, rpcUrl: url, requestTimeoutMs });
  let outages = 0;
  const store = new ChainStore(":memory:", "test");
  const live = new LiveSnapshot(client, { store, clock: wallClock, fromBlock: 0n, onOutage: () => (outages += 1) });
  const sender = new Sender(client, { signer: signerOf(deployerKey), store: memoryStore(), clock: wallClock });
  chain.closers.push(async () => {
    sender.close();
    await live.stop();
  });
  const payee = accountOf("payee").address;
  const pay = (key: string) => sender.send({ key, kind: "pay", to: payee, data: "0x", value: 1n });
  await pay("before");
  let paid = 1n;
  for (const fault of Object.keys(faults) as Fault[]) {
    const before = live.current.block;
    const known = outages;
    state.fault = fault;
    const during = pay(fault);
    during.catch(() => {});
    const until = Date.now() + patienceMs;
    while (outages === known && Date.now() < until) await wallClock.sleep(20);
    assert.ok(outages > known, `${fault} was noticed`);
    state.fault = undefined;
    // What was wanted during the outage is mined after it, or says that it is to be wanted again; then it is mined.
    await during.catch(() => pay(fault));
    paid += 1n;
    await live.reach(before + 3n, patienceMs);
  }
  assert.equal(await chain.client.rpc.getBalance({ address: payee }), paid);
});
