// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAudits} from "../src/interfaces/IAudits.sol";
import {CloseReason} from "../src/types/Leases.sol";
import {SegmentCommitment} from "../src/types/Orders.sol";
import {AuditsFixture} from "./base/AuditsFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice What a check earns: a share of the segment's pay, not less than the floor, never more than the pot has.
contract AuditPayTest is AuditsFixture {
    function pot() internal view returns (uint256) {
        return market.moneyOf(id).auditPot;
    }

    function floor() internal view returns (uint256) {
        return pot() * params.auditFloorPpm / 1e6;
    }

    function payOf(uint32 meteredSeconds) internal view returns (uint256) {
        uint256 share = uint256(PRICE) * UNITS * meteredSeconds * params.auditPayPpm / 1e6;
        return share < floor() ? floor() : share;
    }

    function commitMetered(uint32 segment, uint32 meteredSeconds) internal returns (SegmentCommitment memory c) {
        skip(meteredSeconds);
        c = segmentOf(segment, HONEST);
        c.meteredSeconds = meteredSeconds;
        succeeds(matcher, address(audits), commitData(c));
        playRound(c.beaconRound, 4);
    }

    function test_ASegmentSaidToTakeNoTimeIsWorthTheFloor() public {
        NodeKeys memory auditor = check(commitMetered(0, 0), 0, HONEST);
        vm.assertGt(floor(), 0);
        vm.assertEq(earned(auditor.owner), floor());
        vm.assertEq(channels.channel(id).auditSpent, floor());
    }

    function test_TheFloorTakesNothingFromBetterPay() public {
        NodeKeys memory auditor = check(commitMetered(0, 60), 0, HONEST);
        vm.assertEq(earned(auditor.owner), 60 * uint256(PRICE) * UNITS * params.auditPayPpm / 1e6);
        vm.assertGt(earned(auditor.owner), floor());
    }

    /// @notice Whatever the provider meters: no check below the floor while the pot has it, and every unit that was
    /// reserved ends with the provider, an auditor or the buyer.
    /// forge-config: default.fuzz.runs = 48
    function testFuzz_AuditPayIsFlooredAndConserved(uint256 seed) public {
        uint256 reserved = FUNDS - free(buyer);
        uint256 spent = 0;
        uint32 metered = 0;
        for (uint32 i = 0; i < 6; ++i) {
            uint32 seconds_ = uint32(uint256(keccak256(abi.encode(seed, i))) % 160);
            if (seconds_ % 4 == 0) seconds_ = 0;
            if (metered + seconds_ > DURATION) seconds_ = 0;
            metered += seconds_;
            check(commitMetered(i, seconds_), 0, HONEST);
            uint256 due = payOf(seconds_);
            uint256 left = pot() - spent;
            spent += due < left ? due : left;
            vm.assertEq(channels.channel(id).auditSpent, spent, "spent");
        }
        uint128 pay = uint128(uint256(PRICE) * UNITS * metered);
        if (pay != 0) channels.claim(id, pay, voucher(id, pay));
        closeAs(buyer, id, CloseReason.completed);
        settleLease(id);
        uint256 paid = 0;
        for (uint256 i = 0; i < nodes.length; ++i) {
            paid += earned(nodes[i].owner);
        }
        vm.assertEq(paid, spent + pay);
        vm.assertEq(FUNDS - free(buyer), paid, "the rest goes back");
        vm.assertLe(paid, reserved);
    }
}
