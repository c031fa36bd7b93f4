import assert from "node:assert/strict";
import { test } from "node:test";
import { createManualClock } from "./Clock.ts";
import { createMemoryHub, type MemoryFaults } from "./MemoryHub.ts";
import { createMemoryTransport } from "./MemoryTransport.ts";
import { coded } from "./transportCompliance.ts";

function fixture(seed: number, faults: MemoryFaults, count = 6) {
  const clock = createManualClock();
  const hub = createMemoryHub({ seed, clock, faults });
  const nodes = Array.from({ length: count }, (_, index) =>
    createMemoryTransport(hub, {
      privateKey: Uint8Array.from({ length: 32 }, (__, at) => (at === 31 ? index + 1 : 7)),
    }),
  );
  const heard: string[] = [];
  for (const [index, node] of nodes.entries()) {
    node.subscribe("t/1", (payload) => {
      heard.push(`${clock.now().toFixed(3)} ${index} ${payload}`);
      return "accept";
    });
  }
  return { clock, hub, nodes, heard };
}

async function story(seed: number, faults: MemoryFaults): Promise<string[]> {
  const { clock, nodes, heard } = fixture(seed, faults);
  for (let index = 1; index < nodes.length; index += 1) {
    await nodes[index]!.connect(nodes[index - 1]!.peerId);
    await nodes[index]!.connect(nodes[0]!.peerId);
  }
  for (let index = 0; index < 20; index += 1) await nodes[index % 6]!.publish("t/1", Buffer.from(`m${index}`));
  await clock.advance(10_000);
  return heard;
}

test("the same seed gives the same run to the microsecond, another seed another", async () => {
  const faults = { delayMs: [1, 50], drop: 0.2, duplicate: 0.2 } as const;
  const first = await story(42, faults);
  assert.ok(first.length > 20);
  assert.deepEqual(await story(42, faults), first);
  assert.notDeepEqual(await story(43, faults), first);
});

test("without faults everyone hears everything once; duplicates are filtered; drops lose some", async () => {
  assert.equal((await story(1, {})).length, 20 * 5);
  assert.equal((await story(1, { duplicate: 1 })).length, 20 * 5);
  assert.equal((await story(1, { drop: 1 })).length, 0);
  assert.ok((await story(1, { drop: 0.7 })).length < 20 * 5);
});

test("delay is what a message takes", async () => {
  const { clock, nodes, heard } = fixture(1, { delayMs: 30 }, 3);
  await nodes[0]!.connect(nodes[1]!.peerId);
  await nodes[1]!.connect(nodes[2]!.peerId);
  await nodes[0]!.publish("t/1", Buffer.from("x"));
  await clock.advance(29);
  assert.deepEqual(heard, []);
  await clock.advance(100);
  assert.deepEqual(heard, ["30.000 1 x", "60.000 2 x"]);
});

test("a partition cuts links and channels, heals into the same links; who was killed stays away", async () => {
  const { clock, hub, nodes, heard } = fixture(1, {}, 4);
  const ids = nodes.map((node) => node.peerId);
  for (const peerId of ids.slice(1)) await nodes[0]!.connect(peerId);
  nodes[2]!.handle("echo/1", async (channel) => {
    for (let bytes = await channel.receive(); bytes; bytes = await channel.receive()) await channel.send(bytes);
  });
  const channel = await nodes[0]!.open(ids[2]!, "echo/1");
  hub.partition([ids[0]!, ids[1]!], [ids[2]!, ids[3]!]);
  await assert.rejects(channel.receive(), coded("closed"));
  assert.deepEqual(nodes[0]!.peers(), [ids[1]]);
  await assert.rejects(nodes[0]!.connect(ids[2]!), coded("unreachable"));
  await nodes[0]!.publish("t/1", Buffer.from("x"));
  await clock.advance(10);
  assert.deepEqual(heard, ["0.000 1 x"]);
  hub.kill(ids[3]!);
  hub.heal();
  assert.deepEqual(nodes[0]!.peers().sort(), [ids[1]!, ids[2]!].sort());
  await assert.rejects(nodes[0]!.open(ids[3]!, "echo/1"), coded("unreachable"));
});
