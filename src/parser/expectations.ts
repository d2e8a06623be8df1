/** What the grammar expects at a place, why, and what would put it right. */
export interface Expectation {
  readonly expected: string;
  readonly hint: string;
  /** The symbol to insert, where that alone mends the text. */
  readonly insert?: string;
  /** The symbol of another habit to replace by it. */
  readonly insteadOf?: string;
}

const EXAMPLE_PARAMETER = "for example `param mean[K]: Vector[D]`";
const EXAMPLE_EACH = "for example `each n { … }` or `each j in J { … }`";
const EXAMPLE_NETWORK = "for example `net decoder(Vector[L]) -> Vector[D] = dense(256, relu) |> dense(256, relu)`";
const EXAMPLE_LEARN = "for example `learn em { approx: collapse(2) }`";

/** By place in the grammar; `grammar.ts` names the entry, `syntax-errors.ts` words the diagnostic. */
export const EXPECTATIONS = {
  modelKeyword: { expected: "`model` and a name", hint: "a program consists of `model Name { … }`" },
  modelName: { expected: "the model's name after `model`", hint: "for example `model Mixture { … }`" },
  modelOpen: { expected: "`{` after the model's name", hint: "for example `model Mixture { … }`" },
  modelClose: {
    expected: "a declaration, or `}` to end the model",
    hint: "a declaration begins with its keyword, such as `param` or `each`",
  },
  sizeName: { expected: "the name of a size after `size`", hint: "for example `size K = 3, D`" },
  sizeNext: { expected: "the name of another size after `,`", hint: "for example `size K = 3, D`" },
  sizeValue: { expected: "a whole number after `=`", hint: "a size's default is written `size K = 3`" },
  parameterName: { expected: "the parameter's name after `param`", hint: EXAMPLE_PARAMETER },
  tableSize: {
    expected: "the name of a size between `[` and `]`",
    hint: `${EXAMPLE_PARAMETER}: one vector for each of K`,
  },
  tableClose: {
    expected: "`,` or `]` after the size",
    hint: "several sizes are separated by `,`: `param m[K, J]: Real`",
  },
  parameterColon: { expected: "`:` and a type after the parameter's name", hint: EXAMPLE_PARAMETER, insert: ":" },
  givenName: { expected: "a name after `given`", hint: "for example `given u: Vector[P]`" },
  givenColon: {
    expected: "`:` and a type after the name of what is given",
    hint: "for example `given u: Vector[P]`",
    insert: ":",
  },
  latentName: {
    expected: "the variable's name after `latent`",
    hint: "for example `latent z: Category[K] ~ Categorical(weights)`",
  },
  latentColon: {
    expected: "`:` and a type after the latent variable's name",
    hint: "for example `latent z: Real ~ Normal(0, 1)`",
    insert: ":",
  },
  observeName: {
    expected: "the variable's name after `observe`",
    hint: "for example `observe x: Vector[D] ~ Normal(mean, covariance)`",
  },
  observeColon: {
    expected: "`:` and a type after the observed variable's name",
    hint: "for example `observe x: Real ~ Normal(0, 1)`",
    insert: ":",
  },
  latentRelation: {
    expected: "`~` and a distribution after the type",
    hint: "for example `latent z: Real ~ Normal(0, 1)`",
    insert: "~",
  },
  observeRelation: {
    expected: "`~` and a distribution, or `=` and an expression, after the type",
    hint: "for example `observe x: Real ~ Normal(0, 1)`",
    insert: "~",
  },
  letName: {
    expected: "a name, or several in parentheses, after `let`",
    hint: "for example `let rate = exp(eta)` or `let (m, s) = encoder(x)`",
  },
  patternName: { expected: "a name between the parentheses of `let`", hint: "for example `let (m, s) = encoder(x)`" },
  patternComma: {
    expected: "`,` and a second name",
    hint: "a single name stands without parentheses: `let a = …`",
    insert: ",",
  },
  patternClose: {
    expected: "`,` or `)` after the name",
    hint: "several names are separated by `,`: `let (m, s) = encoder(x)`",
  },
  letEqual: {
    expected: "`=` and an expression after the name",
    hint: "for example `let rate = exp(eta)`; its type follows from the expression",
    insert: "=",
  },
  eachName: { expected: "an index name after `each`", hint: EXAMPLE_EACH },
  eachSize: { expected: "the name of a size after `in`", hint: EXAMPLE_EACH },
  eachWeight: { expected: "a name for the rows' weights after `weight`", hint: "for example `each n weight c { … }`" },
  eachOpen: { expected: "`{` after the head of `each`", hint: EXAMPLE_EACH },
  chainName: { expected: "an index name after `chain`", hint: "for example `chain t { … }`" },
  chainSize: { expected: "the name of a size after `in`", hint: "for example `chain t in T { … }`" },
  chainOpen: { expected: "`{` after the head of `chain`", hint: "for example `chain t { … }`" },
  blockClose: {
    expected: "`latent`, `observe`, `let`, `given`, `each`, `chain`, or `}` to end the block",
    hint: "a declaration begins with its keyword, such as `latent` or `let`",
  },
  networkName: { expected: "the network's name after `net`", hint: EXAMPLE_NETWORK },
  networkOpen: { expected: "`(` and the types of the inputs after the network's name", hint: EXAMPLE_NETWORK },
  networkClose: { expected: "`,` or `)` after the type of an input", hint: EXAMPLE_NETWORK },
  networkArrow: {
    expected: "`->` and the type of the output after the inputs",
    hint: EXAMPLE_NETWORK,
    insert: "->",
    insteadOf: ":",
  },
  networkOutput: { expected: "the type of the output after `->`", hint: EXAMPLE_NETWORK },
  outputComma: {
    expected: "`,` and the type of a second output",
    hint: "a single output stands without parentheses",
    insert: ",",
  },
  outputClose: {
    expected: "`,` or `)` after the type of an output",
    hint: "several outputs are separated by `,`: `-> (Vector[L], Vector[L])`",
  },
  networkEqual: { expected: "`=` and the layers after the type of the output", hint: EXAMPLE_NETWORK, insert: "=" },
  layerName: { expected: "the name of a layer", hint: "for example `dense(256, relu)`" },
  guideBody: {
    expected: "`{` or a layer after `guide`",
    hint: "for example `guide { z ~ Normal(m, sd: s) }` or `guide auto(dense(64, tanh))`",
  },
  guideClose: {
    expected: "`let`, `chain`, a latent variable's name and `~`, or `}` to end the guide",
    hint: "for example `guide { z ~ Normal(m, sd: s) }`",
  },
  siteTilde: {
    expected: "`~` and a distribution after the variable's name",
    hint: "inside `guide`, for example `z ~ Normal(m, sd: s)`",
    insert: "~",
  },
  guideOpen: { expected: "`{` after the head of `chain`", hint: "for example `chain t { … }`" },
  criticName: { expected: "the name of a network after `critic`", hint: "for example `critic judge(x)`" },
  criticOpen: { expected: "`(` and what is judged after the name", hint: "for example `critic judge(x)`" },
  learnMethod: { expected: "the name of a method after `learn`", hint: EXAMPLE_LEARN },
  optionName: { expected: "the name of an option, or `}`", hint: EXAMPLE_LEARN },
  optionColon: {
    expected: "`:` and a value after the option's name",
    hint: EXAMPLE_LEARN,
    insert: ":",
    insteadOf: "=",
  },
  typeName: { expected: "a type", hint: "such as `Real`, `Vector[D]`, `Category[K]`, `Cov[D]`" },
  dimension: {
    expected: "a size, a whole number or a type between `[` and `]`",
    hint: "for example `Vector[D]` or `Tensor[28, 28, 1]`",
  },
  dimensionClose: { expected: "`,` or `]` after the size", hint: "several sizes are separated by `,`: `Matrix[R, C]`" },
  operand: {
    expected: "an expression",
    hint: "an expression is a number, a name, a call such as `f(x)`, or something in parentheses",
  },
  parenthesisClose: { expected: "`)` or an operator", hint: "operands are joined by `+`, `-`, `*`, `/` or `^`" },
  argumentsClose: { expected: "`,` or `)` after the argument", hint: "the arguments of a call are separated by `,`" },
  listClose: { expected: "`,` or `]` after the element", hint: "the elements of a list are separated by `,`" },
  subscriptClose: { expected: "`,` or `]` after the index", hint: "several indices are separated by `,`" },
  fieldName: { expected: "a name after `.`", hint: "a field is a name, as in `x.mean`" },
} as const satisfies Readonly<Record<string, Expectation>>;

export type ExpectationName = keyof typeof EXPECTATIONS;

export function isExpectationName(text: string): text is ExpectationName {
  return Object.hasOwn(EXPECTATIONS, text);
}
