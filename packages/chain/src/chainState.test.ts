// Whatever anvil was doing when it was killed, the chain comes back from its last whole dump.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { hasCode } from "@weft/protocol/Errors";
import { createPublicClient, createTestClient, http } from "viem";
import { isWhole, keepState, settleState, stateFiles } from "./chainState.ts";
import * as DevChain from "./DevChain.ts";

const folders: string[] = [];
const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), "weft-chainstate-"));
  folders.push(folder);
  return folder;
};
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const whole = (mark: string) => `{"block":{"mark":"${mark}"},"transactions":[],"historical_states":null}`;
const cutOff = (mark: string) => whole(mark).slice(0, -30);

/** @param content of dump, moved and state; absent where undefined */
function folderWith(content: [string | undefined, string | undefined, string | undefined]): string {
  const folder = newFolder();
  const { dump, moved, state } = stateFiles(folder);
  for (const [index, path] of [dump, moved, state].entries())
    if (content[index] !== undefined) writeFileSync(path, content[index]);
  return folder;
}

test("at a start the newest whole dump is the state, and nothing else is left", () => {
  const cases: [Parameters<typeof folderWith>[0], string | undefined][] = [
    [[undefined, undefined, undefined], undefined],
    [[undefined, undefined, whole("old")], whole("old")],
    [[whole("new"), whole("mid"), whole("old")], whole("new")],
    [[cutOff("new"), whole("mid"), whole("old")], whole("mid")],
    [[cutOff("new"), cutOff("mid"), whole("old")], whole("old")],
    [["", undefined, whole("old")], whole("old")],
    // The first dump of all was cut off.
    [[cutOff("new"), undefined, undefined], undefined],
  ];
  for (const [content, expected] of cases) {
    const folder = folderWith(content);
    const { dump, moved, state } = stateFiles(folder);
    const from = settleState(folder);
    assert.equal(from === undefined ? undefined : readFileSync(from, "utf8"), expected);
    assert.deepEqual([dump, moved, state].map(existsSync), [false, false, expected !== undefined]);
  }
  assert.throws(
    () => settleState(folderWith([undefined, cutOff("mid"), cutOff("old")])),
    (error) => hasCode(error, "home.damaged"),
  );
});

test("while anvil writes, only what is whole takes the state's place", async () => {
  const folder = folderWith([cutOff("new"), undefined, whole("old")]);
  const { dump, moved, state } = stateFiles(folder);
  await keepState(folder);
  await keepState(folder);
  assert.deepEqual([readFileSync(state, "utf8"), readFileSync(moved, "utf8")], [whole("old"), cutOff("new")]);
  writeFileSync(moved, whole("new"));
  await keepState(folder);
  assert.deepEqual([readFileSync(state, "utf8"), existsSync(moved)], [whole("new"), false]);
  // A dump that its successor shows to be over, and that has no end, was never written to its end.
  writeFileSync(moved, cutOff("newer"));
  writeFileSync(dump, cutOff("newest"));
  await keepState(folder);
  assert.deepEqual([readFileSync(state, "utf8"), existsSync(moved)], [whole("new"), false]);
});

test("an anvil killed in the middle of a dump comes back with its last whole one", { timeout: 300_000 }, async () => {
  const folder = newFolder();
  const { dump, moved, state } = stateFiles(folder);
  const start = () => DevChain.start({ folder, noMining: true, stateIntervalSeconds: 1 });
  const chain = await start();
  const driver = createTestClient({ mode: "anvil", transport: http(chain.rpcUrl, { timeout: 60_000 }) });
  // 10 MB of code: long enough on the way to the disk to be caught at it.
  const code = `0x60${"ab".repeat(2 ** 18)}` as const;
  for (let account = 1; account <= 40; account++)
    await driver.setCode({ address: `0x${String(account).padStart(40, "0")}`, bytecode: code });
  await driver.mine({ blocks: 7 });
  while (!isWhole(state) || !readFileSync(state, "latin1").startsWith('{"block":{"number":"0x7"')) await sleep(50);
  await driver.mine({ blocks: 1 });
  const isCutOff = (path: string) => existsSync(path) && !isWhole(path);
  while (!isCutOff(dump) && !isCutOff(moved)) await sleep(0);
  await chain.kill();

  const again = await start();
  const client = createPublicClient({ transport: http(again.rpcUrl, { timeout: 60_000 }) });
  const [block, kept] = [
    await client.getBlockNumber(),
    await client.getCode({ address: `0x${"1".padStart(40, "0")}` }),
  ];
  assert.ok(block === 7n || block === 8n, `block ${block}`);
  assert.equal(kept?.length, code.length);
  await again.stop();
  assert.ok(isWhole(state));
});
