import type { PlanFunction } from "../../ir/plan.js";

/**
 * An emitted module before it is text: declarations with their types, bodies as lines that are valid both in TypeScript
 * and in JavaScript. Printing it with types gives the module on disk; without, the one that is run in memory.
 */
export interface EmittedModule {
  /** Comment lines at the top. */
  readonly header: readonly string[];
  readonly imports: { readonly values: readonly string[]; readonly types: readonly string[] };
  readonly declarations: readonly EmittedDeclaration[];
  /** Plan functions that run as kernels, by the names under which the class asks for them. */
  readonly kernels: readonly PlanFunction[];
}

export type EmittedDeclaration = EmittedInterface | EmittedTypeAlias | EmittedConstant | EmittedFunction | EmittedClass;

export interface EmittedInterface {
  readonly kind: "interface";
  readonly name: string;
  readonly documentation?: string;
  readonly properties: readonly EmittedProperty[];
}

export interface EmittedProperty {
  readonly name: string;
  readonly type: string;
  readonly optional?: boolean;
  readonly documentation?: string;
}

export interface EmittedTypeAlias {
  readonly kind: "type";
  readonly name: string;
  readonly documentation?: string;
  readonly type: string;
}

export interface EmittedConstant {
  readonly kind: "constant";
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

export interface EmittedParameter {
  readonly name: string;
  readonly type: string;
  readonly initializer?: string;
}

export interface EmittedFunction {
  readonly kind: "function";
  readonly name: string;
  readonly documentation?: string;
  readonly parameters: readonly EmittedParameter[];
  readonly returnType: string;
  readonly body: readonly string[];
  readonly isAsync?: boolean;
}

export interface EmittedMethod {
  readonly name: string;
  readonly documentation?: string;
  readonly parameters: readonly EmittedParameter[];
  readonly returnType: string;
  readonly body: readonly string[];
  readonly isAsync?: boolean;
}

export interface EmittedClass {
  readonly kind: "class";
  readonly name: string;
  readonly documentation?: string;
  readonly baseName: string;
  readonly baseArguments: readonly string[];
  readonly staticProperties: readonly { readonly name: string; readonly type: string; readonly value: string }[];
  readonly constructorParameters: readonly EmittedParameter[];
  readonly constructorBody: readonly string[];
  readonly methods: readonly EmittedMethod[];
}
