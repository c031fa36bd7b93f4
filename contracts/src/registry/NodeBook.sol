// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {ProtocolParams} from "../generated/Params.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Draw} from "../libraries/Draw.sol";
import {Typed} from "../libraries/Typed.sol";
import {MispredictedAddress, Wiring} from "../types/Wiring.sol";

/// @title The nodes, their owners and operators: all that {Registry} stores, and who may speak for a node.
abstract contract NodeBook is IRegistry, EIP712 {
    using Draw for Draw.State;
    using Checkpoints for Checkpoints.Trace208;
    using Checkpoints for Checkpoints.Trace160;

    uint256 private constant MAX_ENDPOINT_BYTES = 256;

    /// @dev slot 0: | stake 96 | operator 160 |   slot 1: | registeredAt 32 | operatorNonce 32 | poolCount 32 | owner 160 |
    ///      slot 2: | unbonding 96 | pendingOwner 160 |   slot 3: | unbondsAt 40 |
    struct Node {
        address operator;
        uint96 stake;
        address owner;
        uint32 poolCount;
        uint32 operatorNonce;
        uint32 registeredAt;
        address pendingOwner;
        uint96 unbonding;
        uint40 unbondsAt;
    }

    struct OperatorRecord {
        bytes20 nodeId;
        uint40 until;
    }

    address internal immutable WEFT;
    address internal immutable MARKET;
    address internal immutable CHANNELS;
    address internal immutable GOVERNANCE;
    uint256 internal immutable MIN_STAKE;
    uint256 internal immutable DRAW_STAKE_CAP;
    uint256 internal immutable UNBOND_DELAY;
    uint256 internal immutable SLASHER_DELAY;

    mapping(bytes20 nodeId => Node) internal _nodes;
    mapping(bytes20 nodeId => mapping(uint32 poolId => Pool)) internal _pools;
    mapping(address operator => OperatorRecord) internal _operators;
    mapping(address slasher => uint40) internal _slasherActiveAt;
    mapping(address slasher => bool) internal _isSlasher;
    Draw.State internal _draw;

    /// @param governance May only propose and remove slashers.
    /// @dev The beacon and the first court are slashers from the start: nobody has staked yet.
    constructor(Wiring memory wiring, ProtocolParams memory params, address governance) EIP712("Weft", "1") {
        if (wiring.registry != address(this)) revert MispredictedAddress(wiring.registry, address(this));
        uint256 longest =
            params.releaseDelaySeconds + params.maxAuditors * (params.auditCommitSeconds + params.auditRevealSeconds);
        if (params.unbondDelaySeconds <= longest || params.slasherDelaySeconds <= params.unbondDelaySeconds) {
            revert ParamsUnsafe();
        }
        if (params.minStake == 0 || params.drawStakeCap < params.minStake) revert ParamsUnsafe();
        WEFT = wiring.weft;
        MARKET = wiring.market;
        CHANNELS = wiring.channels;
        GOVERNANCE = governance;
        MIN_STAKE = params.minStake;
        DRAW_STAKE_CAP = params.drawStakeCap;
        UNBOND_DELAY = params.unbondDelaySeconds;
        SLASHER_DELAY = params.slasherDelaySeconds;
        _isSlasher[wiring.beacon] = true;
        emit SlasherActivated(wiring.beacon);
        _isSlasher[wiring.court] = true;
        emit SlasherActivated(wiring.court);
    }

    modifier onlyOwner(bytes20 nodeId) {
        if (_nodes[nodeId].owner != msg.sender) revert NotOwner(nodeId, msg.sender);
        _;
    }

    modifier onlyKeys(bytes20 nodeId) {
        if (_nodes[nodeId].owner != msg.sender && _nodes[nodeId].operator != msg.sender) {
            revert NotOwner(nodeId, msg.sender);
        }
        _;
    }

    // ---- identity --------------------------------------------------------------------------------------------------

    function register(
        address operator,
        bytes32 salt,
        string calldata endpoint,
        uint64 region,
        bytes calldata operatorSignature
    ) external returns (bytes20 nodeId) {
        nodeId = bytes20(keccak256(abi.encode(msg.sender, salt)));
        Node storage self = _nodes[nodeId];
        if (self.owner != address(0)) revert NodeExists(nodeId);
        _checkEndpoint(endpoint);
        self.owner = msg.sender;
        self.registeredAt = uint32(block.timestamp);
        _bindOperator(self, nodeId, operator, operatorSignature);
        _draw.recordOwner(nodeId, msg.sender);
        emit NodeRegistered(nodeId, msg.sender, operator, salt, region, endpoint);
    }

    function setEndpoint(bytes20 nodeId, string calldata endpoint, uint64 region) external onlyKeys(nodeId) {
        _checkEndpoint(endpoint);
        emit EndpointChanged(nodeId, region, endpoint);
    }

    function rotateOperator(bytes20 nodeId, address operator, bytes calldata operatorSignature)
        external
        onlyOwner(nodeId)
    {
        Node storage self = _nodes[nodeId];
        address previous = self.operator;
        _operators[previous].until = uint40(block.timestamp);
        _bindOperator(self, nodeId, operator, operatorSignature);
        emit OperatorRotated(nodeId, previous, operator);
    }

    function offerOwnership(bytes20 nodeId, address pendingOwner) external onlyOwner(nodeId) {
        _nodes[nodeId].pendingOwner = pendingOwner;
        emit OwnershipOffered(nodeId, msg.sender, pendingOwner);
    }

    function acceptOwnership(bytes20 nodeId) external {
        Node storage self = _nodes[nodeId];
        if (self.pendingOwner != msg.sender) revert NotPendingOwner(nodeId, msg.sender);
        address previous = self.owner;
        self.owner = msg.sender;
        self.pendingOwner = address(0);
        _draw.recordOwner(nodeId, msg.sender);
        emit OwnershipTransferred(nodeId, previous, msg.sender);
    }

    function _bindOperator(Node storage self, bytes20 nodeId, address operator, bytes calldata signature) private {
        if (operator == address(0)) revert ZeroAddress();
        OperatorRecord storage record = _operators[operator];
        if (record.nodeId != 0) revert OperatorTaken(operator, record.nodeId);
        if (operator != msg.sender) {
            bytes32 digest = _hashTypedDataV4(Typed.operatorConsent(nodeId, operator, self.operatorNonce));
            (address recovered, ECDSA.RecoverError problem,) = ECDSA.tryRecoverCalldata(digest, signature);
            if (problem != ECDSA.RecoverError.NoError || recovered != operator) {
                revert OperatorConsentInvalid(nodeId, operator);
            }
        }
        record.nodeId = nodeId;
        self.operator = operator;
        ++self.operatorNonce;
    }

    function _checkEndpoint(string calldata endpoint) private pure {
        uint256 length = bytes(endpoint).length;
        if (length > MAX_ENDPOINT_BYTES) revert EndpointTooLong(length, MAX_ENDPOINT_BYTES);
    }

    // ---- views -----------------------------------------------------------------------------------------------------

    function node(bytes20 nodeId) external view returns (NodeView memory view_) {
        Node storage self = _nodes[nodeId];
        if (self.owner == address(0)) revert NodeUnknown(nodeId);
        view_ = NodeView({
            owner: self.owner,
            pendingOwner: self.pendingOwner,
            operator: self.operator,
            stake: self.stake,
            unbonding: self.unbonding,
            unbondsAt: self.unbondsAt,
            registeredAt: self.registeredAt,
            poolCount: self.poolCount,
            operatorNonce: self.operatorNonce
        });
    }

    function ownerOf(bytes20 nodeId) external view returns (address) {
        return _nodes[nodeId].owner;
    }

    function operatorOf(bytes20 nodeId) external view returns (address) {
        return _nodes[nodeId].operator;
    }

    function operatorRecord(address operator) external view returns (bytes20 nodeId, uint40 until) {
        OperatorRecord memory record = _operators[operator];
        return (record.nodeId, record.until);
    }

    function ownerAt(bytes20 nodeId, uint48 time) external view returns (address) {
        return _draw.ownerAt(nodeId, time);
    }

    function seatCount() external view returns (uint256) {
        return _draw.count.latest();
    }

    function seatAt(uint256 seat) external view returns (bytes20 nodeId) {
        if (seat < _draw.count.latest()) nodeId = bytes20(_draw.seats[seat].latest());
    }
}
