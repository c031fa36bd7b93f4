import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ChainClient } from "@weft/chain/ChainClient";
import * as DevChain from "@weft/chain/DevChain";
import { clientOf } from "@weft/chain/NetworkFile";
import { hasCode } from "@weft/protocol/Errors";
import type { Context } from "../Context.ts";
import { homeAt } from "../Home.ts";
import { openNetwork } from "../start/network.ts";
import { address, balance, deposit, withdraw } from "./wallet.ts";

const root = mkdtempSync(join(tmpdir(), "weft-cli-wallet-"));
const home = homeAt(join(root, ".weft"));
let chain: DevChain.DevChain;
let client: ChainClient;
let said: string[] = [];
let emitted: object[] = [];
const context = {
  home,
  say: (line: string) => void said.push(line),
  emit: (value: object) => void emitted.push(value),
} as Context;

before(async () => {
  chain = await DevChain.start({ folder: home.chain, blockTimeSeconds: 0.1 });
  client = clientOf(await openNetwork(home, { rpcUrl: chain.rpcUrl, bootstrap: [] }));
});
after(async () => {
  await chain.stop();
  rmSync(root, { recursive: true, force: true });
});

/** What a command printed. */
async function lines(run: () => Promise<number>): Promise<string[]> {
  said = [];
  emitted = [];
  assert.equal(await run(), 0);
  return said;
}

test("deposit, balance, notice, wait, payment", async () => {
  const [own] = await lines(() => address(context));
  assert.match(own ?? "", /^0x[0-9a-fA-F]{40}$/);
  assert.deepEqual(await lines(() => deposit(context, "2.5")), [
    "deposited 2.500000 of worthless test money; free escrow is 2.500000",
  ]);
  assert.match(
    (await lines(() => balance(context))).join("\n"),
    /in escrow, free {2}2\.500000\n {2}leaving {8}0\.000000/,
  );
  assert.equal((emitted[0] as { free: bigint }).free, 2_500_000n);

  const first = await lines(() => withdraw(context, "1", {}));
  assert.match(first[0] ?? "", /^notice given for 1\.000000; it can leave in 0:10/);
  const second = await lines(() => withdraw(context, "1.5", {}));
  assert.match(second[0] ?? "", /^notice given for 1\.500000/, "a new amount replaces the notice");
  const early = await lines(() => withdraw(context, "1.5", {}));
  assert.match(early[0] ?? "", /^notice given for 1\.500000; it can leave in 0:(10|0\d)/);
  await client.rpc.request({ method: "evm_increaseTime", params: [11] } as never);
  // The command reads the last block's time: without a block of its own, the jump may still be one interval away.
  await client.rpc.request({ method: "evm_mine", params: [] } as never);
  const to = `0x${"7".repeat(40)}`;
  assert.deepEqual(await lines(() => withdraw(context, "1.5", { to })), [`paid 1.500000 to ${to}`]);
  assert.match((await lines(() => balance(context))).join("\n"), /in escrow, free {2}1\.000000/);
});

test("amounts and addresses that make no sense are refused before anything is sent", async () => {
  for (const [run, code] of [
    [() => deposit(context, "lots"), "amount.malformed"],
    [() => deposit(context, "0"), "amount.malformed"],
    [() => withdraw(context, "1", { to: "0x12" }), "wallet.address"],
    [() => withdraw(context, "1000", {}), "wallet.short"],
  ] as const)
    await assert.rejects(run(), (error) => hasCode(error, code), code);
});
