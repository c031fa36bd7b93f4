import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { hasCode } from "@weft/protocol/Errors";
import fc from "fast-check";
import type { Hex } from "viem";
import { openBlobs } from "./BlobStore.ts";

const folder = () => mkdtempSync(join(tmpdir(), "weft-blobs-"));
const coded = (code: string) => (error: unknown) => hasCode(error, code);
const idOf = (bytes: Uint8Array): Hex => `0x${createHash("sha256").update(bytes).digest("hex")}`;
const content = (fill: number, length = 100) => new Uint8Array(length).fill(fill);
const cap = { maxBytes: 1_000_000 };

test("bytes come back under their hash, whole or in part, also after a restart", async () => {
  const at = folder();
  const blobs = openBlobs(at);
  const bytes = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);
  assert.deepEqual(await blobs.put(bytes, cap), { contentId: idOf(bytes), bytes: 5000 });
  for (const open of [blobs, openBlobs(at)]) {
    assert.ok(open.has(idOf(bytes)));
    assert.equal(open.bytesOf(idOf(bytes)), 5000);
    assert.deepEqual(await open.read(idOf(bytes)), bytes);
    assert.deepEqual(await open.read(idOf(bytes), { offset: 4990, length: 10 }), bytes.subarray(4990));
    assert.equal(open.usedBytes, 5000);
    const source = await open.source(idOf(bytes));
    assert.equal(source?.size, 5000);
    assert.deepEqual(await source?.read(1, 3), bytes.subarray(1, 4));
  }
  const path = blobs.path(idOf(bytes));
  assert.match(path, /objects\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{64}$/);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("a stream is stored as it comes, and cut off at its limit", async () => {
  const blobs = openBlobs(folder());
  async function* stream() {
    for (let n = 0; n < 10; n++) yield content(n, 1000);
  }
  const stored = await blobs.put(stream(), cap);
  assert.equal(stored.bytes, 10_000);
  await assert.rejects(blobs.put(stream(), { maxBytes: 9_999 }), coded("blob.oversize"));
  await assert.rejects(blobs.put(content(1, 11), { maxBytes: 10 }), coded("blob.oversize"));
  assert.equal(blobs.usedBytes, 10_000);
  assert.equal((await blobs.put(new Uint8Array(0), cap)).bytes, 0);
});

test("a stream that breaks leaves nothing behind", async () => {
  const at = folder();
  const blobs = openBlobs(at);
  async function* broken() {
    yield content(1);
    throw new Error("the peer is gone");
  }
  await assert.rejects(blobs.put(broken(), cap), /the peer is gone/);
  assert.deepEqual(readdirSync(join(at, "tmp")), []);
  assert.equal(blobs.usedBytes, 0);
});

test("received content is checked against its id and size before anyone sees it", async () => {
  const blobs = openBlobs(folder());
  const bytes = content(5, 300);
  const expected = { contentId: idOf(bytes), bytes: 300 };
  const send = (...chunks: [Uint8Array, number][]) =>
    blobs.receive(expected, async (sink) => {
      for (const [chunk, offset] of chunks) await sink(chunk, offset);
      assert.ok(!blobs.has(expected.contentId));
    });
  await assert.rejects(send([content(6, 300), 0]), coded("blob.corrupt"));
  await assert.rejects(send([bytes.subarray(0, 299), 0]), coded("blob.corrupt"));
  await assert.rejects(send([content(5, 301), 0]), coded("blob.oversize"));
  assert.ok(!blobs.has(expected.contentId));
  // A transfer that broke and came again from an earlier offset.
  await send([bytes.subarray(0, 200), 0], [bytes.subarray(100, 250), 100], [bytes.subarray(250), 250]);
  assert.deepEqual(await blobs.read(expected.contentId), bytes);
  await blobs.receive(expected, () => assert.fail("it is here already"));
});

test("a file of this machine is adopted without a copy, and only when it is what it claims", async () => {
  const blobs = openBlobs(folder());
  const path = join(folder(), "checkpoint");
  writeFileSync(path, content(9));
  const expected = { contentId: idOf(content(9)), bytes: 100 };
  await assert.rejects(blobs.adopt(path, { ...expected, contentId: idOf(content(8)) }), coded("blob.corrupt"));
  await assert.rejects(blobs.adopt(`${path}.gone`, expected), { code: "ENOENT" });
  await blobs.adopt(path, expected);
  assert.equal(statSync(blobs.path(expected.contentId)).ino, statSync(path).ino);
  rmSync(path);
  assert.deepEqual(await blobs.read(expected.contentId), content(9));
});

test("unknown content, wild ranges and odd pins are refused", async () => {
  const blobs = openBlobs(folder());
  const { contentId } = await blobs.put(content(1), cap);
  await assert.rejects(blobs.read(idOf(content(2))), coded("blob.unknown"));
  assert.throws(() => blobs.path("0x../../etc/passwd"), coded("blob.unknown"));
  assert.throws(() => blobs.pin(idOf(content(2)), "a"), coded("blob.unknown"));
  assert.throws(() => blobs.pin(contentId, ""), coded("blob.pin"));
  assert.equal(await blobs.source(idOf(content(2))), undefined);
  for (const [offset, length] of [
    [-1, 1],
    [0, 101],
    [100, 1],
    [0.5, 1],
    [Number.MAX_SAFE_INTEGER, 10],
  ] as const)
    await assert.rejects(blobs.read(contentId, { offset, length }), coded("blob.range"));
});

test("a pin keeps content over quota pressure, prune and restart, until its owner lets go", async () => {
  const at = folder();
  const options = { quotaBytes: 250, keepMs: 0 };
  let blobs = openBlobs(at, options);
  const kept = (await blobs.put(content(1), cap)).contentId;
  blobs.pin(kept, "lease/0x01");
  blobs.pin(kept, "hold/0x02");
  await blobs.put(content(2), cap);
  blobs = openBlobs(at, options);
  assert.deepEqual([...blobs.pinsOf(kept)].sort(), ["hold/0x02", "lease/0x01"]);
  await blobs.put(content(3), cap);
  assert.ok(blobs.has(kept) && !blobs.has(idOf(content(2))) && blobs.has(idOf(content(3))));
  blobs.unpinAll("lease/0x01");
  await assert.rejects(blobs.put(content(4, 151), cap), coded("blob.full"));
  blobs.unpinAll("hold/0x02");
  assert.deepEqual(openBlobs(at, options).pinsOf(kept), []);
  await blobs.put(content(4, 151), cap);
  assert.ok(!blobs.has(kept));
});

test("the least recently used goes first", async () => {
  const blobs = openBlobs(folder(), { quotaBytes: 300 });
  for (const n of [1, 2, 3]) await blobs.put(content(n), cap);
  await blobs.read(idOf(content(1)));
  await blobs.put(content(4), cap);
  assert.deepEqual(
    blobs.list({ limit: 9 }).map(({ contentId }) => contentId),
    [3, 1, 4].map((n) => idOf(content(n))),
  );
});

test("prune frees what was not touched lately", async () => {
  let now = 1_000_000;
  const blobs = openBlobs(folder(), { keepMs: 1000, now: () => now });
  await blobs.put(content(1), cap);
  now += 900;
  await blobs.put(content(2), cap);
  now += 200;
  assert.equal(await blobs.prune(), 100);
  assert.ok(!blobs.has(idOf(content(1))) && blobs.has(idOf(content(2))));
});

test("bytes that rotted on disk are found on a whole read and dropped", async () => {
  const blobs = openBlobs(folder());
  const { contentId } = await blobs.put(content(1), cap);
  const path = blobs.path(contentId);
  writeFileSync(path, content(2));
  await assert.rejects(blobs.read(contentId), coded("blob.corrupt"));
  assert.ok(!blobs.has(contentId) && !existsSync(path));
});

test("leftovers of a crash are cleared, foreign files are left alone", async () => {
  const at = folder();
  const { contentId } = await openBlobs(at).put(content(1), cap);
  writeFileSync(join(at, "tmp", "half.part"), "half");
  writeFileSync(join(at, "objects", "README"), "not ours");
  const blobs = openBlobs(at);
  assert.ok(blobs.has(contentId));
  assert.equal(blobs.list({ limit: 9 }).length, 1);
  assert.ok(!existsSync(join(at, "tmp", "half.part")) && existsSync(join(at, "objects", "README")));
});

test("a disk that refuses bytes half way: a coded error, nothing half stored, the rest works", () => {
  const fixture = fileURLToPath(new URL("diskFull.fixture.ts", import.meta.url));
  const out = execFileSync("sh", ["-c", `ulimit -f 64; exec "$0" "$1" "$2"`, process.execPath, fixture, folder()]);
  assert.deepEqual(JSON.parse(out.toString()), { code: "blob.full", used: 1000, parts: 0, there: true });
});

test("the same content put by several at once is stored once", async () => {
  const blobs = openBlobs(folder());
  await Promise.all(Array.from({ length: 8 }, () => blobs.put(content(7), cap)));
  assert.equal(blobs.usedBytes, 100);
  assert.deepEqual(await blobs.read(idOf(content(7))), content(7));
});

test("P1 for any sequence of calls: within quota, pinned content readable, index equals disk", async () => {
  const call = fc.oneof(
    fc.record({ kind: fc.constant("put" as const), n: fc.nat(6) }),
    fc.record({ kind: fc.constant("pin" as const), n: fc.nat(6) }),
    fc.record({ kind: fc.constant("unpin" as const), n: fc.nat(6) }),
    fc.record({ kind: fc.constant("reopen" as const), n: fc.constant(0) }),
  );
  const run = async (calls: { kind: string; n: number }[]) => {
    const at = folder();
    const options = { quotaBytes: 300 };
    let blobs = openBlobs(at, options);
    const pinned = new Set<number>();
    for (const { kind, n } of calls) {
      const id = idOf(content(n, 50 + 20 * n));
      if (kind === "put")
        await blobs.put(content(n, 50 + 20 * n), cap).catch((error) => assert.ok(hasCode(error, "blob.full")));
      if (kind === "pin" && blobs.has(id)) {
        blobs.pin(id, `owner/${n}`);
        pinned.add(n);
      }
      if (kind === "unpin") {
        blobs.unpinAll(`owner/${n}`);
        pinned.delete(n);
      }
      if (kind === "reopen") blobs = openBlobs(at, options);
      assert.ok(blobs.usedBytes <= 300);
      for (const m of pinned) assert.equal((await blobs.read(idOf(content(m, 50 + 20 * m)))).length, 50 + 20 * m);
    }
    const list = (of: typeof blobs) =>
      of
        .list({ limit: 99 })
        .map(({ contentId, pins }) => [contentId, pins])
        .sort();
    assert.deepEqual(list(openBlobs(at, options)), list(blobs));
    rmSync(at, { recursive: true });
  };
  await fc.assert(fc.asyncProperty(fc.array(call, { maxLength: 25 }), run), { numRuns: 30, seed: 7 });
});
