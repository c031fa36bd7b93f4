/**
 * What every `Transport` must do. An adapter's test calls `transportCompliance` with a factory; all cases use only the
 * port. Waiting is by condition with a deadline, never by a fixed sleep.
 */

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { z } from "zod";
import { fetchBlob } from "./fetchBlob.ts";
import type { TransportLimits } from "./Limits.ts";
import { operatorOf } from "./PeerIdentity.ts";
import { call, request, requestPeer, serveCalls } from "./Request.ts";
import { serveBlobs } from "./serveBlobs.ts";
import type { Channel, Transport } from "./Transport.ts";
import { decodeMessage, encodeMessage } from "./Wire.ts";
import { WireError } from "./WireError.ts";

export interface ComplianceNetwork {
  /** A new node that listens and has no peers. */
  create(limits?: Partial<TransportLimits>): Promise<Transport>;
  /** Ends a node as a crash would, without a word to its peers' applications. */
  kill(node: Transport): Promise<void>;
  stop(): Promise<void>;
}

const schemas = { note: z.strictObject({ text: z.string().max(100) }) };

export function transportCompliance(name: string, start: () => Promise<ComplianceNetwork>): void {
  const check = (title: string, body: (network: ComplianceNetwork) => Promise<void>) =>
    test(`${name}: ${title}`, { timeout: 3 * patienceMs }, async () => {
      const network = await start();
      try {
        await body(network);
      } finally {
        await network.stop();
      }
    });
  identityCases(check);
  channelCases(check);
  flowCases(check);
  refusalCases(check);
  gossipCases(check);
  requestCases(check);
  blobCases(check);
}

type Check = (title: string, body: (network: ComplianceNetwork) => Promise<void>) => void;

/** Real milliseconds that a wait takes at most: enough for a machine many times slower than one's own. */
export const patienceMs = 60_000;

/** Waits for a condition. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while (!(await condition())) {
    assert.ok(performance.now() < endMs, `waited ${patienceMs / 1000} s for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** For `assert.rejects`: a `WireError` of this code. */
export const coded = (code: WireError["code"]) => (error: unknown) => {
  assert.ok(error instanceof WireError, `a WireError, got ${error}`);
  assert.equal(error.code, code);
  return true;
};

async function connectedPair(
  network: ComplianceNetwork,
  limits?: Partial<TransportLimits>,
): Promise<[Transport, Transport]> {
  const [one, other] = [await network.create(limits), await network.create(limits)];
  await one.connect({ peerId: other.peerId, addresses: other.addresses() });
  return [one, other];
}

async function echo(channel: Channel): Promise<void> {
  for (let message = await channel.receive(); message; message = await channel.receive()) await channel.send(message);
}

function identityCases(check: Check): void {
  check("a peer id names its operator, and connecting returns it", async (network) => {
    const [one, other] = [await network.create(), await network.create()];
    assert.equal(operatorOf(one.peerId), one.operator);
    assert.match(one.operator, /^0x[0-9a-f]{40}$/);
    assert.equal(await one.connect(other.addresses()[0]!), other.peerId);
    await until(() => other.peers().includes(one.peerId), "both sides to be connected");
    assert.deepEqual(one.peers(), [other.peerId]);
    assert.equal(await one.connect(other.peerId), other.peerId, "connecting again is harmless");
  });

  check("the handler learns who is calling", async (network) => {
    const [one, other] = await connectedPair(network);
    other.handle("who/1", async (channel, from) => channel.send(Buffer.from(`${from.peerId} ${from.operator}`)));
    const channel = await one.open(other.peerId, "who/1");
    assert.equal(String(await channel.receive()), `${one.peerId} ${one.operator}`);
  });

  check("an unknown protocol and an unknown peer are told apart", async (network) => {
    const [one, other] = await connectedPair(network);
    const stranger = await network.create();
    await network.kill(stranger);
    await assert.rejects(one.open(other.peerId, "nothing/1"), coded("protocol"));
    const address = { peerId: stranger.peerId, addresses: stranger.addresses() };
    await assert.rejects(one.open(address, "nothing/1"), coded("unreachable"));
  });
}

