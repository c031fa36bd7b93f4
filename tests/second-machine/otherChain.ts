// Run inside a namespace: another chain behind an address where a network was before, through the same kind of door. Its
// number is one where a test stablecoin may exist and yet no faucet is run. Parameters: a folder, the door's address and
// port, the network file that the door goes on to serve. Writes its own network file to FOLDER/network.json and prints
// one line when it can be reached; ends with SIGINT.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { deployerKey, faucetKey } from "@weft/chain/DevAccounts";
import * as DevChain from "@weft/chain/DevChain";
import { deploy } from "@weft/chain/deploy";
import { signerOf } from "@weft/chain/Keys";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { openDoor } from "@weft/cli/start/publicDoor";
import { presets } from "@weft/protocol/Params";
import { foregroundClock } from "@weft/transport/Clock";

const chainId = 1337;
const [folder, address, port, served] = process.argv.slice(2) as [string, string, string, string];
const chain = await DevChain.start({ folder, chainId });
const { rpcUrl } = chain;
const { contracts, fromBlock } = await deploy({
  ...{ rpcUrl, chainId, params: presets.local, signer: signerOf(deployerKey), clock: foregroundClock },
  treasury: signerOf(faucetKey).address,
});
const profile = { blockSeconds: 0.25, confirmations: 1 };
const file = await NetworkFile.describe({
  ...{ chainId, rpcUrl, contracts, fromBlock, preset: "local", profile, bootstrap: [] },
});
const door = await openDoor({ address, port: Number(port), chainPort: chain.port, networkFile: served });
writeFileSync(join(folder, "network.json"), NetworkFile.encode({ ...file, rpcUrl: `http://${address}:${port}` }));
process.once("SIGINT", () => {
  door.close().closeAllConnections();
  void chain.stop().then(() => process.exit(0));
});
process.stdout.write("ready\n");
