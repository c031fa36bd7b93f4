// Who is said to have broken a network: the one that ended by itself, not those that were ended because of it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { homeAt } from "../Home.ts";
import { Family } from "./Family.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-family-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const script = (name: string, text: string): string => {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, text);
  return path;
};
const ready = "process.stdout.write('{\"ready\":true}\\n');";
const idle = script("idle", `${ready} process.on("SIGTERM", () => process.exit(0)); setInterval(() => {}, 1000);`);
const options = (role: string, path: string) => ({
  ...{ role, script: path, parameters: [] },
  logFile: join(folder, `${role}.log`),
});

/** Ends whoever it is told of, as the real one does when its chain is gone, and itself a moment later. */
const losing = script(
  "losing",
  `import { createInterface } from "node:readline";
   ${ready}
   createInterface({ input: process.stdin }).on("line", (line) => {
     process.stderr.write("the development chain ended by itself\\n");
     setTimeout(() => process.kill(JSON.parse(line).guard.pid, "SIGTERM"), 300);
     setTimeout(() => process.exit(1), 900);
   });`,
);

test("a chain that ends takes the gateway with it, and is the one that is told of", async () => {
  const lost: string[] = [];
  const family = new Family(homeAt(join(folder, "home")), (role) => lost.push(role));
  const keeper = family.spawnKeeper(options("chain", losing));
  await keeper.ready(60_000);
  const gateway = family.spawn(options("gateway", idle));
  await gateway.ready(60_000);
  await assert.rejects(family.broken, /^WeftError: chain ended by itself \(exit 1\)/);
  assert.deepEqual(await gateway.exited, { code: 0, signal: null });
  await family.stop();
  assert.deepEqual(lost, []);
});

test("a gateway that is killed is told of at once, a node that is killed goes to whoever watches", async () => {
  const lost: string[] = [];
  let told = () => {};
  const seen = new Promise<void>((resolve) => {
    told = resolve;
  });
  const family = new Family(homeAt(join(folder, "home")), (role) => {
    lost.push(role);
    told();
  });
  const keeper = family.spawnKeeper(options("chain", idle));
  const node = family.spawn(options("node-1", idle));
  const gateway = family.spawn(options("gateway", idle));
  await Promise.all([keeper, node, gateway].map((child) => child.ready(60_000)));
  process.kill(node.pid, "SIGKILL");
  await seen;
  assert.deepEqual(lost, ["node-1"]);
  process.kill(gateway.pid, "SIGKILL");
  await assert.rejects(family.broken, /^WeftError: gateway ended by itself \(SIGKILL\)/);
  await family.stop();
});
