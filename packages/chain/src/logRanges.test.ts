import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpRequestError } from "viem";
import type { ChainClient } from "./ChainClient.ts";
import { type AskLogs, allLogs, type BlockRange, lastLog, logRanges } from "./logRanges.ts";

/** A provider with a log in each of some blocks that takes ranges of so many blocks, and answers with so many logs, at most. */
function provider({
  head,
  blocks,
  widest,
  most = 1e9,
}: {
  head: number;
  blocks: number[];
  widest: number;
  most?: number;
}) {
  const asked: number[] = [];
  const rpc = { getBlockNumber: async () => BigInt(head) };
  const ask: AskLogs<number> = async ({ fromBlock, toBlock }: BlockRange) => {
    assert.ok(fromBlock <= toBlock && toBlock <= BigInt(head));
    asked.push(Number(toBlock - fromBlock) + 1);
    const logs = blocks.filter((block) => block >= fromBlock && block <= toBlock);
    if (toBlock - fromBlock >= BigInt(widest) || logs.length > most) throw new Error("query exceeds the limit");
    return logs;
  };
  return { client: { rpc } as unknown as ChainClient, ask, asked };
}

const blocks = [3, 4, 4, 900, 2500, 2501, 9999];

test("one question where the provider takes it", async () => {
  const { client, ask, asked } = provider({ head: 10_000, blocks, widest: 1e9 });
  assert.deepEqual(await allLogs(client, { fromBlock: 3n }, ask), blocks);
  assert.equal(await lastLog(client, { fromBlock: 3n }, ask), 9999);
  assert.deepEqual(asked, [9998, 9998]);
  assert.deepEqual(await allLogs(client, { fromBlock: 10_001n }, ask), []);
  assert.equal(await lastLog(client, { fromBlock: 5n }, async () => []), undefined);
});

test("narrower ones where it refuses, every block once and in order, and what it took is remembered", async () => {
  for (const widest of [1, 7, 500, 2000]) {
    const { client, ask, asked } = provider({ head: 3000, blocks, widest });
    assert.deepEqual(await allLogs(client, { fromBlock: 0n }, ask), blocks.slice(0, -1));
    for (const [time, mostRefused] of [12, 1].entries()) {
      if (time > 0) assert.deepEqual(await allLogs(client, { fromBlock: 0n }, ask), blocks.slice(0, -1));
      const all = asked.splice(0);
      const refused = all.filter((width) => width > widest).length;
      assert.ok(refused <= mostRefused + all.length / 8, `${widest}: ${refused} of ${all.length} refused`);
    }
    assert.equal(await lastLog(client, { fromBlock: 0n }, ask), 2501);
  }
});

test("too many logs are refused as well as too many blocks", async () => {
  const many = Array.from({ length: 500 }, (_, index) => 1000 + (index >> 2));
  const { client, ask, asked } = provider({ head: 100_000, blocks: many, widest: 1e9, most: 50 });
  assert.deepEqual(await allLogs(client, { fromBlock: 0n }, ask), many);
  assert.ok(asked.length < 300, `${asked.length} questions`);
});

test("the newest first: nothing older is asked for once it is found", async () => {
  const { client, ask, asked } = provider({ head: 10_000, blocks, widest: 100 });
  assert.equal(await lastLog(client, { fromBlock: 0n }, ask), 9999);
  assert.ok(asked.length <= 9, `${asked.length} questions`);
});

test("never more than was asked for at once", async () => {
  const { client, ask, asked } = provider({ head: 5000, blocks, widest: 1e9 });
  const seen: bigint[] = [];
  for await (const { toBlock } of logRanges(client, { fromBlock: 1n, widest: 2000n }, ask)) seen.push(toBlock);
  assert.deepEqual(
    [seen, asked],
    [
      [2000n, 4000n, 5000n],
      [2000, 2000, 1000],
    ],
  );
});

test("a chain that is away, and one that refuses every block, are told; a hopeless span ends", async () => {
  const { client, ask } = provider({ head: 500, blocks, widest: 0 });
  await assert.rejects(allLogs(client, { fromBlock: 0n }, ask), /exceeds the limit/);
  let asked = 0;
  const away: AskLogs<number> = async () => {
    asked++;
    throw new HttpRequestError({ url: "http://chain", status: 503 });
  };
  await assert.rejects(allLogs(client, { fromBlock: 0n }, away), { name: "HttpRequestError" });
  assert.equal(asked, 1);
  const hopeless = provider({ head: 1_000_000, blocks, widest: 1 });
  await assert.rejects(allLogs(hopeless.client, { fromBlock: 0n }, hopeless.ask), { code: "chain.manyRanges" });
});
