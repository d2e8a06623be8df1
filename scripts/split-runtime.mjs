// The run time in parts, so that a standalone module carries what it uses and no more (src/cli/standalone.ts).
import { transform } from "esbuild";
import ts from "typescript";

/**
 * @param bundle one module that imports nothing statically, with a list of exports at its end
 * @returns its top-level statements in order, each with the top-level names it declares and those it mentions
 */
export async function splitRuntime(bundle) {
  const [exports] = /export \{[^{}]*\};?\s*$/.exec(bundle);
  const exported = Object.fromEntries(
    exports
      .slice(exports.indexOf("{") + 1, exports.lastIndexOf("}"))
      .split(",")
      .map((entry) => entry.trim().split(/\s+as\s+/))
      .filter(([local]) => local !== "")
      .map(([local, name = local]) => [name, local]),
  );
  // Inside a function all names are its own, and become short; where exports went is read off what it returns.
  const properties = Object.entries(exported).map(([name, local]) => `${name}: ${local}`);
  const script = `function runtime() {\n${bundle.slice(0, -exports.length)}\nreturn { ${properties.join(", ")} };\n}`;
  const { code } = await transform(script, { minifyIdentifiers: true, minifyWhitespace: true, target: "es2022" });
  const file = ts.createSourceFile("runtime.js", code, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  const [{ body }] = file.statements;
  const returned = body.statements.at(-1);
  const statements = body.statements.slice(0, -1).map((statement) => ({
    declares: declaredNames(statement),
    mentions: identifiers(statement),
    text: code.slice(statement.pos, statement.end).trim(),
  }));
  const topLevel = new Set(statements.flatMap(({ declares }) => declares));
  const locals = returned.expression.properties.map((property) => [
    property.name.text,
    (property.initializer ?? property.name).text,
  ]);
  return {
    exported: Object.fromEntries(locals),
    parts: statements.map(({ declares, mentions, text }) => ({
      declares,
      needs: [...mentions].filter((name) => topLevel.has(name) && !declares.includes(name)).sort(),
      text: /[;}]$/.test(text) ? text : `${text};`,
    })),
  };
}

function declaredNames(statement) {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) => namesBound(name));
  }
  return statement.name === undefined ? [] : [statement.name.text];
}

function namesBound(name) {
  return ts.isIdentifier(name) ? [name.text] : name.elements.flatMap((element) => namesBound(element.name));
}

/** The names that a statement reads; a property that is called like a declaration is none. */
function identifiers(node, into = new Set()) {
  if (ts.isIdentifier(node) && !namesProperty(node)) into.add(node.text);
  ts.forEachChild(node, (child) => void identifiers(child, into));
  return into;
}

/** `.name`, `name: …` in an object or a pattern, `name() { … }` and `name = …` in a class. */
function namesProperty(node) {
  const { parent } = node;
  if (ts.isBindingElement(parent)) return parent.propertyName === node;
  const isNamed =
    ts.isPropertyAccessExpression(parent) ||
    ts.isPropertyAssignment(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isAccessor(parent);
  return isNamed && parent.name === node;
}
