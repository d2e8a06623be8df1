import { singleComponent } from "../../diagnostics/catalogue/semantics.js";
import type { Lint } from "./lint.js";

/** `size K = 1` as the number of categories of a latent variable. */
export const lintSingleComponents: Lint = ({ model }) =>
  model.sizes.flatMap((size) => {
    const chooser = model.variables.find(
      ({ role, domain }) =>
        role === "latent" &&
        domain.kind === "category" &&
        domain.categories.kind === "symbol" &&
        domain.categories.name === size.name,
    );
    if (size.default !== 1 || chooser === undefined) return [];
    const related = [{ span: chooser.span, message: "the choice" }];
    return [singleComponent(size.span, { size: size.name, variable: chooser.name }, { related })];
  });
