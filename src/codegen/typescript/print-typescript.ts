import {
  type ClassDeclarationStructure,
  type FunctionDeclarationStructure,
  IndentationText,
  type OptionalKind,
  type ParameterDeclarationStructure,
  Project,
  QuoteKind,
  type StatementStructures,
  StructureKind,
} from "ts-morph";
import type {
  EmittedClass,
  EmittedDeclaration,
  EmittedFunction,
  EmittedModule,
  EmittedParameter,
} from "./module-tree.js";

/** The module as TypeScript, through ts-morph. */
export function printTypeScript(module: EmittedModule): string {
  const project = new Project({
    useInMemoryFileSystem: true,
    skipLoadingLibFiles: true,
    manipulationSettings: { indentationText: IndentationText.TwoSpaces, quoteKind: QuoteKind.Double },
  });
  const file = project.createSourceFile("model.ts", {
    statements: [
      module.header.map((line) => `// ${line}`).join("\n"),
      {
        kind: StructureKind.ImportDeclaration,
        moduleSpecifier: "genc/runtime",
        namedImports: module.imports.values.map((name) => ({ name })),
      },
      {
        kind: StructureKind.ImportDeclaration,
        moduleSpecifier: "genc/runtime",
        isTypeOnly: true,
        namedImports: usedTypes(module).map((name) => ({ name })),
      },
      ...module.declarations.map(structureOf),
    ],
  });
  return file.getFullText();
}

/** Types that some declaration mentions. */
function usedTypes(module: EmittedModule): readonly string[] {
  const text = JSON.stringify(module.declarations);
  return module.imports.types.filter((name) => new RegExp(`\\b${name}\\b`).test(text));
}

function structureOf(declaration: EmittedDeclaration): StatementStructures | string {
  switch (declaration.kind) {
    case "interface":
      return {
        kind: StructureKind.Interface,
        name: declaration.name,
        isExported: true,
        ...docsOf(declaration.documentation),
        properties: declaration.properties.map((property) => ({
          name: property.name,
          type: property.type,
          isReadonly: true,
          hasQuestionToken: property.optional === true,
          ...docsOf(property.documentation),
        })),
      };
    case "type":
      return {
        kind: StructureKind.TypeAlias,
        name: declaration.name,
        isExported: true,
        type: declaration.type,
        ...docsOf(declaration.documentation),
      };
    case "constant":
      // As text: a structure would indent the lines of the literal once more.
      return `const ${declaration.name}: ${declaration.type} = ${declaration.value};`;
    case "function":
      return functionStructure(declaration);
    case "class":
      return classStructure(declaration);
  }
}

function functionStructure(declaration: EmittedFunction): FunctionDeclarationStructure {
  return {
    kind: StructureKind.Function,
    name: declaration.name,
    isAsync: declaration.isAsync === true,
    parameters: declaration.parameters.map(parameterStructure),
    returnType: declaration.returnType,
    statements: declaration.body.join("\n"),
    ...docsOf(declaration.documentation),
  };
}

function classStructure(declaration: EmittedClass): ClassDeclarationStructure {
  return {
    kind: StructureKind.Class,
    name: declaration.name,
    isExported: true,
    extends: `${declaration.baseName}<${declaration.baseArguments.join(", ")}>`,
    ...docsOf(declaration.documentation),
    properties: declaration.staticProperties.map((property) => ({
      name: property.name,
      isStatic: true,
      isReadonly: true,
      type: property.type,
      initializer: property.value,
    })),
    ctors: [
      {
        parameters: declaration.constructorParameters.map(parameterStructure),
        statements: declaration.constructorBody.join("\n"),
      },
    ],
    methods: declaration.methods.map((method) => ({
      name: method.name,
      hasOverrideKeyword: true,
      isAsync: method.isAsync === true,
      parameters: method.parameters.map(parameterStructure),
      returnType: method.returnType,
      statements: method.body.join("\n"),
      ...docsOf(method.documentation),
    })),
  };
}

function parameterStructure(parameter: EmittedParameter): OptionalKind<ParameterDeclarationStructure> {
  return {
    name: parameter.name,
    type: parameter.type,
    ...(parameter.initializer === undefined ? {} : { initializer: parameter.initializer }),
  };
}

/** A comment must not end early. */
function docsOf(documentation: string | undefined): { docs?: string[] } {
  return documentation === undefined ? {} : { docs: [documentation.replaceAll("*/", "* /")] };
}
