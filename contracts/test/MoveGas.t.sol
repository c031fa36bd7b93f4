// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Constants} from "../src/generated/Params.sol";
import {IGames, Place, Position} from "../src/interfaces/IGames.sol";
import {MerkleTree} from "./base/MerkleTree.sol";
import {PlacedGames} from "./base/PlacedGames.sol";
import {vm} from "./base/Vm.sol";

/// @notice What the moves that read a record cost at most, over every operator, rank, number of operands and size that a
/// program may have: whole transactions of the games, calldata included, against the published limit.
contract MoveGasTest is PlacedGames {
    uint8 internal constant OPERATORS = 29;

    /// @dev Gas of a transaction, or what its calldata costs at least where EIP-7623 holds.
    function sent(bytes memory data) internal returns (uint256 used) {
        vm.prank(SPONSOR);
        (bool ok, bytes memory out) = address(games).call(data);
        used = vm.lastCallGas().gasTotalUsed;
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(out, 32), mload(out))
            }
        }
        uint256 least = 21_000;
        for (uint256 i = 0; i < data.length; ++i) {
            least += data[i] == 0 ? 10 : 40;
        }
        if (used < least) used = least;
        vm.assertLe(used, Constants.COURT_MOVE_GAS);
    }

    struct Most {
        uint256 proof;
        uint256 word;
        uint256 value;
        uint256 entry;
    }

    function larger(uint256 a, uint256 b) internal pure returns (uint256) {
        return a > b ? a : b;
    }

    function every(uint8 op, uint256 seed, Most memory most) internal {
        Question memory q = question(op, seed);
        most.proof = larger(most.proof, sent(q.chunks == 0 ? wordProof(q) : foldProof(q)));
        assertOver();
        if (q.chunks != 0) most.word = larger(most.word, sent(wordChoice(q)));
        most.value = larger(most.value, sent(valueChoice(q)));
        most.entry = larger(most.entry, sent(valueEntry(q)));
    }

    function assertOver() internal view {
        vm.assertEq(uint256(games.game(GAME).outcome), uint256(IGames.Outcome.rival));
    }

    /// @dev One in four is a `concat`: no other operator has more than three operands.
    function testFuzz_every_record_costs_less(uint8 op, uint256 seed) public {
        Most memory most;
        every(op % 4 == 0 ? CONCAT : op % OPERATORS, seed, most);
    }

    /// @dev As many nodes, leaves and partial sums as one reveal shows.
    function test_reveals_cost_less() public {
        vm.assertLe(revealed(IGames.Level.steps, 24, 32, 32), 100_000);
        vm.assertLe(revealed(IGames.Level.leaves, 3, 8, 128), 100_000);
        vm.assertLe(revealed(IGames.Level.accs, 7, 128, 4), 135_000);
    }

    function revealed(IGames.Level level, uint256 height, uint256 items, uint256 size) internal returns (uint256) {
        bytes memory content;
        bytes32[] memory hashes = new bytes32[](items);
        for (uint256 i = 0; i < items; ++i) {
            bytes32 r = keccak256(abi.encode(level, i));
            bytes memory item = size == 4 ? abi.encodePacked(bytes4(r)) : abi.encode(r);
            if (size == 128) item = abi.encode(r, r, r, r);
            hashes[i] = size == 32 ? r : leafOf(item);
            content = abi.encodePacked(content, item);
        }
        Position memory p;
        (p.defender, p.rival) = (MerkleTree.root(hashes), bytes32("rival"));
        put(Where(level, IGames.Stage.reveal, height, 0, 0, 1 << height), p);
        Place memory place = Place(keccak256(abi.encode(p.facts)), p.defender, p.rival);
        return sent(abi.encodeCall(IGames.reveal, (GAME, place, content)));
    }

    function test_dearest() public {
        Most memory most;
        for (uint8 op = 0; op < OPERATORS; ++op) {
            for (uint256 seed = 0; seed < 8; ++seed) {
                uint256 free;
                assembly {
                    free := mload(0x40)
                }
                every(op, seed * 31 + op, most);
                // Nothing of it is kept, and memory costs gas by its square.
                assembly {
                    mstore(0x40, free)
                }
            }
        }
        vm.snapshotValue("Gas", "court move, dearest proof", most.proof);
        vm.snapshotValue("Gas", "court move, dearest chooseWord", most.word);
        vm.snapshotValue("Gas", "court move, dearest chooseValue", most.value);
        vm.snapshotValue("Gas", "court move, dearest enterValue", most.entry);
    }
}
