import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { hasCode } from "@weft/protocol/Errors";
import { getAudit, openAudits, putAudit } from "./audits.ts";
import { heldBytes, heldFor, holdCheckpoint, releaseCheckpoints } from "./checkpoints.ts";
import { lastCounter, nextCounter } from "./counters.ts";
import { fromBody, maxBodyChars, toBody } from "./json.ts";
import { getLease, openLeases, putLease } from "./leases.ts";
import { migrations } from "./migrations.ts";
import { prune } from "./prune.ts";
import { keepReceipt, listReceipts, markReceipt } from "./receipts.ts";
import { closeStore, get, openStore, run, type Store, transaction } from "./Store.ts";
import { getSetting, putSetting } from "./settings.ts";
import { dropVoucher, highestVoucher, keepVoucher } from "./vouchers.ts";

const coded = (code: string) => (error: unknown) => hasCode(error, code);
const file = () => join(mkdtempSync(join(tmpdir(), "weft-store-")), "node.sqlite");
const id = (byte: string) => `0x${byte.repeat(32)}` as `0x${string}`;
const signature = `0x${"22".repeat(65)}` as const;
const payee = `0x${"33".repeat(20)}` as const;
const signed = (channelId: `0x${string}`, cumulative: bigint) => ({
  voucher: { channelId, payee, cumulative },
  signature,
});

function withStore(work: (store: Store) => void, options: Parameters<typeof openStore>[1] = {}): void {
  const store = openStore(file(), options);
  try {
    work(store);
  } finally {
    closeStore(store);
  }
}

test("the highest voucher of a channel wins, beyond 64 bits and whatever the order", () => {
  withStore((store) => {
    const big = (1n << 128n) - 1n;
    assert.ok(keepVoucher(store, { signed: signed(id("aa"), 9n), at: 1 }));
    assert.ok(keepVoucher(store, { signed: signed(id("aa"), 10n), at: 2 }));
    assert.ok(!keepVoucher(store, { signed: signed(id("aa"), 10n), at: 3 }));
    assert.ok(!keepVoucher(store, { signed: signed(id("aa"), 9n), at: 4 }));
    assert.equal(highestVoucher(store, { channelId: id("aa") })?.voucher.cumulative, 10n);
    assert.ok(keepVoucher(store, { signed: signed(id("aa"), big), at: 5 }));
    assert.deepEqual(highestVoucher(store, { channelId: id("aa") }), signed(id("aa"), big));
    keepVoucher(store, { signed: signed(id("bb"), 1n), at: 6 });
    assert.deepEqual(highestVoucher(store, { channelId: id("bb") }), signed(id("bb"), 1n));
    dropVoucher(store, { channelId: id("aa") });
    assert.equal(highestVoucher(store, { channelId: id("aa") }), undefined);
    assert.throws(() => keepVoucher(store, { signed: signed(id("cc"), big + 1n), at: 7 }), coded("store.range"));
  });
});

test("a receipt's number is taken once; other content under it is refused", () => {
  withStore((store) => {
    const receipt = { leaseId: id("aa"), sequence: 0, segment: 0, hash: id("01"), body: { amount: 7n } };
    keepReceipt(store, { receipt, at: 1 });
    keepReceipt(store, { receipt, at: 2 });
    assert.throws(
      () => keepReceipt(store, { receipt: { ...receipt, hash: id("02") }, at: 3 }),
      coded("receipt.equivocation"),
    );
    markReceipt(store, { leaseId: id("aa"), sequence: 0, state: "paid" });
    assert.deepEqual(listReceipts(store, { leaseId: id("aa"), limit: 9 }), [{ ...receipt, state: "paid" }]);
  });
});

test("leases keep their phase until they are closed", () => {
  withStore((store) => {
    const lease = { leaseId: id("aa"), role: "provider", phase: "fetching", body: { n: 1n, text: "é" } } as const;
    putLease(store, { lease, at: 1 });
    putLease(store, { lease: { ...lease, phase: "running" }, at: 2 });
    assert.deepEqual(getLease(store, { leaseId: id("aa") }), {
      ...lease,
      phase: "running",
      updatedAt: 2,
      closedAt: undefined,
    });
    assert.equal(openLeases(store, { role: "provider", limit: 9 }).length, 1);
    assert.equal(openLeases(store, { role: "holder", limit: 9 }).length, 0);
    putLease(store, { lease: { ...lease, phase: "settled" }, at: 3, closed: true });
    assert.equal(openLeases(store, { role: "provider", limit: 9 }).length, 0);
    assert.equal(getLease(store, { leaseId: id("aa") })?.closedAt, 3);
  });
});

