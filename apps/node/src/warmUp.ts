// Loads what a node loads at its start and ends, leaving the compiled code in the compile cache.
import { loadEncryption } from "@weft/transport/Libp2pNode";
import "./runProcess.ts";

await loadEncryption("tls");
