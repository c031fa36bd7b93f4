import { randomBytes } from "node:crypto";
import { createLibp2pTransport } from "./Libp2pTransport.ts";
import type { Transport } from "./Transport.ts";
import { transportCompliance } from "./transportCompliance.ts";

const listen = ["/ip4/127.0.0.1/tcp/0"];

transportCompliance("libp2p", async () => {
  const nodes: Transport[] = [];
  return {
    async create(limits = {}) {
      const node = await createLibp2pTransport({ privateKey: randomBytes(32), listen, networkId: "test", limits });
      nodes.push(node);
      return node;
    },
    kill: (node) => node.stop(),
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
});
