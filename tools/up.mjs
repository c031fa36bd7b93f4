// Bootstrap: makes a bare clone runnable, then runs one task. Dependency-free, for Node 18 or newer.
//
// 1. If the Node at hand is older than 24, fetches Node 24 from the npm registry into tools/node.
// 2. Installs the workspaces once, guarded by a hash of every manifest and the lockfile. npm itself runs under the
//    new Node: under an older one it silently skips native packages whose `engines` exclude it.
//    `npm install`, never `npm ci`: the lockfile may lack other platforms' packages, which `ci` refuses.
// 3. Runs the task from tools/tasks.json with the new Node first on PATH.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { npmInstall, withLock } from "./install.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const wantedMajor = 24;

function fail(message, remedy) {
  process.stderr.write(`weft: ${message}\n${remedy ? `  remedy: ${remedy}\n` : ""}`);
  process.exit(1);
}

function platformPackage() {
  const os = process.platform === "win32" ? "win" : process.platform;
  return `node-${os}-${process.arch}`;
}

function nodeMajor(executable) {
  const probe = spawnSync(executable, ["-p", "process.versions.node"], { encoding: "utf8" });
  return probe.status === 0 ? Number.parseInt(probe.stdout, 10) : 0;
}

async function findNode() {
  if (Number.parseInt(process.versions.node, 10) >= wantedMajor) return process.execPath;
  const home = join(root, "tools", "node");
  const executable = join(
    home,
    "node_modules",
    platformPackage(),
    "bin",
    process.platform === "win32" ? "node.exe" : "node",
  );
  if (!existsSync(executable)) {
    await withLock(join(home, ".lock"), () => {
      if (!existsSync(executable)) npmInstall(process.execPath, home, "Node 24");
    });
  }
  if (!existsSync(executable) || nodeMajor(executable) < wantedMajor)
    fail(
      `Node ${wantedMajor} is needed and this is ${process.version}; no build for ${process.platform}-${process.arch} came from the registry`,
      `install Node ${wantedMajor} and run the same command again`,
    );
  return executable;
}

function manifests() {
  const found = ["package.json", "package-lock.json"];
  for (const folder of ["packages", "apps"])
    if (existsSync(join(root, folder)))
      for (const name of readdirSync(join(root, folder)).sort()) found.push(join(folder, name, "package.json"));
  found.push("contracts/package.json", "kernels/package.json");
  return found.filter((file) => existsSync(join(root, file)));
}

function installStamp() {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch} ${wantedMajor}`);
  for (const file of manifests()) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

async function ensureInstalled(executable) {
  const stampFile = join(root, "node_modules", ".weft-stamp");
  const current = () => existsSync(stampFile) && readFileSync(stampFile, "utf8") === installStamp();
  if (current()) return;
  await withLock(join(root, ".weft-install-lock"), () => {
    if (current()) return;
    npmInstall(executable, root, "packages");
    writeFileSync(stampFile, installStamp());
  });
}

async function main() {
  const [task, ...rest] = process.argv.slice(2);
  const tasks = JSON.parse(readFileSync(join(root, "tools", "tasks.json"), "utf8"));
  if (!task || !tasks[task]) fail(`no task "${task ?? ""}"`, `one of: ${Object.keys(tasks).join(", ")}`);
  const executable = await findNode();
  await ensureInstalled(executable);
  const separator = process.platform === "win32" ? ";" : ":";
  const environment = {
    ...process.env,
    // A command that runs on (weft start) ends when this process is gone, however that happens.
    WEFT_BOOTSTRAP: String(process.pid),
    PATH: [dirname(executable), join(root, "node_modules", ".bin"), process.env.PATH ?? ""].join(separator),
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --disable-warning=ExperimentalWarning`.trim(),
    // Seven processes of a local network load the same modules: stripped and compiled once, they start much sooner.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, "node_modules", ".cache", "weft-compile"),
  };
  const words = tasks[task].map((word) => (word.startsWith("./") ? join(root, word) : word));
  const command = words[0] === "node" ? executable : words[0];
  // A person's folder stays the working folder of `weft`, so that relative paths mean what they typed.
  const cwd = task === "weft" || task === "start" ? (process.env.INIT_CWD ?? process.cwd()) : root;
  const child = spawn(command, [...words.slice(1), ...rest], { cwd, env: environment, stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => fail(`could not run ${command}: ${error.message}`));
  child.on("exit", (code, signal) => process.exit(signal ? 128 + (signal === "SIGINT" ? 2 : 15) : (code ?? 1)));
}

await main().catch((error) => {
  if (error.remedy === undefined) throw error;
  fail(error.message, error.remedy);
});
