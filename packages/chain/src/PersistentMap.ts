// An immutable string-keyed map whose `set` shares all but one of 256 buckets with the map it came from.
// A snapshot per block then costs what the block changed, not what the chain holds.

const bucketCount = 256;

export class PersistentMap<Key extends string, Value> implements ReadonlyMap<Key, Value> {
  readonly #buckets: readonly (ReadonlyMap<Key, Value> | undefined)[];
  readonly size: number;

  private constructor(buckets: readonly (ReadonlyMap<Key, Value> | undefined)[], size: number) {
    this.#buckets = buckets;
    this.size = size;
  }

  static empty<Key extends string, Value>(): PersistentMap<Key, Value> {
    return new PersistentMap(new Array(bucketCount).fill(undefined), 0);
  }

  get(key: Key): Value | undefined {
    return this.#buckets[bucketOf(key)]?.get(key);
  }

  has(key: Key): boolean {
    return this.#buckets[bucketOf(key)]?.has(key) ?? false;
  }

  /** A map with this entry; `this` stays as it is. */
  set(key: Key, value: Value): PersistentMap<Key, Value> {
    const bucket = new Map(this.#buckets[bucketOf(key)]);
    const size = this.size + (bucket.has(key) ? 0 : 1);
    return new PersistentMap(this.#buckets.with(bucketOf(key), bucket.set(key, value)), size);
  }

  /** A map without this key. */
  delete(key: Key): PersistentMap<Key, Value> {
    if (!this.has(key)) return this;
    const bucket = new Map(this.#buckets[bucketOf(key)]);
    bucket.delete(key);
    return new PersistentMap(this.#buckets.with(bucketOf(key), bucket), this.size - 1);
  }

  *entries(): MapIterator<[Key, Value]> {
    for (const bucket of this.#buckets) if (bucket !== undefined) yield* bucket.entries();
  }

  *keys(): MapIterator<Key> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<Value> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): MapIterator<[Key, Value]> {
    return this.entries();
  }

  forEach(visit: (value: Value, key: Key, map: ReadonlyMap<Key, Value>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this);
  }
}

/** FNV-1a over the last characters, where ids differ. */
function bucketOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = Math.max(0, key.length - 12); index < key.length; index++)
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash ^ (hash >>> 16)) & (bucketCount - 1);
}
