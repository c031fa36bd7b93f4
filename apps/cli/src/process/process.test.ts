import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { hasCode, type WeftError } from "@weft/protocol/Errors";
import { homeAt } from "../Home.ts";
import { spawnChild } from "./Child.ts";
import { lockFile } from "./fileLock.ts";
import { endProcess, isAlive, type ProcessRecord, processMark, recordOf, signal, untilGone } from "./processMark.ts";
import { livingRecords, lockHome, readRecords, removeRecord, writeRecord } from "./RunFolder.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-cli-process-"));
const started: ProcessRecord[] = [];
after(async () => {
  for (const record of started) signal(record, "SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

let count = 0;
/** A child that runs `source` as an ES module. */
function child(source: string) {
  const script = join(folder, `script-${++count}.mjs`);
  writeFileSync(script, source);
  const spawned = spawnChild({ role: "thing", script, parameters: [], logFile: join(folder, `thing-${count}.log`) });
  if (spawned.record !== undefined) started.push(spawned.record);
  return spawned;
}

const readyLine = `process.stdout.write(JSON.stringify({ ready: true, port: 7 }) + "\\n");`;

test("a child is ready when it says so, whatever it prints around it", async () => {
  const spawned = child(`console.log("hello"); console.log("{ not json"); ${readyLine} setInterval(() => {}, 1000);`);
  assert.deepEqual(await spawned.ready(60_000), { ready: true, port: 7 });
  await spawned.stop(60_000);
  assert.equal((await spawned.exited).signal, "SIGTERM");
});

test("a child that dies early is told with the tail of its log", async () => {
  const spawned = child(`for (let i = 0; i < 9; i++) console.error("line " + i); process.exitCode = 3;`);
  await assert.rejects(spawned.ready(60_000), (error) => {
    assert.ok(hasCode(error, "child.ended"));
    assert.match(error.message, /thing ended while it was starting \(exit 3\)/);
    assert.equal(error.details["log 1"], "line 4");
    assert.equal(error.details["log 5"], "line 8");
    return true;
  });
});

test("a child that knows why it can't start is quoted", async () => {
  const spawned = child(
    `console.log(JSON.stringify({ ready: false, error: { code: "http.portTaken", message: "port 80 is taken", remedy: "choose another" } }));`,
  );
  await assert.rejects(spawned.ready(60_000), (error) => {
    assert.ok(hasCode(error, "http.portTaken"));
    assert.deepEqual([error.message, error.remedy], ["thing: port 80 is taken", "choose another"]);
    return true;
  });
});

test("a silent child runs out of time", async () => {
  const spawned = child(`console.error("still thinking"); setInterval(() => {}, 1000);`);
  await assert.rejects(spawned.ready(600), (error) => hasCode(error, "child.silent") && error.retryable);
  await spawned.stop(60_000);
});

test("a child that ignores SIGTERM is killed after its grace", async () => {
  const spawned = child(`process.on("SIGTERM", () => {}); ${readyLine} setInterval(() => {}, 1000);`);
  await spawned.ready(60_000);
  await spawned.stop(200);
  assert.equal((await spawned.exited).signal, "SIGKILL");
});

test("a child's standard input ends when its parent is killed", async () => {
  const childScript = join(folder, "watcher.mjs");
  writeFileSync(
    childScript,
    `process.stdin.on("end", () => process.exit(0)).resume(); ${readyLine} setInterval(() => {}, 1000);`,
  );
  const parentScript = join(folder, "parent.ts");
  const childModule = fileURLToPath(new URL("./Child.ts", import.meta.url));
  writeFileSync(
    parentScript,
    `import { spawnChild } from ${JSON.stringify(childModule)};
     const c = spawnChild({ role: "c", script: ${JSON.stringify(childScript)}, parameters: [], logFile: ${JSON.stringify(join(folder, "c.log"))} });
     await c.ready(60000); console.log(JSON.stringify(c.record)); setInterval(() => {}, 1000);`,
  );
  const parent = spawn(process.execPath, [parentScript], { stdio: ["ignore", "pipe", "inherit"] });
  const line = await new Promise<string>((resolve) => parent.stdout.once("data", (data) => resolve(String(data))));
  const record = JSON.parse(line) as ProcessRecord;
  started.push(record);
  assert.ok(isAlive(record));
  parent.kill("SIGKILL");
  assert.ok(await untilGone(record, 60_000), "the child outlived its parent");
});

test("marks tell a process from a later one with the same pid", async () => {
  const own = recordOf("self", process.pid) as ProcessRecord;
  assert.ok(isAlive(own));
  assert.equal(isAlive({ ...own, mark: "1" }), false);
  assert.equal(signal({ ...own, mark: "1" }, "SIGKILL"), false, "nothing is sent to another process");
  assert.equal(processMark(2 ** 30), undefined);
  assert.equal(processMark(-1), undefined);
  const sleeper = spawn("sleep", ["30"], { stdio: "ignore" });
  const record = recordOf("sleeper", sleeper.pid as number) as ProcessRecord;
  await endProcess(record, 60_000);
  assert.equal(isAlive(record), false);
});

test("records: written, read, stale ones told apart, damaged ones passed over", () => {
  const home = homeAt(join(folder, "home"));
  writeRecord(home, "start", process.pid);
  writeRecord(home, "gone", 2 ** 30);
  writeFileSync(join(home.run, "damaged.json"), "{");
  writeFileSync(join(home.run, "stale.json"), JSON.stringify({ role: "stale", pid: process.pid, mark: "0" }));
  assert.deepEqual(
    readRecords(home).map(({ role }) => role),
    ["stale", "start"].sort(),
  );
  assert.deepEqual(
    livingRecords(home).map(({ role }) => role),
    ["start"],
  );
  removeRecord(home, "start", process.pid + 1);
  assert.equal(livingRecords(home).length, 1, "another process of that role takes nothing away");
  removeRecord(home, "start", process.pid);
  assert.deepEqual(livingRecords(home), []);
  assert.deepEqual(readRecords(homeAt(join(folder, "nowhere"))), []);
});

test("a lock that can't be made says what the system said", async () => {
  await assert.rejects(lockFile(join(folder, "absent", "x.lock")), { code: "file.enoent" });
  assert.equal(await lockFile(folder).catch((error: WeftError) => error.code), "file.eisdir");
});

test("one start a home; the lock goes with its holder, even when that is killed", async () => {
  const home = homeAt(join(folder, "locked"));
  const lock = await lockHome(home);
  await assert.rejects(
    lockHome(home),
    (error) => hasCode(error, "home.locked") && /--home/.test((error as WeftError).remedy ?? ""),
  );
  lock.release();
  const script = join(folder, "holder.ts");
  const modules = ["./RunFolder.ts", "../Home.ts"].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  writeFileSync(
    script,
    `import { lockHome } from ${JSON.stringify(modules[0])}; import { homeAt } from ${JSON.stringify(modules[1])};
     await lockHome(homeAt(${JSON.stringify(home.root)})); console.log("held"); setInterval(() => {}, 1000);`,
  );
  const holder = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => holder.stdout.once("data", resolve));
  await assert.rejects(lockHome(home), (error) => hasCode(error, "home.locked"));
  const gone = new Promise((resolve) => holder.once("exit", resolve));
  holder.kill("SIGKILL");
  await gone;
  (await lockHome(home)).release();
});

test("an oversized log is cut, a small one goes on", async () => {
  const logFile = join(folder, "big.log");
  writeFileSync(logFile, Buffer.alloc(5 * 1024 * 1024, 0x61));
  const script = join(folder, "quiet.mjs");
  writeFileSync(script, `console.error("fresh"); ${readyLine}`);
  const options = { role: "quiet", script, parameters: [], logFile };
  await spawnChild(options).ready(60_000);
  const second = spawnChild(options);
  await second.ready(60_000);
  await second.exited;
  assert.match(readFileSync(logFile, "utf8"), /^fresh\nfresh\n$/);
  assert.ok(existsSync(logFile));
});
