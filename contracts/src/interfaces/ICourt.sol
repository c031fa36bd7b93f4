// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A court: decides disputes of the leases that pinned its courtId.
/// @notice It acts through {IMarket-courtFreeze}, {IMarket-courtUnfreeze}, {IMarket-courtVoid}, {IMarket-courtSlash} and
/// {IMarket-close}. CourtId 0 means no court: such a lease has no dispute, and every interface says so.
interface ICourt {
    /// @notice Whether this court hears leases of this tier.
    function hears(uint8 tier) external view returns (bool);
}

/// @title Which address a courtId stands for. Entries are only added, after a delay, and never change.
interface ICourts {
    event CourtProposed(bytes32 indexed courtId, address indexed court, uint40 activeAt);
    event CourtActivated(bytes32 indexed courtId, address indexed court, uint16 index);

    error NotGovernance(address caller);
    error CourtIdInvalid(bytes32 courtId);
    error CourtKnown(bytes32 courtId);
    error CourtUnknown(bytes32 courtId);
    error CourtNotActive(bytes32 courtId, uint40 activeAt);
    error TooManyCourts();

    /// @notice Governance proposes; a pending proposal may be replaced, which restarts the delay.
    function propose(bytes32 courtId, address court) external;

    /// @notice Anyone, after the delay.
    function activate(bytes32 courtId) external returns (uint16 index);

    function indexOf(bytes32 courtId) external view returns (uint16);
    function courtAt(uint16 index) external view returns (address);
    function courtOf(bytes32 courtId) external view returns (address);
}
