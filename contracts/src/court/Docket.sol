// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProtocolParams} from "../generated/Params.sol";
import {IAudits} from "../interfaces/IAudits.sol";
import {IBeacon} from "../interfaces/IBeacon.sol";
import {IChannels} from "../interfaces/IChannels.sol";
import {EXACT_COURT_INDEX, ICourts, IExactCourt} from "../interfaces/ICourt.sol";
import {IMarket} from "../interfaces/IMarket.sol";
import {Typed} from "../libraries/Typed.sol";
import {Lease, LeaseState} from "../types/Leases.sol";
import {SegmentCommitment, TIER_EXACT} from "../types/Orders.sol";
import {Wiring} from "../types/Wiring.sol";
import {Grounds} from "./Grounds.sol";
import {Rivals} from "./Rivals.sol";

/// @title Which commitments may be disputed, and what their orders are.
abstract contract Docket is Rivals, IExactCourt {
    IAudits internal immutable AUDITS;
    IChannels internal immutable CHANNELS;
    IMarket internal immutable MARKET;
    IBeacon private immutable BEACON;
    ICourts private immutable COURTS;
    address private immutable GROUNDS;
    uint256 private immutable WINDOW;

    /// @dev Pay matures `releaseDelaySeconds` after its commitment at the earliest, and the lease that ends settles later still:
    /// until the window is over nothing is out of reach. An auditor finds the window open after the named round, somebody's
    /// opening of the case, and its own replay.
    constructor(Wiring memory wiring, ProtocolParams memory params, Grounds grounds, address treasury)
        Rivals(wiring, params, treasury)
    {
        if (params.minBond < LADDER) revert ParamsUnsafe("minBond");
        uint256 replayed = (params.maxRoundsAhead + 1) * params.roundSeconds + 2 * params.auditCommitSeconds;
        if (params.challengeWindowSeconds <= replayed) revert ParamsUnsafe("challengeWindowSeconds");
        if (params.releaseDelaySeconds <= params.challengeWindowSeconds) revert ParamsUnsafe("releaseDelaySeconds");
        AUDITS = IAudits(wiring.audits);
        CHANNELS = IChannels(wiring.channels);
        MARKET = IMarket(wiring.market);
        BEACON = IBeacon(wiring.beacon);
        COURTS = ICourts(wiring.courts);
        GROUNDS = address(grounds);
        WINDOW = params.challengeWindowSeconds;
    }

    function hears(uint8 tier) public pure returns (bool) {
        return tier == TIER_EXACT;
    }

    /// @dev A recorded commitment that can be disputed now, and the court program of its order.
    function _disputable(SegmentCommitment calldata c)
        internal
        view
        returns (bytes32 commitment, bytes32 program)
    {
        commitment = Typed.hash(c);
        (bytes32 recorded, uint40 committedAt) = AUDITS.recordOf(c.leaseId, c.segment);
        if (recorded != commitment) revert CommitmentMismatch(recorded, commitment);
        _checkStands(commitment);
        uint256 until = committedAt + WINDOW;
        if (block.timestamp > until) revert WindowOver(commitment, until);
        if (_isConvicted(c)) revert AlreadyConvicted(c.leaseId, c.segment);
        if (BEACON.currentRound() < c.beaconRound) revert StillRetractable(commitment, c.beaconRound);

        Lease memory lease = MARKET.lease(c.leaseId);
        // The first court's place never changes, so it isn't asked for; the market asks anybody for their own address.
        bool isThis = lease.court == EXACT_COURT_INDEX || COURTS.courtAt(lease.court) == address(this);
        if (!isThis || !hears(lease.tier)) {
            revert NotThisCourt(c.leaseId);
        }
        if (lease.state == LeaseState.settled) revert LeaseSettled(c.leaseId);
        program = _ground();
    }

    /// @dev Whether this court found it or an earlier segment of its lease false: it is void already, and its node punished.
    function _isConvicted(SegmentCommitment calldata c) internal view returns (bool) {
        return AUDITS.isConvicted(c.leaseId, c.segment);
    }

    /// @dev Asks {Grounds} with the calldata of this call. Reverts as it does.
    function _ground() internal view returns (bytes32 program) {
        (bool ok, bytes memory answer) = GROUNDS.staticcall(msg.data);
        if (!ok) _passOn(answer);
        return abi.decode(answer, (bytes32));
    }
}
