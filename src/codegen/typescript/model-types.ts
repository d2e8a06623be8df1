import type {
  Extent,
  ModelDescription,
  ParameterDescription,
  SizeDescription,
  VariableDescription,
} from "../../runtime/description.js";
import type { EmittedDeclaration, EmittedProperty } from "./module-tree.js";

/** Names of a model's own types in the emitted module. */
export interface ModelTypeNames {
  readonly sizes: string;
  readonly parameters: string;
  readonly row: string;
  readonly data: string;
  readonly posterior: string;
}

export function modelTypeNames(name: string): ModelTypeNames {
  return {
    sizes: `${name}Sizes`,
    parameters: `${name}Parameters`,
    row: `${name}Columns`,
    data: `${name}Data`,
    posterior: `${name}Posterior`,
  };
}

/** The interfaces of a trainer: its sizes, parameters, data and answers, with the model's own documentation. */
export function modelTypes(description: ModelDescription): readonly EmittedDeclaration[] {
  const names = modelTypeNames(description.name);
  const inData = description.variables.filter(({ role }) => role !== "latent");
  const latents = description.variables.filter(({ role }) => role === "latent");
  const observed = inData.filter(({ role }) => role === "observed" || role === "given");
  const bare = observed.length === 1 ? ["Column"] : [];
  const batch = [...bare, names.row];
  const iterables = `Iterable<${batch.join(" | ")}> | AsyncIterable<${batch.join(" | ")}>`;
  const discrete = latents.filter(({ domain }) => domain === "category" || domain === "binary");
  const gaussian = latents.filter((latent) => !discrete.includes(latent));
  const probability = `{ ${discrete
    .map((latent) => `readonly ${latent.name}: NamedTensor<readonly [${tableAxes(latent).map(quoted).join(", ")}]>`)
    .join("; ")} }`;
  return [
    {
      kind: "interface",
      name: names.sizes,
      documentation: `Sizes of ${description.name}; those left out are bound by the data or take their default.`,
      properties: description.sizes.map((size): EmittedProperty => ({
        name: size.name,
        type: "number",
        ...sizeDocumentation(size),
      })),
    },
    {
      kind: "interface",
      name: names.parameters,
      documentation: `Parameters of ${description.name}, in the data's units.`,
      properties: description.parameters.map((parameter) => ({
        name: propertyName(parameter.name),
        type: `NamedTensor<readonly [${parameter.axes.map(quoted).join(", ")}]>`,
        documentation: parameterText(parameter),
      })),
    },
    {
      kind: "interface",
      name: names.row,
      documentation: `Rows of data for ${description.name}: one column per variable, all with as many rows.`,
      properties: inData.map((variable) => ({
        name: variable.name,
        type: "Column",
        ...(variable.role === "weight" ? { optional: true } : {}),
        documentation: columnText(variable),
      })),
    },
    {
      kind: "type",
      name: names.data,
      documentation: "Data at once, or in batches, or a function that returns the batches anew whenever it is called.",
      type: [...batch, iterables, `(() => ${iterables})`].join(" | "),
    },
    {
      kind: "interface",
      name: names.posterior,
      documentation: answerText(gaussian.length > 0),
      properties: [
        ...latents.map((latent) => ({
          name: latent.name,
          type: discrete.includes(latent)
            ? "Int32Array"
            : `NamedTensor<readonly [${momentAxes(latent, 1).join(", ")}]>`,
          documentation: withText(
            discrete.includes(latent)
              ? `[${["rows", ...latent.plates.map(extentText)].join(", ")}]`
              : `posterior mean, [${["rows", ...latent.plates, ...latent.event].map(extentText).join(", ")}]`,
            latent.documentation,
          ),
        })),
        { name: "probability", type: discrete.length === 0 ? "Readonly<Record<string, never>>" : probability },
        ...(gaussian.length === 0
          ? []
          : [
              {
                name: "covariance",
                type: `{ ${gaussian
                  .map(
                    (latent) => `readonly ${latent.name}: NamedTensor<readonly [${momentAxes(latent, 2).join(", ")}]>`,
                  )
                  .join("; ")} }`,
              },
            ]),
      ],
    },
  ];
}

function answerText(hasGaussian: boolean): string {
  return hasGaussian
    ? "What `predict` answers: of each discrete latent the most probable value and all probabilities, of each Gaussian latent the posterior mean and covariance."
    : "What `predict` answers: the most probable value of each latent variable, and all probabilities.";
}

/** Axes of a posterior mean (rank 1) or covariance (rank 2), quoted. */
function momentAxes(latent: VariableDescription, rank: 1 | 2): readonly string[] {
  const event = latent.event.map(extentText);
  return ["rows", ...latent.plateNames, ...event, ...(rank === 2 ? event : [])].map(quoted);
}

/** Weights of networks have names with dots. */
function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name);
}

function tableAxes(latent: VariableDescription): readonly string[] {
  const values = latent.domain === "binary" ? 2 : (latent.categories ?? 1);
  return ["rows", ...latent.plateNames, extentText(values)];
}

function extentText(extent: Extent): string {
  return typeof extent === "object" ? extent.map(extentText).join(" + ") : String(extent);
}

const domainTexts: Readonly<Record<ParameterDescription["domain"], string>> = {
  real: "real",
  positive: "positive",
  unit: "between 0 and 1",
  angle: "in radians",
  simplex: "non-negative, the last axis sums to 1",
  ordered: "increasing along the last axis",
  "covariance.full": "symmetric positive definite",
  "covariance.diagonal": "variances, positive",
  "covariance.isotropic": "one variance, positive",
  "covariance.lowRank": "loadings, then the variance of each entry in the last column",
};

function parameterText(parameter: ParameterDescription): string {
  const shape = `[${parameter.shape.map(extentText).join(", ")}], ${domainTexts[parameter.domain]}`;
  return withText(parameter.fixed === undefined ? shape : `${shape}; known, not learned`, parameter.documentation);
}

function sizeDocumentation({ default: value, documentation }: SizeDescription): { documentation?: string } {
  if (value === undefined) return documentation === undefined ? {} : { documentation };
  return { documentation: withText(`Default ${value}.`, documentation) };
}

function columnText(variable: VariableDescription): string {
  const shape = ["rows", ...variable.plates.map(extentText), ...variable.event.map(extentText)];
  const kind = variable.domain === "category" ? `category of ${extentText(variable.categories ?? 1)}` : variable.domain;
  const missing = variable.optional ? "; may be missing (NaN)" : "";
  const text =
    variable.role === "weight" ? "weight of each row, 1 where absent" : `${variable.role}, ${kind}${missing}`;
  return withText(`[${shape.join(", ")}]: ${text}`, variable.documentation);
}

function withText(shape: string, documentation: string | undefined): string {
  return documentation === undefined ? shape : `${documentation.trim()}\n\n${shape}`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
