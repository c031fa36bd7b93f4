import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { hasCode } from "@weft/protocol/Errors";
import { spawnChild } from "../process/Child.ts";
import { isAlive, type ProcessRecord, recordOf, signal, untilGone } from "../process/processMark.ts";

const script = fileURLToPath(new URL("./keeper.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "weft-cli-keeper-"));
const started: ProcessRecord[] = [];
after(() => {
  for (const record of started) signal(record, "SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const note = (record: ProcessRecord | undefined): ProcessRecord => {
  assert.ok(record);
  started.push(record);
  return record;
};

function sleeper(): ProcessRecord {
  const child = spawn("sleep", ["300"], { stdio: "ignore", detached: true });
  child.unref();
  return note(recordOf("sleeper", child.pid as number));
}

test("runs a chain; when its starter is killed, the guarded processes end and the chain's state is written", async () => {
  const chain = join(folder, "chain");
  const starter = join(folder, "starter.ts");
  const childModule = fileURLToPath(new URL("../process/Child.ts", import.meta.url));
  const guarded = sleeper();
  writeFileSync(
    starter,
    `import { spawnChild } from ${JSON.stringify(childModule)};
     const k = spawnChild({ role: "keeper", script: ${JSON.stringify(script)}, parameters: [${JSON.stringify(chain)}, "0"], logFile: ${JSON.stringify(join(folder, "keeper.log"))} });
     const ready = await k.ready(120000);
     k.send(${JSON.stringify(JSON.stringify({ guard: guarded }))});
     console.log(JSON.stringify({ ...ready, keeper: k.record })); setInterval(() => {}, 1000);`,
  );
  const parent = spawn(process.execPath, [starter], { stdio: ["ignore", "pipe", "inherit"] });
  const line = await new Promise<string>((resolve) => parent.stdout.once("data", (data) => resolve(String(data))));
  const ready = JSON.parse(line) as { rpcUrl: string; chainPid: number; keeper: ProcessRecord };
  const anvil = note(recordOf("anvil", ready.chainPid));
  note(ready.keeper);
  assert.ok(isAlive(anvil) && isAlive(guarded));
  parent.kill("SIGKILL");
  for (const record of [guarded, anvil, ready.keeper])
    assert.ok(await untilGone(record, 60_000), `${record.role} outlived the starter`);
  assert.ok(existsSync(join(chain, "state.json")));
});

test("a taken port is told in one line", async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen({ port: 0, host: "127.0.0.1" }, () => resolve((server.address() as { port: number }).port)),
  );
  const keeper = spawnChild({
    role: "chain",
    script,
    parameters: [join(folder, "taken"), String(port)],
    logFile: join(folder, "taken.log"),
  });
  await assert.rejects(
    keeper.ready(120_000),
    (error) => hasCode(error, "chain.portTaken") && error.message.includes(String(port)),
  );
  server.close();
});

test("a chain that is killed takes the keeper with it", async () => {
  const guarded = sleeper();
  const keeper = spawn(process.execPath, [script, join(folder, "killed"), "0"], { stdio: ["pipe", "pipe", "inherit"] });
  note(recordOf("keeper", keeper.pid as number));
  const ended = new Promise((resolve) => keeper.once("exit", resolve));
  const lines = createInterface({ input: keeper.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse(String((await lines.next()).value)) as { chainPid: number; guarding: number };
  const { chainPid } = await next();
  note(recordOf("anvil", chainPid));
  keeper.stdin.write(`${JSON.stringify({ guard: guarded })}\n`);
  assert.equal((await next()).guarding, guarded.pid);
  process.kill(chainPid, "SIGKILL");
  assert.equal(await ended, 1);
  assert.equal(isAlive(guarded), false);
});
