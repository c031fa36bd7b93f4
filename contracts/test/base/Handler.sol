// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IChannels} from "../../src/interfaces/IChannels.sol";
import {CloseReason, Lease, LeaseState} from "../../src/types/Leases.sol";
import {Offer, Order} from "../../src/types/Orders.sol";
import {Withdrawals} from "./Withdrawals.sol";
import {vm} from "./Vm.sol";

/// @notice Random but mostly sensible behaviour of the actors. Every action picks its operands so that it usually
/// succeeds.
contract Handler is Withdrawals {
    // ---- time and balances ----------------------------------------------------------------------------------------

    function wait(uint256 seconds_) external {
        skip(within(seconds_, 1, 40));
        note("wait", true);
    }

    function sleep(uint256 seconds_) external {
        skip(within(seconds_, 1 hours, 30 hours));
        note("sleep", true);
    }

    function deposit(uint256 who, uint96 amount) external {
        amount = uint96(within(amount, 1, 50_000_000));
        fundBuyer(actor(who), amount);
        deposited += amount;
        note("deposit", true);
    }

    function donate(uint256 seed) external {
        uint256 amount = within(seed, 1, 1000);
        stable.mint(address(channels), amount);
        donated += amount;
        note("donate", true);
    }

    function withdraw(uint256 who, uint96 amount) external {
        address a = actor(who);
        for (uint256 i = 0; i < actors.length && earned(a) == 0; ++i) {
            a = actor(who % actors.length + i);
        }
        amount = uint96(within(amount, 1, earned(a)));
        if (attempt("withdraw", a, address(channels), abi.encodeCall(channels.withdraw, (amount, a)))) {
            paidOut += amount;
        }
    }

    function keepEarnings(uint256 who, uint96 amount) external {
        address a = actor(who);
        amount = uint96(within(amount, 0, earned(a)));
        attempt("keepEarnings", a, address(channels), abi.encodeCall(channels.keepEarnings, (amount)));
    }

    function requestExit(uint256 who, uint96 amount) external {
        address a = actor(who);
        amount = uint96(within(amount, 0, free(a) / 8));
        attempt("requestExit", a, address(channels), abi.encodeCall(channels.requestExit, (amount)));
    }

    function exit(uint256 who) external {
        address a = actor(who);
        for (uint256 i = 0; i < actors.length && channels.accountOf(a).exiting == 0; ++i) {
            a = actor(who % actors.length + i);
        }
        uint96 amount = channels.accountOf(a).exiting;
        if (attempt("exit", a, address(channels), abi.encodeCall(channels.exit, (a)))) paidOut += amount;
    }

    function fundBonds(uint256 which, uint96 amount) external {
        NodeKeys memory n = nodes[which % 3];
        amount = uint96(within(amount, 0, free(n.owner)));
        attempt("fundBonds", n.owner, address(channels), abi.encodeCall(channels.fundBonds, (n.id, amount)));
    }

    function defundBonds(uint256 which, uint96 amount) external {
        NodeKeys memory n = nodes[which % 3];
        amount = uint96(within(amount, 0, channels.bondsOf(n.id).free / 4));
        attempt("defundBonds", n.owner, address(channels), abi.encodeCall(channels.defundBonds, (n.id, amount)));
    }

    function resizePool(uint256 which, uint32 capacity) external {
        NodeKeys memory n = nodes[which % 3];
        capacity = uint32(within(capacity, 0, CAPACITY));
        attempt("resizePool", n.owner, address(registry), abi.encodeCall(registry.resizePool, (n.id, 0, capacity)));
    }

    // ---- leases ---------------------------------------------------------------------------------------------------

    function open(uint256 seed) external {
        uint256 b = seed % 3;
        uint256 n = (seed >> 8) % 3;
        bool bySession = b == 0 && (seed >> 16) % 2 == 0;
        Order memory order = orderOf(vm.addr(buyerKeys[b]));
        order.units = uint32(within(seed >> 24, 1, 24));
        order.durationSeconds = uint32(within(seed >> 32, 1, 200));
        order.tier = uint8((seed >> 40) % 2);
        order.payMode = uint8((seed >> 41) % 2);
        order.buyerEpoch = channels.accountOf(order.buyer).buyerEpoch;
        Offer memory offer = offerOf(nodes[n]);
        offer.seq = nextSeq++;
        uint96 fee = uint96(within(seed >> 48, 0, 1000));
        uint256 key = bySession ? sessionKey : buyerKeys[b];
        bytes memory data = openData(offer, nodes[n].operatorKey, order, key, fee);
        uint256 before = free(order.buyer);
        if (!attempt("open", matcher, address(market), data)) return;
        if (bySession) {
            uint256 day = time() / 1 days;
            spentByDay[day] += before - free(order.buyer);
            if (spentByDay[day] > SESSION_CAP) ++capBreaches;
            note("open by session", true);
        }
        bytes32 offerHash = market.offerHash(offer);
        bytes32 id = market.leaseIdOf(market.orderHash(order), offerHash, 0);
        leases.push(Opened(id, order.buyer, n, order, offerHash, 0, false, 0));
    }

    /// @dev P2: one of the two signatures is by a wrong key.
    function forge(uint256 seed) external {
        Order memory order = orderOf(buyer);
        Offer memory offer = offerOf(nodes[seed % 3]);
        offer.seq = nextSeq++;
        bool badOffer = (seed >> 8) % 2 == 0;
        uint256 offerKey = badOffer ? within(seed >> 9, 1, 1000) : nodes[seed % 3].operatorKey;
        uint256 orderKey = badOffer ? buyerKey : within(seed >> 9, 1, 1000);
        bytes memory data = openData(offer, offerKey, order, orderKey, 0);
        vm.prank(matcher);
        (bool ok,) = address(market).call(data);
        if (ok) ++forgeriesAccepted;
        note("forge", true);
    }

    function refill(uint256 seed) external {
        (uint256 i, bool found) = find(seed, LeaseState.closing, LeaseState.settled);
        if (!found) return;
        Opened memory earlier = leases[i];
        Lease memory lease = market.lease(earlier.id);
        uint256 n = (seed >> 8) % 3;
        Offer memory offer = offerOf(nodes[n]);
        offer.seq = nextSeq++;
        uint256 key = buyerKey;
        for (uint256 k = 0; k < 3; ++k) {
            if (vm.addr(buyerKeys[k]) == earlier.buyer) key = buyerKeys[k];
        }
        uint8 fill = lease.fill + 1;
        bytes memory data = abi.encodeCall(
            market.open,
            (
                offer,
                signOffer(offer, nodes[n].operatorKey),
                earlier.order,
                signOrder(earlier.order, key),
                fill,
                earlier.offerHash,
                0
            )
        );
        if (!attempt("refill", matcher, address(market), data)) return;
        if (isWithdrawn[earlier.buyer][earlier.order.nonce]) ++withdrawnOpened;
        bytes32 offerHash = market.offerHash(offer);
        bytes32 id = market.leaseIdOf(market.orderHash(earlier.order), offerHash, fill);
        leases.push(Opened(id, earlier.buyer, n, earlier.order, offerHash, 0, false, 0));
    }

    function start(uint256 seed) external {
        (uint256 i, bool found) = find(seed, LeaseState.open, LeaseState.open);
        if (!found) return;
        address operator = nodes[leases[i].node].operator;
        attempt("start", operator, address(market), abi.encodeCall(market.start, (leases[i].id, "")));
    }

    function claim(uint256 seed, uint128 cumulative) external {
        (uint256 i, bool found) = find(seed, LeaseState.open, LeaseState.settling);
        if (!found) return;
        bytes32 id = leases[i].id;
        IChannels.ChannelView memory c = channels.channel(id);
        cumulative = uint128(within(cumulative, c.claimed, uint256(c.cap) + 10));
        bytes memory data = abi.encodeCall(channels.claim, (id, cumulative, voucher(id, cumulative)));
        attempt("claim", matcher, address(channels), data);
    }

    function accrue(uint256 seed, uint64 amount) external {
        (uint256 i, bool found) = find(seed, LeaseState.running, LeaseState.running);
        if (!found) return;
        bytes32 id = leases[i].id;
        // As Audits would: never beyond what the clock allows.
        Lease memory lease = market.lease(id);
        uint256 most = (time() - lease.startedAt) * lease.rate;
        uint64 anchored = channels.channel(id).anchored;
        if (anchored > most) return;
        vm.prank(address(audits));
        channels.anchor(id, uint64(within(amount, 0, most - anchored)));
        attempt("claimAccrued", matcher, address(channels), abi.encodeCall(channels.claimAccrued, (id)));
    }

    function release(uint256 seed) external {
        (uint256 i, bool found) = find(seed, LeaseState.running, LeaseState.settling);
        if (!found) return;
        attempt("release", matcher, address(channels), abi.encodeCall(channels.release, (leases[i].id)));
    }

    function close(uint256 seed) external {
        (uint256 i, bool found) = find(seed, LeaseState.open, LeaseState.running);
        if (!found) return;
        Opened memory l = leases[i];
        address operator = nodes[l.node].operator;
        uint256 how = (seed >> 32) % 6;
        address who = how < 3 ? l.buyer : how < 5 ? operator : matcher;
        CloseReason reason = how == 0
            ? CloseReason.completed
            : how == 1
                ? CloseReason.buyerCancelled
                : how == 2 ? CloseReason.providerSilent : how < 5 ? CloseReason.providerQuit : CloseReason.expired;
        attempt("close", who, address(market), abi.encodeCall(market.close, (l.id, reason)));
    }

    function closeUnstarted(uint256 seed) external {
        (uint256 i, bool found) = find(seed, LeaseState.open, LeaseState.inputsReady);
        if (!found) return;
        bytes memory data = abi.encodeCall(market.closeUnstarted, (leases[i].id));
        attempt("closeUnstarted", matcher, address(market), data);
    }

    function settle(uint256 seed) external {
        (uint256 i, bool found) = find(seed, LeaseState.closing, LeaseState.settling);
        if (!found) return;
        attempt("settle", matcher, address(market), abi.encodeCall(market.settle, (leases[i].id)));
    }

    /// @dev P7: what Audits does once a false segment is confirmed.
    function fault(uint256 seed) external {
        if (seed % 4 != 0) return;
        (uint256 i, bool found) = find(seed >> 2, LeaseState.running, LeaseState.settling);
        if (!found) return;
        Opened storage l = leases[i];
        if (l.voided) return;
        IChannels.ChannelView memory c = channels.channel(l.id);
        uint64 cap = uint64(within(seed >> 64, 0, c.cap));
        vm.startPrank(address(audits));
        channels.voidFrom(l.id, cap);
        market.close(l.id, CloseReason.falseSegment);
        vm.stopPrank();
        (l.voided, l.voidCap, l.releasedAtVoid) = (true, cap, c.released);
        note("fault", true);
    }

    function payAudit(uint256 seed, uint64 amount) external {
        (uint256 i, bool found) = find(seed, LeaseState.running, LeaseState.settled);
        if (!found) return;
        bytes32 id = leases[i].id;
        uint64 pot = market.moneyOf(id).auditPot;
        amount = uint64(within(amount, 0, uint256(pot) / 2));
        vm.prank(address(audits));
        uint64 paid = channels.payAudit(id, pot, address(0xa0d), amount);
        note("payAudit", paid != 0);
    }

    function freeze(uint256 seed, uint32 seconds_) external {
        (uint256 i, bool found) = find(seed, LeaseState.running, LeaseState.settling);
        if (!found) return;
        uint256 until = (seed >> 32) % 2 == 0 ? 0 : time() + within(seconds_, 1, 100);
        vm.prank(address(audits));
        channels.auditFreeze(leases[i].id, uint32(until));
        note("freeze", true);
    }

    // ---- exits ----------------------------------------------------------------------------------------------------

    /// @notice P6: whatever happened, everyone gets all unreserved money out. Returns the first who can't, or 0.
    function exitAll() external returns (address stuck) {
        for (uint256 i = 0; i < 3; ++i) {
            NodeKeys memory n = nodes[i];
            uint96 bonds = channels.bondsOf(n.id).free;
            vm.prank(n.owner);
            channels.defundBonds(n.id, bonds);
        }
        for (uint256 i = 0; i < actors.length; ++i) {
            IChannels.AccountView memory a = channels.accountOf(actors[i]);
            vm.prank(actors[i]);
            channels.requestExit(a.free + a.exiting);
        }
        skip(params.exitDelaySeconds);
        for (uint256 i = 0; i < actors.length; ++i) {
            IChannels.AccountView memory a = channels.accountOf(actors[i]);
            vm.startPrank(actors[i]);
            if (a.earned != 0) channels.withdraw(a.earned, actors[i]);
            if (a.exiting != 0) channels.exit(actors[i]);
            vm.stopPrank();
            paidOut += uint256(a.earned) + a.exiting;
            a = channels.accountOf(actors[i]);
            if (uint256(a.free) + a.earned + a.exiting != 0) return actors[i];
        }
    }
}
