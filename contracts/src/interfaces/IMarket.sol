// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CloseReason, Lease, LeaseMoney, LeaseState} from "../types/Leases.sol";
import {Offer, Order} from "../types/Orders.sol";

/// @title The market: matches one signed offer with one signed order and keeps the lease's life.
/// @notice Holds no money; every amount moves in {IChannels}. Each refusal has its own error, so that a buyer reads the
/// reason. `open` may be sent by anyone the order allows; what binds are the two signatures.
interface IMarket {
    /// @notice Everything an indexer needs besides the indexed ids. `session` signs the vouchers; `terms` and `money` are
    /// packed as drawn in libraries/LeaseTerms.sol.
    event LeaseOpened(
        bytes32 indexed leaseId,
        bytes20 indexed nodeId,
        address indexed buyer,
        bytes32 orderHash,
        bytes32 offerHash,
        bytes32 jobCommitment,
        address session,
        uint256 terms,
        uint256 money
    );

    /// @notice Right after LeaseOpened, where the order names a court.
    event CourtPinned(bytes32 indexed leaseId, bytes32 indexed courtId);

    /// @notice Right after LeaseOpened, where the matcher took a fee from the buyer.
    event MatcherPaid(bytes32 indexed leaseId, address indexed matcher, uint96 fee);
    event InputsReady(bytes32 indexed leaseId, bytes20 indexed holder);
    event LeaseStarted(bytes32 indexed leaseId, uint32 startedAt, uint32 endsAt);
    event LeaseClosed(bytes32 indexed leaseId, CloseReason reason, address indexed by, uint32 claimUntil);
    event LeaseFaulted(bytes32 indexed leaseId, CloseReason reason, address indexed by);
    event LeaseSettled(bytes32 indexed leaseId);
    event OffersCancelled(bytes20 indexed nodeId, uint32 indexed poolId, uint8 indexed slot, uint64 minSeq);
    event OrderCancelled(address indexed buyer, uint64 nonce);

    error OfferSignatureInvalid(bytes32 offerHash, address recovered, address operator);
    error OrderSignatureInvalid(bytes32 orderHash, address recovered, address buyer);
    error ClassMismatch(bytes8 offered, bytes8 wanted);
    error AttributesTooLow(uint128 offered, uint128 wanted);
    error PriceAboveCeiling(uint96 price, uint96 ceiling);
    error PriceRuleUnknown(uint8 priceRule);
    error TierUnknown(uint8 tier);
    error MechanismUnknown(uint8 mechanism);
    error PayModeUnknown(uint8 payMode);
    error SessionMissing();
    error OfferExpired(uint64 expiresAt, uint256 now_);
    error OrderExpired(uint64 expiresAt, uint256 now_);
    error OfferCancelled(uint64 seq, uint64 minSeq);
    error OfferSlotUnknown(uint8 slot);
    error OfferForAnotherOrder(bytes32 named, bytes32 orderHash);
    error BiddingOpen(uint64 biddingEndsAt, uint256 now_);
    error UnitsUnavailable(uint32 offered, uint32 wanted);
    error ZeroUnits();
    error ZeroPrice();
    error DurationInvalid(uint32 durationSeconds, uint256 maxDurationSeconds);
    error NonceUsed(address buyer, uint64 nonce);
    error FillTooHigh(uint8 fill, uint256 maxFills);
    error FillNotAllowed(bytes32 previousLeaseId, LeaseState state, CloseReason reason);
    error FillTaken(bytes32 previousLeaseId);
    error NothingLeftToFill(bytes32 previousLeaseId);
    error OrderWithdrawn(address buyer, uint64 nonce);
    error ParamsMismatch(bytes32 signed, bytes32 current);
    error MatcherNotAllowed(address caller, address matcher);
    error FeeAboveMax(uint96 fee, uint96 maxFee);
    error BudgetExceeded(uint256 total, uint96 budget);
    error AmountTooLarge(uint256 amount, uint256 limit);
    error LeaseUnknown(bytes32 leaseId);
    error WrongState(bytes32 leaseId, LeaseState state);
    error NotProvider(bytes32 leaseId, address caller);
    error NotParty(bytes32 leaseId, address caller);
    error ReasonNotAllowed(bytes32 leaseId, CloseReason reason, address caller);
    error HolderInvalid(bytes32 leaseId, bytes20 holder);
    error StartTooLate(bytes32 leaseId, uint256 deadline);
    error StartStillPossible(bytes32 leaseId, uint256 deadline);
    error SettleTooEarly(bytes32 leaseId, uint256 dueAt);
    error NotNodeKey(bytes20 nodeId, address caller);
    error SeqNotRaised(uint64 minSeq, uint64 current);
    error NotCourt(bytes32 leaseId, address caller);

