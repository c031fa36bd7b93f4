// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAudits} from "../src/interfaces/IAudits.sol";
import {SegmentCommitment} from "../src/types/Orders.sol";
import {AuditsFixture} from "./base/AuditsFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice Audits under random moves of all four drawn auditors, sensible or not: what no order of them can bring about.
contract AuditMovesTest is AuditsFixture {
    uint256 internal constant MOVES = 24;

    SegmentCommitment internal c;
    NodeKeys[] internal drawn;
    mapping(bytes20 auditor => Opening) internal openings;

    function setUp() public override {
        super.setUp();
        c = commitAndDraw(0);
        audits.openAudit(id, 0);
        for (uint256 i = 0; i < params.maxAuditors; ++i) {
            drawn.push(auditorAt(0, i));
        }
    }

    function word(uint256 seed, uint256 index) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, index)));
    }

    function trySeal(NodeKeys memory auditor, bytes32 said) internal returns (bool ok) {
        Opening memory o = finding(c, auditor, said);
        vm.prank(auditor.operator);
        (ok,) = address(audits).call(sealData(c, auditor, seal(c, auditor, o)));
        if (ok) openings[auditor.id] = o;
    }

    function tryReveal() internal returns (bool ok) {
        Opening memory o = openings[audits.audit(id, 0).auditor];
        (ok,) = address(audits).call(revealData(c, o));
    }

    function tryTime() internal returns (bool ok) {
        (ok,) = address(audits).call(abi.encodeCall(audits.resolveTimeout, (id, 0)));
    }

    function isOver() internal view returns (bool) {
        return audits.audit(id, 0).state > IAudits.AuditState.committed;
    }

    /// @notice The liar is at it half of the time, and says one of two invented histories or the provider's own, everyone else what `truth` is.
    function play(uint256 seed, uint256 liar, bytes32 truth) internal {
        for (uint256 i = 0; i < MOVES && !isOver(); ++i) {
            uint256 move = word(seed, i);
            skip((move >> 8) % (params.auditCommitSeconds + 3) / 2);
            uint256 who = (move >> 32) % 2 == 0 ? liar : (move >> 40) % drawn.length;
            bytes32 lie = [bytes32("lie"), "lie", "another lie", HONEST][(move >> 64) % 4];
            bool sealed_ = trySeal(drawn[who], who == liar ? lie : truth);
            // Three of four are opened at once, the others late or never.
            if (sealed_ && (move >> 72) % 4 != 0) tryReveal();
            if ((move >> 80) % 4 == 0) tryReveal();
            if ((move >> 88) % 2 == 0) tryTime();
        }
    }

    function testFuzz_OneLiarVoidsNoHonestSegment(uint256 seed) public {
        play(seed, word(seed, 99) % drawn.length, HONEST);
        vm.assertTrue(audits.audit(id, 0).state != IAudits.AuditState.confirmed);
        vm.assertFalse(audits.segment(id, 0).voided);
    }

    function testFuzz_EveryCaseEndsAndPayFlowsAgain(uint256 seed) public {
        play(seed, word(seed, 99) % drawn.length, word(seed, 98) % 2 == 0 ? HONEST : RIVAL);
        if (isOver()) vm.assertEq(channels.channel(id).frozenUntil, 0, "frozen by a closed case");
        uint256 endsAt = audits.audit(id, 0).endsAt;
        vm.warp((time() < endsAt ? endsAt : time()) + params.auditRevealSeconds + 1);
        if (!isOver()) vm.assertTrue(tryTime(), "somebody calls time");
        vm.assertTrue(isOver());
        vm.assertEq(channels.channel(id).frozenUntil, 0);
    }

    /// @notice What a false segment meets when all speak in the order of the draw and one of them does something else.
    function testFuzz_HonestAuditorsConfirmUnlessTheLiarPassesFirst(uint256 seed) public {
        uint256 liar = word(seed, 1) % drawn.length;
        uint256 behaviour = word(seed, 2) % 4;
        for (uint256 i = 0; i < drawn.length && !isOver(); ++i) {
            if (i == liar && behaviour == 0) {
                vm.warp(time() + params.auditCommitSeconds + 1);
                continue;
            }
            skip(word(seed, 3 + i) % 3);
            bytes32 said = i != liar ? RIVAL : behaviour == 2 ? bytes32("nonsense") : HONEST;
            vm.assertTrue(trySeal(drawn[i], said), "nobody is shut out");
            if (i == liar && behaviour == 1) {
                vm.warp(audits.audit(id, 0).deadline + 1);
                vm.assertTrue(tryTime());
            } else {
                vm.assertTrue(tryReveal());
            }
        }
        assertAudit(0, behaviour == 3 && liar < 2 ? IAudits.AuditState.passed : IAudits.AuditState.confirmed);
    }
}
