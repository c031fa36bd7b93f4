// What only real sockets can show: a swarm on one address, bulk transfer, attackers that speak raw libp2p, lost peers.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { generateKeyPair } from "@libp2p/crypto/keys";
import { identify } from "@libp2p/identify";
import { tcp } from "@libp2p/tcp";
import { tls } from "@libp2p/tls";
import { yamux } from "@libp2p/yamux";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { fetchBlob } from "./fetchBlob.ts";
import { createLibp2pTransport, type Libp2pTransportOptions } from "./Libp2pTransport.ts";
import { serveBlobs } from "./serveBlobs.ts";
import type { Transport } from "./Transport.ts";
import { coded, patienceMs, until } from "./transportCompliance.ts";

const nodes: Transport[] = [];
const listen = ["/ip4/127.0.0.1/tcp/0"];

async function start(options: Partial<Libp2pTransportOptions> = {}): Promise<Transport> {
  const node = await createLibp2pTransport({ privateKey: randomBytes(32), listen, networkId: "net", ...options });
  nodes.push(node);
  return node;
}

async function stopAll(): Promise<void> {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
}

const scenario = (title: string, body: () => Promise<void>) =>
  test(title, { timeout: 5 * patienceMs }, () => body().finally(stopAll));

// In the line each node dialled two others, so messages are forwarded; in the star 15 neighbours of one node share an
// address, where Gossipsub's default colocation penalty would silence them (threshold 10, penalty quadratic).
const shapes: Record<string, { count: number; bootstrap: (earlier: Transport[]) => Transport[] }> = {
  line: { count: 12, bootstrap: (earlier) => earlier.slice(-2) },
  star: { count: 16, bootstrap: (earlier) => earlier.slice(0, 1) },
};
for (const [shape, { count, bootstrap }] of Object.entries(shapes)) {
  scenario(`gossip reaches all of ${count} nodes on one IP in a ${shape}`, async () => {
    const swarm: Transport[] = [];
    for (let index = 0; index < count; index += 1) {
      swarm.push(await start({ bootstrap: bootstrap(swarm).map((node) => node.addresses()[0]!) }));
    }
    const heard = swarm.map(() => new Map<string, number>());
    for (const [index, node] of swarm.entries()) {
      node.subscribe("swarm/1", (payload) => {
        heard[index]!.set(String(payload), performance.now());
        return "accept";
      });
    }
    const allHeard = (text: string, but: number) => heard.every((map, index) => index === but || map.has(text));
    let askedMs = 0;
    await until(async () => {
      if (performance.now() - askedMs > 250) {
        askedMs = performance.now();
        await swarm[0]!.publish("swarm/1", Buffer.from("warm-up"));
      }
      return allHeard("warm-up", 0);
    }, "all to hear a warm-up message");
    const delaysMs: number[] = [];
    for (let round = 0; round < count; round += 1) {
      const sentMs = performance.now();
      await swarm[round]!.publish("swarm/1", Buffer.from(`m${round}`));
      await until(() => allHeard(`m${round}`, round), `all to hear m${round}`);
      delaysMs.push(Math.max(...heard.map((map) => (map.get(`m${round}`) ?? sentMs) - sentMs)));
    }
    delaysMs.sort((one, other) => one - other);
    const [median, worst] = [delaysMs[count >> 1]!.toFixed(0), delaysMs[count - 1]!.toFixed(0)];
    console.log(`  ${count} nodes in a ${shape}, message to the last of them: median ${median} ms, worst ${worst} ms`);
  });
}

scenario("64 MiB arrive with the right hash", async () => {
  const [server, client] = [await start(), await start()];
  const blob = randomBytes(64 << 20);
  const contentId = `0x${createHash("sha256").update(blob).digest("hex")}` as const;
  serveBlobs(server, "blob/1", async (id) =>
    id === contentId
      ? { size: blob.length, read: (offset, length) => blob.subarray(offset, offset + length) }
      : undefined,
  );
  const from = { peerId: server.peerId, addresses: server.addresses() };
  const startMs = performance.now();
  const fetched = await fetchBlob(client, from, contentId, { maxBytes: 64 << 20 });
  const seconds = (performance.now() - startMs) / 1_000;
  assert.equal(createHash("sha256").update(fetched).digest("hex"), contentId.slice(2));
  console.log(`  64 MiB, both ends in one process: ${(67.1 / seconds).toFixed(0)} MB/s`);
});

