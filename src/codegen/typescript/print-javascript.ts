import type {
  EmittedClass,
  EmittedDeclaration,
  EmittedFunction,
  EmittedModule,
  EmittedParameter,
} from "./module-tree.js";

/**
 * The module as the body of a function of `runtime` that returns its exports: the same declarations and bodies without
 * their types, for running in memory.
 */
export function printFunctionBody(module: EmittedModule): string {
  return [
    '"use strict";',
    `const { ${module.imports.values.join(", ")} } = runtime;`,
    ...module.declarations.flatMap(printDeclaration),
    `return { ${exportsOf(module).join(", ")} };`,
  ].join("\n");
}

/** The module as JavaScript, for where nothing removes types: a page, or a script that runs as it is. */
export function printJavaScript(module: EmittedModule): string {
  return [
    ...module.header.map((line) => `// ${line}`),
    `import { ${module.imports.values.join(", ")} } from "genc/runtime";`,
    ...module.declarations.flatMap((declaration) => {
      const lines = printDeclaration(declaration);
      return lines.length === 0 ? [] : ["", ...documentationLines(declaration), ...lines];
    }),
    "",
    `export { ${exportsOf(module).join(", ")} };`,
    "",
  ].join("\n");
}

function exportsOf(module: EmittedModule): readonly string[] {
  return module.declarations.flatMap((declaration) => (declaration.kind === "class" ? [declaration.name] : []));
}

function documentationLines(declaration: EmittedDeclaration): readonly string[] {
  const text = "documentation" in declaration ? declaration.documentation : undefined;
  return text === undefined ? [] : ["/**", ...text.split("\n").map((line) => ` * ${line}`.trimEnd()), " */"];
}

function printDeclaration(declaration: EmittedDeclaration): readonly string[] {
  switch (declaration.kind) {
    case "interface":
    case "type":
      return [];
    case "constant":
      return [`const ${declaration.name} = ${declaration.value};`];
    case "function":
      return printFunction(declaration);
    case "class":
      return printClass(declaration);
  }
}

function printFunction(declaration: EmittedFunction): readonly string[] {
  return [
    `${declaration.isAsync === true ? "async " : ""}function ${declaration.name}(${parameterText(declaration.parameters)}) {`,
    ...declaration.body.map((line) => `  ${line}`),
    "}",
  ];
}

function printClass(declaration: EmittedClass): readonly string[] {
  return [
    `class ${declaration.name} extends ${declaration.baseName} {`,
    ...declaration.staticProperties.map(({ name, value }) => `  static ${name} = ${value};`),
    `  constructor(${parameterText(declaration.constructorParameters)}) {`,
    ...declaration.constructorBody.map((line) => `    ${line}`),
    "  }",
    ...declaration.methods.flatMap((method) => [
      `  ${method.isAsync === true ? "async " : ""}${method.name}(${parameterText(method.parameters)}) {`,
      ...method.body.map((line) => `    ${line}`),
      "  }",
    ]),
    "}",
  ];
}

function parameterText(parameters: readonly EmittedParameter[]): string {
  return parameters
    .map(({ name, initializer }) => (initializer === undefined ? name : `${name} = ${initializer}`))
    .join(", ");
}
