// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DrandChain} from "../types/Drand.sol";
import {IBeacon} from "./IBeacon.sol";

/// @title A beacon that a drand network feeds.
/// @notice The value of a round is that of the first drand round published at or after the round's end: SHA-256 of its
/// signature, as drand defines it. Anyone brings that signature, the contract checks it; there is one for each round, so
/// whoever brings it chooses nothing. {request} only says that somebody will want the round. A round that nobody brings
/// has no value, and no other one stands in for it.
interface IDrandBeacon is IBeacon {
    event Brought(uint64 indexed round, uint64 indexed drandRound, bytes32 value);

    error ChainUnsafe(string field);
    error RoundNotOver(uint64 round);
    error AlreadyBrought(uint64 round);
    error SignatureLengthWrong(uint256 length);
    error SignatureNotOnCurve(uint256 x, uint256 y);
    error SignatureWrong(uint64 round, uint64 drandRound);

    /// @notice Makes the value of a round that is over known. Anyone.
    /// @param signature Of drand round {drandRoundOf}: a point of G1, x and y in 32 bytes each.
    function bring(uint64 round, bytes calldata signature) external;

    /// @notice The drand round whose signature decides `round`.
    function drandRoundOf(uint64 round) external view returns (uint256);

    function drandChain() external view returns (DrandChain memory);
}
