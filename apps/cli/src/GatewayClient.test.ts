import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { hasCode } from "@weft/protocol/Errors";
import { connect, followJob, type GatewayClient, parseEvent, request } from "./GatewayClient.ts";

type Handler = (request: IncomingMessage, response: ServerResponse, call: number) => void;

const servers: Server[] = [];
const folder = mkdtempSync(join(tmpdir(), "weft-cli-gateway-"));
const tokenFile = join(folder, "api-token");
writeFileSync(tokenFile, "secret\n");
after(() => {
  for (const server of servers) server.close().closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

/** A gateway on a real socket that answers by script. */
async function gateway(handler: Handler): Promise<GatewayClient & { calls: () => number }> {
  let calls = 0;
  const server = createServer((incoming, response) => handler(incoming, response, ++calls));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return { ...connect({ url: `http://127.0.0.1:${port}/`, tokenFile }), calls: () => calls };
}

const json = (response: ServerResponse, status: number, body: unknown) =>
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

const created = (seq: number) => ({ seq, at: 1, kind: "created", jobId: "j", name: `n${seq}` });
const failed = (seq: number) => ({ seq, at: 1, kind: "failed", code: "x", message: "m" });
const lines = (...events: object[]) => events.map((event) => `${JSON.stringify(event)}\n`).join("");

async function collect(events: AsyncIterable<{ seq: number }>): Promise<number[]> {
  const seqs: number[] = [];
  for await (const event of events) seqs.push(event.seq);
  return seqs;
}

test("sends token, method and body; returns JSON", async () => {
  const client = await gateway((incoming, response) => {
    let body = "";
    incoming.on("data", (piece) => (body += piece));
    incoming.on("end", () =>
      json(response, 202, {
        method: incoming.method,
        auth: incoming.headers.authorization,
        type: incoming.headers["content-type"],
        body,
      }),
    );
  });
  assert.deepEqual(await request(client, "/v1/jobs", { method: "POST", body: { a: 1 } }), {
    method: "POST",
    auth: "Bearer secret",
    type: "application/json",
    body: '{"a":1}',
  });
  const bytes = (await request(client, "/v1/blobs", {
    method: "PUT",
    body: new TextEncoder().encode("xyz"),
  })) as Record<string, string>;
  assert.deepEqual([bytes["type"], bytes["body"]], ["application/octet-stream", "xyz"]);
});

test("the gateway's own errors come through whole and are not retried", async () => {
  const error = {
    code: "job.file",
    message: "budget is short",
    remedy: "raise it",
    details: { needed: "5" },
    fault: "caller",
    retryable: false,
  };
  const client = await gateway((_, response) => json(response, 400, { error }));
  await assert.rejects(request(client, "/v1/jobs"), (thrown) => {
    assert.ok(hasCode(thrown, "job.file"));
    assert.deepEqual(
      [thrown.message, thrown.remedy, thrown.details, thrown.fault],
      ["budget is short", "raise it", { needed: "5" }, "caller"],
    );
    return true;
  });
  assert.equal(client.calls(), 1);
});

test("a broken connection is retried for GET and not for POST", async () => {
  const client = await gateway((_, response, call) =>
    call === 1 ? response.destroy() : json(response, 200, { call }),
  );
  assert.deepEqual(await request(client, "/v1/status"), { call: 2 });
  const posted = await gateway((_, response) => response.destroy());
  await assert.rejects(request(posted, "/v1/jobs", { method: "POST", body: {} }), (error) =>
    hasCode(error, "gateway.broken"),
  );
  assert.equal(posted.calls(), 1);
});

test("a POST that carries an idempotency key is retried", async () => {
  const client = await gateway((_, response, call) =>
    call === 1 ? response.destroy() : json(response, 202, { jobId: "j" }),
  );
  const body = { idempotencyKey: "k" };
  assert.deepEqual(await request(client, "/v1/jobs", { method: "POST", body }), { jobId: "j" });
});

test("no gateway at all: one clear error with a remedy", async () => {
  const client = await gateway(() => {});
  await new Promise((resolve) => servers.at(-1)?.close(resolve));
  await assert.rejects(
    request(client, "/v1/status"),
    (error) => hasCode(error, "gateway.unreachable") && /npm start/.test(error.remedy ?? ""),
  );
  assert.throws(
    () => connect({ url: "http://x", tokenFile: join(folder, "none") }),
    (error) => hasCode(error, "file.enoent"),
  );
});

test("something that isn't a gateway is called that", async () => {
  const client = await gateway((_, response) => response.writeHead(200).end("<html>"));
  await assert.rejects(request(client, "/v1/status"), (error) => hasCode(error, "gateway.answer"));
  const other = await gateway((_, response) => response.writeHead(404).end("not here"));
  await assert.rejects(request(other, "/v1/status"), (error) => hasCode(error, "gateway.answer"));
});

test("an event stream that breaks in the middle of a line goes on without loss or repetition", async () => {
  const asked: string[] = [];
  const client = await gateway((incoming, response, call) => {
    asked.push(incoming.url ?? "");
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    if (call === 1) response.write(lines(created(1), created(2)) + '{"seq":3,"at', () => response.destroy());
    else if (call === 2) response.end(lines(created(2), created(3)));
    else response.end(lines(created(4), failed(5)));
  });
  assert.deepEqual(await collect(followJob(client, "a/b")), [1, 2, 3, 4, 5]);
  assert.deepEqual(asked, [
    "/v1/jobs/a%2Fb/events?from=1",
    "/v1/jobs/a%2Fb/events?from=3",
    "/v1/jobs/a%2Fb/events?from=4",
  ]);
});

test("a stream starts where it is told and ends when the caller says so", async () => {
  const client = await gateway((_, response) => {
    response.writeHead(200);
    response.write(lines(created(7)));
  });
  const stop = new AbortController();
  const seqs: number[] = [];
  await assert.rejects(
    async () => {
      for await (const event of followJob(client, "j", { from: 7, signal: stop.signal })) {
        seqs.push(event.seq);
        stop.abort();
      }
    },
    (error) => hasCode(error, "gateway.interrupted"),
  );
  assert.deepEqual(seqs, [7]);
});

test("an unknown job ends the stream with the gateway's error at once", async () => {
  const client = await gateway((_, response) =>
    json(response, 404, { error: { code: "job.unknown", message: "no job x" } }),
  );
  await assert.rejects(collect(followJob(client, "x")), (error) => hasCode(error, "job.unknown"));
  assert.equal(client.calls(), 1);
});

test("events: unknown kinds are passed over, malformed ones refused", () => {
  assert.equal(parseEvent(""), undefined);
  assert.equal(parseEvent('{"seq":1,"at":1,"kind":"fromTheFuture"}'), undefined);
  assert.equal(parseEvent('{"seq":1,"at":1,"kind":"toString"}'), undefined);
  assert.deepEqual(parseEvent(JSON.stringify(created(3))), created(3));
  for (const bad of [
    "[]",
    "{}",
    "nonsense",
    '{"seq":0,"at":1,"kind":"created"}',
    '{"seq":1,"at":1,"kind":"progress","step":-1}',
  ])
    assert.throws(
      () => parseEvent(bad),
      (error) => hasCode(error, "gateway.answer"),
      bad,
    );
});