test("an auditor's salt is kept from the first call on", () => {
  withStore((store) => {
    const audit = { leaseId: id("aa"), segment: 3, round: 77n, secret: id("01"), body: { sealed: false } };
    assert.equal(putAudit(store, { audit, at: 1 }).secret, id("01"));
    const again = putAudit(store, { audit: { ...audit, secret: id("02"), body: { sealed: true } }, at: 2 });
    assert.deepEqual(again, { ...audit, body: { sealed: true } });
    assert.equal(openAudits(store, { limit: 9 }).length, 1);
    putAudit(store, { audit, at: 3, closed: true });
    assert.equal(openAudits(store, { limit: 9 }).length, 0);
    assert.equal(getAudit(store, { leaseId: id("aa"), segment: 4, round: 77n }), undefined);
  });
});

test("held checkpoints are counted until they are released", () => {
  withStore((store) => {
    const held = { leaseId: id("aa"), segment: 0, content: id("01"), bytes: 100 };
    holdCheckpoint(store, { held, at: 1 });
    holdCheckpoint(store, { held, at: 2 });
    holdCheckpoint(store, { held: { ...held, segment: 4294967295, content: id("02"), bytes: 50 }, at: 2 });
    assert.equal(heldBytes(store), 150);
    assert.deepEqual(releaseCheckpoints(store, { leaseId: id("aa"), segment: 0, at: 3 }), [held]);
    assert.equal(heldBytes(store), 50);
    assert.equal(heldFor(store, { leaseId: id("aa"), limit: 9 }).length, 1);
    assert.equal(releaseCheckpoints(store, { leaseId: id("aa"), at: 4 }).length, 1);
    assert.equal(releaseCheckpoints(store, { leaseId: id("aa"), at: 5 }).length, 0);
    assert.equal(heldBytes(store), 0);
  });
});

test("counters only go up, over restarts and past the chain's floor", () => {
  const path = file();
  let store = openStore(path);
  assert.equal(lastCounter(store, { name: "offer/1/0" }), 0n);
  assert.equal(nextCounter(store, { name: "offer/1/0" }), 1n);
  assert.equal(nextCounter(store, { name: "offer/1/0" }), 2n);
  assert.equal(nextCounter(store, { name: "offer/1/1", atLeast: 9n }), 10n);
  closeStore(store);
  store = openStore(path);
  assert.equal(nextCounter(store, { name: "offer/1/0", atLeast: 1n }), 3n);
  assert.equal(nextCounter(store, { name: "offer/1/0", atLeast: 40n }), 41n);
  assert.equal(lastCounter(store, { name: "offer/1/0" }), 41n);
  closeStore(store);
});

test("counters are bounded", () => {
  withStore((store) => {
    transaction(store, () => {
      for (let n = 0; n < 4096; n++) nextCounter(store, { name: `c${n}` });
    });
    assert.throws(() => nextCounter(store, { name: "one more" }), coded("store.counters"));
    assert.equal(nextCounter(store, { name: "c7" }), 2n);
  });
});

test("settings survive a restart", () => {
  const path = file();
  let store = openStore(path);
  assert.equal(getSetting(store, { name: "paused" }), undefined);
  putSetting(store, { name: "paused", value: true });
  putSetting(store, { name: "beacon", value: { units: 2, price: 12n } });
  closeStore(store);
  store = openStore(path);
  assert.equal(getSetting(store, { name: "paused" }), true);
  assert.deepEqual(getSetting(store, { name: "beacon" }), { units: 2, price: 12n });
  closeStore(store);
});

test("bodies keep bigints and are bounded", () => {
  const body = { a: 1n, b: [-2n, null, "x"], c: { $n: "1", other: 2 } };
  assert.deepEqual(fromBody(toBody(body)), body);
  assert.throws(() => toBody("x".repeat(maxBodyChars)), coded("store.oversize"));
  assert.throws(() => toBody(undefined), coded("store.oversize"));
});

test("a transaction is whole or nothing, and nests", () => {
  withStore((store) => {
    assert.throws(() =>
      transaction(store, () => {
        putSetting(store, { name: "paused", value: true });
        transaction(store, () => putSetting(store, { name: "beacon", value: true }));
        throw new Error("half way");
      }),
    );
    assert.equal(getSetting(store, { name: "paused" }), undefined);
    assert.equal(getSetting(store, { name: "beacon" }), undefined);
    transaction(store, () => putSetting(store, { name: "paused", value: true }));
    assert.equal(getSetting(store, { name: "paused" }), true);
  });
});

