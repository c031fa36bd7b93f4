// Lets other machines reach a local network's chain: an HTTP door on one address of this machine. It hands JSON-RPC on
// to the chain (reading, and transactions signed elsewhere: doorRpc.ts), serves the network file at /v1/network, and
// gives test money at /v1/faucet (doorFaucet.ts). Development only: the chain behind it holds worthless money under
// publicly known keys. Bounded in size, time and connections; no encryption, no accounts; it serves nothing else.
import { readFileSync } from "node:fs";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { WeftError } from "@weft/protocol/Errors";
import type { Address } from "viem";
import { DoorFaucet } from "./doorFaucet.ts";
import { refuse, unlockedAccounts } from "./doorRpc.ts";

export interface DoorOptions {
  address: string;
  port: number;
  /** Where the chain listens on this machine. */
  chainPort: number;
  networkFile: string;
}

interface Door extends DoorOptions {
  faucet: DoorFaucet;
  /** Accounts whose keys everybody knows; asked of the chain once. */
  known: () => Promise<ReadonlySet<Address>>;
}

const maxBodyBytes = 512 * 1024;
const maxFaucetBytes = 4096;
const maxConnections = 128;
const timeoutMs = 30_000;
/** How often that is looked at; Node does it every half a minute. */
const checkMs = 1000;

/** Listens; resolves once bound. @throws WeftError `door.listen` */
export async function openDoor(options: DoorOptions): Promise<Server> {
  const door: Door = { ...options, faucet: new DoorFaucet(), known: knownAccounts(options.chainPort) };
  const server = createServer(
    { requestTimeout: timeoutMs, connectionsCheckingInterval: checkMs },
    (incoming, response) => {
      answer(door, incoming, response).catch((error: unknown) => {
        process.stderr.write(`door: ${error instanceof Error ? error.message : String(error)}\n`);
        sendError(response, 500, { code: "door.failed", message: "the door failed; its machine's chain.log says why" });
      });
    },
  );
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new WeftError(`cannot listen on ${options.address}:${options.port}`, {
          code: "door.listen",
          remedy: "name an address of this machine with --address; `ip address` shows them",
          cause,
        }),
      ),
    );
    server.listen(options.port, options.address, resolve);
  });
  return server;
}

function knownAccounts(chainPort: number): Door["known"] {
  let accounts: Promise<ReadonlySet<Address>> | undefined;
  return () => {
    accounts ??= unlockedAccounts(`http://127.0.0.1:${chainPort}`).catch((error: unknown) => {
      accounts = undefined;
      throw error;
    });
    return accounts;
  };
}

async function answer(door: Door, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url } = incoming;
  if (method === "GET" && url === "/v1/network") return sendNetwork(door, response);
  if (method !== "POST" || (url !== "/" && url !== "/v1/faucet")) return void response.writeHead(404).end();
  const body = await readBody(incoming, url === "/" ? maxBodyBytes : maxFaucetBytes);
  if (body === undefined) return void response.writeHead(413, { connection: "close" }).end();
  if (url === "/v1/faucet") return giveMoney(door, { from: incoming.socket.remoteAddress ?? "", body }, response);
  const refusal = await refuse(body, door.known);
  if (refusal === undefined) return handOn(door, body, response);
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(refusal));
}

/** Undefined when it is larger than `most` bytes; what follows is read no more. */
async function readBody(incoming: IncomingMessage, most: number): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of incoming.iterator({ destroyOnReturn: false })) {
    bytes += (piece as Buffer).length;
    if (bytes > most) return undefined;
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** The file as this machine uses it, with this door in place of the chain's own address. */
function sendNetwork({ address, port, networkFile }: DoorOptions, response: ServerResponse): void {
  try {
    const file = JSON.parse(readFileSync(networkFile, "utf8")) as object;
    const text = JSON.stringify({ ...file, rpcUrl: `http://${address}:${port}` }, null, 2);
    response.writeHead(200, { "content-type": "application/json" }).end(`${text}\n`);
  } catch {
    // Not there yet: the network is still being started.
    response.writeHead(503).end();
  }
}

async function giveMoney(
  { faucet, chainPort, networkFile }: Door,
  asked: { from: string; body: string },
  response: ServerResponse,
): Promise<void> {
  try {
    const file = NetworkFile.parse(readFileSync(networkFile, "utf8"), networkFile);
    const client = NetworkFile.clientOf({ ...file, rpcUrl: `http://127.0.0.1:${chainPort}` });
    await faucet.serve(client, { ...asked, atSeconds: Math.floor(Date.now() / 1000) });
    response.writeHead(200, { "content-type": "application/json" }).end("{}\n");
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    const { code, message, remedy } = error;
    const status = statusOf[code] ?? 503;
    sendError(response, status, { code, message, ...(remedy === undefined ? {} : { remedy }) });
  }
}

const statusOf: Record<string, number> = { "faucet.malformed": 400, "faucet.tooMuch": 400, "faucet.limit": 429 };

function sendError(
  response: ServerResponse,
  status: number,
  error: { code: string; message: string; remedy?: string },
): void {
  if (!response.headersSent) response.writeHead(status, { "content-type": "application/json" });
  response.end(`${JSON.stringify({ error })}\n`);
}

function handOn({ chainPort }: Door, body: string, response: ServerResponse): void {
  const headers = { "content-type": "application/json" };
  const onward = httpRequest({ host: "127.0.0.1", port: chainPort, method: "POST", headers, timeout: timeoutMs });
  const fail = (status: number) => {
    onward.destroy();
    if (!response.headersSent) response.writeHead(status);
    response.end();
  };
  onward.once("response", (reply) => reply.pipe(response.writeHead(reply.statusCode ?? 502, headers)));
  onward.once("timeout", () => fail(504));
  onward.once("error", () => fail(502));
  onward.end(body);
}
