import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ChainClient } from "@weft/chain/ChainClient";
import * as DevChain from "@weft/chain/DevChain";
import { clientOf } from "@weft/chain/NetworkFile";
import { readAccount, readNonceUsed, readSession } from "@weft/chain/reads";
import { hasCode } from "@weft/protocol/Errors";
import type { Context } from "../Context.ts";
import { homeAt } from "../Home.ts";
import { buyerKey, sessionKey } from "../start/keys.ts";
import { openNetwork } from "../start/network.ts";
import { cancelOrders } from "./orders.ts";
import { allow, revoke } from "./sessions.ts";
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
  // The delay of ten seconds must not pass because this machine is slow: blocks come, their time stands still.
  await client.rpc.request({ method: "anvil_setBlockTimestampInterval", params: [0] } as never);
  const second = await lines(() => withdraw(context, "1.5", {}));
  assert.match(second[0] ?? "", /^notice given for 1\.500000/);
  assert.match(
    second[1] ?? "",
    /^it replaces the notice for 1\.000000 of 20.* UTC, which could leave from 20.* UTC on$/,
  );
  const { replaced } = emitted[0] as { replaced: { amount: bigint; givenAt: number; leavesAt: number } };
  assert.deepEqual([replaced.amount, replaced.leavesAt - replaced.givenAt], [1_000_000n, 10]);
  const early = await lines(() => withdraw(context, "1.5", {}));
  assert.match(early[0] ?? "", /^notice given for 1\.500000; it can leave in 0:10/);
  await client.rpc.request({ method: "anvil_removeBlockTimestampInterval", params: [] } as never);
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

const term = { dailyCap: "20", days: 7 };

test("sessions: allowed up to a cap, shown by the balance, all revoked at once, allowed again", async () => {
  await assert.rejects(allow(context, undefined, term), (error) => hasCode(error, "wallet.noGateway"));
  const { signer } = await sessionKey(home);
  const [granted] = await lines(() => allow(context, undefined, term));
  assert.match(granted ?? "", new RegExp(`^${signer.address} may reserve 20\\.000000 a day until 20\\d\\d-`));
  assert.match((await lines(() => balance(context))).join("\n"), /gateway's key {4}may reserve 20\.000000 a day/);
  const other = `0x${"8".repeat(40)}` as const;
  await lines(() => allow(context, other, { ...term, dailyCap: "1.5" }));

  await lines(() => revoke(context));
  const buyer = (await buyerKey(home)).signer.address;
  const sessions = await Promise.all([signer.address, other].map((key) => readSession(client, { buyer, key })));
  assert.deepEqual(
    sessions.map(({ live }) => live),
    [false, false],
  );
  assert.match((await lines(() => balance(context))).join("\n"), /gateway's key {4}may not order; allow it with/);
  await lines(() => revoke(context));

  await lines(() => allow(context, undefined, term));
  assert.equal((await readSession(client, { buyer, key: signer.address })).live, true);
});

test("orders cancel: the order of a job by its nonce, all of them by the buyer's epoch", async () => {
  const buyer = (await buyerKey(home)).signer.address;
  const hashes = ["aa11", "aa22", "bb33"].map((digits) => `0x${digits.repeat(16)}`);
  const states = ["open", "leased", "cancelled"];
  const rows = hashes.map((orderHash, index) => ({
    ...{ jobId: `job-${index}`, orderHash, nonce: `${index + 70}`, buyer, state: states[index] },
  }));
  const more = [
    { ...rows[0], jobId: "job-9", orderHash: `0x${"cc44".repeat(16)}`, buyer: `0x${"9".repeat(40)}` },
    { ...rows[0], jobId: "job-0", orderHash: `0x${"dd55".repeat(16)}`, nonce: "90", state: "used" },
    { ...rows[0], jobId: "job-0", orderHash: `0x${"ee66".repeat(16)}`, nonce: "91" },
  ];
  const gateway = await serveJson({ orders: [...rows, ...more] });
  const at = { ...context, environment: {}, flags: gateway.flags } as Context;
  const used = (nonce: bigint) => readNonceUsed(client, { buyer, nonce });
  try {
    assert.deepEqual(await lines(() => cancelOrders(at, "job-0", {})), [
      "order 0xaa11aa…aa11 of job-0 is cancelled: it opens no further lease",
      "order 0xdd55dd…dd55 of job-0 is used already",
      "order 0xee66ee…ee66 of job-0 is cancelled: it opens no further lease",
    ]);
    assert.deepEqual(await Promise.all([70n, 71n, 72n, 90n, 91n].map(used)), [true, false, false, false, true]);
    const leased = await lines(() => cancelOrders(at, "0xaa22", {}));
    assert.match(leased[1] ?? "", /its open lease goes on; .*: weft jobs cancel job-1/);
    assert.equal(await used(71n), true);
    assert.match((await lines(() => cancelOrders(at, "job-2", {})))[0] ?? "", /is cancelled already/);
    assert.equal(await used(72n), false, "nothing was sent for it");
    for (const [which, code] of [
      ["job-7", "orders.unknown"],
      ["0xaa", "orders.unknown"],
      ["job-9", "orders.buyer"],
    ] as const)
      await assert.rejects(cancelOrders(at, which, {}), (error) => hasCode(error, code), which);
  } finally {
    await gateway.close();
  }
  for (const epoch of [1, 2]) {
    await lines(() => cancelOrders(context, undefined, { all: true }));
    assert.equal((await readAccount(client, buyer)).buyerEpoch, epoch);
  }
});

/** A gateway that answers everything with `answer`. */
async function serveJson(answer: object) {
  const server = createServer((_, response) => response.end(JSON.stringify(answer)));
  await new Promise<void>((bound) => server.listen({ port: 0, host: "127.0.0.1" }, bound));
  const tokenFile = join(root, "token");
  writeFileSync(tokenFile, "secret");
  const { port } = server.address() as { port: number };
  return {
    flags: { gateway: `http://127.0.0.1:${port}`, tokenFile },
    close: () => new Promise((closed) => server.close(closed)),
  };
}
