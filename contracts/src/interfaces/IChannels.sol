// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LeaseMoney} from "../types/Leases.sol";
import {SessionGrant} from "../types/Orders.sol";

/// @title The stablecoin vault and ledger: balances, bonds, channels, sessions.
/// @notice Immutable, without an owner. `free` money is what a buyer's orders may reserve and it exits after a delay;
/// `earned` money (pay, fees, audit pay) exits at once. Nothing here can be paused.
interface IChannels {
    struct AccountView {
        uint96 free;
        uint96 earned;
        uint96 exiting;
        uint32 exitAt;
        uint32 buyerEpoch;
        uint32 sessionEpoch;
    }

    struct BondView {
        uint96 free;
        uint96 locked;
        /// When a lease's bond was last given back or taken; 0: never.
        uint40 unlockedAt;
    }

    struct ChannelView {
        bytes20 nodeId;
        address signer;
        uint64 cap;
        uint64 claimed;
        uint64 pending;
        uint64 released;
        uint64 releasable;
        uint64 anchored;
        uint64 auditSpent;
        uint64 bondSlashed;
        uint32 claimUntil;
        uint32 frozenUntil;
        bool settled;
    }

    struct SessionView {
        uint64 dailyCap;
        uint64 spentToday;
        uint40 expiresAt;
        bool anyPayee;
        bool live;
    }

    struct Claim {
        bytes32 channelId;
        uint128 cumulative;
        bytes signature;
    }

    enum ClaimResult {
        claimed,
        channelUnknown,
        channelClosed,
        nothingNew,
        badSignature
    }

    /// @notice What Market asks to be set aside when it opens a lease.
    /// `total` leaves the buyer's free money: pay, audit pot and the matcher's fee. With `bySession` the signer's session
    /// pays.
    struct Reservation {
        bytes32 channelId;
        bytes20 nodeId;
        address buyer;
        address signer;
        bool bySession;
        uint64 buyerEpoch;
        uint256 total;
        uint64 pay;
        uint64 bond;
        address matcher;
        uint96 fee;
    }

    event Deposited(address indexed account, address indexed from, uint96 amount);
    event Withdrawn(address indexed account, address indexed to, uint96 amount);
    event ExitRequested(address indexed account, uint96 amount, uint32 exitAt);
    event Exited(address indexed account, address indexed to, uint96 amount);
    event EarningsKept(address indexed account, uint96 amount);
    event BondsFunded(bytes20 indexed nodeId, address indexed owner, uint96 amount);
    event BondsDefunded(bytes20 indexed nodeId, address indexed owner, uint96 amount);
    event SessionGranted(
        address indexed buyer, address indexed key, uint96 dailyCap, uint64 expiresAt, bool anyPayee, bytes20[] nodeIds
    );
    event SessionsRevoked(address indexed buyer, uint32 sessionEpoch);
    event BuyerEpochBumped(address indexed buyer, uint32 buyerEpoch);
    event Claimed(bytes32 indexed channelId, uint64 claimed, uint64 added);
    event Anchored(bytes32 indexed channelId, uint64 anchored);
    event Released(bytes32 indexed channelId, bytes20 indexed nodeId, address indexed owner, uint64 amount);
    event AuditPaid(bytes32 indexed channelId, address indexed to, uint64 amount);
    event Frozen(bytes32 indexed channelId, address indexed by, uint32 until);
    event Unfrozen(bytes32 indexed channelId, address indexed by);
    event Voided(bytes32 indexed channelId, uint64 cap, uint64 clawedBack);
    event BondSlashed(bytes32 indexed channelId, address indexed beneficiary, uint64 amount);
    event ChannelSettled(
        bytes32 indexed channelId, uint64 paid, uint64 auditPaid, uint64 startFee, uint64 refunded, uint64 bondReturned
    );

    error NotMarket(address caller);
    error NotAudits(address caller);
    error NotNodeOwner(bytes20 nodeId, address caller);
    error ZeroAmount();
    error ZeroAddress();
    error TokenDeltaWrong(uint256 expected, uint256 received);
    error FreeTooLow(address account, uint96 free, uint256 wanted);
    error EarnedTooLow(address account, uint96 earned, uint256 wanted);
    error ExitNotRequested(address account);
    error ExitNotDue(address account, uint32 exitAt);
    error BondFreeTooLow(bytes20 nodeId, uint96 free, uint256 wanted);
    error BuyerEpochMismatch(address buyer, uint32 current, uint64 signed);
    error ChannelExists(bytes32 channelId);
    error ChannelUnknown(bytes32 channelId);
    error ChannelClosed(bytes32 channelId, uint32 claimUntil);
    error ChannelFrozen(bytes32 channelId, uint32 until);
    error VoucherInvalid(bytes32 channelId, address recovered, address signer);
    error NothingToClaim(bytes32 channelId, uint128 cumulative, uint64 claimed);
    error BatchTooLarge(uint256 length, uint256 limit);
    error AuditPotEmpty(bytes32 channelId, uint64 wanted, uint64 left);
    error BondTooLow(bytes32 channelId, uint64 wanted, uint64 left);
    error SessionExpired(address buyer, address key, uint40 expiresAt);
    error SessionRevoked(address buyer, address key);
    error SessionPayeeNotAllowed(address buyer, address key, bytes20 nodeId);
    error SessionCapExceeded(address buyer, address key, uint64 dailyCap, uint64 spentToday, uint256 wanted);
    error SessionGrantInvalid(address buyer, address key);
    error SessionGrantUsed(address buyer, uint64 nonce);
    error SessionEpochMismatch(address buyer, uint32 current, uint64 signed);
    error SessionAllowListMismatch(bytes32 expected, bytes32 actual);
    error SessionAllowListTooLong(uint256 length, uint256 limit);
    error SessionCapTooLarge(uint96 dailyCap);