scenario("a transfer continues after its connection was cut, without fetching anything twice", async () => {
  const blob = randomBytes(4 << 20);
  const contentId = `0x${createHash("sha256").update(blob).digest("hex")}` as const;
  const key = randomBytes(32);
  const offsets: number[] = [];
  const serve = async (listenOn: string[]): Promise<Transport> => {
    const server = await start({ privateKey: key, listen: listenOn });
    serveBlobs(server, "blob/1", async () => ({
      size: blob.length,
      async read(offset, length) {
        offsets.push(offset);
        await new Promise((resolve) => setTimeout(resolve, 10));
        return blob.subarray(offset, offset + length);
      },
    }));
    return server;
  };
  const server = await serve(listen);
  const client = await start();
  const address = { peerId: server.peerId, addresses: server.addresses() };
  let restarted: Promise<unknown> | undefined;
  const fetched = await fetchBlob(client, address, contentId, {
    maxBytes: 8 << 20,
    retries: 6,
    onProgress: (received) => {
      const port = address.addresses[0]!.split("/")[4];
      if (received > 1 << 20) restarted ??= server.stop().then(() => serve([`/ip4/127.0.0.1/tcp/${port}`]));
    },
  });
  await restarted;
  assert.ok(restarted !== undefined, "the server was restarted in the middle");
  assert.deepEqual(Buffer.from(fetched), blob);
  assert.ok(
    offsets.length < 16 + 24 && offsets.filter((offset) => offset === 0).length === 1,
    "resumed, not restarted",
  );
});

scenario("a lost bootstrap peer is found again when it returns", async () => {
  const key = randomBytes(32);
  const first = await start({ privateKey: key });
  const address = first.addresses()[0]!;
  const client = await start({ bootstrap: [address] });
  assert.deepEqual(client.peers(), [first.peerId]);
  await first.stop();
  await until(() => client.peers().length === 0, "the loss to be noticed");
  await start({ privateKey: key, listen: [address.split("/p2p/")[0]!] });
  await until(() => client.peers().includes(first.peerId), "the peer to be found again");
});

scenario("an absent bootstrap peer does not stop a node from starting", async () => {
  const gone = await start();
  const address = gone.addresses()[0]!;
  await gone.stop();
  const node = await start({ bootstrap: [address] });
  assert.deepEqual(node.peers(), []);
});

scenario("a raw peer that ignores the framing is cut off and counted; others go on", async () => {
  const [server, client] = [await start(), await start()];
  server.handle("echo/1", async (channel) => {
    for (let bytes = await channel.receive(); bytes; bytes = await channel.receive()) await channel.send(bytes);
  });
  const attacker = await createLibp2p({
    privateKey: await generateKeyPair("secp256k1"),
    transports: [tcp()],
    connectionEncrypters: [tls()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
  });
  try {
    const stream = await attacker.dialProtocol(multiaddr(server.addresses()[0]!), "/weft/net/echo/1");
    const closed = new Promise((resolve) => stream.addEventListener("close", resolve));
    stream.send(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
    await closed;
    const { rejected } = server.stats().peers[attacker.peerId.toString()]!;
    assert.equal(rejected["protocol"], 1, JSON.stringify(rejected));
    const channel = await client.open(server.addresses()[0]!, "echo/1");
    await channel.send(Buffer.from("fine"));
    assert.equal(String(await channel.receive()), "fine");
  } finally {
    await attacker.stop();
  }
});

scenario("a peer whose key is no EVM key does not get in", async () => {
  const server = await start();
  const stranger = await createLibp2p({
    privateKey: await generateKeyPair("Ed25519"),
    transports: [tcp()],
    connectionEncrypters: [tls()],
    streamMuxers: [yamux()],
  });
  try {
    await stranger.dial(multiaddr(server.addresses()[0]!)).catch(() => {});
    await until(() => stranger.getConnections().length === 0, "the stranger to be turned away");
    assert.deepEqual(server.peers(), []);
  } finally {
    await stranger.stop();
  }
});

scenario("nodes of different networks share no protocol and no gossip", async () => {
  const [here, there] = [await start({ networkId: "one" }), await start({ networkId: "two" })];
  const near = await start({ networkId: "one" });
  there.handle("echo/1", async () => {});
  let heard = 0;
  there.subscribe("t/1", () => {
    heard += 1;
    return "accept";
  });
  let nearHeard = 0;
  near.subscribe("t/1", () => {
    nearHeard += 1;
    return "accept";
  });
  await here.connect(there.addresses()[0]!);
  await near.connect(here.addresses()[0]!);
  await assert.rejects(here.open(there.peerId, "echo/1"), coded("protocol"));
  // Two messages heard next door: the first one had its time to get to the other network as well.
  for (const wanted of [1, 2])
    await until(async () => {
      await here.publish("t/1", Buffer.from("x"));
      await new Promise((resolve) => setTimeout(resolve, 100));
      return nearHeard >= wanted;
    }, "a node of the same network to hear it");
  assert.equal(heard, 0);
});

scenario("Noise works too, and nodes that share no encryption do not connect", async () => {
  const [quiet, both, plain] = [
    await start({ encryption: ["noise"] }),
    await start({ encryption: ["tls", "noise"] }),
    await start(),
  ];
  assert.equal(await quiet.connect(both.addresses()[0]!), both.peerId);
  assert.equal(await plain.connect(both.addresses()[0]!), both.peerId);
  await assert.rejects(quiet.connect(plain.addresses()[0]!), coded("unreachable"));
});
