// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What an order's work is, as a court judges it (spec/court.md §1). Its hash is a field of the order's details.
struct CourtProgram {
    bytes32 programHash;
    bytes32 dataRoot;
    uint8 numericsId;
    uint64 totalSteps;
    uint64 stepsPerSegment;
    uint64 startStep;
    bytes32 startRoot;
    uint64 values;
    bytes32 recordsRoot;
    uint64 inputs;
    uint64 entries;
    bytes32 entriesRoot;
    uint64 lossValue;
    bytes32 ratesRoot;
    uint64 tokens;
    bytes32 tokensRoot;
    uint64 context;
    uint64 rows;
    uint8 targets;
    bytes32 seed;
}

/// @notice What both sides of a game agree on so far; what isn't known yet, or needed no more, is 0 (spec/court.md §3.1).
struct Facts {
    bytes20 node;
    address sponsor;
    bytes32 program;
    uint64 firstStep;
    bytes32 history;
    bytes32 before;
    uint64 step;
    uint32 loss;
    bytes32 entries;
    bytes32 values;
    uint64 valueCount;
    uint8 numericsId;
    bytes32 records;
    uint64 value;
    bytes32 record;
    uint64 element;
    uint32 word;
    bytes32 accs;
}

/// @notice Where a game stands: the hash of its facts and the two hashes of the place.
struct Place {
    bytes32 facts;
    bytes32 defender;
    bytes32 rival;
}

/// @notice The same with the facts themselves, where a move reads or extends them.
struct Position {
    Facts facts;
    bytes32 defender;
    bytes32 rival;
}

/// @notice Of the nodes just revealed, the first that differs. Siblings go from below; a left one serves both sides, of a
/// right one the defender's comes first.
struct Choice {
    uint32 index;
    bytes32 defender;
    bytes32 rival;
    bytes32[] siblings;
}

/// @notice The same for leaves of a tensor: 128 bytes each.
struct LeafChoice {
    uint32 index;
    bytes defender;
    bytes rival;
    bytes32[] siblings;
}

/// @notice The same for acc words.
struct AccChoice {
    uint32 index;
    uint32 defender;
    uint32 rival;
    bytes32[] siblings;
}

/// @notice What is behind a side's step root, and the root of all values of that step.
struct StepClaim {
    uint32 loss;
    bytes32 entriesRoot;
    bytes32 valuesRoot;
}

/// @notice What is behind the step root before, and its path in the defender's history. Empty for a segment's first step.
struct StepBefore {
    uint32 loss;
    bytes32 state;
    bytes32[] path;
}

/// @notice A value's record, opened under the court program's records root.
struct Record {
    bytes data;
    bytes32[] path;
}

/// @notice The root over the partial sums of an element, and the path of the last one.
struct AccsClaim {
    bytes32 root;
    bytes32[] lastPath;
}

/// @notice The partial sum before a chunk; empty for the first chunk.
struct AccBefore {
    uint32 word;
    bytes32[] path;
}

/// @notice An entry of the state before a step.
struct EntryOpening {
    bytes name;
    bytes32 tensorRoot;
    bytes32 entriesRoot;
    bytes32[] path;
}

/// @notice An entry of the state after a step, as the court program says it: the value that it takes.
struct EntryRule {
    bytes name;
    uint32 value;
    bytes32[] path;
}

/// @notice One leaf of a tensor whose root is known.
struct TensorLeaf {
    bytes data;
    bytes32 leavesRoot;
    bytes32[] path;
}

/// @notice One leaf of operand number `operand` of the value in dispute, up to the values root.
struct LeafOpening {
    uint8 operand;
    uint64 leaf;
    bytes data;
    bytes32 leavesRoot;
    bytes32[] path;
    bytes32[] valuePath;
}

/// @title Games between two Merkle roots of a computation, narrowed to one word that is recomputed here.
/// @notice Neutral: knows no lease and no money. Hosts (the courts of one deployment) open games and read who won. Anyone
/// sends moves; see spec/court.md §3 for what each one proves.
interface IGames {
    enum Level {
        steps,
        values,
        entries,
        leaves,
        accs,
        loss,
        outside
    }

    /// @dev The defender enters and reveals, the rival chooses.
    enum Stage {
        enter,
        reveal,
        choose
    }

    enum Outcome {
        none,
        defender,
        rival
    }

    struct GameView {
        Level level;
        Stage stage;
        Outcome outcome;
        uint8 height;
        /// @dev Height of the nodes revealed last; only at a choice.
        uint8 shown;
        uint32 index;
        uint32 count;
        uint32 defenderLeft;
        uint32 rivalLeft;
        /// @dev When the turn of the side to move began; 0 while the game waits.
        uint40 since;
        /// @dev The last second in which the side to move can.
        uint40 deadline;
        bytes32 place;
    }

    event GameOpened(bytes20 indexed game, address indexed host, Level level, uint256 count, Place place);
    event GameStarted(bytes20 indexed game);
    event Revealed(bytes20 indexed game, bytes content);
    event Chosen(bytes20 indexed game, uint32 index, bytes32 defender, bytes32 rival);
    event StepChosen(bytes20 indexed game, uint32 index, bytes32 defender, StepClaim claim);
    event StepEntered(bytes20 indexed game, bytes32 before, StepClaim claim, bytes content);
    event ValueChosen(bytes20 indexed game, uint32 value, bytes32 defender, bytes32 leavesRoot);
    event ValueEntered(bytes20 indexed game, bytes32 leavesRoot, bytes content);
    event WordChosen(bytes20 indexed game, uint64 element, uint32 defender, uint32 rival, bytes32 accsRoot);
    event FoldEntered(bytes20 indexed game, bytes32 accsRoot, bytes content);

