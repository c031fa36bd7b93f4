// The whole of `weft start`: a network of real processes, the quick job to its end, further starts on the same home, one
// of them interrupted, and `reset`. Minutes; part of the deep run.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type JobEvent, shapes } from "@weft/protocol/JobEvent";
import { homeAt, repositoryRoot } from "../Home.ts";
import { livingRecords } from "../process/RunFolder.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-cli-start-"));
const home = homeAt(join(folder, ".weft"));
after(() => rmSync(folder, { recursive: true, force: true }));

async function weft(...words: string[]): Promise<{ code: number | null; lines: Record<string, unknown>[] }> {
  const child = spawn(
    process.execPath,
    [join(repositoryRoot, "apps/cli/src/main.ts"), ...words, "--json", "--home", home.root],
    {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 600_000,
    },
  );
  let out = "";
  child.stdout.on("data", (piece) => (out += piece));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, lines: linesOf(out) };
}

/** JSON lines; a last one that is cut off is left out. */
const linesOf = (out: string): Record<string, unknown>[] =>
  out
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const created = (lines: readonly Record<string, unknown>[]): unknown[] =>
  lines.filter(({ kind }) => kind === "created").map((line) => line["jobId"]);

test("start --once --quick: five processes bid, one trains, others hold and audit, everyone is paid; then all is gone", async () => {
  const { code, lines } = await weft("start", "--once", "--quick");
  assert.equal(code, 0);
  const events = lines.filter(
    ({ kind }) => typeof kind === "string" && Object.hasOwn(shapes, kind),
  ) as unknown as JobEvent[];
  const kinds = events.map(({ kind }) => kind);
  const inOrder = [
    "created",
    "order",
    "bid",
    "auction",
    "lease",
    "started",
    "segment",
    "paid",
    "closing",
    "settled",
    "done",
  ] as const;
  const places = inOrder.map((kind) => kinds.indexOf(kind));
  assert.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
    inOrder.map((kind, index) => `${kind} ${places[index]}`).join(", "),
  );
  assert.ok(places.every((place) => place >= 0));
  assert.equal(
    new Set(events.filter(({ kind }) => kind === "bid").map((event) => (event as { nodeId?: string }).nodeId)).size,
    5,
  );
  const summary = lines.at(-1) as {
    ok: boolean;
    bitsPerByte: number;
    baselineOneChar: number;
    checkpointPath: string;
  } & {
    audits: { drawn: number };
  };
  assert.equal(summary.ok, true);
  assert.ok(summary.bitsPerByte < summary.baselineOneChar, "the quick job beats one character of context");
  assert.ok(summary.audits.drawn > 0, "0.7^25: one run in 7,456 has none");
  assert.ok(readFileSync(summary.checkpointPath).length > 1000);
  assert.ok(summary.checkpointPath.startsWith(home.out));
  assert.deepEqual(livingRecords(home), []);
});

test("a second start goes on with the same network and keys", async () => {
  const before = readFileSync(home.network, "utf8");
  const names = readFileSync(join(home.root, "names.json"), "utf8");
  const { code } = await weft("start", "--once", "--no-job");
  assert.equal(code, 0);
  assert.equal(readFileSync(home.network, "utf8"), before);
  assert.equal(readFileSync(join(home.root, "names.json"), "utf8"), names);
});

test("a start that was interrupted in its job: the next one goes on with that job and buys no other", async () => {
  const main = join(repositoryRoot, "apps/cli/src/main.ts");
  const child = spawn(process.execPath, [main, "start", "--quick", "--json", "--home", home.root], {
    ...{ cwd: folder, stdio: ["ignore", "pipe", "inherit"], timeout: 600_000 },
  });
  let out = "";
  child.stdout.on("data", (piece) => {
    out += piece;
    if (/"kind":"segment"/.test(out)) child.kill("SIGINT");
  });
  await new Promise((resolve) => child.on("close", resolve));
  const [jobId] = created(linesOf(out));
  assert.equal(typeof jobId, "string");

  const { code, lines } = await weft("start", "--once", "--quick");
  assert.equal(code, 0);
  assert.equal(lines.find(({ kind }) => kind === "resuming")?.["jobId"], jobId);
  assert.deepEqual(created(lines), [jobId]);
});

test("reset removes it all", async () => {
  const { code, lines } = await weft("reset", "--yes");
  assert.equal(code, 0);
  assert.equal(lines.at(-1)?.["removed"], true);
  assert.equal(existsSync(home.root), false);
});
