// Writes the TypeScript and Solidity form of spec/params.json. Pure text in, text out; tools/generate.ts does the I/O.

export interface ParamsFile {
  constants: Record<string, { value: number | string; type: string; doc: string }>;
  fields: Record<string, string>;
  presets: Record<string, Record<string, number | string>>;
}

const banner = "Generated from spec/params.json by `npm run generate`. Do not edit.";
const screamingSnake = (name: string) => name.replace(/([A-Z])/g, "_$1").toUpperCase();

/** Throws when a preset misses a field or has one that `fields` does not explain. */
export function checkParams(params: ParamsFile): void {
  const names = Object.keys(params.fields);
  for (const [preset, values] of Object.entries(params.presets)) {
    const missing = names.filter((name) => !(name in values));
    const unknown = Object.keys(values).filter((name) => !(name in params.fields));
    if (missing.length > 0 || unknown.length > 0)
      throw new Error(`preset ${preset}: missing [${missing.join(", ")}], unknown [${unknown.join(", ")}]`);
  }
}

export function paramsTypeScript(params: ParamsFile): string {
  const lines = [`// ${banner}`, ""];
  for (const [name, constant] of Object.entries(params.constants))
    lines.push(`/** ${constant.doc} */`, `export const ${name} = ${constant.value};`);
  lines.push(
    "",
    "/** Preset-dependent parameters, in the order of the Solidity struct. */",
    "export interface ProtocolParams {",
  );
  for (const [name, doc] of Object.entries(params.fields)) lines.push(`  /** ${doc} */`, `  ${name}: bigint;`);
  lines.push(
    "}",
    "",
    `export const paramFields = ${JSON.stringify(Object.keys(params.fields), null, 2)} as const;`,
    "",
  );
  lines.push(
    `export type PresetName = ${Object.keys(params.presets)
      .map((name) => `"${name}"`)
      .join(" | ")};`,
    "",
  );
  lines.push("export const presets: Record<PresetName, ProtocolParams> = {");
  for (const [preset, values] of Object.entries(params.presets)) {
    lines.push(`  ${preset}: {`);
    for (const name of Object.keys(params.fields)) lines.push(`    ${name}: ${values[name]}n,`);
    lines.push("  },");
  }
  lines.push("};", "");
  return lines.join("\n");
}

export function paramsSolidity(params: ParamsFile): string {
  const lines = ["// SPDX-License-Identifier: Apache-2.0", "pragma solidity ^0.8.28;", "", `// ${banner}`, ""];
  lines.push("/// Preset-dependent parameters; a lease pins keccak256(abi.encode(this)).", "struct ProtocolParams {");
  for (const [name, doc] of Object.entries(params.fields)) lines.push(`    /// ${doc}`, `    uint256 ${name};`);
  lines.push("}", "", "/// Preset-independent constants.", "library Constants {");
  for (const [name, constant] of Object.entries(params.constants))
    lines.push(
      `    /// ${constant.doc}`,
      `    ${constant.type} internal constant ${screamingSnake(name)} = ${constant.value};`,
    );
  lines.push("}", "", "library Presets {");
  for (const [preset, values] of Object.entries(params.presets)) {
    lines.push(`    function ${preset}() internal pure returns (ProtocolParams memory p) {`);
    for (const name of Object.keys(params.fields)) lines.push(`        p.${name} = ${values[name]};`);
    lines.push("    }", "");
  }
  lines.push("}", "");
  return lines.join("\n");
}
