import { didYouMean } from "../diagnostics/did-you-mean.js";
import { typeElsewhere } from "./names-elsewhere.js";
import {
  sizeNotPositive,
  typeNotAllowedHere,
  unknownType,
  wrongDimensionCount,
} from "../diagnostics/catalogue/semantics.js";
import type { CovarianceStructure, Dimension, Domain } from "../ir/model.js";
import type { DimensionExpression, TypeExpression } from "../parser/ast.js";
import type { ModelEnvironment } from "./model-environment.js";
import { resolveSize } from "./size.js";

/** A type of the language: how it is written and what it means. */
interface TypeDefinition {
  readonly usage: string;
  readonly least: number;
  readonly most: number;
  readonly domain: (dimensions: readonly Dimension[]) => Domain;
}

/** A type with as many axes as one likes: `Positive`, `Positive[D]`, … */
function shaped(name: string, kind: "positive" | "unit" | "angle" | "count" | "binary"): TypeDefinition {
  return { usage: `${name} or ${name}[D]`, least: 0, most: Infinity, domain: (shape) => ({ kind, shape }) };
}

function real(usage: string, least: number, most = least): TypeDefinition {
  return { usage, least, most, domain: (shape) => ({ kind: "real", shape }) };
}

function covariance(usage: string, structure: CovarianceStructure): TypeDefinition {
  return { usage, least: 1, most: 1, domain: ([size]) => ({ kind: "covariance", structure, size }) };
}

const image = real("Image[H, W, C]", 3);

/** Every type but `Seq`, whose operand is a type. */
export const typeDefinitions: Readonly<Record<string, TypeDefinition>> = {
  Real: real("Real", 0),
  Vector: real("Vector[D]", 1),
  Matrix: real("Matrix[R, C]", 2),
  Tensor: real("Tensor[H, W, C]", 1, Infinity),
  Image: image,
  Positive: shaped("Positive", "positive"),
  Unit: shaped("Unit", "unit"),
  Angle: shaped("Angle", "angle"),
  Count: shaped("Count", "count"),
  Binary: shaped("Binary", "binary"),
  Simplex: { usage: "Simplex[K]", least: 1, most: 1, domain: ([size]) => ({ kind: "simplex", shape: [size] }) },
  Ordered: { usage: "Ordered[K]", least: 1, most: 1, domain: ([size]) => ({ kind: "ordered", shape: [size] }) },
  Category: {
    usage: "Category[K]",
    least: 1,
    most: 1,
    domain: ([categories]) => ({ kind: "category", categories, shape: [] }),
  },
  Cov: covariance("Cov[D]", "full"),
  Diag: covariance("Diag[D]", "diagonal"),
  Iso: covariance("Iso[D]", "isotropic"),
  LowRank: {
    usage: "LowRank[D, r]",
    least: 2,
    most: 2,
    domain: ([size, rank]) => ({ kind: "covariance", structure: "lowRank", size, rank }),
  },
};

/** The domain of a written type; undefined, and reported, where it is wrong. The mark `?` is left to the caller. */
export function resolveType(type: TypeExpression, environment: ModelEnvironment): Domain | undefined {
  const name = type.name.text;
  if (name === "Seq") return resolveSequence(type, environment);
  const definition = Object.hasOwn(typeDefinitions, name) ? typeDefinitions[name] : undefined;
  if (definition === undefined) {
    const suggestion = typeElsewhere(name) ?? didYouMean(name, [...Object.keys(typeDefinitions), "Seq"]);
    environment.diagnostics.push(
      unknownType(
        type.name.span,
        { name, ...(suggestion === undefined ? {} : { suggestion }) },
        suggestion === undefined ? {} : { fix: { span: type.name.span, replacement: suggestion } },
      ),
    );
    return undefined;
  }
  if (type.dimensions.length < definition.least || type.dimensions.length > definition.most) {
    environment.diagnostics.push(
      wrongDimensionCount(type.span, { type: name, usage: definition.usage, found: type.dimensions.length }),
    );
    return undefined;
  }
  const dimensions = type.dimensions.map((dimension) => resolveDimension(dimension, environment));
  const known = dimensions.filter((dimension) => dimension !== undefined);
  return known.length === dimensions.length ? definition.domain(known) : undefined;
}

function resolveSequence(type: TypeExpression, environment: ModelEnvironment): Domain | undefined {
  const [element] = type.dimensions;
  if (type.dimensions.length !== 1 || element.kind !== "type") {
    environment.diagnostics.push(
      wrongDimensionCount(type.span, { type: "Seq", usage: "Seq[Vector[D]]", found: type.dimensions.length }),
    );
    return undefined;
  }
  const domain = resolveType(element.type, environment);
  if (domain?.kind === "sequence") {
    environment.diagnostics.push(
      typeNotAllowedHere(element.span, {
        type: "Seq",
        place: "the element of a sequence",
        reason: "a sequence of sequences has two orders",
        wayOut: "write `Seq` of a vector, such as `Seq[Vector[D]]`",
      }),
    );
    return undefined;
  }
  return domain === undefined ? undefined : { kind: "sequence", element: domain };
}

function resolveDimension(dimension: DimensionExpression, environment: ModelEnvironment): Dimension | undefined {
  if (dimension.kind === "integer") {
    if (dimension.value >= 1 && Number.isInteger(dimension.value)) return { kind: "literal", value: dimension.value };
    environment.diagnostics.push(
      sizeNotPositive(dimension.span, { name: "of a type", value: String(dimension.value) }),
    );
    return undefined;
  }
  const { type } = dimension;
  if (type.dimensions.length === 0 && !type.optional && !Object.hasOwn(typeDefinitions, type.name.text)) {
    return resolveSize(type.name, environment);
  }
  if (environment.declared.get(type.name.text)?.symbol.kind === "size" && type.dimensions.length === 0) {
    return resolveSize(type.name, environment);
  }
  environment.diagnostics.push(
    typeNotAllowedHere(dimension.span, {
      type: type.name.text,
      place: "a size",
      reason: "it is a type, and only `Seq` is made of a type",
      wayOut: "write the name of a `size`, or a whole number",
    }),
  );
  return undefined;
}
