// The commands against the gateway's real HTTP face, with recorded data behind it.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { GatewayService } from "@weft/gateway/http/GatewayService";
import { buildRoutes, listen } from "@weft/gateway/http/server";
import { WeftError } from "@weft/protocol/Errors";
import { toBytes8 } from "@weft/protocol/HardwareClass";
import type { JobEvent } from "@weft/protocol/JobEvent";
import { homeAt, repositoryRoot } from "../Home.ts";
import { writeNames } from "../job/nodeNames.ts";
import { livingRecords, removeRecord, writeRecord } from "../process/RunFolder.ts";
import { events, names } from "../render/fixtureEvents.ts";
import { type Ended, runCli } from "../runCli.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-cli-commands-"));
const home = homeAt(join(folder, ".weft"));
const tokenFile = join(folder, "api-token");
const model = new TextEncoder().encode("the model's bytes");
const seen = { jobs: [] as unknown[], blobs: [] as string[], cancelled: [] as string[] };
let server: { port: number; close(): Promise<void> };
let script: JobEvent[] = events;

const nodeId = (digit: number) => `0x${String(digit).repeat(40)}`;
const summary = { jobId: "job-1", name: "train-own-text", phase: "ended", createdAt: 1_800_000_000_000, endedAt: null };

/** What a gateway would answer; `job-2` is unknown. */
const service = {
  network: () => ({}),
  putBlob: async (body: ReadableStream<Uint8Array> | null) => {
    const bytes = new Uint8Array(await new Response(body).arrayBuffer());
    seen.blobs.push(new TextDecoder().decode(bytes));
    return { contentId: `0x${createHash("sha256").update(bytes).digest("hex")}`, bytes: bytes.length };
  },
  createJob: async (request: unknown) => {
    seen.jobs.push(request);
    return { jobId: "job-1" };
  },
  listJobs: () => [{ ...summary, nodeId: nodeId(1), nextStep: 1000, totalSteps: 1000 }],
  getJob: () => summary,
  cancelJob: async (jobId: string) => {
    seen.cancelled.push(jobId);
    return { jobId, cancelled: true };
  },
  followJob: (jobId: string, fromSeq: number) => {
    if (jobId !== "job-1")
      throw new WeftError(`there is no job ${jobId}`, { code: "job.unknown", remedy: "list them" });
    return async function* () {
      yield* script.filter(({ seq }) => seq >= fromSeq);
    };
  },
  checkpoint: async () => model,
  quote: async () => ({
    fitting: 4,
    refused: 1,
    reasons: { price: 1 },
    pricePerUnitSecond: { min: "138", median: "157", max: "194" },
    expected: { min: "12300", median: "14000", max: "20100" },
    expectedSeconds: { min: "90", median: "95", max: "101" },
    tooSlow: 1,
    durationSeconds: 1200,
    detection: [
      { falseSegments: 1, ppm: 300_000 },
      { falseSegments: 5, ppm: 831_930 },
      { falseSegments: 25, ppm: 999_865 },
    ],
    refusals: [{ nodeId: nodeId(3), reasons: ["asks 1.08 per unit and hour"] }],
    remedies: ["raise pay.maxPricePerHour to 1.08"],
    total: { min: "248400", median: "282600", max: "349200" },
    budget: "1000000",
  }),
  listOffers: () => [
    {
      nodeId: nodeId(2),
      class: toBytes8("cpu"),
      units: "1",
      pricePerUnitSecond: "194",
      expiresAt: Math.floor(Date.now() / 1000) + 3599,
    },
  ],
  listLeases: () => [
    {
      jobId: "job-1",
      leaseId: `0x${"cd".repeat(32)}`,
      nodeId: nodeId(2),
      fill: 0,
      state: "settled",
      reason: "completed",
      paid: "900",
      ...{ reserved: "135000", auditorsPaid: "225", refunded: "133875" },
    },
  ],
  listOrders: () => [
    {
      ...{ jobId: "job-1", orderHash: `0x${"ab".repeat(32)}`, buyer: nodeId(9), nonce: "7", state: "open" },
      ...{ budget: "500000", maxPricePerUnitSecond: "277", expiresAt: Math.floor(Date.now() / 1000) + 90 },
    },
  ],
  wallet: async () => ({ free: "49500000", sessionCapLeft: "99000000" }),
  status: async () => ({ networkId: "0x12", peers: 5, offers: 5, jobs: 1 }),
} as unknown as GatewayService;

before(async () => {
  writeFileSync(tokenFile, "secret\n");
  writeNames(home, names);
  const options = { host: "127.0.0.1", port: 0, token: "secret", maxBlobBytes: 1 << 26 };
  server = await listen(buildRoutes(service, options), options);
});
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

function weft(...words: string[]): Promise<Ended> {
  const connection = { WEFT_GATEWAY: `http://127.0.0.1:${server.port}`, WEFT_TOKEN_FILE: tokenFile };
  return runCli(words, { cwd: folder, environment: { ...connection, WEFT_HOME: home.root } });
}

