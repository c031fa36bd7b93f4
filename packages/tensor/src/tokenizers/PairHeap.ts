// A binary heap of numbers in pairs (order, value): the smallest order first, among equals the smallest value.
// Not here: removal of entries; users drop stale ones when they come up.

export class PairHeap {
  readonly #orders: number[] = [];
  readonly #values: number[] = [];

  get size(): number {
    return this.#orders.length;
  }

  push(order: number, value: number): void {
    let at = this.#orders.push(order) - 1;
    this.#values.push(value);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** Removes the first entry; the heap must not be empty. */
  pop(): { order: number; value: number } {
    this.#swap(0, this.size - 1);
    const first = { order: this.#orders.pop()!, value: this.#values.pop()! };
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= this.size) return first;
      const least = left + 1 < this.size && this.#before(left + 1, left) ? left + 1 : left;
      if (!this.#before(least, at)) return first;
      this.#swap(least, at);
      at = least;
    }
  }

  #before(a: number, b: number): boolean {
    const [orderA, orderB] = [this.#orders[a]!, this.#orders[b]!];
    return orderA === orderB ? this.#values[a]! < this.#values[b]! : orderA < orderB;
  }

  #swap(a: number, b: number): void {
    const [order, value] = [this.#orders[a]!, this.#values[a]!];
    this.#orders[a] = this.#orders[b]!;
    this.#values[a] = this.#values[b]!;
    this.#orders[b] = order;
    this.#values[b] = value;
  }
}
