// The process itself: what a person sees when it can't start, and that it stops when told to. Real chain, real sockets.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { commitSegment } from "@weft/chain/actions/commitSegment";
import { deposit } from "@weft/chain/actions/deposit";
import { openLease } from "@weft/chain/actions/openLease";
import { requestUnstake } from "@weft/chain/actions/requestUnstake";
import { startLease } from "@weft/chain/actions/startLease";
import { accountOf, eventually, keyOf } from "@weft/chain/chainFixture";
import * as NetworkFile from "@weft/chain/NetworkFile";
import {
  fund,
  type NetworkFixture,
  networkFixture,
  provider,
  signedOffer,
  signedOrder,
  zeroHash,
} from "@weft/chain/networkFixture";
import { chainTime, readBeaconClock, readRandom, roundAt } from "@weft/chain/reads";
import { createKey } from "@weft/host/keystore/keystore";
import { signNoun } from "@weft/protocol/Domain";
import type { NodeId } from "@weft/protocol/NodeId";
import * as Offer from "@weft/protocol/Offer";
import * as Order from "@weft/protocol/Order";
import * as Segment from "@weft/protocol/Segment";
import { randomnessOf } from "@weft/verification/drand";
import { signRound, testChain } from "@weft/verification/drandFixture";
import { firstRoundAt } from "@weft/verification/drandRounds";
import { parseEther } from "viem";
import { startDrandRelay } from "./beacon/drandRelayFixture.ts";

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

async function homeOf({ folder }: NetworkFixture, name: string, operator = "alice operator"): Promise<string> {
  const home = join(folder, name);
  mkdirSync(home, { recursive: true });
  const secret = keyOf(operator);
  await createKey(join(home, "keystore"), { role: "operator", password: "secret", cost: "light", secret });
  return home;
}

function fileOf(network: NetworkFixture): string {
  const file = join(network.folder, "network.json");
  writeFileSync(file, NetworkFile.encode(network.file));
  return file;
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
  const file = fileOf(network);
  const home = await homeOf(network, "alice");

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
  assert.deepEqual(await refusal(["--home", await homeOf(network, "stranger", "stranger"), "--network", file]), [
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

/** Bob's lease, with one segment that names the second round from now. */
async function committedRound(network: NetworkFixture): Promise<bigint> {
  const { client } = network;
  const [buyer, operator] = [accountOf("buyer"), accountOf("bob operator")];
  const sender = network.senderOf(buyer);
  await sender.send(await deposit(client, { owner: buyer, amount: 50_000_000n, id: "1" }));
  const [offer, order] = [await signedOffer(network, "bob"), await signedOrder(network, "buyer")];
  await sender.send(openLease(client, { offer, order }));
  const [orderHash, offerHash] = [Order.hash(order.order), Offer.hash(offer.offer)];
  const leaseId = Order.leaseId(orderHash, offerHash, 0);
  await network.senderOf(operator).send(startLease(client, { leaseId }));
  await network.pass(10);
  await network.freeze();
  const beaconRound = roundAt(await readBeaconClock(client), await chainTime(client)) + 2n;
  const commitment: Segment.SegmentCommitment = {
    ...{ leaseId, segment: 0n, firstStep: 0n, lastStep: 0n, orderHash, program: zeroHash, dataRoot: zeroHash },
    ...{ startRoot: zeroHash, endRoot: zeroHash, historyRoot: zeroHash, checkpoint: zeroHash },
    ...{ meteredSeconds: 1n, tokens: 1n, beaconRound },
  };
  const segment = { commitment, signature: await signNoun(network.file, Segment.schema, commitment, operator) };
  await network.senderOf(operator).send(commitSegment(client, { segment, offerHash }));
  await network.thaw();
  return beaconRound;
}

test("a node of a network that drand feeds reads a named round from a relay and brings it", {
  timeout: 180_000,
}, async (t) => {
  const chain = testChain("process", { genesis: 1_700_000_000n, period: 1n });
  const chainHash = `0x${"d7".repeat(32)}` as const;
  const sign = (round: bigint) => signRound("process", { round, dst: chain.dst });
  const relay = await startDrandRelay({ chainHash, roundOf: sign });
  t.after(() => relay.close());
  const network = await networkFixture({ drand: { chain, chainHash, relays: [relay.url] } });
  t.after(() => network.end());
  t.after(() => children.forEach((child) => void child.kill("SIGKILL")));
  await fund(network, ["alice", "alice operator", "bob", "bob operator", "buyer"]);
  for (const name of ["alice", "bob"]) await provider(network, name);
  const round = await committedRound(network);

  const { line } = start(["--home", await homeOf(network, "alice"), "--network", fileOf(network), "--price", "100"]);
  assert.equal((await line)["ready"], true);
  const value = await eventually(() => readRandom(network.client, round));
  const clock = await readBeaconClock(network.client);
  const drandRound = firstRoundAt(chain, clock.genesis + (round + 1n) * clock.roundSeconds);
  assert.equal(value, randomnessOf(sign(drandRound).signature));
  assert.deepEqual([...new Set(relay.asked)], [drandRound]);
});