    /// @notice Opens lease `keccak256(abi.encode(orderHash, offerHash, fill))` for `fee` to the caller.
    /// @param fill 0, or n+1 after fill n of the same order ended by the provider's fault.
    /// @param previousOfferHash offerHash of fill n when opening n+1; 0 for fill 0.
    function open(
        Offer calldata offer,
        bytes calldata offerSignature,
        Order calldata order,
        bytes calldata orderSignature,
        uint8 fill,
        bytes32 previousOfferHash,
        uint96 fee
    ) external returns (bytes32 leaseId);

    /// @notice Offers of (node, pool, slot) with a lower seq no longer open leases. Owner or operator.
    function cancelOffers(bytes20 nodeId, uint32 poolId, uint8 slot, uint64 minSeq) external;

    /// @notice Every order the caller signed under an earlier epoch no longer opens leases.
    function bumpBuyerEpoch() external;

    /// @notice The caller's order with this nonce opens no lease and no further fill.
    function cancelOrder(uint64 nonce) external;

    /// @notice A staked third node says that it holds the inputs: from now the provider must start or lose the bond.
    /// @param signature Held(leaseId, inputs segment number, jobCommitment, holder) by the holder's operator, domain Audits.
    function markInputsReady(bytes32 leaseId, bytes32 jobCommitment, bytes20 holder, bytes calldata signature) external;

    /// @notice The provider takes the job (and the inputs as given). Sender is the node's operator or owner, or
    /// `signature` is the operator's over `Start(bytes32 leaseId)`, domain Market.
    function start(bytes32 leaseId, bytes calldata signature) external;

    /// @notice After the start deadline: from InputsReady the provider's bond goes to the buyer; from Open the provider
    /// earns the start fee. Anyone.
    function closeUnstarted(bytes32 leaseId) external;

    /// @notice Ends a lease. Buyer or session: completed, buyerCancelled, providerSilent (running only); before the
    /// start the provider earns the start fee. Provider: providerQuit, and completed once time is up. Anyone: expired
    /// once time is up. Audits or the lease's court: falseSegment.
    function close(bytes32 leaseId, CloseReason reason) external;

    /// @notice After claim window and release delay, unless frozen: pays out all, refunds the rest. Anyone.
    function settle(bytes32 leaseId) external;

    // ---- the lease's court only -----------------------------------------------------------------------------------

    /// @notice Pauses pay and settlement until as many unfreezes came, at most for the unbonding delay from the last freeze on.
    /// @return until When it ends at the latest.
    function courtFreeze(bytes32 leaseId) external returns (uint32 until);
    function courtUnfreeze(bytes32 leaseId) external;
    function courtVoid(bytes32 leaseId, uint64 cap) external;
    function courtSlash(bytes32 leaseId, uint64 amount, address beneficiary) external;
    /// @notice What is left of the bond: half to `finder`, half to the buyer.
    function courtSplitBond(bytes32 leaseId, address finder) external returns (uint64 toFinder, uint64 toBuyer);

    // ---- views ----------------------------------------------------------------------------------------------------

    function lease(bytes32 leaseId) external view returns (Lease memory);
    function stateOf(bytes32 leaseId) external view returns (LeaseState state, bool disputed);
    function moneyOf(bytes32 leaseId) external view returns (LeaseMoney memory);

    /// @notice The amounts a lease would set aside, before any signature.
    function quote(uint96 pricePerUnitSecond, uint32 units, uint32 durationSeconds, uint8 tier)
        external
        view
        returns (LeaseMoney memory);
    function startDeadline(bytes32 leaseId) external view returns (uint256);
    function settleableAt(bytes32 leaseId) external view returns (uint256);

    /// @notice End of the claim window; 0 while the lease is not closed.
    function claimUntil(bytes32 leaseId) external view returns (uint32);
    function minSeq(bytes20 nodeId, uint32 poolId, uint8 slot) external view returns (uint64);
    function nonceUsed(address buyer, uint64 nonce) external view returns (bool);
    function paramsHash() external view returns (bytes32);
    function offerHash(Offer calldata offer) external pure returns (bytes32);
    function orderHash(Order calldata order) external pure returns (bytes32);
    function offerDigest(Offer calldata offer) external view returns (bytes32);
    function orderDigest(Order calldata order) external view returns (bytes32);
    function startDigest(bytes32 leaseId) external view returns (bytes32);
    function leaseIdOf(bytes32 orderHash_, bytes32 offerHash_, uint8 fill) external pure returns (bytes32);
}