function channelCases(check: Check): void {
  check("messages keep their order, bounds and bytes, empty ones included", async (network) => {
    const [one, other] = await connectedPair(network);
    other.handle("echo/1", echo);
    const channel = await one.open(other.peerId, "echo/1");
    const sizes = [0, 1, 5, 16 << 10, (256 << 10) - 64, 256 << 10, (256 << 10) + 1, 1 << 20, 0, 3];
    const messages = sizes.map((size) => randomBytes(size));
    const sent = Promise.all(messages.map((message) => channel.send(message)));
    for (const message of messages) assert.deepEqual(Buffer.from((await channel.receive())!), message);
    await sent;
    await channel.close();
    assert.equal(await channel.receive(), undefined);
    assert.equal(await channel.receive(), undefined, "the end stays the end");
  });

  check("a side that has closed still receives, more than one window of it", async (network) => {
    const [one, other] = await connectedPair(network, { windowBytes: 512 << 10, maxMessageBytes: 128 << 10 });
    const chunk = randomBytes(100_000);
    other.handle("much/1", async (channel) => {
      while (await channel.receive());
      for (let index = 0; index < 40; index += 1) await channel.send(chunk);
    });
    const channel = await one.open(other.peerId, "much/1");
    await channel.close();
    let received = 0;
    for (let bytes = await channel.receive(); bytes; bytes = await channel.receive()) received += bytes.length;
    assert.equal(received, 4_000_000);
  });

  check("abort reaches the other side with its code, close after abort is quiet", async (network) => {
    const [one, other] = await connectedPair(network);
    let seen: unknown;
    other.handle("echo/1", async (channel) => {
      await channel.receive();
      await channel.receive().catch((error: unknown) => {
        seen = error;
        throw error;
      });
    });
    const channel = await one.open(other.peerId, "echo/1");
    await channel.send(randomBytes(10));
    channel.abort(new WireError("refused", "changed my mind"));
    await until(() => seen !== undefined, "the abort to arrive");
    assert.ok(seen instanceof WireError && seen.code === "refused" && seen.origin === "remote", String(seen));
    await assert.rejects(channel.receive(), coded("refused"));
    await assert.rejects(channel.send(randomBytes(1)), coded("refused"));
    await channel.close();
  });

  check("a receive can time out and be given up without hurting the channel", async (network) => {
    const [one, other] = await connectedPair(network);
    other.handle("echo/1", echo);
    const channel = await one.open(other.peerId, "echo/1");
    await assert.rejects(channel.receive({ timeoutMs: 20 }), coded("timeout"));
    await assert.rejects(channel.receive({ signal: AbortSignal.abort(new Error("enough")) }), /enough/);
    await channel.send(Buffer.from("still here"));
    assert.equal(String(await channel.receive({ timeoutMs: patienceMs })), "still here");
  });

  check("a killed peer ends its channels with a coded error, nothing hangs", async (network) => {
    const [one, other] = await connectedPair(network);
    other.handle("echo/1", echo);
    const channel = await one.open(other.peerId, "echo/1");
    await channel.send(Buffer.from("x"));
    await channel.receive();
    const waiting = channel.receive();
    await Promise.all([network.kill(other), assert.rejects(waiting, coded("closed"))]);
    await assert.rejects(channel.send(Buffer.from("y")), coded("closed"));
  });
}

