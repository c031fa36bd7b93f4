// The process itself: what a person sees when it can't start, and that it stops when told to. Real chain, real sockets.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { requestUnstake } from "@weft/chain/actions/requestUnstake";
import { accountOf, keyOf } from "@weft/chain/chainFixture";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { fund, networkFixture, provider } from "@weft/chain/networkFixture";
import { createKey } from "@weft/host/keystore/keystore";
import type { NodeId } from "@weft/protocol/NodeId";
import { parseEther } from "viem";

const script = fileURLToPath(new URL("./main.ts", import.meta.url));

interface Started {
  child: ChildProcess;
  line: Promise<Record<string, unknown>>;
  exited: Promise<number | null>;
}

const children: ChildProcess[] = [];

function start(parameters: readonly string[], password = "secret"): Started {
  const child = spawn(process.execPath, [script, ...parameters], {
    stdio: ["pipe", "pipe", "ignore"],
    env: { ...process.env, WEFT_PASSWORD: password },
  });
  children.push(child);
  const line = new Promise<Record<string, unknown>>((resolve) =>
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once("line", (text) => resolve(JSON.parse(text))),
  );
  return { child, line, exited: new Promise((resolve) => child.once("exit", (code) => resolve(code))) };
}

async function refusal(parameters: readonly string[], password?: string): Promise<[string, number | null]> {
  const { line, exited } = start(parameters, password);
  const { ready, error } = await line;
  assert.equal(ready, false);
  const { code, message, remedy } = error as { code: string; message: string; remedy?: string };
  assert.ok(message.length > 0 && !message.includes("\n"), "one line");
  assert.ok(remedy !== undefined, `${code} says what to do`);
  return [code, await exited];
}

test("a node that can't start says why in one line and with its exit code; one that can, stops on SIGTERM", {
  timeout: 180_000,
}, async (t) => {
  const network = await networkFixture();
  t.after(() => network.end());
  // A failed assertion must not leave a node behind.
  t.after(() => children.forEach((child) => void child.kill("SIGKILL")));
  await fund(network, ["alice", "alice operator"]);
  await provider(network, "alice");
  const homeOf = async (name: string, operator = "alice operator") => {
    const home = join(network.folder, name);
    mkdirSync(home, { recursive: true });
    await createKey(join(home, "keystore"), {
      role: "operator",
      password: "secret",
      cost: "light",
      secret: keyOf(operator),
    });
    return home;
  };
  const file = join(network.folder, "network.json");
  writeFileSync(file, NetworkFile.encode(network.file));
  const home = await homeOf("alice");

  // Somebody listens on the port already.
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  const { port } = server.address() as { port: number };
  assert.deepEqual(await refusal(["--home", home, "--network", file, "--listen", `/ip4/127.0.0.1/tcp/${port}`]), [
    "port.taken",
    10,
  ]);
  server.close();

  assert.deepEqual(await refusal(["--home", home, "--network", file], "wrong"), ["keystore.password", 14]);
  assert.deepEqual(await refusal(["--home", home]), ["flags.missing", 2]);
  assert.deepEqual(await refusal(["--home", await homeOf("stranger", "stranger"), "--network", file]), [
    "node.unregistered",
    16,
  ]);
  const gone = join(network.folder, "gone.json");
  writeFileSync(gone, NetworkFile.encode({ ...network.file, rpcUrl: "http://127.0.0.1:9" }));
  assert.deepEqual(await refusal(["--home", home, "--network", gone]), ["chain.unreachable", 13]);

  assert.deepEqual(await refusal(["--home", "/proc/nowhere", "--network", file]), ["home.unusable", 18]);

  const { child, line, exited } = start(["--home", home, "--network", file, "--price", "100"]);
  const ready = await line;
  assert.equal(ready["ready"], true);
  assert.equal(ready["pid"], child.pid);
  const asked = performance.now();
  child.kill("SIGTERM");
  assert.equal(await exited, 0);
  assert.ok(performance.now() - asked < 8000, "stops quickly");

  // The owner takes stake out: below the minimum the node has nothing to start for.
  const nodeId = ready["nodeId"] as NodeId;
  const unstaking = requestUnstake(network.client, { nodeId, amount: parseEther("99.5"), id: "test" });
  await network.senderOf(accountOf("alice")).send(unstaking);
  assert.deepEqual(await refusal(["--home", home, "--network", file]), ["node.stake", 11]);
});
