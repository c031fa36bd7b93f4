// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Public randomness by numbered rounds of fixed length.
/// @notice Round n covers [startOf(n), startOf(n + 1)). Its value is unknown before it starts.
interface IBeacon {
    event RoundRequested(uint64 indexed round);

    error RoundNotFuture(uint64 round, uint64 currentRound);
    error RoundTooFar(uint64 round, uint64 latest);

    function genesis() external view returns (uint256);
    function roundSeconds() external view returns (uint256);
    function currentRound() external view returns (uint64);
    function startOf(uint64 round) external view returns (uint256);

    /// @notice Asks for a round that has not started, at most as far ahead as a commitment may name one: whoever follows
    /// requests need not remember more. Asking twice is harmless. Anyone.
    function request(uint64 round) external;

    /// @notice The value of `round`, or of the first later requested round that completed when it did not.
    /// @return ready False while that can still change.
    function random(uint64 round) external view returns (bool ready, bytes32 value);
}
