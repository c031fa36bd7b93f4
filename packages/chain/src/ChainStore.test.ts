// A copy of the chain that can't be read says which file it is and what to do with it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hasCode, type WeftError } from "@weft/protocol/Errors";
import { ChainStore } from "./ChainStore.ts";
import type { IntentRecord } from "./Intent.ts";

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

test("gas of all mined intents that name something, those of before a restart included", () => {
  const store = new ChainStore(":memory:", "network");
  const sent: Omit<IntentRecord, "state"> = { kind: "choose", nonce: 1, hashes: [], raw: "0x" };
  store.put("choose/0xaa/0x01", { ...sent, state: "mined", block: "7", gasUsed: "500" });
  store.put("concludeGame/0xaa", { ...sent, state: "reverted", block: "8", gasUsed: "40" });
  store.put("choose/0xaa/0x02", { ...sent, state: "sent" });
  store.put("choose/0xbb/0x01", { ...sent, state: "mined", block: "9", gasUsed: "6000" });
  assert.deepEqual([store.gasOf("0xaa"), store.gasOf("0xbb"), store.gasOf("0xcc")], [540n, 6000n, 0n]);
  store.close();
});
