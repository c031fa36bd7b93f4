// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProtocolParams} from "../generated/Params.sol";
import {IDrandBeacon} from "../interfaces/IDrandBeacon.sol";
import {Bn254Bls} from "../libraries/Bn254Bls.sol";
import {DrandChain} from "../types/Drand.sol";
import {MispredictedAddress, Wiring} from "../types/Wiring.sol";

/// @title Randomness of a drand network, checked by pairing, see {IDrandBeacon}.
/// @dev Round 0 starts with the drand round that was the latest at deployment, so that every later round starts and ends
/// with one too. A value is published a whole round after the last moment at which a commitment could name it: that much
/// the chain's clock may lag behind drand's.
contract DrandBeacon is IDrandBeacon {
    /// @dev Two words with room for the length in the last byte, as the hash wants it.
    uint256 private constant MAX_DST = 63;

    uint256 private immutable DRAND_GENESIS;
    uint256 private immutable PERIOD;
    uint256 private immutable KEY_X_IM;
    uint256 private immutable KEY_X_RE;
    uint256 private immutable KEY_Y_IM;
    uint256 private immutable KEY_Y_RE;
    bytes32 private immutable DST_HEAD;
    bytes32 private immutable DST_TAIL;
    uint256 private immutable DST_LENGTH;

    uint256 private immutable GENESIS;
    uint256 private immutable ROUND_SECONDS;
    uint256 private immutable MAX_ROUNDS_AHEAD;
    /// @dev The drand round published at {GENESIS}, and how many there are in a round.
    uint256 private immutable FIRST;
    uint256 private immutable STRIDE;

    mapping(uint64 round => bytes32) private _values;

    constructor(Wiring memory wiring, ProtocolParams memory params, DrandChain memory chain) {
        if (wiring.beacon != address(this)) revert MispredictedAddress(wiring.beacon, address(this));
        if (chain.period == 0 || params.roundSeconds == 0 || params.roundSeconds % chain.period != 0) {
            revert ChainUnsafe("period");
        }
        if (chain.genesis > block.timestamp) revert ChainUnsafe("genesis");
        if (chain.publicKey.length != 128) revert ChainUnsafe("publicKey");
        if (chain.dst.length == 0 || chain.dst.length > MAX_DST) revert ChainUnsafe("dst");
        Bn254Bls.G2 memory key = abi.decode(chain.publicKey, (Bn254Bls.G2));
        if (!Bn254Bls.isKey(key)) revert ChainUnsafe("publicKey");

        DRAND_GENESIS = chain.genesis;
        PERIOD = chain.period;
        (KEY_X_IM, KEY_X_RE, KEY_Y_IM, KEY_Y_RE) = (key.xIm, key.xRe, key.yIm, key.yRe);
        (DST_HEAD, DST_TAIL) = abi.decode(bytes.concat(chain.dst, new bytes(64)), (bytes32, bytes32));
        DST_LENGTH = chain.dst.length;

        uint256 published = (block.timestamp - chain.genesis) / chain.period;
        GENESIS = chain.genesis + published * chain.period;
        ROUND_SECONDS = params.roundSeconds;
        MAX_ROUNDS_AHEAD = params.maxRoundsAhead;
        // The round published at a chain's genesis is its round 1.
        FIRST = published + 1;
        STRIDE = params.roundSeconds / chain.period;
    }

    function request(uint64 round) external {
        uint64 current = currentRound();
        if (round <= current) revert RoundNotFuture(round, current);
        uint64 latest = current + uint64(MAX_ROUNDS_AHEAD);
        if (round > latest) revert RoundTooFar(round, latest);
        emit RoundRequested(round);
    }

    function bring(uint64 round, bytes calldata signature) external {
        if (_values[round] != 0) revert AlreadyBrought(round);
        if (block.timestamp < _endOf(round)) revert RoundNotOver(round);
        if (signature.length != 64) revert SignatureLengthWrong(signature.length);
        Bn254Bls.G1 memory point = abi.decode(signature, (Bn254Bls.G1));
        if (!Bn254Bls.isOnCurve(point)) revert SignatureNotOnCurve(point.x, point.y);

        // Fits: the round is over.
        uint64 drandRound = uint64(drandRoundOf(round));
        bytes memory message = bytes.concat(keccak256(abi.encodePacked(drandRound)));
        Bn254Bls.G2 memory key = Bn254Bls.G2(KEY_X_IM, KEY_X_RE, KEY_Y_IM, KEY_Y_RE);
        if (!Bn254Bls.verify(key, Bn254Bls.hashToG1(_dst(), message), point)) revert SignatureWrong(round, drandRound);
        bytes32 value = sha256(signature);
        _values[round] = value;
        emit Brought(round, drandRound, value);
    }

    function _endOf(uint64 round) private view returns (uint256) {
        return startOf(round) + ROUND_SECONDS;
    }

    function _dst() private view returns (bytes memory dst) {
        dst = bytes.concat(DST_HEAD, DST_TAIL);
        uint256 length = DST_LENGTH;
        assembly ("memory-safe") {
            mstore(dst, length)
        }
    }

    // ---- views ----------------------------------------------------------------------------------------------------

    function random(uint64 round) external view returns (bool ready, bytes32 value) {
        value = _values[round];
        return (value != 0, value);
    }

    function genesis() external view returns (uint256) {
        return GENESIS;
    }

    function roundSeconds() external view returns (uint256) {
        return ROUND_SECONDS;
    }

    function currentRound() public view returns (uint64) {
        return uint64((block.timestamp - GENESIS) / ROUND_SECONDS);
    }

    function startOf(uint64 round) public view returns (uint256) {
        return GENESIS + uint256(round) * ROUND_SECONDS;
    }

    function drandRoundOf(uint64 round) public view returns (uint256) {
        return FIRST + (uint256(round) + 1) * STRIDE;
    }

    function drandChain() external view returns (DrandChain memory) {
        bytes memory key = abi.encode(KEY_X_IM, KEY_X_RE, KEY_Y_IM, KEY_Y_RE);
        return DrandChain(uint64(DRAND_GENESIS), uint64(PERIOD), key, _dst());
    }
}