const jsonLines = (out: string) =>
  out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const jobFile = (text: string): string => {
  const path = join(folder, "job.yaml");
  writeFileSync(path, text);
  return path;
};

test("run: uploads the corpus beside the file, submits the file's data, shows the job, saves the model", async () => {
  writeFileSync(join(folder, "text.txt"), "all work and no play ".repeat(300));
  const path = jobFile(
    "name: dull-boy\nkind: train-lm\ncorpus: text.txt\noutput: models\nprogram: { preset: quick }\n",
  );
  const ended = await weft("run", path);
  assert.equal(ended.code, 0, ended.err);
  assert.equal(seen.blobs.at(-1), "all work and no play ".repeat(300));
  const request = seen.jobs.at(-1) as { job: object; corpus: { bytes: number }; idempotencyKey: string };
  assert.deepEqual(request.job, {
    ...{ name: "dull-boy", kind: "train-lm", corpus: "text.txt", output: "models" },
    program: { preset: "quick" },
  });
  assert.equal(request.corpus.bytes, 6300);
  assert.match(request.idempotencyKey, /^[0-9a-f-]{36}$/);
  assert.match(ended.out, /auction over 2 bids: node-2 wins at 0\.5400 an hour, runner-up node-1 at 0\.6480/);
  assert.match(ended.out, /who was paid\n {2}node {4}as {10}amount\n {2}node-1 {2}provider {2}0\.000900/);
  const saved = join(folder, "models", "train-own-text.safetensors");
  assert.match(ended.out, new RegExp(saved));
  assert.deepEqual(new Uint8Array(readFileSync(saved)), model);
});

test("run: an output that can't be written is told before anything is bought", async () => {
  writeFileSync(join(folder, "in-the-way"), "a file");
  const bought = seen.jobs.length;
  const ended = await weft("run", jobFile("name: a\nkind: train-lm\noutput: in-the-way/models\n"));
  assert.equal(ended.code, 1);
  assert.match(
    ended.err,
    /^weft: cannot create .*in-the-way\/models: a part of the path is not a folder\n {2}remedy: /,
  );
  assert.equal(seen.jobs.length, bought);
});

test("gateway: a second one on a home is refused, and the first one's records stay", async () => {
  writeRecord(home, "gateway", process.pid);
  const ended = await weft("gateway");
  assert.equal(ended.code, 1);
  assert.match(ended.err, new RegExp(`a gateway runs on .* already\n {2}pid {2}${process.pid}\n {2}remedy: `));
  assert.equal(livingRecords(home).length, 1);
  removeRecord(home, "gateway", process.pid);
});

test("run --json: the events as they are, then a summary", async () => {
  const ended = await weft("run", join(repositoryRoot, "examples/quick-posted-price.yaml"), "--json");
  const lines = jsonLines(ended.out);
  assert.deepEqual(lines.slice(0, -1), JSON.parse(JSON.stringify(events)));
  assert.deepEqual(
    [lines.at(-1)?.["kind"], lines.at(-1)?.["ok"], lines.at(-1)?.["streamed"]],
    ["summary", true, "1350"],
  );
});

test("run --detach returns at once with the job's id", async () => {
  const ended = await weft("run", join(repositoryRoot, "examples/quick-posted-price.yaml"), "--detach");
  assert.equal(ended.code, 0);
  assert.equal(ended.out, "job job-1 is under way; see it with: weft jobs attach job-1\n");
});

test("a job that fails, or that nobody takes, exits non-zero and says why", async () => {
  const at = events[0]!.at;
  script = [
    ...events.slice(0, 2),
    { seq: 3, at, kind: "failed", code: "wallet.short", message: "the escrow is short", remedy: "deposit more" },
  ];
  const failed = await weft("jobs", "attach", "job-1");
  script = [
    ...events.slice(0, 2),
    { seq: 3, at, kind: "unmatched", reasons: [{ nodeId: nodeId(1) as `0x${string}`, reasons: ["the pool is full"] }] },
  ];
  const unmatched = await weft("jobs", "attach", "job-1");
  script = events;
  assert.deepEqual([failed.code, unmatched.code], [1, 1]);
  assert.match(failed.out, /failed: train-own-text: the escrow is short\n {2}remedy: deposit more/);
  assert.match(
    unmatched.out,
    /no provider fits: train-own-text\n\n {2}node {4}why not\n {2}node-1 {2}the pool is full/,
  );
});

test("a group without a subcommand shows its list, with --json too", async () => {
  const [jobs, json] = await Promise.all([weft("jobs"), weft("jobs", "--json")]);
  assert.match(jobs.out, /job-1 {2}train-own-text {2}ended/);
  assert.deepEqual(
    jsonLines(json.out).map(({ kind }) => kind),
    ["job", "summary"],
  );
});