function flowCases(check: Check): void {
  check("a slow reader bounds what the sender has outstanding", async (network) => {
    const windowBytes = 1 << 20;
    const [one, other] = await connectedPair(network, { windowBytes, maxMessageBytes: 256 << 10 });
    let reader: Channel | undefined;
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let consumed = 0;
    other.handle("slow/1", async (channel) => {
      reader = channel;
      await held;
      for (let bytes = await channel.receive(); bytes; bytes = await channel.receive()) consumed += bytes.length;
      await channel.send(Buffer.from("done"));
    });
    const channel = await one.open(other.peerId, "slow/1");
    const total = 8 << 20;
    let accepted = 0;
    const sending = (async () => {
      for (let offset = 0; offset < total; offset += 64 << 10) {
        await channel.send(randomBytes(64 << 10));
        accepted += 64 << 10;
        assert.ok(accepted - consumed <= windowBytes, `${accepted - consumed} bytes outstanding`);
      }
    })();
    await until(() => reader !== undefined && accepted >= windowBytes / 2, "most of a window to be accepted");
    await quiet(() => accepted);
    assert.ok(accepted <= windowBytes, `the sender got rid of ${accepted} bytes with nobody reading`);
    release();
    await sending;
    await channel.close();
    assert.equal(String(await channel.receive()), "done");
    assert.equal(consumed, total);
  });

  check("sends nobody waits for are refused beyond a window", async (network) => {
    const [one, other] = await connectedPair(network, { windowBytes: 512 << 10, maxMessageBytes: 128 << 10 });
    other.handle("never/1", () => new Promise(() => {}));
    const channel = await one.open(other.peerId, "never/1");
    const outcomes = Array.from({ length: 40 }, () => channel.send(randomBytes(100_000)).catch((error) => error));
    const refused = (await Promise.race([Promise.all(outcomes.slice(-1)), Promise.all(outcomes)])) as unknown[];
    assert.ok(refused[0] instanceof WireError && refused[0].code === "backpressure", String(refused[0]));
    channel.abort(new Error("over"));
    await Promise.all(outcomes);
  });

  check("a consumer that is stuck fails the send instead of holding it for ever", async (network) => {
    const [one, other] = await connectedPair(network, { stallTimeoutMs: 200 });
    other.handle("never/1", () => new Promise(() => {}));
    const channel = await one.open(other.peerId, "never/1");
    const flood = async () => {
      for (;;) await channel.send(randomBytes(512 << 10));
    };
    await assert.rejects(flood(), coded("timeout"));
  });
}

