// The gateway's process: flags, real ports, one ready line, signals. Everything else is in startGateway.ts.
//
// Prints {"ready":true,"port","url","peerId","addresses","pid"} once it serves, or {"ready":false,"error":{…}} and exits
// non-zero. Ends when its standard input does, so that no gateway outlives the command that started it.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ChainStore } from "@weft/chain/ChainStore";
import { signerOf } from "@weft/chain/Keys";
import { LiveSnapshot } from "@weft/chain/LiveSnapshot";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { Sender } from "@weft/chain/Sender";
import { courtProgramOf } from "@weft/compute/tensor/courtProgram";
import { evaluateCheckpoint } from "@weft/compute/tensor/evaluateCheckpoint";
import { openBlobs } from "@weft/host/blobs/BlobStore";
import { keyPath, openKey, readPrivate, writePrivate } from "@weft/host/keystore/keystore";
import { devPassword } from "@weft/host/keystore/password";
import { makeFolders } from "@weft/host/makeFolders";
import { explain, WeftError } from "@weft/protocol/Errors";
import { systemClock } from "@weft/transport/Clock";
import { createLibp2pTransport } from "@weft/transport/Libp2pTransport";
import { type Logger, pino } from "pino";
import type { Address } from "viem";
import { connectChain } from "./chain/connectChain.ts";
import type { Evaluate } from "./GatewayContext.ts";
import { openJobStore } from "./jobs/JobStore.ts";
import { qualityOf } from "./jobs/qualityOf.ts";
import { startGateway } from "./startGateway.ts";

const usage = "weft gateway --home DIR --network FILE --buyer ADDRESS [--out DIR] [--port N] [--listen MULTIADDR]";

interface Settings {
  home: string;
  network: NetworkFile.NetworkFile;
  buyer: Address;
  out: string;
  port: number;
  listen: string;
  watchStdin: boolean;
}

function readSettings(): Settings {
  const { values } = parseArgs({
    options: {
      home: { type: "string" },
      network: { type: "string" },
      buyer: { type: "string" },
      out: { type: "string" },
      port: { type: "string", default: "0" },
      listen: { type: "string", default: "/ip4/127.0.0.1/tcp/0" },
      "no-stdin": { type: "boolean", default: false },
    },
  });
  const port = Number(values.port);
  if (values.home === undefined || values.network === undefined || !/^0x[0-9a-fA-F]{40}$/.test(values.buyer ?? ""))
    throw new WeftError("--home, --network and --buyer are needed", { code: "gateway.usage", remedy: usage });
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new WeftError(`--port ${values.port} is not a port`, { code: "gateway.usage", remedy: "use 0 to 65535" });
  const home = resolve(values.home);
  return {
    home,
    network: NetworkFile.parse(readFileSync(values.network, "utf8"), values.network),
    buyer: values.buyer?.toLowerCase() as Address,
    out: resolve(values.out ?? join(home, "out")),
    port,
    listen: values.listen,
    watchStdin: !values["no-stdin"],
  };
}

/** The bearer token of the HTTP face, made once, readable by its owner only. */
function apiToken(home: string): string {
  const path = join(home, "api-token");
  if (!existsSync(path)) writePrivate(path, `${randomBytes(24).toString("base64url")}\n`, { replace: false });
  return readPrivate(path, "token file").trim();
}

const evaluate: Evaluate = async ({ program, corpusPath, checkpointPath, segment, contentId }) => {
  const evaluation = await evaluateCheckpoint({
    program,
    corpusPath,
    checkpoint: { checkpointPath, contentId, segment },
    sample: { prompt: new Uint8Array(), count: 400, seed: new Uint8Array(32) },
    limits: { threads: 1, memoryMiB: 1024, nice: 0 },
  });
  return qualityOf(evaluation);
};

async function main(): Promise<void> {
  const settings = readSettings();
  const { home, network } = settings;
  makeFolders(home);
  const log = pino({ level: process.env["WEFT_LOG"] ?? "info" }, pino.destination({ fd: 2, sync: false }));
  // First of all: who holds the store is this home's gateway, and nobody else speaks with its key.
  const store = openJobStore(join(home, "jobs.sqlite"));
  const keystore = join(home, "keystore");
  const password = devPassword(join(keystore, "password"));
  const key = await openKey(keyPath(keystore, "operator"), { password });
  const session = signerOf(key.secretBytes());
  const client = NetworkFile.clientOf(network);
  await NetworkFile.verify(client, network);
  const chainStore = new ChainStore(join(home, "chain.sqlite"), network.networkId);
  const live = new LiveSnapshot(client, {
    ...{ store: chainStore, clock: systemClock, fromBlock: network.fromBlock },
    onOutage: outageLog(log),
  });
  live.ended.catch(giveUp);
  const sender = new Sender(client, { signer: session, store: chainStore, clock: systemClock });
  live.subscribe((_, item) => {
    if (item.kind === "rewind") void sender.rewound(item.toBlock);
  });
  const transport = await createLibp2pTransport({
    privateKey: key.secretBytes(),
    listen: [settings.listen],
    networkId: network.networkId,
    bootstrap: network.bootstrap,
  });
  const gateway = await startGateway(
    {
      http: { host: "127.0.0.1", port: settings.port, token: apiToken(home) },
      networkFile: JSON.parse(NetworkFile.encode(network)),
    },
    {
      clock: systemClock,
      random: (bytes) => randomBytes(bytes),
      transport,
      log,
      chain: connectChain({ client, live, sender, clock: systemClock, ...NetworkFile.originOf(network) }),
      session,
      buyer: settings.buyer,
      store,
      blobs: openBlobs(join(home, "blobs")),
      evaluate,
      courtProgram: (input) => courtProgramOf({ ...input, limits: { threads: 1, memoryMiB: 2048, nice: 0 } }),
      networkId: network.networkId,
      outDir: settings.out,
    },
  );
  const stop = stopOnce(async () => {
    await gateway.stop();
    await gateway.context.chain.stop();
    await transport.stop();
    chainStore.close();
    gateway.context.store.close();
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, stop);
  if (settings.watchStdin) process.stdin.resume().on("end", stop);
  const { port } = gateway;
  const addresses = transport.addresses();
  say({ ready: true, port, url: `http://127.0.0.1:${port}`, peerId: transport.peerId, addresses, pid: process.pid });
}

/** Says the first failed look of each outage aloud: a gateway that waits for its chain must not look as if it slept. */
function outageLog(log: Logger): (error: unknown) => void {
  let saidAt = Number.NEGATIVE_INFINITY;
  return (err) => {
    const level = performance.now() - saidAt > outageEveryMs ? "warn" : "debug";
    if (level === "warn") saidAt = performance.now();
    log[level]({ err }, "the chain does not answer");
  };
}

/** A gateway that no longer sees the chain decides nothing any more, so it ends: jobs go on at its next start. */
function giveUp(error: unknown): void {
  process.stderr.write(`the chain is followed no more: ${explain(error)}\n`);
  process.exit(1);
}

const outageEveryMs = 60_000;
const graceMs = 5000;

/** Ends the process when the work has stopped, or after a grace. */
function stopOnce(work: () => Promise<void>): () => void {
  let stopping = false;
  return () => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(0), graceMs).unref();
    void work().finally(() => process.exit(0));
  };
}

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

try {
  await main();
} catch (error) {
  const known = error instanceof WeftError ? error : undefined;
  say({ ready: false, error: { code: known?.code ?? "internal", message: explain(error), remedy: known?.remedy } });
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
}
