// Lets other machines reach a local network's chain: an HTTP door on one address of this machine that hands JSON-RPC on
// to the chain and serves the network file at /v1/network. Development only: the chain behind it holds worthless money
// under publicly known keys. Bounded in size, time and connections; it serves nothing else.
import { readFileSync } from "node:fs";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { WeftError } from "@weft/protocol/Errors";

export interface DoorOptions {
  address: string;
  port: number;
  /** Where the chain listens on this machine. */
  chainPort: number;
  networkFile: string;
}

const maxBodyBytes = 2 * 1024 * 1024;
const maxConnections = 256;
const timeoutMs = 30_000;

/** Listens; resolves once bound. @throws WeftError `door.listen` */
export async function openDoor(options: DoorOptions): Promise<Server> {
  const server = createServer({ requestTimeout: timeoutMs }, (incoming, response) =>
    answer(options, incoming, response),
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

function answer(options: DoorOptions, incoming: IncomingMessage, response: ServerResponse): void {
  if (incoming.method === "GET" && incoming.url === "/v1/network") {
    sendNetwork(options, response);
    return;
  }
  if (incoming.method !== "POST" || incoming.url !== "/") {
    response.writeHead(404).end();
    return;
  }
  handOn(options, incoming, response);
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

function handOn({ chainPort }: DoorOptions, incoming: IncomingMessage, response: ServerResponse): void {
  const headers = { "content-type": "application/json" };
  const onward = httpRequest({ host: "127.0.0.1", port: chainPort, method: "POST", headers, timeout: timeoutMs });
  const fail = (status: number) => {
    onward.destroy();
    if (!response.headersSent) response.writeHead(status);
    response.end();
  };
  let bytes = 0;
  incoming.on("data", (piece: Buffer) => {
    bytes += piece.length;
    if (bytes > maxBodyBytes) fail(413);
  });
  onward.once("response", (reply) => reply.pipe(response.writeHead(reply.statusCode ?? 502, headers)));
  onward.once("timeout", () => fail(504));
  onward.once("error", () => fail(502));
  incoming.pipe(onward);
}
