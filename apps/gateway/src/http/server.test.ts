// The HTTP face by itself: token, limits, errors as people and programs see them, the event stream.
import assert from "node:assert/strict";
import { test } from "node:test";
import { WeftError } from "@weft/protocol/Errors";
import type { JobEvent } from "@weft/protocol/JobEvent";
import type { GatewayService } from "./GatewayService.ts";
import { buildRoutes, listen } from "./server.ts";

const token = "a token for this test";
const options = { host: "127.0.0.1", port: 0, token, maxBlobBytes: 64 };
const authorization = `Bearer ${token}`;

const event = (seq: number): JobEvent => ({ seq, at: 1, kind: "created", jobId: "j1", name: "n" });

const service: GatewayService = {
  network: () => ({ networkId: "0x01" }),
  putBlob: async (body) => ({ contentId: "0x", bytes: (await new Response(body).arrayBuffer()).byteLength }),
  createJob: async () => {
    throw new WeftError("name: is missing", { code: "job.malformed", remedy: "write a name", details: { limit: 64n } });
  },
  listJobs: () => [],
  getJob: (jobId) => {
    throw new WeftError(`there is no job ${jobId}`, { code: "job.unknown" });
  },
  cancelJob: async (jobId) => {
    throw new WeftError(`job ${jobId} has ended already`, { code: "job.ended" });
  },
  followJob: (_, fromSeq) =>
    async function* () {
      for (let seq = fromSeq; seq < fromSeq + 3; seq++) yield event(seq);
    },
  checkpoint: async () => new Uint8Array([1, 2, 3]),
  quote: async () => {
    throw new Error("a bug with /secret/path in it");
  },
  listOffers: () => [],
  listLeases: () => [],
  listOrders: () => [],
  materials: (leaseId, segment) => {
    if (segment !== 3) throw new WeftError("no such segment", { code: "http.notFound" });
    return { leaseId, segment };
  },
  content: async () => new Uint8Array([4, 5]),
  wallet: async () => ({}),
  status: async () => {
    throw new WeftError("the chain does not answer", { code: "chain.unreachable", fault: "network", retryable: true });
  },
};

const bugs: [string, string][] = [];
const onBug = (error: unknown, path: string) => void bugs.push([String(error), path]);
const app = buildRoutes(service, { ...options, onBug });
const ask = (path: string, init: RequestInit = {}) =>
  app.request(path, { ...init, headers: { authorization, ...init.headers } });
const codeOf = async (response: Response) => ((await response.json()) as { error: { code: string } }).error.code;

test("without the token there is an answer, and it is no; the network file is public", async () => {
  const bare = await app.request("/v1/jobs");
  assert.equal(bare.status, 401);
  assert.equal(await codeOf(bare), "http.unauthorized");
  const wrong = await app.request("/v1/jobs", { headers: { authorization: `${authorization}x` } });
  assert.equal(wrong.status, 401);
  assert.equal((await app.request("/v1/network")).status, 200);
  assert.equal((await ask("/v1/jobs")).status, 200);
});

test("errors carry code, remedy, details and whose fault it is, with the status that fits", async () => {
  const refused = await ask("/v1/jobs", { method: "POST", body: "{}" });
  assert.equal(refused.status, 400);
  assert.deepEqual(await refused.json(), {
    error: {
      code: "job.malformed",
      message: "name: is missing",
      remedy: "write a name",
      details: { limit: "64" },
      fault: "caller",
      retryable: false,
    },
  });
  assert.equal((await ask("/v1/jobs/nope")).status, 404);
  assert.equal((await ask("/v1/jobs/done", { method: "DELETE" })).status, 409);
  assert.equal((await ask("/v1/status")).status, 503);
  assert.equal((await ask("/v1/nowhere")).status, 404);
});

test("a bug inside says nothing of the inside", async () => {
  const failed = await ask("/v1/quote", { method: "POST", body: "{}" });
  assert.equal(failed.status, 500);
  assert.doesNotMatch(await failed.text(), /secret/);
  assert.deepEqual(bugs, [["Error: a bug with /secret/path in it", "/v1/quote"]], "but the log has it, and no refusal");
});

test("bodies: malformed JSON, too large", async () => {
  assert.equal(await codeOf(await ask("/v1/jobs", { method: "POST", body: "{" })), "http.malformed");
  const large = await ask("/v1/blobs", { method: "PUT", body: new Uint8Array(65) });
  assert.equal(large.status, 413);
  const fits = await ask("/v1/blobs", { method: "PUT", body: new Uint8Array(64) });
  assert.deepEqual(await fits.json(), { contentId: "0x", bytes: 64 });
});

test("events are one JSON line each, from the asked seq", async () => {
  const lines = (await (await ask("/v1/jobs/j1/events?from=5")).text()).trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).seq),
    [5, 6, 7],
  );
});

test("a taken port is told as such", async () => {
  const first = await listen(app, options);
  try {
    await assert.rejects(listen(app, { ...options, port: first.port }), (error) => {
      assert.ok(error instanceof WeftError);
      assert.equal(error.code, "http.portTaken");
      assert.match(error.message, new RegExp(String(first.port)));
      return true;
    });
  } finally {
    await first.close();
  }
});
