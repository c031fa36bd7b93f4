// `weft gateway`: the buyer's gateway on this home, in the foreground until Ctrl-C.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { clientOf } from "@weft/chain/NetworkFile";
import { WeftError } from "@weft/protocol/Errors";
import { type Context, endpointFile } from "../Context.ts";
import { type Home, makeFolder, repositoryRoot, requireHome } from "../Home.ts";
import { spawnChild } from "../process/Child.ts";
import { livingRecords } from "../process/RunFolder.ts";
import { escrowWanted, prepareBuyer } from "../start/buyer.ts";
import { topUp } from "../start/faucet.ts";
import { runForeground } from "../start/foreground.ts";
import { buyerKey, sessionKey } from "../start/keys.ts";
import { readNetwork } from "../start/network.ts";
import { choosePort } from "../start/plan.ts";
import { writePlainFile } from "../systemErrors.ts";

const gasMoney = 10n ** 18n;

export async function gateway(context: Context, flags: { port?: number }): Promise<number> {
  const { home } = context;
  requireHome(home);
  refuseSecond(home);
  const client = clientOf(readNetwork(home));
  const [buyer, session] = await Promise.all([buyerKey(home), sessionKey(home)]);
  await topUp(client, [
    { who: "buyer", address: buyer.signer.address, gas: gasMoney, stable: escrowWanted },
    { who: "gateway's session", address: session.signer.address, gas: gasMoney },
  ]);
  await prepareBuyer(client, { buyer: buyer.signer, session: session.signer.address });
  const port = flags.port === undefined ? 0 : await choosePort({ asked: flags.port, what: "gateway" });
  makeFolder(home.gateway);
  const child = spawnChild({
    role: "gateway",
    script: join(repositoryRoot, "apps/gateway/src/main.ts"),
    parameters: [
      ...["--home", home.gateway, "--network", home.network, "--buyer", buyer.signer.address],
      ...["--out", home.out, "--port", String(port)],
    ],
    logFile: join(home.gateway, "gateway.log"),
  });
  return runForeground(context, child, {
    role: "gateway",
    onReady({ url, addresses }) {
      writePlainFile(endpointFile(home), `${JSON.stringify({ url })}\n`);
      context.say(`gateway at ${url}; its token is in ${home.gatewayToken}; Ctrl-C ends it`);
      context.emit({ kind: "ready", url, tokenFile: home.gatewayToken, addresses });
    },
    onEnd: () => rmSync(endpointFile(home), { force: true }),
  });
}

/** Two gateways would sign and pay for the same jobs. The store's lock holds that too; this says it before anything else. */
function refuseSecond(home: Home): void {
  const running = livingRecords(home).find(({ role }) => role === "gateway");
  if (running === undefined) return;
  throw new WeftError(`a gateway runs on ${home.root} already`, {
    code: "gateway.running",
    remedy: "use that one, end it first, or give this one a folder of its own with --home DIR",
    details: { pid: running.pid },
  });
}
