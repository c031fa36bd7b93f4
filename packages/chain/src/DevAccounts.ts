// anvil's publicly known accounts, each funded at genesis. For the faucet and the deployer of development chains only.
import type { Hex } from "viem";

/** Keys of the mnemonic "test test test test test test test test test test test junk", paths m/44'/60'/0'/0/0 and /1. */
export const deployerKey: Hex = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
export const faucetKey: Hex = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
