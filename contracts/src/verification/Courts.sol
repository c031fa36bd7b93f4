// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProtocolParams} from "../generated/Params.sol";
import {EXACT_COURT, ICourts} from "../interfaces/ICourt.sol";
import {Wiring} from "../types/Wiring.sol";

/// @title The list of courts, see {ICourts}. Index 0 is no court.
/// @notice Adding one takes as long as adding a slasher; what a lease pinned never changes its meaning.
contract Courts is ICourts {
    struct Proposal {
        address court;
        uint40 activeAt;
    }

    address private immutable GOVERNANCE;
    uint256 private immutable DELAY;

    address[] private _courts;
    mapping(bytes32 courtId => uint16) private _index;
    mapping(bytes32 courtId => Proposal) private _proposals;

    /// @dev The first court is there from the start: nobody has staked or ordered yet.
    constructor(Wiring memory wiring, ProtocolParams memory params, address governance) {
        GOVERNANCE = governance;
        DELAY = params.slasherDelaySeconds;
        _courts.push(address(0));
        _enter(EXACT_COURT, wiring.court);
    }

    function propose(bytes32 courtId, address court) external {
        if (msg.sender != GOVERNANCE) revert NotGovernance(msg.sender);
        if (courtId == 0 || court == address(0)) revert CourtIdInvalid(courtId);
        if (_index[courtId] != 0) revert CourtKnown(courtId);
        uint40 activeAt = uint40(block.timestamp + DELAY);
        _proposals[courtId] = Proposal(court, activeAt);
        emit CourtProposed(courtId, court, activeAt);
    }

    function activate(bytes32 courtId) external returns (uint16 index) {
        Proposal memory proposal = _proposals[courtId];
        if (proposal.court == address(0)) revert CourtUnknown(courtId);
        if (block.timestamp < proposal.activeAt) revert CourtNotActive(courtId, proposal.activeAt);
        if (_courts.length > type(uint16).max) revert TooManyCourts();
        delete _proposals[courtId];
        return _enter(courtId, proposal.court);
    }

    function _enter(bytes32 courtId, address court) private returns (uint16 index) {
        index = uint16(_courts.length);
        _courts.push(court);
        _index[courtId] = index;
        emit CourtActivated(courtId, court, index);
    }

    function indexOf(bytes32 courtId) external view returns (uint16 index) {
        index = _index[courtId];
        if (index == 0) revert CourtUnknown(courtId);
    }

    function courtAt(uint16 index) external view returns (address) {
        return _courts[index];
    }

    function courtOf(bytes32 courtId) external view returns (address) {
        return _courts[_index[courtId]];
    }
}
