// A Merkle tree over so many leaves that it isn't kept whole: the roots of pieces of 4,096 leaves and all above them, and one
// piece at a time below. A node costs at most the hashing of its piece.
import { type HashTree, treeHeight } from "./HashTree.ts";
import { type MerkleTree, merkleTree } from "./MerkleTree.ts";

const PIECE_HEIGHT = 12;
/** Leaves of a piece. */
export const PIECE_LEAVES = 2 ** PIECE_HEIGHT;

/**
 * The tree over `leaves` leaf hashes, at least one, that `leafHash` gives; it is called again when a piece is opened again.
 * @param pieceRoots the roots of the pieces in order, where somebody has them already
 */
export function pieceTree(
  leaves: number,
  leafHash: (leaf: number) => Uint8Array,
  pieceRoots?: readonly Uint8Array[],
): HashTree {
  let open: { readonly piece: number; readonly tree: MerkleTree } | undefined;
  const openPiece = (piece: number): MerkleTree => {
    if (open?.piece === piece) return open.tree;
    const first = piece * PIECE_LEAVES;
    const length = Math.min(PIECE_LEAVES, leaves - first);
    const tree = merkleTree(Array.from({ length }, (_, i) => leafHash(first + i)));
    open = { piece, tree };
    return tree;
  };
  const pieces = Math.ceil(leaves / PIECE_LEAVES);
  if (pieces === 1) return openPiece(0);
  const above = merkleTree(pieceRoots ?? Array.from({ length: pieces }, (_, piece) => openPiece(piece).root));
  return {
    leaves,
    node(height, index) {
      if (height >= PIECE_HEIGHT) return above.node(height - PIECE_HEIGHT, index);
      const perPiece = 2 ** (PIECE_HEIGHT - height);
      const piece = openPiece(Math.floor(index / perPiece));
      // The last piece may be lower than the others: its root is carried up.
      return piece.node(Math.min(height, treeHeight(piece.leaves)), index % perPiece);
    },
  };
}
