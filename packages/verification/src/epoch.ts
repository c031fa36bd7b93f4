// Epochs of small jobs (spec/court.md §11): many results under one root, opened one by one, and the one rival that a result
// may have named against it. Pure: no chain, no keys.
import { type EpochCommitment, hash as epochHash } from "@weft/protocol/Epoch";
import { WeftError } from "@weft/protocol/Errors";
import { type Request, hash as requestHash } from "@weft/protocol/Request";
import type { CommittedInference } from "@weft/tensor/commit/commitInference";
import { endRootOf, outputEntries } from "@weft/tensor/commit/inferenceCourt";
import { merkleTree } from "@weft/tensor/commit/MerkleTree";
import { hashLeaf, verifyMerklePath } from "@weft/tensor/Merkle";
import { bytesToHex, concat, encodeAbiParameters, type Hex, hexToBytes, keccak256 } from "viem";
import type { ResultOpening } from "./court/Game.ts";
import { stepRootOf } from "./court/hashes.ts";

/** Most results of one epoch: as many as an index counts. */
export const maxResults = 2 ** 32 - 1;

/** endRoot: state root of step 1 over the outputs. */
export type Answered = { readonly request: Request; readonly endRoot: Hex };

/** A result with its place under an epoch's root: what a buyer gets, and all that a dispute needs of the epoch. */
export type EpochResult = Answered & { readonly index: number; readonly path: readonly Hex[] };

/** A rival's side of a result: the root over its outputs' entries, and that of all its values. */
export type EpochAnswer = { readonly entriesRoot: Hex; readonly valuesRoot: Hex };

export type SealedEpoch = {
  readonly commitment: EpochCommitment;
  readonly hash: Hex;
  /** @throws WeftError `epoch.noResult` */
  open(index: number): EpochResult;
};

/** What an epoch holds of one result: request hash ‖ end root. */
function leafHash({ request, endRoot }: Answered): Uint8Array {
  return hashLeaf(hexToBytes(concat([requestHash(request), endRoot])));
}

/**
 * All results since the node's last epoch. `value` is what their prices sum up to.
 * @throws WeftError `epoch.empty`, `epoch.tooLarge`, `epoch.otherNode` for a request to another node
 */
export function sealEpoch(
  { nodeId, epoch }: Pick<EpochCommitment, "nodeId" | "epoch">,
  results: readonly Answered[],
): SealedEpoch {
  if (results.length === 0) throw refused("epoch.empty", "there are no results", "wait until there are");
  if (results.length > maxResults) throw refused("epoch.tooLarge", "too many results", "commit more often");
  if (results.some(({ request }) => request.nodeId !== nodeId))
    throw refused("epoch.otherNode", "a request names another node", "answer one's own requests only");
  const tree = merkleTree(results.map(leafHash));
  const value = results.reduce((sum, { request }) => sum + request.price, 0n);
  const commitment = { nodeId, epoch, results: BigInt(results.length), value, root: bytesToHex(tree.root) };
  return {
    commitment,
    hash: epochHash(commitment),
    open(index) {
      const result = results[index];
      if (result === undefined) throw refused("epoch.noResult", `no result ${index}`, "name one of the epoch's");
      return { ...result, index, path: tree.path(index).map((node) => bytesToHex(node)) };
    },
  };
}

/** True when an epoch commits to a result: the buyer's check before it signs a voucher. */
export function holdsResult({ root, results }: EpochCommitment, { index, path, ...answered }: EpochResult): boolean {
  const siblings = path.map((node) => hexToBytes(node));
  return verifyMerklePath(hexToBytes(root), Number(results), index, leafHash(answered), siblings);
}

/** The most that an epoch may release for its bond, as the contract has it. */
export function capOf(bond: bigint, { auditRatePpm }: { readonly auditRatePpm: bigint }): bigint {
  const all = 1_000_000n;
  return auditRatePpm === all ? 2n ** 96n - 1n : ((bond / 2n) * auditRatePpm) / (all - auditRatePpm);
}

const answerTypes = [
  { type: "uint32" },
  {
    type: "tuple",
    components: [
      { type: "bytes32", name: "entriesRoot" },
      { type: "bytes32", name: "valuesRoot" },
    ],
  },
] as const;

/** What names a rival: keccak256(abi.encode(index, answer)). */
export const rivalOf = (index: number, answer: EpochAnswer): Hex =>
  keccak256(encodeAbiParameters(answerTypes, [index, answer]));

/** What a rival has: its own run of the request. */
export function answerOf(inference: CommittedInference): EpochAnswer {
  const entriesRoot = merkleTree(outputEntries(inference).map(hashLeaf)).root;
  return { entriesRoot: bytesToHex(entriesRoot), valuesRoot: bytesToHex(inference.commitment.valuesRoot) };
}

/** What an epoch holds of a run. */
export const answeredWith = (request: Request, inference: CommittedInference): Answered => ({
  request,
  endRoot: bytesToHex(endRootOf(inference)),
});

/** What the game of a result begins with. `programHash`: of the request's court program, the hash of the graph. */
export function openingOf(
  { request, endRoot }: Answered,
  said: { readonly programHash: Hex; readonly answer: EpochAnswer; readonly sponsor: Hex },
): ResultOpening {
  const { programHash, answer, sponsor } = said;
  return {
    ...{ node: request.nodeId, sponsor, program: request.program, before: request.startRoot },
    ...{ entries: answer.entriesRoot, values: answer.valuesRoot },
    defender: stepRootOf(programHash, 0n, { loss: 0, state: endRoot }),
  };
}

const refused = (code: string, problem: string, remedy: string): WeftError =>
  new WeftError(problem, { code, fault: "caller", remedy });
