// A move that the contract would not take, by the name of its error.
import { WeftError } from "@weft/protocol/Errors";

/** The errors of contracts/src/interfaces/IGames.sol that moves can meet. */
export type Refusal =
  | "GameOver"
  | "WrongStage"
  | "WrongHeight"
  | "ClockOver"
  | "ClockRunning"
  | "PlaceMismatch"
  | "ProgramMismatch"
  | "CountInvalid"
  | "ContentLength"
  | "IndexOutside"
  | "SiblingsWrong"
  | "NoDifference"
  | "HashMismatch"
  | "ClaimNotAuthorized"
  | "RecordInvalid"
  | "OperatorUnknown"
  | "OperatorFolds"
  | "OperandUnknown"
  | "TooManyOpenings"
  | "NotOpened"
  | "IsPadding"
  | "DefenderRight";

/** @throws WeftError `games.` and the error's name */
export function refuse(name: Refusal, details: Record<string, string | number | bigint> = {}): never {
  throw new WeftError(`the game does not take the move: ${name}`, { code: `games.${name}`, details });
}
