// The gateway's HTTP face on loopback: jobs, quotes, offers, wallet. JSON in and out, NDJSON for a job's events.
//
// Every route but /v1/network asks for the bearer token that lies beside the gateway's data, readable by its owner only.
// Errors are {error: {code, message, remedy, details, fault, retryable}}; nothing of a stack leaves the process.
import { createHash, timingSafeEqual } from "node:crypto";
import type { Server } from "node:http";
import { serve } from "@hono/node-server";
import { hasCode, WeftError } from "@weft/protocol/Errors";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { stream } from "hono/streaming";
import type { GatewayService } from "./GatewayService.ts";

const maxJsonBytes = 256 * 1024;

export interface HttpOptions {
  host: string;
  port: number;
  token: string;
  maxBlobBytes: number;
  /** Told of every error that is nobody's refusal: the caller learns nothing of it. */
  onBug?: (error: unknown, path: string) => void;
}

const digest = (text: string) => createHash("sha256").update(text).digest();

export function buildRoutes(service: GatewayService, options: HttpOptions): Hono {
  const app = new Hono();
  const expected = digest(`Bearer ${options.token}`);
  app.onError((error, context) => {
    if (!(error instanceof WeftError)) options.onBug?.(error, context.req.path);
    return problem(context, error);
  });
  app.get("/v1/network", (context) => context.json(service.network() as object));
  app.use("/v1/*", async (context, next) => {
    if (!timingSafeEqual(digest(context.req.header("authorization") ?? ""), expected))
      throw new WeftError("the gateway's token is missing or wrong", {
        code: "http.unauthorized",
        remedy: "send the token from the gateway's api-token file as `Authorization: Bearer …`",
      });
    await next();
  });
  app.use("/v1/jobs", bodyLimit({ maxSize: maxJsonBytes, onError: tooLarge(maxJsonBytes) }));
  app.use("/v1/quote", bodyLimit({ maxSize: maxJsonBytes, onError: tooLarge(maxJsonBytes) }));
  app.use("/v1/blobs", bodyLimit({ maxSize: options.maxBlobBytes, onError: tooLarge(options.maxBlobBytes) }));
  jobRoutes(app, service);
  marketRoutes(app, service);
  app.notFound((context) => problem(context, new WeftError(`no route ${context.req.path}`, { code: "http.notFound" })));
  return app;
}

function jobRoutes(app: Hono, service: GatewayService): void {
  app.put("/v1/blobs", async (context) => context.json(await service.putBlob(context.req.raw.body)));
  app.post("/v1/jobs", async (context) => context.json(await service.createJob(await jsonBody(context)), 202));
  app.get("/v1/jobs", (context) => context.json({ jobs: service.listJobs() }));
  app.get("/v1/jobs/:id", (context) => context.json(service.getJob(context.req.param("id"))));
  app.delete("/v1/jobs/:id", async (context) => context.json(await service.cancelJob(context.req.param("id"))));
  app.get("/v1/jobs/:id/events", (context) => {
    const from = Number(context.req.query("from") ?? "1");
    const follow = service.followJob(context.req.param("id"), Number.isSafeInteger(from) && from > 0 ? from : 1);
    context.header("content-type", "application/x-ndjson");
    return stream(context, async (out) => {
      const stop = new AbortController();
      out.onAbort(() => stop.abort());
      for await (const event of follow(stop.signal)) await out.write(`${JSON.stringify(event)}\n`);
    });
  });
  app.get("/v1/jobs/:id/checkpoint", async (context) => {
    const bytes = await service.checkpoint(context.req.param("id"));
    return context.body(bytes as Uint8Array<ArrayBuffer>, 200, { "content-type": "application/octet-stream" });
  });
}

function marketRoutes(app: Hono, service: GatewayService): void {
  app.post("/v1/quote", async (context) => context.json((await service.quote(await jsonBody(context))) as object));
  app.get("/v1/offers", (context) => context.json({ offers: service.listOffers() }));
  app.get("/v1/orders", (context) => context.json({ orders: service.listOrders() }));
  app.get("/v1/leases", (context) => context.json({ leases: service.listLeases() }));
  app.get("/v1/leases/:id/segments/:segment", (context) => {
    const { id, segment } = context.req.param();
    return context.json(service.materials(id, Number(segment)));
  });
  app.get("/v1/contents/:id", async (context) => {
    const bytes = await service.content(context.req.param("id"));
    return context.body(bytes as Uint8Array<ArrayBuffer>, 200, { "content-type": "application/octet-stream" });
  });
  app.get("/v1/wallet", async (context) => context.json(await service.wallet()));
  app.get("/v1/status", async (context) => context.json(await service.status()));
}

async function jsonBody(context: Context): Promise<unknown> {
  try {
    return await context.req.json();
  } catch (cause) {
    throw new WeftError("the request body is not JSON", {
      code: "http.malformed",
      remedy: "send a JSON object",
      cause,
    });
  }
}

const tooLarge = (limit: number) => (context: Context) =>
  problem(
    context,
    new WeftError(`the body is larger than ${limit} bytes`, { code: "http.tooLarge", remedy: "send a smaller one" }),
  );

const statusOf = (error: WeftError): 400 | 401 | 404 | 409 | 413 | 503 => {
  if (error.code === "http.unauthorized") return 401;
  if (error.code === "http.notFound" || error.code === "job.unknown") return 404;
  if (error.code === "http.tooLarge") return 413;
  if (error.code === "job.ended") return 409;
  return error.fault === "caller" ? 400 : 503;
};

function problem(context: Context, error: unknown): Response {
  if (!(error instanceof WeftError))
    return context.json(
      { error: { code: "internal", message: "the gateway failed on this request", fault: "us" } },
      500,
    );
  const { code, message, remedy, fault, retryable } = error;
  const details = Object.fromEntries(Object.entries(error.details).map(([key, value]) => [key, String(value)]));
  return context.json({ error: { code, message, remedy, details, fault, retryable } }, statusOf(error));
}

/** Listens; resolves once bound. @throws WeftError `http.portTaken` */
export async function listen(app: Hono, options: HttpOptions): Promise<{ port: number; close(): Promise<void> }> {
  const server = await new Promise<Server>((resolve, reject) => {
    const bound = serve({ fetch: app.fetch, hostname: options.host, port: options.port }, () =>
      resolve(bound as Server),
    );
    bound.on("error", (cause) => reject(portError(options, cause)));
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : options.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Why a server can't listen, as a person reads it. */
export function portError(options: Pick<HttpOptions, "host" | "port">, cause: unknown): WeftError {
  const taken = hasCode(cause, "EADDRINUSE") || (cause as { code?: string }).code === "EADDRINUSE";
  return new WeftError(taken ? `port ${options.port} is taken` : `cannot listen on ${options.host}:${options.port}`, {
    code: taken ? "http.portTaken" : "http.listen",
    remedy: taken ? "stop what listens there, or choose another with --port" : "choose another host or port",
    cause,
  });
}
