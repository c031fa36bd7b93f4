// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEpochCourt} from "../src/interfaces/IEpochCourt.sol";
import {IPurse, IRivals} from "../src/interfaces/IRivals.sol";
import {EpochCommitment} from "../src/types/Epochs.sol";
import {EpochFixture} from "./base/EpochFixture.sol";
import {vm} from "./base/Vm.sol";

/// @notice What the channels of buyers and nodes pay: against a final epoch, at most what its buyer promised for it, what the
/// channel has, and what the epoch's bond allows.
contract EpochPayTest is EpochFixture {
    uint256 internal constant SIGNER = 0x5161;
    uint96 internal constant FUNDED = 1500;
    EpochCommitment internal e;

    function setUp() public override {
        super.setUp();
        fundChannel(FUNDED);
        e = commitEpochOf(honest());
    }

    function fundChannel(uint96 amount) internal {
        succeeds(buyer, address(epochs), abi.encodeCall(epochs.fundChannel, (provider.id, vm.addr(SIGNER), amount)));
    }

    function releaseData(EpochCommitment memory of_, uint96 promised, uint256 key)
        internal
        view
        returns (bytes memory)
    {
        bytes32 digest = epochs.voucherDigest(buyer, provider.id, epochs.epochHash(of_), promised);
        return abi.encodeCall(epochs.release, (of_, buyer, promised, signed(key, digest)));
    }

    function released(uint96 promised) internal returns (uint96) {
        return abi.decode(succeeds(matcher, address(epochs), releaseData(e, promised, SIGNER)), (uint96));
    }

    function finish() internal {
        skip(params.challengeWindowSeconds + 1);
    }

    function test_NothingIsPaidBeforeTheEpochIsFinal() public {
        bytes memory data = releaseData(e, 100, SIGNER);
        revertsWith(matcher, address(epochs), data, IEpochCourt.EpochOpen.selector);
        finish();
        uint256 had = epochs.depositOf(provider.owner);
        succeeds(matcher, address(epochs), data);
        vm.assertEq(epochs.depositOf(provider.owner), had + 100);
        vm.assertEq(epochs.channelOf(buyer, provider.id).funds, FUNDED - 100);
        // The same promise again, and a larger one.
        reverts(matcher, address(epochs), data, abi.encodeWithSelector(IPurse.ZeroAmount.selector));
        vm.assertEq(released(150), 50);
    }

    function test_AnEliminatedEpochPaysNothing() public {
        Side memory lie = liar(Lie.entry, 0, 0);
        EpochCommitment memory false_ = commitEpochOf(lie);
        bytes20 game = challengeEpoch(sponsor, false_, lie, honest());
        play(game, lie, honest());
        succeeds(matcher, address(epochs), concludeEpochData(false_, sponsor, honest()));
        finish();
        bytes memory data = releaseData(false_, 100, SIGNER);
        revertsWith(matcher, address(epochs), data, IRivals.Eliminated.selector);
        // Nor does the promise for it count against the epoch before.
        bytes32 digest = epochs.voucherDigest(buyer, provider.id, epochs.epochHash(false_), 100);
        data = abi.encodeCall(epochs.release, (e, buyer, uint96(100), signed(SIGNER, digest)));
        revertsWith(matcher, address(epochs), data, IEpochCourt.EpochVoucherInvalid.selector);
    }

    function test_AnEpochReleasesItsValueAtMostAndAChannelWhatItHas() public {
        finish();
        vm.assertEq(released(10_000), RESULTS * PRICE_OF_ONE);
        bytes memory more = releaseData(e, 20_000, SIGNER);
        reverts(matcher, address(epochs), more, abi.encodeWithSelector(IPurse.ZeroAmount.selector));
        e = commitEpochOf(honest());
        finish();
        vm.assertEq(released(10_000), FUNDED - RESULTS * PRICE_OF_ONE);
        vm.assertEq(epochs.channelOf(buyer, provider.id).funds, 0);
        fundChannel(100);
        vm.assertEq(released(10_000), 100);
    }

    function test_OnlyTheChannelsSignerPromises() public {
        finish();
        bytes memory data = releaseData(e, 100, buyerKey);
        revertsWith(matcher, address(epochs), data, IEpochCourt.EpochVoucherInvalid.selector);
        // It can't be changed while something is left: that would take back what was promised.
        data = abi.encodeCall(epochs.fundChannel, (provider.id, buyer, uint96(1)));
        revertsWith(buyer, address(epochs), data, IEpochCourt.SignerFixed.selector);
        revertsWith(
            buyer,
            address(epochs),
            abi.encodeCall(epochs.fundChannel, (provider.id, vm.addr(SIGNER), uint96(1e9))),
            IPurse.DepositTooLow.selector
        );
        reverts(
            buyer,
            address(epochs),
            abi.encodeCall(epochs.fundChannel, (provider.id, vm.addr(SIGNER), uint96(0))),
            abi.encodeWithSelector(IPurse.ZeroAmount.selector)
        );
    }

    function test_WhatIsLeftLeavesAfterNotice() public {
        bytes memory exit = abi.encodeCall(epochs.exitChannel, (provider.id));
        revertsWith(buyer, address(epochs), exit, IEpochCourt.ChannelExitTooEarly.selector);
        bytes memory notice = abi.encodeCall(epochs.requestChannelExit, (provider.id));
        succeeds(buyer, address(epochs), notice);
        skip(params.unbondDelaySeconds - 1);
        revertsWith(buyer, address(epochs), exit, IEpochCourt.ChannelExitTooEarly.selector);
        // What was earned meanwhile is still paid.
        vm.assertEq(released(100), 100);
        skip(1);
        uint256 had = epochs.depositOf(buyer);
        succeeds(buyer, address(epochs), exit);
        vm.assertEq(epochs.depositOf(buyer), had + FUNDED - 100);
        revertsWith(buyer, address(epochs), exit, IEpochCourt.ChannelExitTooEarly.selector);
        // Money that comes again takes the notice back.
        fundChannel(10);
        succeeds(buyer, address(epochs), notice);
        fundChannel(10);
        vm.assertEq(epochs.channelOf(buyer, provider.id).exitAt, 0);
    }
}
