// What becomes of a started network when the one who started it ends, by whatever means. Real processes; the chain is
// the only child, because what is under test is who ends whom.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { homeAt } from "../Home.ts";
import { type ProcessRecord, recordOf, signal, untilGone } from "../process/processMark.ts";
import { livingRecords } from "../process/RunFolder.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-cli-family-"));
const started: ProcessRecord[] = [];
after(() => {
  for (const record of started) signal(record, "SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const modules = Object.fromEntries(
  ["./Family.ts", "./keeper.ts", "./interrupts.ts", "../Home.ts"].map((path) => [
    path,
    fileURLToPath(new URL(path, import.meta.url)),
  ]),
);

/** A starter with the chain and two nodes, the second of the kind named: one that obeys SIGTERM, or ignores it. */
function starter(name: string, second = "polite"): { home: ReturnType<typeof homeAt>; script: string } {
  const home = homeAt(join(folder, name));
  const ready = `process.stdout.write('{"ready":true}\\n'); setInterval(() => {}, 1000);`;
  writeFileSync(join(folder, "polite.mjs"), ready);
  writeFileSync(join(folder, "stubborn.mjs"), `process.on("SIGTERM", () => {}); ${ready}`);
  const script = join(folder, `${name}.ts`);
  writeFileSync(
    script,
    `import { Family } from ${JSON.stringify(modules["./Family.ts"])};
     import { homeAt } from ${JSON.stringify(modules["../Home.ts"])};
     import { onInterrupt, interrupted } from ${JSON.stringify(modules["./interrupts.ts"])};
     const home = homeAt(${JSON.stringify(home.root)});
     const family = new Family(home, () => {});
     const interrupts = onInterrupt(() => void family.kill());
     const log = (role) => ${JSON.stringify(folder)} + "/" + role + ".log";
     const keeper = family.spawnKeeper({ role: "chain", script: ${JSON.stringify(modules["./keeper.ts"])}, parameters: [home.chain, "0"], logFile: log("chain") });
     const { chainPid } = await keeper.ready(120000);
     const nodes = ["polite", "${second}"].map((kind, i) => family.spawn({ role: "node-" + (i + 1), script: ${JSON.stringify(folder)} + "/" + kind + ".mjs", parameters: [], logFile: log(kind) }));
     await Promise.all(nodes.map((node) => node.ready(120000)));
     console.log(JSON.stringify({ chainPid }));
     await Promise.race([interrupted(interrupts.signal), family.broken]).catch((error) => console.log(error.message));
     await family.stop(); interrupts.release();`,
  );
  return { home, script };
}

async function launched(name: string, second?: string) {
  const { home, script } = starter(name, second);
  const parent = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  const line = await new Promise<string>((resolve) => parent.stdout.once("data", (data) => resolve(String(data))));
  const { chainPid } = JSON.parse(line) as { chainPid: number };
  const family = [...livingRecords(home), recordOf("anvil", chainPid) as ProcessRecord];
  started.push(...family);
  assert.deepEqual(family.map(({ role }) => role).sort(), ["anvil", "chain", "node-1", "node-2"]);
  return { parent, family, home };
}

async function allGone(family: readonly ProcessRecord[]): Promise<void> {
  for (const record of family) assert.ok(await untilGone(record, 120_000), `${record.role} is still there`);
}

test("Ctrl-C ends everyone, the stubborn too, and forgets their records", async () => {
  const { parent, family, home } = await launched("interrupted", "stubborn");
  const ended = new Promise<number | null>((resolve) => parent.once("exit", resolve));
  parent.kill("SIGINT");
  assert.equal(await ended, 0);
  await allGone(family);
  assert.deepEqual(livingRecords(home), []);
});

test("kill -9 of the starter leaves no orphan", async () => {
  const { parent, family } = await launched("killed");
  parent.kill("SIGKILL");
  await allGone(family);
});

test("a starter whose bootstrap is gone ends the network", async () => {
  const { home, script } = starter("bootstrapped");
  const bootstrap = join(folder, "bootstrap.mjs");
  writeFileSync(
    bootstrap,
    `import { spawn } from "node:child_process";
     spawn(process.execPath, [${JSON.stringify(script)}], { stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, WEFT_BOOTSTRAP: String(process.pid) } });`,
  );
  const top = spawn(process.execPath, [bootstrap], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => top.stdout.once("data", resolve));
  const family = livingRecords(home);
  started.push(...family);
  assert.equal(family.length, 3);
  top.kill("SIGKILL");
  await allGone(family);
});

test("a chain that ends by itself ends the network with its reason; a node that does, doesn't", async () => {
  const { parent, family } = await launched("broken");
  let out = "";
  parent.stdout.on("data", (piece) => (out += piece));
  const byRole = (role: string) => family.find((record) => record.role === role) as ProcessRecord;
  signal(byRole("node-1"), "SIGKILL");
  assert.ok(await untilGone(byRole("node-1"), 60_000));
  assert.equal(parent.exitCode, null);
  const ended = new Promise<number | null>((resolve) => parent.once("close", resolve));
  signal(byRole("anvil"), "SIGKILL");
  await ended;
  assert.match(out, /chain ended by itself \(exit 1\)/);
  await allGone(family);
});
