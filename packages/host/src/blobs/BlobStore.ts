// Content-addressed bytes on disk, named by their SHA-256. Nothing is visible before its hash was checked and its bytes
// synced. Pinned content stays; the rest goes, least recently used first, when the quota is reached.
// One process per folder. Not here: who may fetch what (packages/transport serves, the caller authorises).
import { createHash } from "node:crypto";
import { createReadStream, rmSync } from "node:fs";
import { copyFile, type FileHandle, link, open, rm } from "node:fs/promises";
import { WeftError } from "@weft/protocol/Errors";
import type { Hex } from "viem";
import { objectPath, openPart, publish, removePins, scan, writePin } from "./blobFiles.ts";

export interface BlobOptions {
  /** Bytes of all content together. Default 16 GiB. */
  quotaBytes?: number;
  /** Unpinned content touched within this time is not pruned. Default one hour. */
  keepMs?: number;
  /** Unix milliseconds; default the system's. */
  now?: () => number;
}

export interface Content {
  contentId: Hex;
  bytes: number;
}

/** Most objects, so that the index stays small. */
const maxObjects = 1_000_000;
const maxPinLength = 160;
const contentIdPattern = /^0x[0-9a-f]{64}$/;

type Entry = { bytes: number; touchedAt: number; pins: Set<string> };
type Sink = (chunk: Uint8Array, offset: number) => Promise<void>;

/** Opens or creates a store; reads the index from the folder, drops leftovers of a crash. */
export function openBlobs(folder: string, options: BlobOptions = {}): BlobStore {
  return new BlobStore(folder, options);
}

export class BlobStore {
  readonly #folder: string;
  readonly #quota: number;
  readonly #keepMs: number;
  readonly #now: () => number;
  /** In order of last use, oldest first. */
  readonly #entries = new Map<Hex, Entry>();
  readonly #pinned = new Map<string, Set<Hex>>();
  #usedBytes = 0;
  /** Promised to writes under way. */
  #reservedBytes = 0;

  constructor(folder: string, options: BlobOptions) {
    this.#folder = folder;
    this.#quota = options.quotaBytes ?? 16 * 1024 ** 3;
    this.#keepMs = options.keepMs ?? 3_600_000;
    this.#now = options.now ?? Date.now;
    const { objects, pins } = scan(folder);
    for (const object of objects.sort((a, b) => a.modifiedAt - b.modifiedAt)) this.#record(object, object.modifiedAt);
    for (const { contentId, by } of pins) this.#notePin(contentId, by);
  }

  has(contentId: Hex): boolean {
    return this.#entries.has(contentId);
  }

  bytesOf(contentId: Hex): number | undefined {
    return this.#entries.get(contentId)?.bytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Absolute path of a content that is there. @throws WeftError `blob.unknown` */
  path(contentId: Hex): string {
    this.#touch(contentId);
    return objectPath(this.#folder, contentId);
  }

  /**
   * Stores bytes or a stream of them under their hash.
   * @throws WeftError `blob.oversize`, `blob.full`
   */
  async put(bytes: Uint8Array | AsyncIterable<Uint8Array>, options: { maxBytes: number }): Promise<Content> {
    const chunks = bytes instanceof Uint8Array ? [bytes] : bytes;
    const size = bytes instanceof Uint8Array ? bytes.length : options.maxBytes;
    if (bytes instanceof Uint8Array && size > options.maxBytes) throw oversize(size, options.maxBytes);
    return this.#write({ maxBytes: options.maxBytes, reserve: Math.min(size, options.maxBytes) }, async (sink) => {
      let at = 0;
      for await (const chunk of chunks) {
        await sink(chunk, at);
        at += chunk.length;
      }
    });
  }

  /**
   * Streams content in; nothing is visible before its id was checked. A chunk may come again after a broken transfer.
   * @throws WeftError `blob.corrupt`, `blob.oversize`, `blob.full`, or what `fill` throws
   */
  async receive(expected: Content, fill: (sink: Sink) => Promise<void>): Promise<void> {
    if (this.has(expected.contentId)) return;
    await this.#write({ maxBytes: expected.bytes, reserve: expected.bytes, expected }, fill);
  }

