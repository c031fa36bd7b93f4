// The bit rule of inference over many random models and schedules.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkSchedules } from "./inferFixture.ts";

for (const threads of [1, 2, 4])
  test(`many random schedules, ${threads} threads: the bits of the forward graph over each prefix`, async () => {
    assert.ok((await checkSchedules(50, threads, `deep/${threads}`)) > 500);
  });
