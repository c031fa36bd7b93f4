// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Records} from "../src/court/Records.sol";
import {IGames} from "../src/interfaces/IGames.sol";
import {IOperatorJudge} from "../src/interfaces/IOperatorJudge.sol";
import {VectorGames} from "./base/VectorGames.sol";
import {vm} from "./base/Vm.sol";

/// @notice Calldata of every kind of move as packages/verification encodes it, then spoilt: cut off, longer, a word of it another,
/// a count or an offset huge, upper bits set. It is refused by the decoder, which says nothing, or with an error that has a
/// name, and changes nothing; or what was changed isn't looked at, and the game is the same as without.
contract HostileMovesTest is VectorGames {
    /// @dev Of a refusal: what the dearest honest call costs and more.
    uint256 private constant MOST_GAS = 600_000;
    uint256 private constant SAID_NOTHING = type(uint256).max;

    uint256 private seed;
    uint256 private taken;
    uint256 private refused;
    uint256 private named;
    mapping(uint256 selector => bool) private known;

    function setUp() public override {
        super.setUp();
        bytes4[20] memory errors = [
            IGames.WrongStage.selector,
            IGames.WrongHeight.selector,
            IGames.GameUnknown.selector,
            IGames.PlaceMismatch.selector,
            IGames.ProgramMismatch.selector,
            IGames.CountInvalid.selector,
            IGames.ContentLength.selector,
            IGames.IndexOutside.selector,
            IGames.SiblingsWrong.selector,
            IGames.NoDifference.selector,
            IGames.HashMismatch.selector,
            IGames.ClaimNotAuthorized.selector,
            IGames.RecordInvalid.selector,
            IGames.OperatorFolds.selector,
            IGames.OperandUnknown.selector,
            IGames.TooManyOpenings.selector,
            IGames.IsPadding.selector,
            IGames.DefenderRight.selector,
            IOperatorJudge.NotOpened.selector,
            Records.RecordMalformed.selector
        ];
        for (uint256 i = 0; i < errors.length; ++i) {
            known[uint32(errors[i])] = true;
        }
    }

    function roll(uint256 sides) private returns (uint256) {
        seed = uint256(keccak256(abi.encode(seed)));
        return (seed >> 8) % sides;
    }

    /// forge-config: default.fuzz.runs = 3
    /// forge-config: deep.fuzz.runs = 100
    function testFuzz_spoilt_calldata(uint256 from) public {
        seed = from;
        playAll(calls_());
        vm.assertGt(named, 100);
        vm.assertGt(refused, named);
        vm.assertGt(refused, 10 * taken);
    }

    function play(bytes20 id, address sender, Calls memory all, uint256 i) internal override {
        if (all.error_[i] != 0) return;
        bytes memory data = all.data[i];
        bytes32 before = stateOf(id);
        bytes32[] memory made = new bytes32[](4);
        for (uint256 k = 0; k < made.length; ++k) {
            made[k] = hostile(id, sender, spoilt(data), before);
        }
        vm.assertEq(send(sender, data), 0, vm.toString(i));
        bool claims = isDeepClaim(bytes4(data));
        for (uint256 k = 0; k < made.length; ++k) {
            if (made[k] != 0 && !claims) vm.assertEq(made[k], stateOf(id), vm.toString(i));
        }
    }

    /// @dev A side may claim what it wants in its own name; the game is another then.
    function isDeepClaim(bytes4 selector) private pure returns (bool) {
        return selector == IGames.chooseStep.selector || selector == IGames.enterStep.selector;
    }

    function stateOf(bytes20 id) private view returns (bytes32) {
        return keccak256(abi.encode(games.game(id)));
    }

    /// @return made The game after a call that was taken, 0 when it was refused.
    function hostile(bytes20 id, address sender, bytes memory data, bytes32 before) private returns (bytes32 made) {
        uint256 snapshot = vm.snapshotState();
        uint256 error_ = send(sender, data);
        vm.assertLe(vm.lastCallGas().gasTotalUsed, MOST_GAS);
        if (error_ == 0) {
            made = stateOf(id);
        } else {
            vm.assertEq(stateOf(id), before);
            vm.assertTrue(error_ == SAID_NOTHING || known[error_], vm.toString(error_));
        }
        vm.assertTrue(vm.revertToState(snapshot));
        if (error_ == 0) ++taken;
        else ++refused;
        if (error_ != 0 && error_ != SAID_NOTHING) ++named;
    }

    // ---- what is done to it ---------------------------------------------------------------------------------------

    function spoilt(bytes memory data) private returns (bytes memory bad) {
        bad = bytes.concat(data);
        uint256 how = roll(6);
        if (how == 0) {
            cut(bad, 4 + roll(data.length - 4));
        } else if (how == 1) {
            bad[roll(bad.length)] ^= bytes1(uint8(1 << roll(8)));
        } else {
            uint256 place = 4 + 32 * roll((bad.length - 4) / 32);
            setWord(bad, place, another(wordAt(bad, place), how));
        }
        if (roll(4) == 0) bad = bytes.concat(bad, new bytes(roll(100)));
    }

    /// @dev Dirty upper bits, counts and offsets that are huge or a little wrong, or anything.
    function another(uint256 word, uint256 how) private returns (uint256) {
        if (how == 2) return word | 1 << (64 + roll(192));
        if (how == 3) return word + 1 + roll(40);
        if (how == 4) return [type(uint256).max, 1 << 255, 1 << 64, (1 << 64) - 1, 1 << 32, 1 << 31][roll(6)];
        return roll(2) == 0 ? 0 : roll(type(uint256).max);
    }

    function cut(bytes memory data, uint256 length) private pure {
        assembly ("memory-safe") {
            mstore(data, length)
        }
    }

    function wordAt(bytes memory data, uint256 place) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 32), place))
        }
    }

    function setWord(bytes memory data, uint256 place, uint256 word) private pure {
        assembly ("memory-safe") {
            mstore(add(add(data, 32), place), word)
        }
    }
}
