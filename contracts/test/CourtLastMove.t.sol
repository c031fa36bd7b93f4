// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGames} from "../src/interfaces/IGames.sol";
import {IPurse, IRivals} from "../src/interfaces/IRivals.sol";
import {SegmentCommitment} from "../src/types/Orders.sol";
import {CourtFixture} from "./base/CourtFixture.sol";
import {MerkleTree} from "./base/MerkleTree.sol";
import {vm} from "./base/Vm.sol";

/// @notice What saves a transaction: a game's last move with the verdict, and money with the challenge that it is for.
contract CourtLastMoveTest is CourtFixture {
    SegmentCommitment internal c;
    bytes32 internal hash;

    function begin(Side memory side) internal {
        c = commitSide(side);
        hash = audits.commitmentHash(c);
    }

    function withMove(address who, Side memory rival, bytes memory data) internal view returns (bytes memory) {
        return abi.encodeCall(court.concludeWith, (c, who, MerkleTree.root(historyLeaves(rival)), data));
    }

    function narrowing() internal pure returns (bytes4[8] memory) {
        return [
            IGames.reveal.selector,
            IGames.choose.selector,
            IGames.chooseStep.selector,
            IGames.enterStep.selector,
            IGames.chooseValue.selector,
            IGames.enterValue.selector,
            IGames.chooseWord.selector,
            IGames.enterFold.selector
        ];
    }

    /// @dev Plays up to the proof, and returns it unsent.
    function proofOf(bytes20 game, Side memory defender, Side memory rival) internal returns (bytes memory) {
        bytes4[8] memory earlier = narrowing();
        for (uint256 i = 0; i < 60; ++i) {
            Move memory m = moveOf(game, defender, rival);
            bool isProof = true;
            for (uint256 j = 0; j < 8; ++j) {
                if (bytes4(m.data) == earlier[j]) isProof = false;
            }
            if (isProof) return m.data;
            mustMove(game, defender, rival);
        }
        revert("never there");
    }

    // ---- the last move --------------------------------------------------------------------------------------------

    function proven(Side memory lie) internal {
        begin(lie);
        uint96 stake = registry.stakeOf(provider.id);
        uint256 own = court.depositOf(sponsor);
        uint256 bond = market.moneyOf(id).bond;
        bytes20 game = challengeAs(sponsor, c, honest(), ladder());
        bytes memory data = withMove(sponsor, honest(), proofOf(game, lie, honest()));
        succeeds(matcher, address(court), data);
        assertOutcome(game, IGames.Outcome.rival);
        vm.assertTrue(court.dispute(hash).eliminated);
        vm.assertEq(court.depositOf(sponsor), own);
        vm.assertEq(earned(sponsor), bond / 2);
        vm.assertEq(earned(buyer), bond - bond / 2);
        vm.assertEq(registry.stakeOf(provider.id), stake - stake * params.faultSlashPpm / 1e6);
        reverts(matcher, address(court), data, abi.encodeWithSelector(IRivals.Eliminated.selector, hash));
    }

    function test_AProvenPartialSumAndItsVerdict() public {
        proven(liar(Lie.sum, SUM_VALUE, 1));
    }

    function test_AProvenWordAndItsVerdict() public {
        proven(liar(Lie.word, WIDTH_VALUE, 3));
    }

    function test_AProvenStateInputAndItsVerdict() public {
        proven(liar(Lie.word, 0, 69));
    }

    function test_AProvenLossAndItsVerdict() public {
        proven(liar(Lie.loss, 0, 0));
    }

    function test_AProvenEntryAndItsVerdict() public {
        proven(liar(Lie.entry, 0, 1));
    }

    function test_ASilentSideAndItsVerdict() public {
        Side memory rival = liar(Lie.loss, 0, 1);
        begin(honest());
        bytes20 game = challengeAs(sponsor, c, rival, ladder());
        mustMove(game, honest(), rival);
        bytes memory data = withMove(sponsor, rival, abi.encodeCall(games.timeout, (game)));
        revertsWith(matcher, address(court), data, IGames.ClockRunning.selector);
        lateFor(game);
        succeeds(matcher, address(court), data);
        assertOutcome(game, IGames.Outcome.defender);
        vm.assertEq(court.dispute(hash).rivals, 0);
        vm.assertFalse(court.dispute(hash).eliminated);
        vm.assertEq(court.depositOf(treasury), params.courtBondSteps - params.courtBondSteps / 2);
    }

    /// @dev The court is a host of games: through it nobody may do what hosts do, nor send a move in its name.
    function test_NothingButALastMoveIsSent() public {
        Side memory lie = liar(Lie.sum, SUM_VALUE, 1);
        begin(lie);
        bytes20 game = challengeAs(sponsor, c, honest(), ladder());
        bytes4[8] memory moves = narrowing();
        for (uint256 i = 0; i < 8; ++i) {
            notSent(game, moves[i]);
        }
        notSent(game, IGames.open.selector);
        notSent(game, IGames.start.selector);
        notSent(game, IGames.defend.selector);
        notSent(game, IGames.game.selector);
        notSent(game, bytes4(0));
        bytes memory expected = abi.encodeWithSelector(IRivals.NotALastMove.selector, bytes4(0));
        reverts(sponsor, address(court), withMove(sponsor, honest(), ""), expected);
        // A forced move too, however right it is.
        bytes memory forced = moveOf(game, lie, honest()).data;
        expected = abi.encodeWithSelector(IRivals.NotALastMove.selector, IGames.reveal.selector);
        reverts(sponsor, address(court), withMove(sponsor, honest(), forced), expected);
    }

    function notSent(bytes20 game, bytes4 selector) internal {
        bytes memory data = abi.encodePacked(selector, game, bytes12(0), new bytes(512));
        bytes memory expected = abi.encodeWithSelector(IRivals.NotALastMove.selector, selector);
        reverts(sponsor, address(court), withMove(sponsor, honest(), data), expected);
    }

    function test_OnlyTheGameThatIsPlayedEnds() public {
        Side memory lie = liar(Lie.loss, 0, 0);
        begin(lie);
        bytes20 game = challengeAs(sponsor, c, honest(), ladder());
        bytes20 waiting = challengeAs(other, c, honest(), 2 * ladder());
        lateFor(game);
        bytes memory late = abi.encodeCall(games.timeout, (waiting));
        bytes memory unknown = abi.encodeWithSelector(IRivals.RivalUnknown.selector, waiting);
        reverts(matcher, address(court), withMove(other, honest(), late), unknown);
        unknown = abi.encodeWithSelector(IRivals.RivalUnknown.selector, bytes20(0));
        reverts(
            matcher, address(court), withMove(sponsor, honest(), abi.encodePacked(IGames.timeout.selector)), unknown
        );
        // The right move in somebody else's name: nothing of it stays.
        late = abi.encodeCall(games.timeout, (game));
        unknown = abi.encodeWithSelector(IRivals.RivalUnknown.selector, game);
        reverts(matcher, address(court), withMove(other, honest(), late), unknown);
        assertOutcome(game, IGames.Outcome.none);
        succeeds(matcher, address(court), withMove(sponsor, honest(), late));
        assertOutcome(game, IGames.Outcome.rival);
    }

    function test_AProofThatFailsSaysWhy() public {
        Side memory rival = liar(Lie.word, WIDTH_VALUE, 3);
        begin(honest());
        bytes20 game = challengeAs(sponsor, c, rival, ladder());
        bytes memory data = withMove(sponsor, rival, proofOf(game, honest(), rival));
        reverts(sponsor, address(court), data, abi.encodeWithSelector(IGames.DefenderRight.selector));
        assertOutcome(game, IGames.Outcome.none);
    }

    // ---- several calls in one -------------------------------------------------------------------------------------

    function both(bytes memory first, bytes memory second) internal view returns (bytes memory) {
        bytes[] memory calls = new bytes[](2);
        (calls[0], calls[1]) = (first, second);
        return abi.encodeCall(court.multicall, (calls));
    }

    function test_MoneyAndAChallengeTogether() public {
        begin(liar(Lie.loss, 0, 0));
        address who = address(0x4e3);
        stable.mint(who, ladder());
        vm.prank(who);
        stable.approve(address(court), ladder());
        bytes32 root = MerkleTree.root(historyLeaves(honest()));
        bytes memory pay = abi.encodeCall(court.deposit, (who, ladder()));
        // All of it or nothing.
        bytes memory tooMuch = both(pay, challengeData(c, root, ladder() + 1));
        bytes memory expected =
            abi.encodeWithSelector(IPurse.DepositTooLow.selector, who, ladder(), uint256(ladder()) + 1);
        reverts(who, address(court), tooMuch, expected);
        vm.assertEq(stable.balanceOf(who), ladder());
        succeeds(who, address(court), both(pay, challengeData(c, root, ladder())));
        vm.assertEq(bytes32(court.dispute(hash).live), bytes32(court.gameOf(hash, who, root)));
        vm.assertEq(court.depositOf(who), 0);
        vm.assertEq(stable.balanceOf(who), 0);
    }

    /// @dev Without an allowance the permit alone moves the money.
    function test_ASignedAllowanceAndAChallengeTogether() public {
        begin(liar(Lie.loss, 0, 0));
        uint256 key = 0x4e4;
        address who = vm.addr(key);
        stable.mint(who, ladder());
        bytes32 permit = keccak256(
            "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
        );
        uint256 until = time() + 60;
        bytes32 data = keccak256(abi.encode(permit, who, address(court), uint256(ladder()), 0, until));
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", stable.DOMAIN_SEPARATOR(), data));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        bytes memory pay = abi.encodeCall(court.depositWithPermit, (who, ladder(), until, v, r, s));
        bytes32 root = MerkleTree.root(historyLeaves(honest()));
        succeeds(who, address(court), both(pay, challengeData(c, root, ladder())));
        vm.assertEq(bytes32(court.dispute(hash).live), bytes32(court.gameOf(hash, who, root)));
        vm.assertEq(court.depositOf(who), 0);
    }

    function test_EachCallIsTheSendersOwnAndThereAreAtMostFour() public {
        bytes[] memory calls = new bytes[](5);
        reverts(
            sponsor,
            address(court),
            abi.encodeCall(court.multicall, (calls)),
            abi.encodeWithSelector(IRivals.TooManyCalls.selector, 5, 4)
        );
        bytes memory take = both(
            abi.encodeCall(court.withdraw, (1, sponsor)), abi.encodeCall(court.withdraw, (1, sponsor))
        );
        bytes memory expected = abi.encodeWithSelector(IPurse.DepositTooLow.selector, matcher, 0, 1);
        reverts(matcher, address(court), take, expected);
        succeeds(sponsor, address(court), take);
        vm.assertEq(stable.balanceOf(sponsor), 2);
    }
}
