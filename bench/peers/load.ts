// Imports a peer by name from this folder's own node_modules. Install them first: tools/peers.ts.

export function load(name: string): Promise<unknown> {
  return import(name);
}
