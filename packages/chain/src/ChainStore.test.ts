// A copy of the chain that can't be read says which file it is and what to do with it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hasCode, type WeftError } from "@weft/protocol/Errors";
import { ChainStore } from "./ChainStore.ts";

test("a damaged copy is named with its remedy; another network's is refused; a folder is no file", () => {
  const folder = mkdtempSync(join(tmpdir(), "weft-chain-store-"));
  const path = join(folder, "chain.sqlite");
  new ChainStore(path, "0x01").close();
  assert.throws(
    () => new ChainStore(path, "0x02"),
    (error) => hasCode(error, "store.otherNetwork"),
  );
  writeFileSync(path, "not a database, and long enough to be looked at ".repeat(40));
  assert.throws(
    () => new ChainStore(path, "0x01"),
    (error) =>
      hasCode(error, "store.corrupt") &&
      (error as WeftError).message.includes(path) &&
      /move that file away/.test((error as WeftError).remedy ?? ""),
  );
  assert.throws(
    () => new ChainStore(folder, "0x01"),
    (error) => hasCode(error, "store.io"),
  );
  rmSync(folder, { recursive: true, force: true });
});
