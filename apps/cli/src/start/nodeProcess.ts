// How a node of this home is started as a process, and where others reach it.
import { join } from "node:path";
import { corruptionText } from "@weft/node/flags";
import { v8Flags } from "@weft/node/v8Flags";
import type { NodeId } from "@weft/protocol/NodeId";
import type { Corruption } from "@weft/tensor/train/Trainer";
import { identityOf } from "@weft/transport/PeerIdentity";
import { type Home, makeFolder, nodeHome, repositoryRoot } from "../Home.ts";
import type { ChildOptions } from "../process/Child.ts";
import { type CourtChoice, courtParameters } from "./courtChoice.ts";

export interface NodeProcess {
  name: string;
  nodeId: NodeId;
  /** IPv4 address to listen on. */
  address: string;
  port: number;
  /** Stablecoin units (1e-6) per unit and second. */
  pricePerUnitSecond: bigint;
  /** Nodes that share this machine. */
  share: number;
  /** What its owner allows in disputes. */
  court?: CourtChoice | undefined;
  /** What its runs compute falsely; nothing when absent. */
  corrupt?: Corruption;
}

/** Several of its segments are false, and each is defended to the end. */
const cheatsDefence = ["--court-workers", "4"];

export function nodeProcess(home: Home, node: NodeProcess): ChildOptions {
  const folder = nodeHome(home, node.name);
  makeFolder(folder);
  return {
    role: node.name,
    script: join(repositoryRoot, "apps/node/src/main.ts"),
    parameters: [
      ...["--home", folder, "--network", home.network, "--node-id", node.nodeId],
      ...["--listen", `/ip4/${node.address}/tcp/${node.port}`, "--price", String(node.pricePerUnitSecond)],
      ...["--share", String(node.share), ...courtParameters(node.court)],
      ...(node.corrupt === undefined ? [] : ["--corrupt", corruptionText(node.corrupt), ...cheatsDefence]),
    ],
    logFile: join(folder, "process.log"),
    // glibc's allocator keeps free memory per thread; a node's threads are mostly idle, so one pool is enough.
    environment: { ...childEnvironment(home), MALLOC_ARENA_MAX: "1" },
    nodeFlags: v8Flags,
  };
}

/**
 * Compiled code is kept from start to start: seven processes load mostly the same modules. The bootstrap names one place
 * for all homes, so that a first start on a home is as fast as the next.
 */
export const childEnvironment = (home: Home): { NODE_COMPILE_CACHE: string } => ({
  NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? join(home.run, "compile-cache"),
});

/** Multiaddr with the peer id that follows from the operator's key; goes into the registry and into network files. */
export const endpointOf = (operatorKey: Uint8Array, at: { address: string; port: number }): string =>
  `/ip4/${at.address}/tcp/${at.port}/p2p/${identityOf(operatorKey).peerId}`;
