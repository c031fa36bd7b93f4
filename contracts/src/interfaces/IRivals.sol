// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Money for bonds.
interface IPurse {
    event Deposited(address indexed account, address indexed from, uint96 amount);
    event Withdrawn(address indexed account, address indexed to, uint96 amount);

    error DepositTooLow(address account, uint256 deposit, uint256 wanted);
    error ZeroAmount();
    error TokenDeltaWrong(uint256 expected, uint256 received);

    /// @notice Money for bonds. Anyone for anyone.
    function deposit(address account, uint96 amount) external;
    function depositWithPermit(address account, uint96 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice What nothing has locked, at once.
    function withdraw(uint96 amount, address to) external;

    function depositOf(address account) external view returns (uint256);
}

/// @title Rivals of a commitment, whatever it commits to: bonds, whose turn it is, what a lost game costs.
interface IRivals is IPurse {
    struct DisputeView {
        bool eliminated;
        /// @dev Rivals playing or waiting.
        uint24 rivals;
        /// @dev The game that is played, 0 when none is, and its bond.
        bytes20 live;
        uint64 bond;
        /// @dev The first that waits, 0 when none does, and its bond.
        bytes20 head;
        uint64 headBond;
        /// @dev Least bond of one more rival.
        uint64 nextBond;
    }

    event RivalEliminated(bytes32 indexed commitment, bytes20 indexed game, uint64 lost);
    event Reclaimed(bytes32 indexed commitment, bytes20 indexed game, uint64 bond);

    error WindowOver(bytes32 commitment, uint256 until);
    error Eliminated(bytes32 commitment);
    error NotEliminated(bytes32 commitment);
    error RivalInvalid(bytes32 rival);
    error RivalUnknown(bytes20 game);
    error BondTooLow(uint64 bond, uint256 needed);
    error NoGame(bytes32 commitment);
    error GameRunning(bytes20 game);
    error TooManyCalls(uint256 length, uint256 limit);
    error NotALastMove(bytes4 selector);
    error ParamsUnsafe(string reason);

    /// @notice Calls of this court in one transaction, at most 4, each as if the sender made it alone: money and what it is for.
    /// All of them, or none.
    function multicall(bytes[] calldata calls) external;

    /// @notice After the commitment was eliminated: the bond of a rival that was still in. Anyone.
    function reclaim(bytes32 commitment, address sponsor, bytes32 rival) external;

    function dispute(bytes32 commitment) external view returns (DisputeView memory);
    /// @notice Bond of a rival that waits, 0 of any other.
    function waitingOf(bytes20 game) external view returns (uint64 bond);
    function gameOf(bytes32 commitment, address sponsor, bytes32 rival) external view returns (bytes20);
}
