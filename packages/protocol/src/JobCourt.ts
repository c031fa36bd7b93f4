// The details' field `court`: the hash of the court program (spec/court.md §1) by which a contract judges a dispute over the
// order's work. null: the order names no court. Always present, as `start` is.
import type { z } from "zod";
import { hexOf } from "./fields.ts";

export const shape = hexOf(32).nullable();
export type JobCourt = z.infer<typeof shape>;
