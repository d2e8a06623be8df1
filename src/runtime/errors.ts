/**
 * What can go wrong at run time. Each class names the argument, what was expected and what came, so that a caller can
 * act on the fields and a person can act on the message.
 */

/** An argument of the constructor or of an option has a value that it cannot have. */
export class OptionError extends Error {
  override readonly name: string = "OptionError";
  constructor(
    readonly argument: string,
    readonly expected: string,
    readonly found: string,
  ) {
    super(`${argument}: expected ${expected}, found ${found}.`);
  }
}

export type DataErrorCode =
  | "missing-variable"
  | "unknown-variable"
  | "shape"
  | "size"
  | "rows"
  | "type"
  | "support"
  | "missing-value"
  | "infinite"
  | "weight"
  | "label"
  | "empty";

export interface DataErrorPlace {
  /** Name of the variable as the model declares it. */
  readonly variable?: string;
  /** Row as the user gave it, from 0. */
  readonly row?: number;
  /** Place among the entries of one row, in row-major order, from 0. */
  readonly column?: number;
}

/** The data does not fit the model: a wrong shape, a value outside the variable's support, a missing entry. */
export class DataError extends Error {
  override readonly name: string = "DataError";
  readonly variable: string | undefined;
  readonly row: number | undefined;
  readonly column: number | undefined;
  constructor(
    readonly code: DataErrorCode,
    message: string,
    place: DataErrorPlace = {},
  ) {
    super(message);
    this.variable = place.variable;
    this.row = place.row;
    this.column = place.column;
  }
}

/** A query before there are parameters. */
export class NotFittedError extends Error {
  override readonly name: string = "NotFittedError";
  constructor(model: string, method: string) {
    super(`${model}.${method} needs parameters: call fit(data), setParameters(values) or load(bytes) first.`);
  }
}

/** The trainer was used after `dispose()`. */
export class DisposedError extends Error {
  override readonly name: string = "DisposedError";
  constructor(model: string, method: string) {
    super(`${model}.${method} was called after dispose().`);
  }
}

/** A parameter or the objective became NaN or infinite. */
export class NonFiniteError extends Error {
  override readonly name: string = "NonFiniteError";
  constructor(
    /** Name of the parameter, or what else is not finite ("log-likelihood", "log prior"). */
    readonly parameter: string,
    readonly iteration: number,
    readonly value: number,
    /** A row, as the user gave it from 0, that is impossible at the parameters of this iteration. */
    readonly row?: number,
  ) {
    const why =
      row === undefined
        ? ". Rescale"
        : `: row ${row} has density 0. Its values contradict the model (a count above its number of trials, say) or ` +
          "lie far from all others. Correct the row, rescale";
    super(
      `\`${parameter}\` became ${value} in iteration ${iteration}${why} the data, raise \`ridge\`, or start elsewhere ` +
        "(`seed`, `init`).",
    );
  }
}

/** Without a ridge, a component closed in on so few distinct rows that its covariance is singular. */
export class CollapsedComponentError extends Error {
  override readonly name: string = "CollapsedComponentError";
  constructor(
    readonly parameter: string,
    /** Row-major cell of the parameter's table; undefined where it has none. */
    readonly component: number | undefined,
    readonly iteration: number,
  ) {
    const which = component === undefined ? `\`${parameter}\`` : `component ${component} of \`${parameter}\``;
    super(
      `The covariance of ${which} became singular in iteration ${iteration}: the likelihood has no maximum there. ` +
        "Set `ridge` (for example 1e-6), use fewer components, a simpler covariance (Diag, Iso), or put a prior on it.",
    );
  }
}

export type ModelFileReason =
  | "truncated"
  | "header"
  | "duplicate-key"
  | "offsets"
  | "shape"
  | "dtype"
  | "not-a-genc-file"
  | "model"
  | "version"
  | "sizes"
  | "parameters"
  | "labels";

/** A saved model cannot be read: damaged, of another model, or with values that no fit produces. */
export class ModelFileError extends Error {
  override readonly name: string = "ModelFileError";
  constructor(
    readonly reason: ModelFileReason,
    message: string,
  ) {
    super(message);
  }
}
