// A node whose disk is full, as a whole process on a disk of its own: a small tmpfs in a mount namespace, which goes when
// the process does.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { keyOf } from "@weft/chain/chainFixture";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { fund, networkFixture, provider } from "@weft/chain/networkFixture";
import { createKey } from "@weft/host/keystore/keystore";

const script = fileURLToPath(new URL("./main.ts", import.meta.url));
const mountable = spawnSync("unshare", ["--mount", "sh", "-c", "mount -t tmpfs none /mnt"]).status === 0;
const skip = mountable ? false : "no tmpfs can be mounted here";

/** Makes the disk, puts the keystore on it, and becomes the node. */
const onSmallDisk = `mount -t tmpfs -o size="$SIZE" none "$HOME_ON_DISK" && cp -a "$KEYS/." "$HOME_ON_DISK" && exec "$@"`;

async function registered(t: TestContext) {
  const network = await networkFixture();
  t.after(() => network.end());
  await fund(network, ["alice", "alice operator"]);
  await provider(network, "alice");
  const [keys, home, file] = ["keys", "home", "network.json"].map((name) => join(network.folder, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [keys, home]) mkdirSync(folder);
  const secret = keyOf("alice operator");
  await createKey(join(keys, "keystore"), { role: "operator", password: "secret", cost: "light", secret });
  writeFileSync(file, NetworkFile.encode(network.file));
  return { keys, home, file };
}

function start(t: TestContext, on: { keys: string; home: string; file: string; size: string }) {
  const { keys, home, file, size } = on;
  const node = [process.execPath, script, "--home", home, "--network", file, "--price", "100"];
  const child: ChildProcess = spawn("unshare", ["--mount", "sh", "-c", onSmallDisk, "sh", ...node], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, WEFT_PASSWORD: "secret", SIZE: size, HOME_ON_DISK: home, KEYS: keys },
  });
  t.after(() => child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const said = async () => JSON.parse((await lines.next()).value as string) as Record<string, unknown>;
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  return { child, said, exited, errors: text(child.stderr!) };
}

/** Writes until nothing more fits. */
function fill(path: string): void {
  const file = openSync(path, "w");
  try {
    for (let bytes = 1 << 16; bytes >= 1; bytes /= 2)
      try {
        for (;;) writeSync(file, Buffer.alloc(bytes));
      } catch (error) {
        assert.equal((error as { code?: string }).code, "ENOSPC");
      }
  } finally {
    closeSync(file);
  }
}

test("disk full: a node without room does not start", { skip, timeout: 180_000 }, async (t) => {
  const { said, exited, errors } = start(t, { ...(await registered(t)), size: "32m" });
  const { ready, error } = await said();
  assert.deepEqual([ready, (error as { code: string }).code], [false, "disk.full"]);
  assert.equal(await exited, 12);
  assert.match(await errors, /is full\n(.*\n)*.*remedy: free disk space/);
});

test("disk full: a node that runs out of room ends in order and says why", { skip, timeout: 180_000 }, async (t) => {
  const on = await registered(t);
  const { child, said, exited, errors } = start(t, { ...on, size: "128m" });
  assert.equal((await said())["ready"], true);
  // The mount is the process's own; this is the way in.
  fill(`/proc/${child.pid}/root${on.home}/filler`);
  const { ready, error } = await said();
  assert.deepEqual([ready, (error as { code: string }).code], [false, "disk.full"]);
  assert.equal(await exited, 12);
  const told = await errors;
  assert.match(told, /is full\n(.*\n)*.*remedy: free disk space/);
  assert.doesNotMatch(told, /unhandled|at .*\.ts:/i, "no stack trace");
});
