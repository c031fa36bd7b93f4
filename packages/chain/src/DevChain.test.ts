import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { hasCode } from "@weft/protocol/Errors";
import { createPublicClient, createTestClient, http } from "viem";
import * as DevChain from "./DevChain.ts";

const folders: string[] = [];
const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), "weft-devchain-"));
  folders.push(folder);
  return folder;
};
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

test("starts on a free port, mines by itself, stops, and continues the same chain", async () => {
  const folder = newFolder();
  const first = await DevChain.start({ folder, blockTimeSeconds: 0.1 });
  const client = createPublicClient({ transport: http(first.rpcUrl) });
  assert.equal(await client.getChainId(), 31337);
  while ((await client.getBlockNumber({ cacheTime: 0 })) < 3n) await new Promise((wake) => setTimeout(wake, 30));
  const second = await client.getBlock({ blockNumber: 2n });
  await first.stop();
  assert.deepEqual(await first.exited, { code: 0, signal: null });

  const again = await DevChain.start({ folder, blockTimeSeconds: 0.1 });
  const after = await createPublicClient({ transport: http(again.rpcUrl) }).getBlock({ blockNumber: 2n });
  assert.equal(after.hash, second.hash);
  await again.stop();
});

test("a taken port is one clear error", async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen({ port: 0, host: "127.0.0.1" }, () => resolve((server.address() as { port: number }).port)),
  );
  await assert.rejects(DevChain.start({ folder: newFolder(), port }), (error) => hasCode(error, "chain.portTaken"));
  server.close();
});

test("with noMining only the caller moves time, and a kill -9 is seen", async () => {
  const chain = await DevChain.start({ folder: newFolder(), noMining: true, genesisTimestamp: 1_000_000 });
  const client = createPublicClient({ transport: http(chain.rpcUrl) });
  const driver = createTestClient({ mode: "anvil", transport: http(chain.rpcUrl) });
  await driver.setNextBlockTimestamp({ timestamp: 1_000_500n });
  await driver.mine({ blocks: 1 });
  const block = await client.getBlock();
  assert.equal(block.number, 1n);
  assert.equal(block.timestamp, 1_000_500n);
  await chain.kill();
  assert.equal((await chain.exited).signal, "SIGKILL");
});

test("a chain left over by a killed run is ended before its folder is used again", async () => {
  const folder = newFolder();
  const left = await DevChain.start({ folder });
  const again = await DevChain.start({ folder });
  assert.equal((await left.exited).signal, "SIGKILL");
  assert.notEqual(again.pid, left.pid);
  await again.stop();
});

test("an oversized log is cut at the next start", async () => {
  const folder = newFolder();
  writeFileSync(join(folder, "anvil.log"), Buffer.alloc(2 * 1024 * 1024, 0x61));
  const chain = await DevChain.start({ folder });
  assert.ok(statSync(chain.logFile).size < 1024 * 1024);
  await chain.stop();
});
