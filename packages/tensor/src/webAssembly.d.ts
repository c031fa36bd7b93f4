// The part of the WebAssembly global this package uses. The project's `lib` has no DOM, which is where TypeScript keeps
// these types; pulling the DOM in would declare a browser's globals everywhere.
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Memory {
    constructor(limits: { initial: number; maximum: number; shared: true });
    readonly buffer: SharedArrayBuffer;
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }
}
