/**
 * Measures the libp2p transport between two processes on loopback: bulk throughput, request latency, gossip latency, and
 * the memory of a process that holds only a transport with four peers. Prints one JSON object per line:
 * `node packages/transport/src/Libp2pTransport.bench.ts`. Throughput is set against one plain TCP connection of
 * the same run.
 */

import { type ChildProcess, fork } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Socket, connect as tcpConnect } from "node:net";
import { fileURLToPath } from "node:url";
import { streamBlob } from "./fetchBlob.ts";
import { createLibp2pTransport } from "./Libp2pTransport.ts";
import { request, requestPeer } from "./Request.ts";
import { serveBlobs } from "./serveBlobs.ts";
import type { PeerAddress, Transport } from "./Transport.ts";

const BULK_BYTES = 128 << 20;
const ROUNDS = 9;
/** The content is generated from its offset, so that the server holds none of it. */
const BLOCK = createHash("sha512").update("weft").digest();
const PATTERN = Buffer.alloc(1 << 20, BLOCK);

interface ServerReady {
  address: PeerAddress;
  port: number;
  contentId: `0x${string}`;
}

function print(line: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const start = (): Promise<Transport> =>
  createLibp2pTransport({ privateKey: randomBytes(32), listen: ["/ip4/127.0.0.1/tcp/0"], networkId: "bench" });

async function serve(): Promise<void> {
  const node = await start();
  const hash = createHash("sha256");
  for (let offset = 0; offset < BULK_BYTES; offset += PATTERN.length) hash.update(PATTERN);
  const contentId = `0x${hash.digest("hex")}` as const;
  serveBlobs(node, "blob/1", async () => ({
    size: BULK_BYTES,
    read: (offset, length) => PATTERN.subarray(offset % PATTERN.length, (offset % PATTERN.length) + length),
  }));
  node.handle("echo/1", async (channel) => {
    for (let bytes = await channel.receive(); bytes; bytes = await channel.receive()) await channel.send(bytes);
  });
  node.subscribe("ping/1", (payload) => {
    void node.publish("pong/1", payload);
    return "accept";
  });
  const plain = createServer((socket) => void pour(socket)).listen(0, "127.0.0.1");
  await once(plain, "listening");
  const { port } = plain.address() as { port: number };
  process.send?.({
    address: { peerId: node.peerId, addresses: node.addresses() },
    port,
    contentId,
  } satisfies ServerReady);
}

async function pour(socket: Socket): Promise<void> {
  for (let offset = 0; offset < BULK_BYTES; offset += PATTERN.length) {
    if (!socket.write(PATTERN)) await once(socket, "drain");
  }
  socket.end();
}

/** MB/s of one plain TCP connection, hashed like the blob. */
async function plainRate(port: number): Promise<number> {
  const startMs = performance.now();
  const hash = createHash("sha256");
  for await (const bytes of tcpConnect(port, "127.0.0.1")) hash.update(bytes as Buffer);
  hash.digest();
  return BULK_BYTES / (performance.now() - startMs) / 1_000;
}

const percentile = (values: number[], share: number): number =>
  values.toSorted((one, other) => one - other)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

async function times(count: number, run: () => Promise<unknown>): Promise<{ p50Ms: number; p99Ms: number }> {
  const values: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const startMs = performance.now();
    await run();
    values.push(performance.now() - startMs);
  }
  return { p50Ms: +percentile(values, 0.5).toFixed(3), p99Ms: +percentile(values, 0.99).toFixed(3) };
}

async function bulk(node: Transport, { address, contentId, port }: ServerReady): Promise<void> {
  const rates: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const startMs = performance.now();
    await streamBlob(node, address, contentId, { maxBytes: BULK_BYTES, sink() {} });
    const rate = BULK_BYTES / (performance.now() - startMs) / 1_000;
    rates.push(rate);
    ratios.push(rate / (await plainRate(port)));
  }
  const [megabytesPerSecond, ratioToPlainTcp] = [percentile(rates, 0.5), percentile(ratios, 0.5)];
  print({ name: "bulk", bytes: BULK_BYTES, megabytesPerSecond, ratioToPlainTcp, rounds: ROUNDS });
}

async function latency(node: Transport, { address }: ServerReady): Promise<void> {
  const message = Buffer.from("?");
  const channel = await node.open(address, "echo/1");
  await times(200, () => request(channel, message));
  print({ name: "round trip on an open channel", ...(await times(2_000, () => request(channel, message))) });
  const fresh = () => requestPeer(node, address, { protocol: "echo/1", message });
  await times(100, fresh);
  print({ name: "request on a new channel", ...(await times(1_000, fresh)) });
  let answered = (): void => {};
  node.subscribe("pong/1", () => {
    answered();
    return "accept";
  });
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const gossip = async (): Promise<void> => {
    const answer = new Promise<void>((resolve) => {
      answered = resolve;
    });
    await node.publish("ping/1", randomBytes(200));
    await answer;
  };
  print({ name: "gossip there and back", ...(await times(200, gossip)) });
}

/** A process that only holds a transport; reports its memory when asked. */
async function rest(): Promise<void> {
  const node = await start();
  node.subscribe("idle/1", () => "accept");
  process.on("message", (addresses: string[]) => {
    void Promise.all(addresses.map((address) => node.connect(address))).then(() =>
      setTimeout(() => process.send?.({ rss: process.memoryUsage().rss, peers: node.peers().length }), 10_000),
    );
  });
  process.send?.({ ready: true });
}

async function memory(): Promise<void> {
  const peers = await Promise.all(Array.from({ length: 4 }, start));
  const child = spawn("rest");
  await once(child, "message");
  child.send(peers.map((peer) => peer.addresses()[0]!));
  const [{ rss, peers: count }] = (await once(child, "message")) as [{ rss: number; peers: number }];
  print({ name: "process with a transport only, 10 s at rest", rssMegabytes: Math.round(rss / 1e6), peers: count });
  child.kill();
  await Promise.all(peers.map((peer) => peer.stop()));
}

const spawn = (role: string): ChildProcess => fork(fileURLToPath(import.meta.url), [role]);

async function main(): Promise<void> {
  const server = spawn("serve");
  const [ready] = (await once(server, "message")) as [ServerReady];
  const node = await start();
  await latency(node, ready);
  await bulk(node, ready);
  await node.stop();
  server.kill();
  await memory();
}

const roles: Record<string, () => Promise<void>> = { serve, rest };
await (roles[process.argv[2] ?? ""] ?? main)();
