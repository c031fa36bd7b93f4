import { randomBytes } from "node:crypto";
import { createMemoryHub } from "./MemoryHub.ts";
import { createMemoryTransport } from "./MemoryTransport.ts";
import { transportCompliance } from "./transportCompliance.ts";

transportCompliance("memory", async () => {
  const hub = createMemoryHub({ seed: 1 });
  return {
    create: async (limits = {}) => createMemoryTransport(hub, { privateKey: randomBytes(32), limits }),
    kill: async (node) => hub.kill(node.peerId),
    stop: async () => {},
  };
});
