// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EpochAnswer, EpochCommitment, EpochResult, Request} from "../types/Epochs.sol";
import {CourtProgram} from "./IGames.sol";
import {IRivals} from "./IRivals.sol";

/// @title The court of small jobs: epochs of results with their bonds, disputes that name (epoch, index), and the channels that
/// pay for them. The game itself is {IGames}; spec/court.md §11.
/// @notice The commitment that rivals are named against is the epoch, by its struct hash: a false result eliminates it whole.
interface IEpochCourt is IRivals {
    struct EpochView {
        /// @dev Of what buyers were asked for, what has been paid out.
        uint96 released;
        /// @dev Locked from the node owner's deposit; 0 once it was freed or slashed.
        uint64 bond;
        /// @dev Last second in which a rival may be named. 0: no such epoch.
        uint40 until;
    }

    /// @dev Money of one buyer for one node.
    struct ChannelView {
        /// @dev Whose vouchers count.
        address signer;
        /// @dev What is left.
        uint96 funds;
        /// @dev When the rest may leave; 0 while no notice was given.
        uint40 exitAt;
    }

    event EpochCommitted(
        bytes32 indexed epoch, bytes20 indexed nodeId, EpochCommitment commitment, uint64 bond, uint40 until
    );
    event EpochChallenged(
        bytes32 indexed epoch,
        bytes20 indexed game,
        address indexed sponsor,
        uint32 index,
        EpochAnswer answer,
        uint64 bond
    );
    event EpochEliminated(
        bytes32 indexed epoch, bytes20 indexed nodeId, address indexed sponsor, uint64 toSponsor, uint64 toTreasury
    );
    event EpochClosed(bytes32 indexed epoch, bytes20 indexed nodeId, uint64 bond);
    event ChannelFunded(address indexed buyer, bytes20 indexed nodeId, address signer, uint96 amount);
    event ChannelExitRequested(address indexed buyer, bytes20 indexed nodeId, uint40 exitAt);
    event ChannelExited(address indexed buyer, bytes20 indexed nodeId, uint96 amount);
    event EpochReleased(bytes32 indexed epoch, address indexed buyer, bytes20 indexed nodeId, uint96 amount);

    error NotNode(bytes20 nodeId, address caller);
    error EpochOutOfTurn(bytes20 nodeId, uint64 next, uint64 given);
    error EpochEmpty();
    error EpochUnknown(bytes32 epoch);
    error EpochOpen(bytes32 epoch, uint256 until);
    error ValueAboveCap(uint96 value, uint256 cap);
    error ChannelExitTooEarly(uint256 exitAt);
    error SignerFixed(address signer);
    error EpochVoucherInvalid(bytes32 channelId, address signer);

    // ---- epochs ---------------------------------------------------------------------------------------------------

    /// @notice The node's operator or owner commits its next epoch, with a bond out of the owner's deposit. It can't be
    /// taken back.
    function commitEpoch(EpochCommitment calldata commitment, uint64 bond) external returns (bytes32 epoch);

    /// @notice Frees the bond of an epoch whose window is over and that no rival is left of. Anyone.
    function closeEpoch(EpochCommitment calldata commitment) external;

    // ---- disputes -------------------------------------------------------------------------------------------------

    /// @notice Names another answer to the request of a result; the caller sponsors it with `bond` of its deposit.
    function challenge(
        EpochCommitment calldata commitment,
        EpochResult calldata result,
        CourtProgram calldata program,
        EpochAnswer calldata answer,
        uint64 bond
    ) external returns (bytes20 game);

    /// @notice Takes note of the game that was played and is over: pays, slashes, starts the next rival's. Anyone.
    function conclude(EpochCommitment calldata commitment, address sponsor, bytes32 rival) external;

    /// @notice The same in one transaction with the game's last move: calldata of a proof or of {IGames-timeout}.
    function concludeWith(EpochCommitment calldata commitment, address sponsor, bytes32 rival, bytes calldata move)
        external;

    // ---- channels -------------------------------------------------------------------------------------------------

    /// @notice Moves money of the caller's deposit into its channel with a node; `signer` signs its vouchers, the same one for
    /// as long as something is left. Takes back a notice to leave.
    function fundChannel(bytes20 nodeId, address signer, uint96 amount) external;

    /// @notice The caller's notice that what is left in the channel will leave after `unbondDelaySeconds`.
    function requestChannelExit(bytes20 nodeId) external;
    function exitChannel(bytes20 nodeId) external;

    /// @notice Pays a node's owner, into its deposit, what a buyer promised for an epoch that is final. Anyone.
    /// @param promised For all the buyer's results of that epoch; what was paid of it already isn't paid again.
    /// @param signature Of EpochVoucher(channelId, epoch, promised) by the channel's signer.
    /// @return amount At most what is left in the channel, and of the epoch's value.
    function release(EpochCommitment calldata commitment, address buyer, uint96 promised, bytes calldata signature)
        external
        returns (uint96 amount);

    // ---- views ----------------------------------------------------------------------------------------------------

    function epochHash(EpochCommitment calldata commitment) external pure returns (bytes32);
    function requestHash(Request calldata request) external pure returns (bytes32);
    function requestDigest(Request calldata request) external view returns (bytes32);
    function voucherDigest(address buyer, bytes20 nodeId, bytes32 epoch, uint96 amount)
        external
        view
        returns (bytes32);
    /// @notice What names a rival in {IRivals}.
    function rivalOf(uint32 index, EpochAnswer calldata answer) external pure returns (bytes32);
    function epochOf(bytes32 epoch) external view returns (EpochView memory);
    function nextEpochOf(bytes20 nodeId) external view returns (uint64);
    function channelOf(address buyer, bytes20 nodeId) external view returns (ChannelView memory);
    /// @notice keccak256(abi.encode(buyer, nodeId)).
    function channelIdOf(address buyer, bytes20 nodeId) external pure returns (bytes32);
    /// @notice The most that an epoch with this bond may release.
    function capOf(uint64 bond) external view returns (uint256);
}