test("closed rows are pruned, open ones and money stay", () => {
  withStore((store) => {
    for (const [n, leaseId] of [id("aa"), id("bb"), id("cc")].entries()) {
      const lease = { leaseId, role: "provider", phase: "x", body: 0 } as const;
      putLease(store, { lease, at: n * 100, closed: n < 2 });
      keepReceipt(store, { receipt: { leaseId, sequence: 0, segment: 0, hash: id("01"), body: 0 }, at: 0 });
      keepVoucher(store, { signed: signed(leaseId, 1n), at: 0 });
    }
    // aa closed at 0, bb at 100, cc open: receipt and lease of aa go.
    assert.equal(prune(store, { before: 50 }), 2);
    assert.equal(prune(store, { before: 50 }), 0);
    assert.equal(getLease(store, { leaseId: id("aa") }), undefined);
    assert.ok(getLease(store, { leaseId: id("bb") }));
    assert.equal(prune(store, { before: 1e9 }), 2);
    assert.ok(getLease(store, { leaseId: id("cc") }));
    assert.equal(listReceipts(store, { leaseId: id("cc"), limit: 9 }).length, 1);
    for (const channelId of [id("aa"), id("bb"), id("cc")]) assert.ok(highestVoucher(store, { channelId }));
  });
});

test("a store is held by one process; a second opener is told so", () => {
  const path = file();
  const store = openStore(path);
  assert.throws(() => openStore(path, { busyMs: 50 }), coded("store.locked"));
  closeStore(store);
  closeStore(openStore(path));
});

test("a newer schema and a damaged file are refused with a code", () => {
  const path = file();
  const store = openStore(path);
  store.database.exec(`pragma user_version=${migrations.length + 1}`);
  closeStore(store);
  assert.throws(() => openStore(path), coded("store.newer"));
  const noise = file();
  writeFileSync(noise, Buffer.alloc(8192, 7));
  assert.throws(() => openStore(noise), coded("store.corrupt"));
});

test("a store of an older schema is brought up to date once", () => {
  const path = file();
  closeStore(openStore(path));
  const store = openStore(path);
  assert.equal(get(store, "pragma user_version")?.["user_version"], BigInt(migrations.length));
  closeStore(store);
  assert.equal(readFileSync(path).subarray(0, 15).toString(), "SQLite format 3");
});

test("a full store says so, keeps what it acknowledged, and works again after rows are removed", () => {
  const path = file();
  const store = openStore(path, { maxMiB: 1 });
  const grow = (n: number, chars: number) =>
    putLease(store, {
      lease: {
        leaseId: `0x${n.toString(16).padStart(64, "0")}`,
        role: "provider",
        phase: "waiting",
        body: "x".repeat(chars),
      },
      at: 0,
    });
  let acknowledged = 0;
  assert.throws(
    () => {
      for (; acknowledged < 1000; acknowledged++) grow(acknowledged, 20_000);
    },
    (error) => {
      assert.ok(hasCode(error, "store.full"));
      assert.ok(error.retryable && error.remedy !== undefined);
      return true;
    },
  );
  assert.ok(acknowledged > 10 && acknowledged < 60, `${acknowledged}`);
  const count = () => Number(get(store, "select count(*) as n from leases")?.["n"]);
  assert.equal(count(), acknowledged);
  assert.throws(() => transaction(store, () => grow(5000, 500_000)), coded("store.full"));
  assert.equal(store.depth, 0);
  run(store, "delete from leases where rowid in (select rowid from leases limit 2)");
  grow(6000, 10);
  assert.equal(count(), acknowledged - 1);
  closeStore(store);
});

test("kill -9 at random moments loses nothing that was acknowledged", async () => {
  const path = file();
  const writer = fileURLToPath(new URL("storeWriter.fixture.ts", import.meta.url));
  for (const [round, afterRows] of [3, 57, 211].entries()) {
    const target = `${path}.${round}`;
    const child = spawn(process.execPath, [writer, target], { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    const closed = new Promise((resolve) => child.once("close", resolve));
    child.stdout.on("data", (chunk) => {
      text += chunk;
      if (text.split("\n").length > afterRows) child.kill("SIGKILL");
    });
    await closed;
    const acknowledged = text.split("\n").length - 1;
    assert.ok(acknowledged >= afterRows);
    const store = openStore(target);
    const leaseId = id("11");
    // The row after the last acknowledged one may or may not be there.
    const rows = Number(get(store, "select count(*) as n from receipts where lease = ?", [leaseId])?.["n"]);
    assert.ok(rows === acknowledged || rows === acknowledged + 1, `${rows} rows, ${acknowledged} acknowledged`);
    const money = highestVoucher(store, { channelId: leaseId })?.voucher.cumulative ?? 0n;
    assert.ok(money >= BigInt(acknowledged) && money <= BigInt(acknowledged) + 1n);
    assert.equal(get(store, "pragma integrity_check")?.["integrity_check"], "ok");
    closeStore(store);
  }
});