test("jobs: list, attach from an event, unknown, cancel", async () => {
  const [list, from, unknown, cancel] = await Promise.all([
    weft("jobs", "list"),
    weft("jobs", "attach", "job-1", "--from", "25", "--json"),
    weft("jobs", "attach", "job-2"),
    weft("jobs", "cancel", "job-1"),
  ]);
  assert.match(list.out, /job-1 {2}train-own-text {2}ended {2}node-1 {2}1000\/1000 {2}2027-01-15 08:00:00/);
  assert.deepEqual(
    jsonLines(from.out).map(({ kind }) => kind),
    ["settled", "done", "summary"],
  );
  assert.equal(unknown.code, 1);
  assert.match(unknown.err, /weft: there is no job job-2\n {2}remedy: list them/);
  assert.equal(cancel.out, "job job-1 is cancelled; what was already earned is paid\n");
  assert.deepEqual(seen.cancelled, ["job-1"]);
});

test("quote: price range, hard cap, refusals counted; nothing ordered", async () => {
  const before = seen.jobs.length;
  const file = join(repositoryRoot, "examples/train-own-text.yaml");
  const [shown, json] = await Promise.all([weft("quote", file), weft("quote", file, "--json")]);
  assert.equal(shown.code, 0, shown.err);
  assert.match(shown.out, /^quote for train-own-text: 4 offers fit, 1 don't; nothing was signed or paid\n/);
  assert.match(shown.out, /\n {2}hard cap: 1\.000000 \(pay\.budget\).*\n {2}node +why not\n {2}node-3 {2}asks 1\.08/);
  assert.match(shown.out, /\n {2}remedy: raise pay\.maxPricePerHour to 1\.08\n$/);
  assert.match(shown.out, /price per unit and hour +0\.4968 +0\.5652 +0\.6984/);
  assert.match(shown.out, /expected time +1:30 +1:35 +1:41/);
  assert.match(shown.out, /expected cost +0\.012300 +0\.014000 +0\.020100/);
  assert.match(shown.out, /most it can cost, if it takes all of duration \(20:00\) +0\.248400 +0\.282600 +0\.349200/);
  assert.match(shown.out.replaceAll(/\n +/g, " "), /looked at: 30\.0% for 1, 83\.1% for 5, 99\.9% for 25; /);
  assert.match(shown.out, /1 of the offers that fit are too slow by their own word to end in time: raise duration/);
  assert.equal(jsonLines(json.out).at(-1)?.["hardCap"], "1000000");
  assert.equal(jsonLines(json.out).at(-1)?.["tooSlow"], 1);
  assert.equal(seen.jobs.length, before);
});

test("offers, orders, leases and status, as tables and as JSON lines", async () => {
  const [offers, orders, leases, status, json] = await Promise.all([
    weft("offers"),
    weft("orders"),
    weft("leases"),
    weft("status"),
    weft("offers", "--json"),
  ]);
  assert.match(offers.out, /node-2 {2}cpu {8}1 {4}0\.6984 +5\d:\d\d/);
  assert.match(orders.out, /job-1 {2}0xababab…abab {2}open +7 {2}0\.500000 +\d:\d\d/);
  assert.match(
    leases.out,
    /0xcdcdcd…cdcd {2}node-2 {2}settled {2}completed {2}0\.135000 {2}0\.000900 {2}0\.000225 {2}0\.133875/,
  );
  assert.match(status.out, /\ngateway {2}5 peers, 5 offers, jobs under way: 1\n/);
  assert.match(status.out, /\nmoney {4}49\.500000 free in escrow; the gateway may reserve 99\.000000 more today\n/);
  assert.match(status.out, /node-2 +– {2}offers {2}cpu +1 +0\.6984 +5\d:\d\d {2}0 open, 1 in all\n/);
  const lines = jsonLines(json.out);
  assert.deepEqual([lines[0]?.["kind"], lines[0]?.["nodeId"]], ["offer", nodeId(2)]);
  assert.deepEqual(lines.at(-1), { kind: "summary", ok: true, count: 1 });
});

test("offers --why: what each node was refused for in a job, whether its offer is known or not", async () => {
  const ended = await weft("offers", "--why", "job-1", "--json");
  const lines = jsonLines(ended.out);
  assert.deepEqual(
    lines.slice(0, 2).map((line) => [line["nodeId"], line["reasons"]]),
    [
      [nodeId(2), []],
      [nodeId(3), ["asks 1.08 per unit and hour, 0.0828 above the ceiling of 0.9972"]],
    ],
  );
  const shown = await weft("offers", "--why", "job-1");
  assert.match(shown.out, /node-3 .* asks 1\.08 per unit and hour, 0\.0828 above the ceiling/);
});

test("a wrong token is the gateway's own refusal", async () => {
  const wrong = join(folder, "wrong-token");
  writeFileSync(wrong, "guess");
  const ended = await weft("offers", "--token-file", wrong);
  assert.equal(ended.code, 1);
  assert.match(ended.err, /the gateway's token is missing or wrong\n {2}remedy: send the token/);
});
