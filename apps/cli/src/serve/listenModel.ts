// The HTTP server of a model: bounded connections and times, and an end that lets running answers finish.
import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { portError } from "@weft/gateway/http/server";
import type { Hono } from "hono";

export interface Listening {
  port: number;
  /** Takes no more requests; resolves when all answers have ended, or were cut after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

const mostConnections = 256;
/** How often the times are looked at; Node's half a minute would let silent connections hold all places for as long. */
const checkMs = 1000;
const timeouts = { requestTimeout: 30_000, keepAliveTimeout: 5_000 };

export interface ListenOptions {
  host: string;
  port: number;
  /** Within which a connection must have sent its headers. Default 10 s. */
  headersMs?: number;
}

/** @throws WeftError `http.portTaken`, `http.listen` */
export async function listenModel(app: Hono, { host, port, headersMs = 10_000 }: ListenOptions): Promise<Listening> {
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: { ...timeouts, headersTimeout: headersMs, connectionsCheckingInterval: checkMs },
  }) as Server;
  server.maxConnections = mostConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(portError({ host, port }, cause)));
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: (graceMs) =>
      new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}
