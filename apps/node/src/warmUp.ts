// Everything that a node loads at its start; what main.ts does with --warm-up.
import { loadEncryption } from "@weft/transport/Libp2pNode";
import "./runProcess.ts";

await loadEncryption("tls");
