// Whole step graphs in one plan, and tensor roots.
import assert from "node:assert/strict";
import { valueRoot } from "../../commitment/valueRoot.ts";
import { constantValue } from "../../graph/constants.ts";
import type { Graph, Shape } from "../../graph/Graph.ts";
import { firstNodeValue, inferTypes, placeOf } from "../../graph/inferTypes.ts";
import { type TensorValue, tensorFrom } from "../../graph/TensorValue.ts";
import { evaluateGraph } from "../../reference/evaluateGraph.ts";
import { hashRoomBytes } from "../hashRoom.ts";
import type { KernelSet } from "../KernelSet.ts";
import { nodeCalls } from "../nodeCalls.ts";
import { bits, createDraws, drawIntegers, drawTensor, get, put, room, runOnce } from "../setFixture.ts";
import { readValueRoots } from "../valueRoots.ts";

export function checkHashes(set: KernelSet): void {
  const draws = createDraws("hashes");
  const shapes: Shape[] = [
    [1],
    [31],
    [32],
    [33],
    [3, 65],
    [7, 5, 4],
    [2, 3, 1, 40],
    [600, 33],
    [1, 32 * 515],
    [513, 1],
    [1029, 2],
  ];
  const tensors: TensorValue[] = shapes.map((shape) => drawTensor(draws, shape, "any"));
  tensors.push(drawIntegers(draws, { dtype: "i8", shape: [9, 70] }, [-128, 127]));
  tensors.push(drawIntegers(draws, { dtype: "i32", shape: [2, 3] }, [-5, 5]));
  const values = tensors.map((tensor) => put(set, tensor));
  const call = { call: "hash", values, room: set.reserve(hashRoomBytes(values)) } as const;
  runOnce(set, [call]);
  const roots = readValueRoots(set, call).map((root) => Buffer.from(root).toString("hex"));
  assert.deepEqual(
    roots,
    tensors.map((tensor) => Buffer.from(valueRoot(tensor)).toString("hex")),
  );
}

/** Every value of a whole step graph: hundreds of calls that depend on each other, in one plan. */
export function checkGraph(set: KernelSet, name: string, graph: Graph): void {
  const draws = createDraws(`graph/${name}`);
  const inputs = Object.fromEntries(
    graph.inputs.map(({ name: input, dtype, shape }): [string, TensorValue] => {
      if (dtype !== "f32") return [input, drawIntegers(draws, { dtype: "i32", shape }, [0, 2])];
      const drawn = drawTensor(draws, shape, "ordinary");
      return [input, tensorFrom("f32", shape, input === "rate" ? [0.01] : drawn.data.map(Math.abs))];
    }),
  );
  const { values } = evaluateGraph(graph, inputs);
  const types = inferTypes(graph);
  const first = firstNodeValue(graph);
  const given = [
    ...graph.inputs.map((input) => inputs[input.name]!),
    ...graph.constants.map((c) => constantValue(c, new Map())),
  ];
  const views = [...given.map((tensor) => put(set, tensor)), ...types.slice(first).map((type) => room(set, type))];
  const calls = graph.nodes.flatMap((node, i) =>
    nodeCalls({ place: placeOf(i, node.op), node, operands: node.in.map((v) => views[v]!), out: views[first + i]! }),
  );
  const plan = set.compile(calls);
  for (let run = 0; run < 2; run++) {
    set.run(plan);
    values.forEach((value, v) => {
      assert.deepEqual(bits(get(set, views[v]!)), bits(value), `${name}, run ${run}, value ${v}`);
    });
  }
  plan.release();
}