  /**
   * Takes in a file of this machine that nobody changes any more, checking its id; hard-linked where possible.
   * @throws WeftError `blob.corrupt`, `blob.full`; ENOENT as Node has it
   */
  async adopt(path: string, expected: Content): Promise<void> {
    if (this.has(expected.contentId)) return;
    const found = await hashFile(path);
    assertSame(found, expected);
    await this.#reserving(expected.bytes, async () => {
      const part = await openPart(this.#folder);
      await part.file.close();
      await rm(part.path);
      try {
        await link(path, part.path).catch(() => copyFile(path, part.path));
        const file = await open(part.path, "r");
        await file.sync().finally(() => file.close());
        await publish(this.#folder, part.path, expected.contentId);
      } finally {
        await rm(part.path, { force: true });
      }
      this.#record(expected, this.#now());
    });
  }

  /** All bytes (checked again), or a range of them. @throws WeftError `blob.unknown`, `blob.range`, `blob.corrupt` */
  async read(contentId: Hex, range?: { offset: number; length: number }): Promise<Uint8Array> {
    const entry = this.#touch(contentId);
    const { offset, length } = range ?? { offset: 0, length: entry.bytes };
    if (
      !Number.isSafeInteger(offset) ||
      !Number.isSafeInteger(length) ||
      offset < 0 ||
      length < 0 ||
      offset + length > entry.bytes
    )
      throw new WeftError(`bytes ${offset}+${length} are not in content of ${entry.bytes} bytes`, {
        code: "blob.range",
      });
    const bytes = await readRange(objectPath(this.#folder, contentId), offset, length);
    const whole = length === entry.bytes;
    if (bytes.length !== length || (whole && idOf(createHash("sha256").update(bytes).digest()) !== contentId)) {
      this.#drop(contentId);
      throw new WeftError(`the disk gave other bytes for ${contentId}`, {
        code: "blob.corrupt",
        fault: "us",
        retryable: true,
        remedy: "it was dropped; fetch it again, and check the disk",
      });
    }
    return bytes;
  }

  /** For serving in chunks; undefined when it is not here. */
  async source(
    contentId: Hex,
  ): Promise<{ size: number; read(offset: number, length: number): Promise<Uint8Array> } | undefined> {
    const entry = this.#entries.get(contentId);
    if (entry === undefined) return undefined;
    return { size: entry.bytes, read: (offset, length) => this.read(contentId, { offset, length }) };
  }

  /** Keeps content until `by` lets go; survives a restart. @throws WeftError `blob.unknown`, `blob.pin` */
  pin(contentId: Hex, by: string): void {
    if (this.#touch(contentId).pins.has(by)) return;
    if (by.length === 0 || by.length > maxPinLength)
      throw new WeftError(`a pin's owner has ${by.length} characters`, { code: "blob.pin", fault: "us" });
    diskErrors(() => writePin(this.#folder, contentId, by));
    this.#notePin(contentId, by);
  }

  unpinAll(by: string): void {
    removePins(this.#folder, by);
    for (const contentId of this.#pinned.get(by) ?? []) this.#entries.get(contentId)?.pins.delete(by);
    this.#pinned.delete(by);
  }

  pinsOf(contentId: Hex): readonly string[] {
    return [...(this.#entries.get(contentId)?.pins ?? [])];
  }

  /** What is here, least recently used first. */
  list(options: { limit: number }): (Content & { pins: readonly string[] })[] {
    return [...this.#entries]
      .slice(0, options.limit)
      .map(([contentId, { bytes, pins }]) => ({ contentId, bytes, pins: [...pins] }));
  }

  /** Deletes what nobody pins and nobody touched lately. Returns bytes freed. */
  async prune(): Promise<number> {
    const before = this.#now() - this.#keepMs;
    return this.#evict((entry) => entry.touchedAt < before, Number.POSITIVE_INFINITY);
  }

  async #write(
    limits: { maxBytes: number; reserve: number; expected?: Content },
    fill: (sink: Sink) => Promise<void>,
  ): Promise<Content> {
    return this.#reserving(limits.reserve, async () => {
      const part = await openPart(this.#folder);
      try {
        const found = await fillPart(part.file, limits.maxBytes, fill);
        if (limits.expected !== undefined) assertSame(found, limits.expected);
        await part.file.sync();
        await part.file.close();
        await publish(this.#folder, part.path, found.contentId);
        this.#record(found, this.#now());
        return found;
      } finally {
        await part.file.close().catch(() => {});
        await rm(part.path, { force: true });
      }
    });
  }

  /** Makes room, holds it while `work` runs. @throws WeftError `blob.full` */
  async #reserving<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    const missing = this.#usedBytes + this.#reservedBytes + bytes - this.#quota;
    if (missing > 0) this.#evict(() => true, missing);
    if (this.#usedBytes + this.#reservedBytes + bytes > this.#quota || this.#entries.size >= maxObjects)
      throw full(`content of ${bytes} bytes does not fit the store's quota of ${this.#quota}`);
    this.#reservedBytes += bytes;
    try {
      return await work();
    } catch (error) {
      throw asFull(error);
    } finally {
      this.#reservedBytes -= bytes;
    }
  }

  #evict(which: (entry: Entry) => boolean, wanted: number): number {
    let freed = 0;
    for (const [contentId, entry] of this.#entries) {
      if (freed >= wanted) break;
      if (entry.pins.size > 0 || !which(entry)) continue;
      this.#drop(contentId);
      freed += entry.bytes;
    }
    return freed;
  }

  #drop(contentId: Hex): void {
    const entry = this.#entries.get(contentId);
    if (entry === undefined) return;
    rmSync(objectPath(this.#folder, contentId), { force: true });
    this.#entries.delete(contentId);
    this.#usedBytes -= entry.bytes;
  }

  #record({ contentId, bytes }: Content, touchedAt: number): void {
    if (this.#entries.has(contentId)) return;
    this.#entries.set(contentId, { bytes, touchedAt, pins: new Set() });
    this.#usedBytes += bytes;
  }

  #notePin(contentId: Hex, by: string): void {
    const entry = this.#entries.get(contentId);
    if (entry === undefined) return;
    entry.pins.add(by);
    const pinned = this.#pinned.get(by) ?? new Set();
    this.#pinned.set(by, pinned.add(contentId));
  }

  /** The entry, moved to the end of the order of use. */
  #touch(contentId: Hex): Entry {
    const entry = this.#entries.get(contentId);
    if (entry === undefined)
      throw new WeftError(
        `content ${contentIdPattern.test(contentId) ? contentId : "with a malformed id"} is not here`,
        {
          code: "blob.unknown",
          fault: "us",
        },
      );
    entry.touchedAt = this.#now();
    this.#entries.delete(contentId);
    this.#entries.set(contentId, entry);
    return entry;
  }
}

const idOf = (digest: Buffer): Hex => `0x${digest.toString("hex")}`;

/** Writes what `fill` gives, hashing as it comes; reads the file again only when chunks came out of order. */
async function fillPart(file: FileHandle, maxBytes: number, fill: (sink: Sink) => Promise<void>): Promise<Content> {
  const hash = createHash("sha256");
  let hashed = 0;
  let size = 0;
  let inOrder = true;
  await fill(async (chunk, offset) => {
    if (offset + chunk.length > maxBytes) throw oversize(offset + chunk.length, maxBytes);
    for (let at = 0; at < chunk.length; )
      at += (await file.write(chunk, at, chunk.length - at, offset + at)).bytesWritten;
    if (inOrder && offset === hashed) {
      hash.update(chunk);
      hashed += chunk.length;
    } else inOrder = false;
    size = Math.max(size, offset + chunk.length);
  });
  if (inOrder) return { contentId: idOf(hash.digest()), bytes: size };
  const again = createHash("sha256");
  for await (const chunk of file.createReadStream({ start: 0, autoClose: false })) again.update(chunk);
  return { contentId: idOf(again.digest()), bytes: size };
}

async function hashFile(path: string): Promise<Content> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { contentId: idOf(hash.digest()), bytes };
}

async function readRange(path: string, offset: number, length: number): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const bytes = new Uint8Array(length);
    let at = 0;
    while (at < length) {
      const { bytesRead } = await file.read(bytes, at, length - at, offset + at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return bytes.subarray(0, at);
  } finally {
    await file.close();
  }
}

function assertSame(found: Content, expected: Content): void {
  if (found.contentId === expected.contentId && found.bytes === expected.bytes) return;
  throw new WeftError(`content is not what its id says`, {
    code: "blob.corrupt",
    fault: "provider",
    retryable: true,
    details: { expected: expected.contentId, found: found.contentId, bytes: found.bytes },
    remedy: "fetch it from another peer",
  });
}

const oversize = (bytes: number, maxBytes: number): WeftError =>
  new WeftError(`content of at least ${bytes} bytes is above its limit`, {
    code: "blob.oversize",
    details: { limit: maxBytes },
  });

const full = (message: string, cause?: unknown): WeftError =>
  new WeftError(message, {
    code: "blob.full",
    fault: "us",
    retryable: true,
    remedy: "free disk space or raise the disk cap",
    cause,
  });

const diskFull = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

function asFull(error: unknown): unknown {
  return diskFull.has(String((error as { code?: unknown }).code)) ? full("the disk is full", error) : error;
}

function diskErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asFull(error);
  }
}
