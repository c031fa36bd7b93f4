import assert from "node:assert/strict";
import { test } from "node:test";
import { explain, hasCode, WeftError } from "./Errors.ts";

test("a person reads what happened, aligned details and the remedy, never a stack", () => {
  const error = new WeftError("the order is over budget", {
    code: "order.budget",
    details: { total: 12n, budget: 10 },
    remedy: "raise `pay.budget`",
  });
  assert.equal(
    explain(error),
    ["the order is over budget", "  total   12", "  budget  10", "  remedy: raise `pay.budget`"].join("\n"),
  );
});

test("anything thrown has a line", () => {
  assert.equal(explain(new Error("disk full")), "disk full");
  assert.equal(explain("plain text"), "plain text");
  assert.equal(explain(undefined), "undefined");
});

test("defaults: the caller's fault, not retryable", () => {
  const error = new WeftError("no", { code: "a.b" });
  assert.deepEqual([error.fault, error.retryable, error.remedy, error.details], ["caller", false, undefined, {}]);
});

test("walk finds a cause, and ends on a circle of causes", () => {
  const inner = new WeftError("inner", { code: "inner" });
  const outer = new WeftError("outer", { code: "outer", cause: new Error("middle", { cause: inner }) });
  assert.equal(
    outer.walk((error) => hasCode(error, "inner")),
    inner,
  );
  assert.equal(
    outer.walk((error) => hasCode(error, "other")),
    undefined,
  );
  const circle = new WeftError("circle", { code: "circle" });
  circle.cause = circle;
  assert.equal(
    circle.walk((error) => hasCode(error, "other")),
    undefined,
  );
});

test("hasCode tells our codes from foreign errors", () => {
  assert.ok(hasCode(new WeftError("x", { code: "x.y" }), "x.y"));
  assert.ok(!hasCode({ code: "x.y" }, "x.y"));
});
