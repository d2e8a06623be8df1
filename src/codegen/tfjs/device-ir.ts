import type { TensorFlow } from "../../runtime/tensor-flow.js";
import type * as tensorSupport from "../../runtime/tensor-flow.js";

/** Operations of TensorFlow.js that generated code calls: a name that is not there breaks the build. */
export type TensorOperation = Extract<
  keyof TensorFlow,
  | "abs"
  | "add"
  | "broadcastTo"
  | "cast"
  | "conv2d"
  | "conv2dTranspose"
  | "cos"
  | "div"
  | "equal"
  | "exp"
  | "expm1"
  | "isNaN"
  | "leakyRelu"
  | "less"
  | "lessEqual"
  | "log"
  | "log1p"
  | "logicalNot"
  | "matMul"
  | "max"
  | "maximum"
  | "minimum"
  | "mul"
  | "neg"
  | "notEqual"
  | "pad"
  | "pow"
  | "reciprocal"
  | "relu"
  | "reshape"
  | "sigmoid"
  | "sign"
  | "sin"
  | "slice"
  | "softplus"
  | "sqrt"
  | "square"
  | "stack"
  | "step"
  | "stridedSlice"
  | "sub"
  | "sum"
  | "tanh"
  | "transpose"
  | "where"
  | "zerosLike"
>;

/** Operations of the run time that are called with the namespace of TensorFlow.js, as its own are. */
export type SupportOperation = Extract<keyof typeof tensorSupport, "multiplyMatrices" | "isPositive">;

/** Functions of the run time that generated code calls around them. */
export type TensorSupport = Extract<
  keyof typeof tensorSupport,
  | "tensorFlow"
  | "uploadWeights"
  | "downloadGradients"
  | "uploadTensor"
  | "downloadTensor"
  | "imageTensor"
  | "mapOnHost"
  | "multiplyMatrices"
  | "isPositive"
  | "columnMeans"
>;

export type DeviceArgument =
  | { readonly kind: "tensor"; readonly name: string }
  | { readonly kind: "tensors"; readonly names: readonly string[] }
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "numbers"; readonly values: readonly (string | number)[] }
  | { readonly kind: "text"; readonly value: "valid" }
  | { readonly kind: "dtype"; readonly name: "float32" };

/** One tensor made from others. */
export interface DeviceStatement {
  readonly result: string;
  readonly rule: string;
  readonly made:
    | {
        readonly kind: "operation";
        readonly operation: TensorOperation | SupportOperation;
        readonly arguments: readonly DeviceArgument[];
      }
    /** Host values, given as an expression. */
    | {
        readonly kind: "upload";
        readonly values: string;
        readonly shape: readonly string[];
      }
    /** A parameter that is there, and stays. */
    | { readonly kind: "weight"; readonly name: string }
    | { readonly kind: "mapOnHost"; readonly operand: string; readonly function: string };
}

export function tensorsRead(statement: DeviceStatement): readonly string[] {
  const { made } = statement;
  switch (made.kind) {
    case "operation":
      return made.arguments.flatMap((argument) =>
        argument.kind === "tensor" ? [argument.name] : argument.kind === "tensors" ? argument.names : [],
      );
    case "upload":
    case "weight":
      return [];
    case "mapOnHost":
      return [made.operand];
  }
}

/** Lines of code, each tensor disposed of after its last use; `kept` ones are left to whoever reads them. */
export function printDevice(statements: readonly DeviceStatement[], kept: ReadonlySet<string>): readonly string[] {
  const lastUse = new Map<string, number>();
  statements.forEach((statement, position) => {
    lastUse.set(statement.result, position);
    for (const name of tensorsRead(statement)) lastUse.set(name, position);
  });
  const weights = statements.filter(({ made }) => made.kind === "weight").map(({ result }) => result);
  const stays = new Set([...kept, ...weights]);
  let rule = "";
  return statements.flatMap((statement, position) => {
    const isOver = ([name, last]: readonly [string, number]): boolean => last === position && !stays.has(name);
    const over = [...lastUse].filter(isOver).map(([name]) => name);
    const comment = statement.rule !== rule && statement.rule !== "" ? [`// ${statement.rule}`] : [];
    rule = statement.rule === "" ? rule : statement.rule;
    return [
      ...comment,
      `const ${statement.result} = ${callText(statement)};`,
      ...over.map((name) => `${name}.dispose();`),
    ];
  });
}

function isSupport(operation: TensorOperation | SupportOperation): operation is SupportOperation {
  return operation === "multiplyMatrices" || operation === "isPositive";
}

function callText({ made }: DeviceStatement): string {
  switch (made.kind) {
    case "operation": {
      const given = made.arguments.map((argument) => operandText(made.operation, argument)).join(", ");
      return isSupport(made.operation) ? `${made.operation}(tf, ${given})` : `tf.${made.operation}(${given})`;
    }
    case "weight":
      return `device.weights[${JSON.stringify(made.name)}]`;
    case "upload":
      return `uploadTensor(tf, ${made.values}, [${made.shape.join(", ")}])`;
    case "mapOnHost":
      return `await mapOnHost(tf, ${made.operand}, ${made.function})`;
  }
}

function operandText(operation: TensorOperation | SupportOperation, argument: DeviceArgument): string {
  const text = argumentText(argument);
  const isImage = (operation === "conv2d" || operation === "conv2dTranspose") && argument.kind === "tensor";
  return isImage ? `imageTensor(${text})` : text;
}

function argumentText(argument: DeviceArgument): string {
  switch (argument.kind) {
    case "tensor":
      return argument.name;
    case "tensors":
      return `[${argument.names.join(", ")}]`;
    case "number":
      return argument.text;
    case "numbers":
      return `[${argument.values.join(", ")}]`;
    case "text":
      return JSON.stringify(argument.value);
    case "dtype":
      return JSON.stringify(argument.name);
  }
}