/** Waits until a counter has not moved for 200 ms. */
async function quiet(counter: () => number): Promise<void> {
  for (let before = -1; before !== counter(); ) {
    before = counter();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function refusalCases(check: Check): void {
  check("malformed, oversized and unknown messages are counted against their sender", async (network) => {
    const [one, other] = await connectedPair(network);
    other.handle("notes/1", async (channel) => {
      decodeMessage(schemas, (await channel.receive()) ?? new Uint8Array(0), { maxBytes: 1_000 });
    });
    const bad: [string, string][] = [
      ["malformed", "{"],
      ["malformed", "[1]"],
      ["version", '{"v":2,"kind":"note","text":""}'],
      ["version", '{"kind":"note","text":""}'],
      ["kind", '{"v":1,"kind":"toString"}'],
      ["schema", '{"v":1,"kind":"note","text":7}'],
      ["schema", '{"v":1,"kind":"note","text":"","more":1}'],
      ["oversize", `{"v":1,"kind":"note","text":"${"x".repeat(1_000)}"}`],
    ];
    for (const [code, text] of bad) {
      const before = other.stats().peers[one.peerId]?.rejected[code] ?? 0;
      const channel = await one.open(other.peerId, "notes/1");
      await channel.send(Buffer.from(text));
      await assert.rejects(channel.receive(), coded(code as WireError["code"]), text);
      assert.equal(other.stats().peers[one.peerId]?.rejected[code], before + 1, text);
    }
    const channel = await one.open(other.peerId, "notes/1");
    await channel.send(encodeMessage(schemas, "note", { text: "good" }));
    assert.equal(await channel.receive(), undefined, "a good message still passes");
    assert.equal(one.stats().total.rejected["malformed"], undefined, "the victim's report costs the other nothing");
  });

  check("a message over the limit is refused by its sender and, if forced, by its receiver", async (network) => {
    const one = await network.create();
    const other = await network.create({ maxMessageBytes: 64 << 10, windowBytes: 1 << 20 });
    await one.connect({ peerId: other.peerId, addresses: other.addresses() });
    other.handle("echo/1", echo);
    const channel = await one.open(other.peerId, "echo/1");
    await assert.rejects(channel.send(new Uint8Array((1 << 20) + 1)), coded("oversize"));
    await channel.send(new Uint8Array(64 << 10));
    await channel.receive();
    await channel.send(new Uint8Array((64 << 10) + 1)).catch(() => {});
    await assert.rejects(channel.receive(), coded("oversize"));
    assert.equal(other.stats().peers[one.peerId]?.rejected["oversize"], 1);
  });

  check("a handler that throws anything at all ends only its channel", async (network) => {
    const [one, other] = await connectedPair(network);
    for (const [index, thrown] of [new Error("boom"), "text", undefined, null, { a: 1 }].entries()) {
      other.handle(`throws-${index}/1`, async () => {
        throw thrown;
      });
      const channel = await one.open(other.peerId, `throws-${index}/1`);
      await assert.rejects(channel.receive(), coded("handler"));
    }
    assert.equal(other.stats().peers[one.peerId]?.rejected["handler"], 5);
    assert.deepEqual(one.peers(), [other.peerId], "still connected");
  });

  check("opens beyond the rate are refused and counted, and recover", async (network) => {
    const [one, other] = await connectedPair(network, { opensPerSecond: 2, opensBurst: 5, banPenalty: 10_000 });
    other.handle("echo/1", echo);
    const ask = () => requestPeer(one, other.peerId, { protocol: "echo/1", message: Buffer.from("?") });
    const startMs = performance.now();
    const outcomes = await Promise.allSettled(Array.from({ length: 40 }, ask));
    const refused = outcomes.filter((outcome) => outcome.status === "rejected");
    const seconds = (performance.now() - startMs) / 1_000;
    assert.ok(refused.length <= 35 && 40 - refused.length <= 5 + 2 * seconds + 1, `${refused.length} in ${seconds} s`);
    for (const outcome of refused) coded("rate")(outcome.reason);
    assert.equal(other.stats().peers[one.peerId]?.rejected["rate"], refused.length);
    const answered = () =>
      ask().then(
        (bytes) => String(bytes) === "?",
        (error) => !coded("rate")(error),
      );
    await until(answered, "an open to be admitted again");
  });

  check("messages beyond the rate end the channel", async (network) => {
    const [one, other] = await connectedPair(network, { messagesPerSecond: 10, messagesBurst: 50 });
    other.handle("echo/1", async (channel) => {
      while (await channel.receive());
    });
    const channel = await one.open(other.peerId, "echo/1");
    const flood = async () => {
      for (let index = 0; index < 1_000; index += 1) await channel.send(Buffer.from("x"));
      await channel.receive();
    };
    await assert.rejects(flood(), coded("rate"));
    assert.equal(other.stats().peers[one.peerId]?.rejected["rate"], 1);
  });

  check("who goes on breaking rules is disconnected and kept out", async (network) => {
    const [one, other] = await connectedPair(network, { banPenalty: 18, penaltyHalfLifeMs: 3_600_000 });
    other.handle("notes/1", async (channel) => {
      decodeMessage(schemas, (await channel.receive())!);
    });
    for (let index = 0; index < 4; index += 1) {
      const channel = await one.open(other.peerId, "notes/1");
      await channel.send(Buffer.from("not json"));
      await channel.receive().catch(() => {});
    }
    await until(() => !other.peers().includes(one.peerId), "the connection to be cut");
    const again = one.open({ peerId: other.peerId, addresses: other.addresses() }, "notes/1");
    await assert.rejects(again.then((channel) => channel.receive()));
    assert.deepEqual(other.peers(), []);
  });
}

function gossipCases(check: Check): void {
  check("gossip travels along a line, from the author, once, and not to the author", async (network) => {
    const nodes = await Promise.all(Array.from({ length: 4 }, () => network.create()));
    for (let index = 1; index < nodes.length; index += 1)
      await nodes[index]!.connect(nodes[index - 1]!.addresses()[0]!);
    const heard: string[][] = nodes.map(() => []);
    for (const [index, node] of nodes.entries()) {
      node.subscribe("line/1", (payload, from) => {
        assert.equal(from, nodes[0]!.peerId);
        heard[index]!.push(String(payload));
        return "accept";
      });
    }
    await settledGossip(nodes[0]!, "line/1", () => (heard[3]?.length ?? 0) > 0);
    await nodes[0]!.publish("line/1", Buffer.from("last"));
    await until(() => heard[3]!.includes("last"), "the far end to hear");
    assert.deepEqual(heard[0], []);
    for (const messages of heard.slice(1)) assert.equal(messages.filter((text) => text === "last").length, 1);
  });

  check("what is rejected is not forwarded and costs the relay, what is ignored costs nothing", async (network) => {
    const nodes = await Promise.all(Array.from({ length: 3 }, () => network.create()));
    await nodes[1]!.connect(nodes[0]!.addresses()[0]!);
    await nodes[2]!.connect(nodes[1]!.addresses()[0]!);
    const heard: string[] = [];
    nodes[1]!.subscribe("judged/1", (payload) => {
      const text = String(payload);
      if (text === "throw") throw new Error("boom");
      if (text === "decode") decodeMessage(schemas, payload);
      return text === "reject" || text === "ignore" ? text : "accept";
    });
    nodes[2]!.subscribe("judged/1", (payload) => {
      heard.push(String(payload));
      return "accept";
    });
    await settledGossip(nodes[0]!, "judged/1", () => heard.length > 0);
    for (const text of ["ignore", "throw", "decode", "reject", "end"]) {
      await nodes[0]!.publish("judged/1", Buffer.from(text));
    }
    await until(() => heard.includes("end"), "the accepted message to arrive");
    assert.ok(!heard.some((text) => ["reject", "ignore", "throw", "decode"].includes(text)), heard.join());
    const { rejected } = nodes[1]!.stats().peers[nodes[0]!.peerId]!;
    assert.deepEqual(
      [rejected["rejected"], rejected["ignored"], rejected["handler"], rejected["malformed"]],
      [1, 1, 1, 1],
    );
  });

  check("an author above the rate is ignored from there on, and its bytes still bounded", async (network) => {
    const limits = { gossipPerAuthorPerSecond: 0.05, gossipPerAuthorBurst: 10, maxGossipBytes: 1_000 };
    const [one, other] = await connectedPair(network, limits);
    let heard = 0;
    other.subscribe("busy/1", () => {
      heard += 1;
      return "accept";
    });
    await assert.rejects(one.publish("busy/1", new Uint8Array(1_001)), coded("oversize"));
    await settledGossip(one, "busy/1", () => heard > 0);
    for (let index = 0; index < 30; index += 1) await one.publish("busy/1", Buffer.from(`m${index}`));
    await until(() => (other.stats().peers[one.peerId]?.rejected["rate"] ?? 0) >= 15, "the rate to bite");
    assert.ok(heard <= 20, `${heard} heard`);
  });

  check("an unsubscribed handler hears nothing, publishing to nobody is no error", async (network) => {
    const [one, other] = await connectedPair(network);
    let heard = 0;
    const unsubscribe = other.subscribe("brief/1", () => {
      heard += 1;
      return "accept";
    });
    await settledGossip(one, "brief/1", () => heard > 0);
    unsubscribe();
    const before = heard;
    for (let index = 0; index < 3; index += 1) await one.publish("brief/1", Buffer.from("late"));
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(heard, before);
  });
}

/** Publishes until the subscription is known along the way; a carrier tells its neighbours in its own time. */
async function settledGossip(from: Transport, topic: string, arrived: () => boolean): Promise<void> {
  let askedMs = 0;
  await until(async () => {
    if (performance.now() - askedMs > 100) {
      askedMs = performance.now();
      await from.publish(topic, Buffer.from("warm-up"));
    }
    return arrived();
  }, "a warm-up message to arrive");
}

function requestCases(check: Check): void {
  check("request and response, the deadline, and the end without an answer", async (network) => {
    const [one, other] = await connectedPair(network);
    other.handle("echo/1", echo);
    other.handle("mute/1", () => new Promise(() => {}));
    other.handle("gone/1", async (channel) => {
      await channel.receive();
    });
    const channel = await one.open(other.peerId, "echo/1");
    for (const text of ["a", "b"]) assert.equal(String(await request(channel, Buffer.from(text))), text);
    const ask = (protocol: string, timeoutMs: number) =>
      requestPeer(one, other.peerId, { protocol, message: Buffer.from("?"), timeoutMs });
    await assert.rejects(ask("mute/1", 300), coded("timeout"));
    await assert.rejects(ask("gone/1", patienceMs), coded("closed"));
  });

  check("enveloped calls carry bigints, refusals keep their code", async (network) => {
    const [one, other] = await connectedPair(network);
    const amount = z.union([z.bigint(), z.string().regex(/^[0-9]{1,78}$/)]).transform((value) => BigInt(value));
    const requests = { double: z.strictObject({ amount }) };
    const answers = { doubled: z.strictObject({ amount }) };
    serveCalls(other, "math/1", {
      requests,
      answers,
      async respond({ body }) {
        if (body.amount === 0n) throw new WireError("refused", "nothing to double");
        if (body.amount === 1n) throw new Error("a secret of the server");
        return { kind: "doubled", body: { amount: body.amount * 2n } };
      },
    });
    const double = (value: bigint) =>
      call(one, other.peerId, { protocol: "math/1", requests, kind: "double", body: { amount: value }, answers });
    assert.deepEqual(await double(2n ** 200n), { kind: "doubled", body: { amount: 2n ** 201n } });
    await assert.rejects(double(0n), coded("refused"));
    await assert.rejects(double(1n), (error: unknown) => coded("handler")(error) && !/secret/.test(String(error)));
  });
}

function blobCases(check: Check): void {
  const contentIdOf = (bytes: Uint8Array) => `0x${createHash("sha256").update(bytes).digest("hex")}` as const;
  const sourceOf = (bytes: Uint8Array) => ({
    size: bytes.length,
    read: (offset: number, length: number) => bytes.subarray(offset, offset + length),
  });

  check("blobs of every size arrive whole; unknown, refused, corrupt and too long are told apart", async (network) => {
    const [one, other] = await connectedPair(network);
    const blobs = [0, 1, 262_144, 262_145, 3_000_000].map((size) => randomBytes(size));
    const lying = randomBytes(1_000);
    const known = new Map(blobs.map((blob) => [contentIdOf(blob), blob]));
    known.set(contentIdOf(lying), Buffer.concat([lying.subarray(0, 999), Buffer.of(lying[999]! ^ 1)]));
    const secret = contentIdOf(Buffer.from("secret"));
    serveBlobs(
      other,
      "blob/1",
      async (contentId) => (known.has(contentId) ? sourceOf(known.get(contentId)!) : undefined),
      (contentId) => contentId !== secret,
    );
    const fetch = (id: `0x${string}`, maxBytes = 1 << 24) => fetchBlob(one, other.peerId, id, { maxBytes });
    for (const blob of blobs) assert.deepEqual(Buffer.from(await fetch(contentIdOf(blob))), blob);
    await assert.rejects(fetch(contentIdOf(Buffer.from("not there"))), coded("blob-unknown"));
    await assert.rejects(fetch(secret), coded("blob-refused"));
    await assert.rejects(fetch(contentIdOf(lying)), coded("blob-corrupt"));
    await assert.rejects(fetch(contentIdOf(blobs[4]!), 2_999_999), coded("oversize"));
    assert.equal(one.stats().peers[other.peerId]?.rejected["blob-corrupt"], 1);
  });

  check("a withheld blob is coded as such", async (network) => {
    const [one, other] = await connectedPair(network);
    const blob = randomBytes(2_000_000);
    serveBlobs(other, "blob/1", async () => ({
      size: blob.length,
      read: (offset, length) =>
        offset < 1_000_000 ? blob.subarray(offset, offset + length) : new Promise<Uint8Array>(() => {}),
    }));
    const options = { maxBytes: 1 << 24, stallTimeoutMs: 2_000 };
    await assert.rejects(fetchBlob(one, other.peerId, contentIdOf(blob), options), coded("blob-withheld"));
  });

  check("a peer killed in the middle of a transfer gives a coded error in time", async (network) => {
    const [one, other] = await connectedPair(network);
    const blob = randomBytes(8 << 20);
    serveBlobs(other, "blob/1", async () => ({
      size: blob.length,
      async read(offset, length) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return blob.subarray(offset, offset + length);
      },
    }));
    let killed: Promise<void> | undefined;
    const fetching = fetchBlob(one, { peerId: other.peerId, addresses: other.addresses() }, contentIdOf(blob), {
      maxBytes: 1 << 24,
      retries: 1,
      onProgress: (received) => {
        if (received > 1 << 20) killed ??= network.kill(other);
      },
    });
    await assert.rejects(fetching, (error: unknown) => {
      assert.ok(error instanceof WireError && ["closed", "unreachable"].includes(error.code), String(error));
      return true;
    });
    await killed;
  });
}
