// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LeaseState} from "../../src/types/Leases.sol";
import {Offer, Order} from "../../src/types/Orders.sol";
import {Fixture} from "./Fixture.sol";
import {vm} from "./Vm.sol";

/// @notice 3 nodes, 3 buyers and a session, and the ghosts of what must hold. `wins` counts how often an action worked.
abstract contract Actors is Fixture {
    uint96 internal constant SESSION_CAP = 20_000_000;

    struct Opened {
        bytes32 id;
        address buyer;
        uint256 node;
        Order order;
        bytes32 offerHash;
        uint64 voidCap;
        bool voided;
        uint64 releasedAtVoid;
    }

    Opened[] internal leases;
    address[] public actors;
    uint256[3] internal buyerKeys = [uint256(0xb0b), 0xb1b, 0xb2b];
    mapping(string action => uint256) public wins;
    mapping(string action => uint256) public tries;
    uint256 public deposited;
    uint256 public paidOut;
    uint256 public donated;
    uint256 public forgeriesAccepted;
    uint256 public capBreaches;
    mapping(uint256 day => uint256) internal spentByDay;
    uint256 public withdrawnOpened;
    mapping(address who => mapping(uint64 nonce => bool)) internal isWithdrawn;
    uint32 internal nextSeq = 1;

    constructor() {
        setUp();
        for (uint256 i = 0; i < 3; ++i) {
            NodeKeys memory n = addNode();
            deposited += FUNDS;
            actors.push(n.owner);
            address who = vm.addr(buyerKeys[i]);
            actors.push(who);
            if (i != 0) fundBuyer(who, FUNDS);
            deposited += FUNDS;
        }
        actors.push(matcher);
        actors.push(address(0xa0d));
        vm.prank(buyer);
        channels.grantSession(session, SESSION_CAP, type(uint40).max, true, new bytes20[](0));
    }

    // ---- helpers --------------------------------------------------------------------------------------------------

    function note(string memory action, bool ok) internal {
        ++tries[action];
        if (ok) ++wins[action];
    }

    function attempt(string memory action, address who, address target, bytes memory data) internal returns (bool ok) {
        vm.prank(who);
        (ok,) = target.call(data);
        note(action, ok);
    }

    function within(uint256 x, uint256 low, uint256 high) internal pure returns (uint256) {
        return high <= low ? low : low + x % (high - low + 1);
    }

    function actor(uint256 seed) internal view returns (address) {
        return actors[seed % actors.length];
    }

    function count() public view returns (uint256) {
        return leases.length;
    }

    function leaseAt(uint256 i) public view returns (Opened memory) {
        return leases[i];
    }

    function nodeAt(uint256 i) public view returns (NodeKeys memory) {
        return nodes[i];
    }

    function contracts() public view returns (address, address, address, address) {
        return (address(stable), address(registry), address(channels), address(market));
    }

    /// @dev Prefers a lease in the wanted state: starts at a random place and takes the first that fits.
    function find(uint256 seed, LeaseState from, LeaseState to) internal view returns (uint256 index, bool found) {
        uint256 n = leases.length;
        for (uint256 i = 0; i < n && i < 16; ++i) {
            index = (seed % n + i) % n;
            LeaseState state = stateOf(leases[index].id);
            if (state >= from && state <= to) return (index, true);
        }
    }

    function openData(Offer memory offer, uint256 offerKey, Order memory order, uint256 orderKey, uint96 fee)
        internal
        view
        returns (bytes memory)
    {
        bytes memory offerSig = signOffer(offer, offerKey);
        bytes memory orderSig = signOrder(order, orderKey);
        return abi.encodeCall(market.open, (offer, offerSig, order, orderSig, 0, 0, fee));
    }
}
