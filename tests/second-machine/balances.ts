// Run inside a namespace: prints what an account holds by the chain of a network file, as one line of JSON.
// Parameters: the network file, the account.
import { readFileSync } from "node:fs";
import * as NetworkFile from "@weft/chain/NetworkFile";
import { balances } from "@weft/chain/reads";
import type { Address } from "viem";

const [path, account] = process.argv.slice(2) as [string, Address];
const client = NetworkFile.clientOf(NetworkFile.parse(readFileSync(path, "utf8"), path));
const text = JSON.stringify(await balances(client, account), (_, value) =>
  typeof value === "bigint" ? `${value}` : value,
);
process.stdout.write(`${text}\n`);
