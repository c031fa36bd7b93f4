import assert from "node:assert/strict";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { presetOf } from "@weft/compute/tensor/jobProgram";
import { repositoryRoot } from "../Home.ts";
import { readJobFile } from "../job/readJobFile.ts";
import { earlierJobs } from "./earlierJobs.ts";
import type { MainJob } from "./mainJob.ts";

/** What the gateway lists, newest first. */
let listed: object[] = [];
const server = createServer((_, response) => response.end(JSON.stringify({ jobs: listed })));
before(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
after(() => server.close().closeAllConnections());
const client = () => ({ url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, token: "t" });

const { data, job } = readJobFile(join(repositoryRoot, "examples", "train-own-text.yaml"));
const main: MainJob = { data, name: job.name, corpus: new Uint8Array(), corpusPath: "own.txt" };
const steps = presetOf(job.program).totalSteps;
const row = (jobId: string, change: object = {}) => ({
  ...{ jobId, name: main.name, phase: "running", totalSteps: steps, createdAt: 1 },
  ...change,
});
const brief = (jobId: string, name = main.name) => ({ jobId, name });

test("nothing was bought before, or all of it has ended: there is nothing to go on with", async () => {
  listed = [];
  assert.deepEqual(await earlierJobs(client(), main), { others: [] });
  listed = [row("a", { phase: "ended" }), row("b", { phase: "ended" })];
  assert.deepEqual(await earlierJobs(client(), main), { others: [] });
});

test("the newest unfinished job of this name and length is the one to go on with, others are told of", async () => {
  listed = [row("quick", { totalSteps: 800 }), row("x", { name: "mine" }), row("b", { phase: "bidding" }), row("a")];
  const others = [brief("quick"), brief("x", "mine"), brief("a")];
  assert.deepEqual(await earlierJobs(client(), main), { same: brief("b"), others });
  const all = [brief("quick"), brief("x", "mine"), brief("b"), brief("a")];
  assert.deepEqual(await earlierJobs(client(), undefined), { others: all }, "where another is wanted, or none");
});