    /// @param silent Whether the loser's clock ran out.
    event GameEnded(bytes20 indexed game, Outcome outcome, Level level, bool silent);

    error NotHost(address caller);
    error GameKnown(bytes20 game);
    error GameUnknown(bytes20 game);
    error GameNotWaiting(bytes20 game);
    error GameOver(bytes20 game, Outcome outcome);
    error WrongStage(bytes20 game, Level level, Stage stage);
    error WrongHeight(bytes20 game, uint256 height);
    error ClockOver(bytes20 game, uint256 deadline);
    error ClockRunning(bytes20 game, uint256 deadline);
    error PlaceMismatch(bytes32 expected, bytes32 actual);
    error ProgramMismatch(bytes32 expected, bytes32 actual);
    error CountInvalid(uint256 count);
    error ContentLength(uint256 length, uint256 expected);
    error IndexOutside(uint256 index, uint256 first, uint256 end);
    error SiblingsWrong(uint256 length);
    error NoDifference();
    error HashMismatch(bytes32 expected, bytes32 actual);
    error ClaimNotAuthorized(bytes20 game, address signer);
    error RecordInvalid(uint256 kind);
    error OperatorFolds(bool folds);
    error OperandUnknown(uint256 operand);
    error TooManyOpenings(uint256 length, uint256 limit);
    error IsPadding(uint256 element);
    error DefenderRight();
    error ParamsUnsafe(string reason);

    // ---- hosts only -----------------------------------------------------------------------------------------------

    /// @notice Opens a waiting game at a level's first stage.
    /// @param count Leaves of the first tree.
    function open(bytes20 game, Level level, uint256 count, Facts calldata facts, bytes32 defender, bytes32 rival)
        external;

    /// @notice Starts both clocks; the defender moves first.
    function start(bytes20 game) external;

    /// @notice Ends a game of level `outside`: what its defender had to show was shown to the host.
    function defend(bytes20 game) external;

    // ---- narrowing ------------------------------------------------------------------------------------------------

    function reveal(bytes20 game, Place calldata place, bytes calldata content) external;
    function choose(bytes20 game, Place calldata place, Choice calldata choice) external;
    function chooseStep(
        bytes20 game,
        Position calldata position,
        CourtProgram calldata program,
        Choice calldata choice,
        StepClaim calldata claim,
        bytes calldata signature
    ) external;
    function enterStep(
        bytes20 game,
        Position calldata position,
        CourtProgram calldata program,
        StepBefore calldata before,
        StepClaim calldata claim,
        bytes calldata content,
        bytes calldata signature
    ) external;
    function chooseValue(
        bytes20 game,
        Position calldata position,
        Choice calldata choice,
        Record calldata record,
        bytes32 leavesRoot
    ) external;
    function enterValue(
        bytes20 game,
        Position calldata position,
        bytes calldata record,
        bytes32 leavesRoot,
        bytes calldata content
    ) external;
    function chooseWord(
        bytes20 game,
        Position calldata position,
        bytes calldata record,
        LeafChoice calldata choice,
        AccsClaim calldata claim,
        bytes calldata signature
    ) external;
    function enterFold(
        bytes20 game,
        Position calldata position,
        AccsClaim calldata claim,
        bytes calldata content,
        bytes calldata signature
    ) external;

    // ---- proofs: what the defender has at the place doesn't follow from what both sides agree on ---------------------

    function proveState(
        bytes20 game,
        Position calldata position,
        CourtProgram calldata program,
        Choice calldata choice,
        Record calldata record,
        EntryOpening calldata entry
    ) external;
    function proveRate(
        bytes20 game,
        Position calldata position,
        CourtProgram calldata program,
        Choice calldata choice,
        Record calldata record,
        TensorLeaf calldata rate
    ) external;
    function proveConstant(
        bytes20 game,
        Position calldata position,
        Choice calldata choice,
        Record calldata record
    ) external;
    function proveEntry(
        bytes20 game,
        Position calldata position,
        CourtProgram calldata program,
        Choice calldata choice,
        EntryRule calldata rule,
        bytes32 tensorRoot,
        bytes32[] calldata valuePath
    ) external;
    function proveLoss(
        bytes20 game,
        Position calldata position,
        CourtProgram calldata program,
        bytes calldata leaf,
        bytes32[] calldata valuePath
    ) external;
    function proveToken(
        bytes20 game,
        Position calldata position,
        CourtProgram calldata program,
        bytes calldata record,
        LeafChoice calldata choice,
        TensorLeaf calldata token
    ) external;
    function proveWord(
        bytes20 game,
        Position calldata position,
        bytes calldata record,
        LeafChoice calldata choice,
        LeafOpening[] calldata openings
    ) external;
    function proveFold(
        bytes20 game,
        Position calldata position,
        bytes calldata record,
        AccChoice calldata choice,
        AccBefore calldata before,
        LeafOpening[] calldata openings
    ) external;

    // ---- the end --------------------------------------------------------------------------------------------------

    /// @notice Ends a game whose side to move let its clock run out. Anyone.
    function timeout(bytes20 game) external;

    /// @notice How a game ended, and on which level it did or is.
    function outcomeOf(bytes20 game_) external view returns (Outcome outcome, Level level);
    function game(bytes20 game_) external view returns (GameView memory);
    function claimDigest(bytes20 game_, Level level, bytes32 root) external view returns (bytes32);
}
