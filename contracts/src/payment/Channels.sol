// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Constants, ProtocolParams} from "../generated/Params.sol";
import {IChannels} from "../interfaces/IChannels.sol";
import {IMarket} from "../interfaces/IMarket.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Pending} from "../libraries/Pending.sol";
import {Sessions} from "../libraries/Sessions.sol";
import {Typed} from "../libraries/Typed.sol";
import {LeaseMoney} from "../types/Leases.sol";
import {SessionGrant} from "../types/Orders.sol";
import {MispredictedAddress, Wiring} from "../types/Wiring.sol";

/// @title The stablecoin vault and ledger, see {IChannels}.
/// @dev Every balance is a number in here; tokens move only in `_pull` and `_push`. A donation raises no number, so it
/// is never claimable.
contract Channels is IChannels, EIP712 {
    using SafeERC20 for IERC20;
    using Pending for Pending.Channel;
    using Sessions for Sessions.State;

    /// @dev slot 0: | sessionEpoch 32 | buyerEpoch 32 | earned 96 | free 96 |   slot 1: | exitAt 32 | exiting 96 |
    /// Slot 0 holds all that opening a lease reads and writes.
    struct Account {
        uint96 free;
        uint96 earned;
        uint32 buyerEpoch;
        uint32 sessionEpoch;
        uint96 exiting;
        uint32 exitAt;
    }

    /// @dev | offersCancelled 8 | locked 96 | free 96 |
    struct Bonds {
        uint96 free;
        uint96 locked;
        bool offersCancelled;
    }

    IERC20 private immutable TOKEN;
    IRegistry private immutable REGISTRY;
    address private immutable MARKET;
    address private immutable AUDITS;
    uint256 private immutable RELEASE_DELAY;
    uint256 private immutable EXIT_DELAY;

    mapping(address account => Account) private _accounts;
    mapping(bytes20 nodeId => Bonds) private _bonds;
    mapping(bytes32 channelId => Pending.Channel) private _channels;
    Sessions.State private _sessions;
    uint256 private _totalHeld;

    constructor(Wiring memory wiring, ProtocolParams memory params) EIP712("Weft", "1") {
        if (wiring.channels != address(this)) revert MispredictedAddress(wiring.channels, address(this));
        TOKEN = IERC20(wiring.stable);
        REGISTRY = IRegistry(wiring.registry);
        MARKET = wiring.market;
        AUDITS = wiring.audits;
        RELEASE_DELAY = params.releaseDelaySeconds;
        EXIT_DELAY = params.exitDelaySeconds;
    }

    modifier onlyMarket() {
        if (msg.sender != MARKET) revert NotMarket(msg.sender);
        _;
    }

    modifier onlyAudits() {
        if (msg.sender != AUDITS) revert NotAudits(msg.sender);
        _;
    }

    // ---- balances -------------------------------------------------------------------------------------------------

    function deposit(uint96 amount) external {
        _deposit(msg.sender, amount);
    }

    function depositFor(address account, uint96 amount) external {
        if (account == address(0)) revert ZeroAddress();
        _deposit(account, amount);
    }

    function depositWithPermit(uint96 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external {
        // A permit that someone else already brought must not block the deposit: the allowance decides.
        try IERC20Permit(address(TOKEN)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _deposit(msg.sender, amount);
    }

    function depositWithAuthorization(
        address from,
        uint96 amount,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        if (amount == 0) revert ZeroAmount();
        uint256 before = TOKEN.balanceOf(address(this));
        IERC3009(address(TOKEN))
            .receiveWithAuthorization(from, address(this), amount, validAfter, validBefore, nonce, v, r, s);
        _credit(from, amount, before);
    }

    function withdraw(uint96 amount, address to) external {
        Account storage account = _accounts[msg.sender];
        uint96 earned = account.earned;
        if (amount > earned) revert EarnedTooLow(msg.sender, earned, amount);
        // Checked just above.
        unchecked {
            account.earned = earned - amount;
        }
        emit Withdrawn(msg.sender, to, amount);
        _push(to, amount);
    }

    function requestExit(uint96 amount) external {
        Account storage account = _accounts[msg.sender];
        uint256 whole = uint256(account.free) + account.exiting;
        if (amount > whole) revert FreeTooLow(msg.sender, uint96(whole), amount);
        account.free = uint96(whole - amount);
        account.exiting = amount;
        uint32 exitAt = uint32(block.timestamp + EXIT_DELAY);
        account.exitAt = exitAt;
        emit ExitRequested(msg.sender, amount, exitAt);
    }

    function exit(address to) external {
        Account storage account = _accounts[msg.sender];
        uint96 amount = account.exiting;
        if (amount == 0) revert ExitNotRequested(msg.sender);
        if (block.timestamp < account.exitAt) revert ExitNotDue(msg.sender, account.exitAt);
        account.exiting = 0;
        emit Exited(msg.sender, to, amount);
        _push(to, amount);
    }

    function keepEarnings(uint96 amount) external {
        Account storage account = _accounts[msg.sender];
        if (amount > account.earned) revert EarnedTooLow(msg.sender, account.earned, amount);
        account.earned -= amount;
        account.free += amount;
        emit EarningsKept(msg.sender, amount);
    }

    function fundBonds(bytes20 nodeId, uint96 amount) external {
        _onlyNodeOwner(nodeId);
        Account storage account = _accounts[msg.sender];
        if (amount > account.free) revert FreeTooLow(msg.sender, account.free, amount);
        account.free -= amount;
        _bonds[nodeId].free += amount;
        emit BondsFunded(nodeId, msg.sender, amount);
    }

    function defundBonds(bytes20 nodeId, uint96 amount) external {
        _onlyNodeOwner(nodeId);
        Bonds storage bonds = _bonds[nodeId];
        if (amount > bonds.free) revert BondFreeTooLow(nodeId, bonds.free, amount);
        bonds.free -= amount;
        _accounts[msg.sender].free += amount;
        emit BondsDefunded(nodeId, msg.sender, amount);
    }

    // ---- sessions -------------------------------------------------------------------------------------------------

    function grantSession(
        address key,
        uint96 dailyCap,
        uint64 expiresAt,
        bool allowAnyPayee,
        bytes20[] calldata nodeIds
    ) external {
        Sessions.Grant memory g = Sessions.Grant(msg.sender, key, dailyCap, expiresAt, allowAnyPayee);
        _sessions.grant(g, _accounts[msg.sender].sessionEpoch, nodeIds);
    }

    function grantSessionBySig(SessionGrant calldata grant, bytes20[] calldata nodeIds, bytes calldata signature)
        external
    {
        uint32 epoch = _accounts[grant.buyer].sessionEpoch;
        if (grant.sessionEpoch != epoch) revert SessionEpochMismatch(grant.buyer, epoch, grant.sessionEpoch);
        bytes32 root = grant.anyPayee ? bytes32(0) : keccak256(abi.encode(nodeIds));
        if (grant.allowRoot != root || (grant.anyPayee && nodeIds.length != 0)) {
            revert SessionAllowListMismatch(grant.allowRoot, root);
        }
        _sessions.useGrant(grant.buyer, grant.nonce);
        bytes32 digest = _hashTypedDataV4(Typed.hash(grant));
        if (!SignatureChecker.isValidSignatureNowCalldata(grant.buyer, digest, signature)) {
            revert SessionGrantInvalid(grant.buyer, grant.key);
        }
        Sessions.Grant memory g =
            Sessions.Grant(grant.buyer, grant.key, grant.dailyCap, grant.expiresAt, grant.anyPayee);
        _sessions.grant(g, epoch, nodeIds);
    }

    function revokeAll() external {
        uint32 epoch = ++_accounts[msg.sender].sessionEpoch;
        emit SessionsRevoked(msg.sender, epoch);
    }

    // ---- claims ---------------------------------------------------------------------------------------------------

    function claim(bytes32 channelId, uint128 cumulative, bytes calldata signature) external {
        (ClaimResult result, address recovered) = _claim(channelId, cumulative, signature);
        if (result == ClaimResult.claimed) return;
        Pending.Channel storage self = _channels[channelId];
        if (result == ClaimResult.channelUnknown) revert ChannelUnknown(channelId);
        if (result == ClaimResult.channelClosed) revert ChannelClosed(channelId, _claimUntil(channelId));
        if (result == ClaimResult.badSignature) revert VoucherInvalid(channelId, recovered, self.signer);
        revert NothingToClaim(channelId, cumulative, self.claimed);
    }

    function batchClaim(Claim[] calldata claims) external returns (ClaimResult[] memory results) {
        uint256 length = claims.length;
        if (length > Constants.MAX_BATCH_CLAIMS) revert BatchTooLarge(length, Constants.MAX_BATCH_CLAIMS);
        results = new ClaimResult[](length);
        for (uint256 i = 0; i < length; ++i) {
            Claim calldata c = claims[i];
            (results[i],) = _claim(c.channelId, c.cumulative, c.signature);
        }
    }

    function claimAccrued(bytes32 channelId) external {
        Pending.Channel storage self = _channels[channelId];
        if (self.nodeId == 0) revert ChannelUnknown(channelId);
        if (_isClosed(channelId, self.flags)) revert ChannelClosed(channelId, _claimUntil(channelId));
        uint64 anchored = self.anchored;
        (uint64 claimed, uint64 added) = self.add(anchored, RELEASE_DELAY);
        if (added == 0) revert NothingToClaim(channelId, anchored, claimed);
        emit Claimed(channelId, claimed, added);
    }

    function release(bytes32 channelId) external returns (uint64 amount) {
        Pending.Channel storage self = _channels[channelId];
        bytes20 nodeId = self.nodeId;
        if (nodeId == 0) revert ChannelUnknown(channelId);
        _onlyUnfrozen(channelId, self);
        amount = self.takeMatured(RELEASE_DELAY);
        if (amount != 0) _payOwner(channelId, nodeId, amount);
    }

    /// @dev Order of checks: cheap reads first, the recovery (3,000 gas) last.
    function _claim(bytes32 channelId, uint128 cumulative, bytes calldata signature)
        private
        returns (ClaimResult, address recovered)
    {
        Pending.Channel storage self = _channels[channelId];
        bytes20 nodeId = self.nodeId;
        if (nodeId == 0) return (ClaimResult.channelUnknown, recovered);
        if (_isClosed(channelId, self.flags)) return (ClaimResult.channelClosed, recovered);
        if (cumulative <= self.claimed) return (ClaimResult.nothingNew, recovered);
        bytes32 digest = _hashTypedDataV4(Typed.voucher(channelId, nodeId, cumulative));
        ECDSA.RecoverError problem;
        (recovered, problem,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (problem != ECDSA.RecoverError.NoError || recovered != self.signer) {
            return (ClaimResult.badSignature, recovered);
        }
        (uint64 claimed, uint64 added) = self.add(cumulative, RELEASE_DELAY);
        if (added == 0) return (ClaimResult.nothingNew, recovered);
        emit Claimed(channelId, claimed, added);
        return (ClaimResult.claimed, recovered);
    }

    // ---- Market only ----------------------------------------------------------------------------------------------

    function reserve(Reservation calldata r) external onlyMarket returns (bool offersCancelled) {
        Pending.Channel storage self = _channels[r.channelId];
        if (self.nodeId != 0) revert ChannelExists(r.channelId);

        Account storage buyer = _accounts[r.buyer];
        (uint96 free, uint32 epoch) = (buyer.free, buyer.buyerEpoch);
        if (epoch != r.buyerEpoch) revert BuyerEpochMismatch(r.buyer, epoch, r.buyerEpoch);
        if (r.total > free) revert FreeTooLow(r.buyer, free, r.total);
        if (r.bySession) _sessions.consume(r.buyer, r.signer, buyer.sessionEpoch, r.nodeId, r.total);
        // `free` is the lowest field of its slot, and covers the total: checked just above.
        uint256 total = r.total;
        assembly ("memory-safe") {
            sstore(buyer.slot, sub(sload(buyer.slot), total))
        }
        offersCancelled = _lockBond(r.nodeId, r.bond);
        if (r.fee != 0) _accounts[r.matcher].earned += r.fee;
        self.open(r.nodeId, r.pay, r.signer);
    }

    function _lockBond(bytes20 nodeId, uint64 bond) private returns (bool) {
        Bonds storage stored = _bonds[nodeId];
        Bonds memory bonds = stored;
        if (bond > bonds.free) revert BondFreeTooLow(nodeId, bonds.free, bond);
        // `bond` goes from the lowest field, which was checked, to the next one, which is part of totalHeld and far below
        // 2^96: one store. Field by field the compiler would write the slot twice.
        assembly ("memory-safe") {
            sstore(stored.slot, add(sload(stored.slot), sub(shl(96, bond), bond)))
        }
        return bonds.offersCancelled;
    }

    function markOffersCancelled(bytes20 nodeId) external onlyMarket {
        _bonds[nodeId].offersCancelled = true;
    }

    function markClosed(bytes32 channelId) external onlyMarket returns (bytes20 nodeId) {
        Pending.Channel storage self = _channels[channelId];
        nodeId = self.nodeId;
        self.flags |= Pending.CLOSED;
    }

    function settle(bytes32 channelId, address buyer, LeaseMoney calldata money, bool startFeeDue, bool bondForfeit)
        external
        onlyMarket
    {
        Pending.Channel storage self = _channels[channelId];
        bytes20 nodeId = self.nodeId;
        if (nodeId == 0) revert ChannelUnknown(channelId);
        _onlyUnfrozen(channelId, self);

        // Everything claimed has waited for claimWindow + releaseDelay after the close, or longer.
        (uint64 claimed, uint64 owed) = self.finish();
        uint64 startFee = startFeeDue ? _least(money.startFee, money.pay - claimed) : 0;
        if (owed + startFee != 0) _payOwner(channelId, nodeId, owed + startFee);

        uint64 auditPaid = self.auditSpent;
        uint64 refund = money.pay - claimed - startFee + (money.auditPot - auditPaid);
        uint64 bond = money.bond - self.bondSlashed;
        Bonds storage bonds = _bonds[nodeId];
        bonds.locked -= bond;
        if (bondForfeit) {
            _accounts[buyer].free += refund + bond;
        } else {
            _accounts[buyer].free += refund;
            bonds.free += bond;
        }
        emit ChannelSettled(channelId, claimed, auditPaid, startFee, refund, bondForfeit ? 0 : bond);
    }

    function bumpBuyerEpoch(address buyer) external onlyMarket returns (uint32 epoch) {
        epoch = ++_accounts[buyer].buyerEpoch;
        emit BuyerEpochBumped(buyer, epoch);
    }

    function courtFreeze(bytes32 channelId, uint32 until) external onlyMarket {
        _channels[channelId].courtFrozenUntil = until;
        _emitFreeze(channelId, until);
    }

    function courtVoid(bytes32 channelId, uint64 cap) external onlyMarket {
        _void(channelId, cap);
    }

    function slashBond(bytes32 channelId, uint64 bond, uint64 amount, address beneficiary) external onlyMarket {
        if (beneficiary == address(0)) revert ZeroAddress();
        Pending.Channel storage self = _channels[channelId];
        uint64 left = bond - self.bondSlashed;
        if (amount > left) revert BondTooLow(channelId, amount, left);
        self.bondSlashed += amount;
        _bonds[self.nodeId].locked -= amount;
        _accounts[beneficiary].earned += amount;
        emit BondSlashed(channelId, beneficiary, amount);
    }

    // ---- Audits only ----------------------------------------------------------------------------------------------

    function anchor(bytes32 channelId, uint64 amount) external onlyAudits {
        Pending.Channel storage self = _channels[channelId];
        if (self.nodeId == 0) revert ChannelUnknown(channelId);
        uint64 anchored = self.anchored + amount;
        self.anchored = anchored;
        emit Anchored(channelId, anchored);
    }

    function payAudit(bytes32 channelId, uint64 auditPot, address to, uint64 amount)
        external
        onlyAudits
        returns (uint64 paid)
    {
        Pending.Channel storage self = _channels[channelId];
        if (self.flags & Pending.SETTLED != 0) return 0;
        uint64 spent = self.auditSpent;
        paid = _least(amount, auditPot - spent);
        if (paid == 0) return 0;
        self.auditSpent = spent + paid;
        _accounts[to].earned += paid;
        emit AuditPaid(channelId, to, paid);
    }

    function auditFreeze(bytes32 channelId, uint32 until) external onlyAudits {
        _channels[channelId].auditFrozenUntil = until;
        _emitFreeze(channelId, until);
    }

    function voidFrom(bytes32 channelId, uint64 cap) external onlyAudits {
        _void(channelId, cap);
    }

    // ---- internals ------------------------------------------------------------------------------------------------

    function _void(bytes32 channelId, uint64 cap) private {
        Pending.Channel storage self = _channels[channelId];
        if (self.nodeId == 0) revert ChannelUnknown(channelId);
        (uint64 newCap, uint64 clawedBack) = self.void(cap);
        emit Voided(channelId, newCap, clawedBack);
    }

    function _emitFreeze(bytes32 channelId, uint32 until) private {
        if (until == 0) emit Unfrozen(channelId, msg.sender);
        else emit Frozen(channelId, msg.sender, until);
    }

    function _payOwner(bytes32 channelId, bytes20 nodeId, uint64 amount) private {
        address owner = REGISTRY.ownerOf(nodeId);
        _accounts[owner].earned += amount;
        emit Released(channelId, nodeId, owner, amount);
    }

    function _deposit(address account, uint96 amount) private {
        if (amount == 0) revert ZeroAmount();
        uint256 before = TOKEN.balanceOf(address(this));
        TOKEN.safeTransferFrom(msg.sender, address(this), amount);
        _credit(account, amount, before);
    }

    function _credit(address account, uint96 amount, uint256 before) private {
        uint256 received = TOKEN.balanceOf(address(this)) - before;
        if (received != amount) revert TokenDeltaWrong(amount, received);
        _accounts[account].free += amount;
        _totalHeld += amount;
        emit Deposited(account, msg.sender, amount);
    }

    function _push(address to, uint96 amount) private {
        if (amount == 0) revert ZeroAmount();
        _totalHeld -= amount;
        TOKEN.safeTransfer(to, amount);
    }

    function _onlyNodeOwner(bytes20 nodeId) private view {
        if (REGISTRY.ownerOf(nodeId) != msg.sender) revert NotNodeOwner(nodeId, msg.sender);
    }

    function _onlyUnfrozen(bytes32 channelId, Pending.Channel storage self) private view {
        uint32 until = self.frozenUntil();
        if (block.timestamp < until) revert ChannelFrozen(channelId, until);
    }

    /// @dev Market knows when the claim window of a closed lease ends; an open one costs no call.
    function _isClosed(bytes32 channelId, uint16 flags) private view returns (bool) {
        if (flags == 0) return false;
        return flags & Pending.SETTLED != 0 || block.timestamp > _claimUntil(channelId);
    }

    function _claimUntil(bytes32 channelId) private view returns (uint32) {
        return IMarket(MARKET).claimUntil(channelId);
    }

    function _least(uint64 a, uint64 b) private pure returns (uint64) {
        return a < b ? a : b;
    }

    // ---- views ----------------------------------------------------------------------------------------------------

    function token() external view returns (address) {
        return address(TOKEN);
    }

    function totalHeld() external view returns (uint256) {
        return _totalHeld;
    }

    function accountOf(address account) external view returns (AccountView memory) {
        Account memory a = _accounts[account];
        return AccountView(a.free, a.earned, a.exiting, a.exitAt, a.buyerEpoch, a.sessionEpoch);
    }

    function bondsOf(bytes20 nodeId) external view returns (BondView memory) {
        Bonds memory bonds = _bonds[nodeId];
        return BondView(bonds.free, bonds.locked);
    }

    function channel(bytes32 channelId) external view returns (ChannelView memory v) {
        Pending.Channel storage self = _channels[channelId];
        (uint64 matured,,) = self.roll(self.claimed, self.later, self.bucketAt, RELEASE_DELAY);
        v.nodeId = self.nodeId;
        v.signer = self.signer;
        v.cap = self.cap;
        v.claimed = self.claimed;
        v.released = self.released;
        v.pending = v.claimed - v.released;
        v.releasable = block.timestamp < self.frozenUntil() ? 0 : matured - v.released;
        v.anchored = self.anchored;
        v.auditSpent = self.auditSpent;
        v.bondSlashed = self.bondSlashed;
        v.claimUntil = self.flags == 0 ? 0 : _claimUntil(channelId);
        v.settled = self.flags & Pending.SETTLED != 0;
        v.frozenUntil = self.frozenUntil();
    }

    function partiesOf(bytes32 channelId) external view returns (bytes20 nodeId, address signer) {
        Pending.Channel storage self = _channels[channelId];
        return (self.nodeId, self.signer);
    }

    function sessionOf(address buyer, address key) external view returns (SessionView memory) {
        return _sessions.viewOf(buyer, key, _accounts[buyer].sessionEpoch);
    }

    function sessionAllows(address buyer, address key, bytes20 nodeId) external view returns (bool) {
        return _sessions.allows(buyer, key, nodeId);
    }

    function voucherDigest(bytes32 channelId, bytes20 payee, uint128 cumulative) external view returns (bytes32) {
        return _hashTypedDataV4(Typed.voucher(channelId, payee, cumulative));
    }

    function sessionGrantDigest(SessionGrant calldata grant) external view returns (bytes32) {
        return _hashTypedDataV4(Typed.hash(grant));
    }
}
