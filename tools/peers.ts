// The programs that benches compare with and some tests check against. They are heavy and no part of Weft, so they live
// in bench/peers with a manifest of their own and are installed when something first asks for them.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "../bench/peers/load.ts";
import { npmInstall, withLock } from "./install.mjs";
import { repositoryRoot } from "./skips.ts";

const home = join(repositoryRoot, "bench", "peers");
const stampFile = join(home, "node_modules", ".weft-stamp");

function stamp(): string {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch} ${process.versions.modules}`);
  for (const file of ["package.json", "package-lock.json"]) hash.update(readFileSync(join(home, file)));
  return hash.digest("hex");
}

const current = () => existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp();

/** Installs the peers unless they are there. Throws with a remedy when the registry cannot be reached. */
export async function installPeers(): Promise<void> {
  if (current()) return;
  await withLock(join(home, ".install-lock"), () => {
    if (current()) return;
    npmInstall(process.execPath, home, "the programs that benches compare with (bench/peers)");
    writeFileSync(stampFile, stamp());
  });
}

/** The module of one peer, installed first when need be. Typed by the caller, for whom the package may be absent. */
export async function importPeer<T>(name: string): Promise<T> {
  await installPeers();
  return (await load(name)) as T;
}
