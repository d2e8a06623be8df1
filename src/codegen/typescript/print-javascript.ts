import type { EmittedClass, EmittedDeclaration, EmittedFunction, EmittedModule, EmittedParameter } from "./module-tree.js";

/** The module without its types: the same declarations and bodies, for running in memory. */
export function printJavaScript(module: EmittedModule): string {
  const { values } = module.imports;
  return [`import { ${values.join(", ")} } from "genc/runtime";`, ...printDeclarations(module, "export ")].join("\n");
}

/** The module as the body of a function of `runtime` that returns its exports. */
export function printFunctionBody(module: EmittedModule): string {
  const exported = module.declarations.flatMap((declaration) => (declaration.kind === "class" ? [declaration.name] : []));
  return [
    '"use strict";',
    `const { ${module.imports.values.join(", ")} } = runtime;`,
    ...printDeclarations(module, ""),
    `return { ${exported.join(", ")} };`,
  ].join("\n");
}

function printDeclarations(module: EmittedModule, exporting: string): readonly string[] {
  return module.declarations.flatMap((declaration) => printDeclaration(declaration, exporting));
}

function printDeclaration(declaration: EmittedDeclaration, exporting: string): readonly string[] {
  switch (declaration.kind) {
    case "interface":
    case "type":
      return [];
    case "constant":
      return [`const ${declaration.name} = ${declaration.value};`];
    case "function":
      return printFunction(declaration);
    case "class":
      return printClass(declaration, exporting);
  }
}

function printFunction(declaration: EmittedFunction): readonly string[] {
  return [
    `function ${declaration.name}(${parameterText(declaration.parameters)}) {`,
    ...declaration.body.map((line) => `  ${line}`),
    "}",
  ];
}

function printClass(declaration: EmittedClass, exporting: string): readonly string[] {
  return [
    `${exporting}class ${declaration.name} extends ${declaration.baseName} {`,
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