    // ---- balances -------------------------------------------------------------------------------------------------

    function deposit(uint96 amount) external;
    function depositFor(address account, uint96 amount) external;
    function depositWithPermit(uint96 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice EIP-3009: `from` signed ReceiveWithAuthorization to this contract; anyone may bring it; credits `from`.
    function depositWithAuthorization(
        address from,
        uint96 amount,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice Pays out earned money at once.
    function withdraw(uint96 amount, address to) external;

    /// @notice Sets `amount` of free money apart: it can't be reserved any more and leaves after the delay. A new
    /// request replaces the old one (0 cancels).
    function requestExit(uint96 amount) external;

    function exit(address to) external;

    /// @notice Turns earned into free money, to spend or to bond.
    function keepEarnings(uint96 amount) external;

    /// @notice The owner backs a node's leases with its own free money. Opt-in per node.
    function fundBonds(bytes20 nodeId, uint96 amount) external;

    /// @notice Takes back what no lease has locked, to the owner's free money.
    function defundBonds(bytes20 nodeId, uint96 amount) external;

    // ---- sessions -------------------------------------------------------------------------------------------------

    /// @notice Lets `key` sign orders for the caller, up to `dailyCap` reserved per UTC day, until `expiresAt`, with any
    /// node or only those listed (at most 64). Granting again replaces the list and starts a fresh day's count only on
    /// a new day.
    function grantSession(
        address key,
        uint96 dailyCap,
        uint64 expiresAt,
        bool allowAnyPayee,
        bytes20[] calldata nodeIds
    ) external;

    /// @notice The same by signature (EOA or ERC-1271). `allowRoot` is keccak256(abi.encode(nodeIds)), 0 with anyPayee.
    function grantSessionBySig(SessionGrant calldata grant, bytes20[] calldata nodeIds, bytes calldata signature)
        external;

    /// @notice Ends every session of the caller and every unused signed grant.
    function revokeAll() external;

    // ---- channels -------------------------------------------------------------------------------------------------

    /// @notice Brings a voucher: the claim becomes pending. Pays min(cumulative, cap). Anyone may bring it.
    function claim(bytes32 channelId, uint128 cumulative, bytes calldata signature) external;

    /// @notice At most 100 claims; a bad entry is reported, never reverts the rest.
    function batchClaim(Claim[] calldata claims) external returns (ClaimResult[] memory results);

    /// @notice Accrue mode: claims all anchored pay. Anyone may call.
    function claimAccrued(bytes32 channelId) external;

    /// @notice Moves what has matured to the node owner's earned money. Each amount matures releaseDelay to
    /// 2 x releaseDelay after its claim, however many claims follow.
    function release(bytes32 channelId) external returns (uint64 amount);

    // ---- Market only ----------------------------------------------------------------------------------------------

    /// @return offersCancelled Whether the node ever cancelled offers. Kept beside its bonds, which are read anyway, so
    /// that opening a lease looks at `minSeq` only where there is one.
    function reserve(Reservation calldata r) external returns (bool offersCancelled);
    function markOffersCancelled(bytes20 nodeId) external;
    function markClosed(bytes32 channelId) external returns (bytes20 nodeId);
    function settle(bytes32 channelId, address buyer, LeaseMoney calldata money, bool startFeeDue, bool bondForfeit)
        external;
    function bumpBuyerEpoch(address buyer) external returns (uint32);
    /// @param budget Seconds that this freeze may take.
    function courtFreeze(bytes32 channelId, uint256 budget) external returns (uint32 until);
    function courtUnfreeze(bytes32 channelId) external;
    function courtVoid(bytes32 channelId, uint64 cap) external;
    function slashBond(bytes32 channelId, uint64 bond, uint64 amount, address beneficiary) external;
    /// @notice What is left of the bond: half to whoever found the fault, rounded down, the rest to the buyer.
    function splitBond(bytes32 channelId, uint64 bond, address finder, address buyer)
        external
        returns (uint64 toFinder, uint64 toBuyer);

    // ---- Audits only ----------------------------------------------------------------------------------------------

    function anchor(bytes32 channelId, uint64 amount) external;
    function payAudit(bytes32 channelId, uint64 auditPot, address to, uint64 amount) external returns (uint64 paid);
    function auditFreeze(bytes32 channelId, uint32 until) external;
    function voidFrom(bytes32 channelId, uint64 cap) external;

    // ---- views ----------------------------------------------------------------------------------------------------

    function token() external view returns (address);
    function totalHeld() external view returns (uint256);
    function accountOf(address account) external view returns (AccountView memory);
    function bondsOf(bytes20 nodeId) external view returns (BondView memory);
    function channel(bytes32 channelId) external view returns (ChannelView memory);

    /// @notice The node of a channel, in one storage read.
    function nodeOf(bytes32 channelId) external view returns (bytes20);

    /// @notice The node and the voucher key of a channel, in two storage reads.
    function partiesOf(bytes32 channelId) external view returns (bytes20 nodeId, address signer);

    function sessionOf(address buyer, address key) external view returns (SessionView memory);
    function sessionAllows(address buyer, address key, bytes20 nodeId) external view returns (bool);
    function voucherDigest(bytes32 channelId, bytes20 payee, uint128 cumulative) external view returns (bytes32);
    function sessionGrantDigest(SessionGrant calldata grant) external view returns (bytes32);
}
