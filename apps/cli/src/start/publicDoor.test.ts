import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { deployerKey } from "@weft/chain/DevAccounts";
import * as DevChain from "@weft/chain/DevChain";
import { signerOf } from "@weft/chain/Keys";
import { clientOf } from "@weft/chain/NetworkFile";
import { hasCode } from "@weft/protocol/Errors";
import { homeAt } from "../Home.ts";
import { maxPerMachine } from "./doorFaucet.ts";
import { gasMoney, missing, topUp } from "./faucet.ts";
import { addressTowards, fetchNetwork } from "./joinNetwork.ts";
import { heldKey } from "./keys.ts";
import { openNetwork } from "./network.ts";
import { freePorts } from "./plan.ts";
import { openDoor } from "./publicDoor.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-cli-door-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("a second machine reads the network file and reaches the chain through the door", async () => {
  const home = homeAt(join(folder, ".weft"));
  const chain = await DevChain.start({ folder: home.chain, blockTimeSeconds: 0.1 });
  const [port] = (await freePorts(1)) as [number];
  const rpcUrl = `http://127.0.0.1:${port}`;
  const door = await openDoor({ address: "127.0.0.1", port, chainPort: chain.port, networkFile: home.network });
  assert.equal((await fetch(`${rpcUrl}/v1/network`)).status, 503, "before there is a network");
  const own = await openNetwork(home, { rpcUrl: chain.rpcUrl, bootstrap: [] });
  const file = { ...own, rpcUrl };
  assert.deepEqual(await fetchNetwork(`${rpcUrl}/v1/network`, { cwd: folder }), file);
  assert.deepEqual(await fetchNetwork(".weft/network.json", { cwd: folder, rpcUrl }), file);
  assert.equal(await addressTowards(rpcUrl), "127.0.0.1");
  assert.equal((await fetch(`${rpcUrl}/other`)).status, 404);
  assert.equal((await fetch(rpcUrl)).status, 404, "only JSON-RPC by POST");
  const large = await fetch(rpcUrl, { method: "POST", body: "x".repeat(3 * 1024 * 1024) }).catch(() => ({
    status: 413,
  }));
  assert.equal(large.status, 413);
  await chain.stop();
  const away = await fetch(rpcUrl, { method: "POST", body: '{"method":"eth_chainId"}' });
  assert.equal(away.status, 502);
  await assert.rejects(fetchNetwork(`${rpcUrl}/v1/network`, { cwd: folder }), (error) =>
    hasCode(error, "network.unreachable"),
  );
  door.close().closeAllConnections();
});

test("through the door: reading and one's own transactions, and money within limits; no hold on the chain", async () => {
  const home = homeAt(join(folder, "guarded"));
  const chain = await DevChain.start({ folder: home.chain, blockTimeSeconds: 0.1 });
  const [port] = (await freePorts(1)) as [number];
  const rpcUrl = `http://127.0.0.1:${port}`;
  const door = await openDoor({ address: "127.0.0.1", port, chainPort: chain.port, networkFile: home.network });
  const client = clientOf({ ...(await openNetwork(home, { rpcUrl: chain.rpcUrl, bootstrap: [] })), rpcUrl });
  try {
    const send = async (body: unknown) =>
      (await (await fetch(rpcUrl, { method: "POST", body: JSON.stringify(body) })).json()) as { error: object };
    for (const method of ["anvil_reset", "anvil_setBalance", "evm_mine", "eth_sendTransaction", "eth_accounts"])
      assert.match(
        JSON.stringify(await send({ id: 1, method, params: [] })),
        /is not served to other machines/,
        method,
      );
    const { signer } = await heldKey(join(folder, "keys"), "owner");
    const need = { who: "owner", address: signer.address, gas: gasMoney, weft: client.params.minStake, stable: 7n };
    await topUp(client, [need]);
    assert.deepEqual(await missing(client, [need]), [], "the door gave it");
    const transfer = { to: signer.address, gas: 21_000n, maxFeePerGas: 10n ** 10n, chainId: client.network.chainId };
    const sign = async (nonce: number, by = signer) =>
      by.signTransaction({ ...transfer, type: "eip1559", nonce, value: 0n, maxPriorityFeePerGas: 0n });
    assert.match(
      JSON.stringify(
        await send([{ id: 1, method: "eth_sendRawTransaction", params: [await sign(9, signerOf(deployerKey))] }]),
      ),
      /publicly known/,
    );
    await client.rpc.sendRawTransaction({ serializedTransaction: await sign(0) });
    await assert.rejects(topUp(client, [{ ...need, gas: gasMoney * 3n }]), (error) => hasCode(error, "faucet.tooMuch"));
    for (let more = 1; more < maxPerMachine; more++) await topUp(client, [{ ...need, stable: 7n + BigInt(more) }]);
    await assert.rejects(
      topUp(client, [{ ...need, stable: 40n }]),
      (error) => hasCode(error, "faucet.limit") && /in \d+ s/.test(error.remedy ?? ""),
    );
  } finally {
    door.close().closeAllConnections();
    await chain.stop();
  }
});

test("what answers with something else is not taken for a network file", async () => {
  const server = createServer((request, response) => {
    if (request.url === "/huge") response.end(" ".repeat(100_000));
    else response.writeHead(request.url === "/gone" ? 404 : 200).end("<html>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  for (const [path, code] of [
    ["/page", "network.malformed"],
    ["/huge", "network.malformed"],
    ["/gone", "network.unreachable"],
  ])
    await assert.rejects(
      fetchNetwork(`${url}${path}`, { cwd: folder }),
      (error) => hasCode(error, code as string),
      path,
    );
  server.close().closeAllConnections();
  writeFileSync(join(folder, "big.json"), " ".repeat(200_000));
  await assert.rejects(fetchNetwork("big.json", { cwd: folder }), (error) => hasCode(error, "network.malformed"));
});

test("an address that isn't this machine's is one clear error", async () => {
  const options = { address: "192.0.2.1", port: 0, chainPort: 1, networkFile: "x" };
  await assert.rejects(
    openDoor(options),
    (error) => hasCode(error, "door.listen") && /--address/.test(error.remedy ?? ""),
  );
});
