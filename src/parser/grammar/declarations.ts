import type { IToken } from "chevrotain";
import type * as Ast from "../ast.js";
import { identifier, type Operand } from "../build-ast.js";
import { latentWithEquals } from "../../diagnostics/catalogue/parser.js";
import type { ExpectationName } from "../expectations.js";
import * as T from "../tokens.js";
import { ExpressionRules } from "./expressions.js";
import { expecting, NO_RESYNC, present, type Recoverable, RESYNC } from "./rule-base.js";

/** Declarations that hold no block. */
export abstract class DeclarationRules extends ExpressionRules {
  readonly size = this.RULE(
    "size",
    (): Ast.SizeDeclaration => {
      const sizes: { readonly name: Ast.Identifier; readonly value?: Ast.NumberLiteral }[] = [];
      const sizeItem = (name: IToken, value: IToken | undefined): void => {
        const literal = value === undefined ? {} : { value: this.wholeNumber(value, "a size") };
        sizes.push({ name: identifier(name), ...literal });
      };
      const first = this.CONSUME(T.SizeKeyword);
      const name = this.CONSUME1(T.NameLike, expecting("sizeName"));
      const value = this.OPTION1(() => {
        this.CONSUME1(T.Equal);
        return this.CONSUME1(T.NumberToken, expecting("sizeValue"));
      });
      this.ACTION(() => sizeItem(name, value));
      this.MANY(() => {
        this.CONSUME(T.Comma);
        const another = this.CONSUME2(T.NameLike, expecting("sizeNext"));
        const anotherValue = this.OPTION2(() => {
          this.CONSUME2(T.Equal);
          return this.CONSUME2(T.NumberToken, expecting("sizeValue"));
        });
        this.ACTION(() => sizeItem(another, anotherValue));
      });
      return this.ACTION(() => ({ kind: "size", sizes, ...this.documented(first), span: this.spanFrom(first) }));
    },
    NO_RESYNC,
  );

  readonly parameter = this.RULE(
    "parameter",
    (): Ast.ParameterDeclaration => {
      const table: IToken[] = [];
      let prior: Operand | undefined;
      let value: Operand | undefined;
      const first = this.CONSUME(T.Param);
      const name = this.CONSUME1(T.NameLike, expecting("parameterName"));
      this.OPTION1(() => {
        this.CONSUME(T.LeftBracket);
        this.AT_LEAST_ONE_SEP({
          SEP: T.Comma,
          DEF: () => table.push(this.CONSUME2(T.NameLike, expecting("tableSize"))),
          ERR_MSG: "tableSize" satisfies ExpectationName,
        });
        this.CONSUME(T.RightBracket, expecting("tableClose"));
      });
      this.CONSUME(T.Colon, expecting("parameterColon"));
      const type = this.SUBRULE(this.type);
      this.OPTION2(() => {
        this.OR([
          {
            ALT: () => {
              this.CONSUME(T.Tilde);
              prior = this.SUBRULE1(this.expression);
            },
          },
          {
            ALT: () => {
              this.CONSUME(T.Equal);
              value = this.SUBRULE2(this.expression);
            },
          },
        ]);
      });
      return this.ACTION(() => ({
        kind: "parameter",
        name: identifier(name),
        table: table.map(identifier),
        type,
        ...(prior === undefined ? {} : { prior: prior.expression }),
        ...(value === undefined ? {} : { value: value.expression }),
        ...this.documented(first),
        span: this.spanFrom(first),
      }));
    },
    NO_RESYNC,
  );

  readonly given = this.RULE(
    "given",
    (): Ast.GivenDeclaration => {
      const first = this.CONSUME(T.Given);
      const name = this.CONSUME(T.NameLike, expecting("givenName"));
      this.CONSUME(T.Colon, expecting("givenColon"));
      const type = this.SUBRULE(this.type);
      return this.ACTION(() => ({
        kind: "given",
        name: identifier(name),
        type,
        ...this.documented(first),
        span: this.spanFrom(first),
      }));
    },
    NO_RESYNC,
  );

  readonly latent = this.RULE(
    "latent",
    (): Ast.RandomDeclaration => {
      const first = this.CONSUME(T.Latent);
      const name = this.CONSUME(T.NameLike, expecting("latentName"));
      this.CONSUME(T.Colon, expecting("latentColon"));
      const type = this.SUBRULE(this.type);
      this.OR({
        DEF: [
          { ALT: () => this.CONSUME(T.Tilde) },
          {
            ALT: () => {
              const equal = this.CONSUME(T.Equal);
              this.ACTION(() => this.reports.push(latentWithEquals(T.spanOfToken(equal), { name: name.image })));
            },
          },
        ],
        ERR_MSG: "latentRelation" satisfies ExpectationName,
      });
      const value = this.SUBRULE1(this.expression);
      const initial = this.OPTION(() => {
        this.CONSUME(T.Init);
        return this.SUBRULE2(this.expression);
      });
      return this.ACTION(() => ({
        kind: "random",
        role: "latent",
        name: identifier(name),
        type,
        relation: "~",
        value: value.expression,
        ...(initial === undefined ? {} : { initial: initial.expression }),
        ...this.documented(first),
        span: this.spanFrom(first),
      }));
    },
    NO_RESYNC,
  );

  readonly observe = this.RULE(
    "observe",
    (): Ast.RandomDeclaration => {
      let relation: "~" | "=" = "~";
      const first = this.CONSUME(T.Observe);
      const name = this.CONSUME(T.NameLike, expecting("observeName"));
      this.CONSUME(T.Colon, expecting("observeColon"));
      const type = this.SUBRULE(this.type);
      this.OR({
        DEF: [
          { ALT: () => this.CONSUME(T.Tilde) },
          {
            ALT: () => {
              this.CONSUME(T.Equal);
              relation = "=";
            },
          },
        ],
        ERR_MSG: "observeRelation" satisfies ExpectationName,
      });
      const value = this.SUBRULE1(this.expression);
      const initial = this.OPTION(() => {
        this.CONSUME(T.Init);
        return this.SUBRULE2(this.expression);
      });
      return this.ACTION(() => ({
        kind: "random",
        role: "observed",
        name: identifier(name),
        type,
        relation,
        value: value.expression,
        ...(initial === undefined ? {} : { initial: initial.expression }),
        ...this.documented(first),
        span: this.spanFrom(first),
      }));
    },
    NO_RESYNC,
  );

  readonly let = this.RULE(
    "let",
    (): Ast.LetDeclaration => {
      const first = this.CONSUME(T.Let);
      const names = this.SUBRULE(this.pattern);
      this.CONSUME(T.Equal, expecting("letEqual"));
      const value = this.SUBRULE(this.expression);
      return this.ACTION(() => ({
        kind: "let",
        names,
        value: value.expression,
        ...this.documented(first),
        span: this.spanFrom(first),
      }));
    },
    NO_RESYNC,
  );

  readonly pattern = this.RULE(
    "pattern",
    (): readonly Ast.Identifier[] => {
      const names: IToken[] = [];
      this.OR({
        DEF: [
          { ALT: () => names.push(this.CONSUME1(T.NameLike)) },
          {
            ALT: () => {
              this.CONSUME(T.LeftParenthesis);
              names.push(this.CONSUME2(T.NameLike, expecting("patternName")));
              this.CONSUME1(T.Comma, expecting("patternComma"));
              names.push(this.CONSUME3(T.NameLike, expecting("patternName")));
              this.MANY(() => {
                this.CONSUME2(T.Comma);
                names.push(this.CONSUME4(T.NameLike, expecting("patternName")));
              });
              this.CONSUME(T.RightParenthesis, expecting("patternClose"));
            },
          },
        ],
        ERR_MSG: "letName" satisfies ExpectationName,
      });
      return this.ACTION(() => names.map(identifier));
    },
    NO_RESYNC,
  );

  readonly network = this.RULE(
    "network",
    (): Ast.NetworkDeclaration => {
      const inputs: Ast.TypeExpression[] = [];
      const layers: Ast.LayerExpression[] = [];
      const first = this.CONSUME(T.Net);
      const name = this.CONSUME(T.NameLike, expecting("networkName"));
      this.CONSUME(T.LeftParenthesis, expecting("networkOpen"));
      this.AT_LEAST_ONE_SEP1({
        SEP: T.Comma,
        DEF: () => inputs.push(this.SUBRULE1(this.type)),
        ERR_MSG: "typeName" satisfies ExpectationName,
      });
      this.CONSUME(T.RightParenthesis, expecting("networkClose"));
      this.CONSUME(T.Arrow, expecting("networkArrow"));
      const outputs = this.SUBRULE(this.output);
      this.CONSUME(T.Equal, expecting("networkEqual"));
      this.AT_LEAST_ONE_SEP2({
        SEP: T.Pipe,
        DEF: () => layers.push(this.SUBRULE(this.layer)),
        ERR_MSG: "layerName" satisfies ExpectationName,
      });
      return this.ACTION(() => ({
        kind: "network",
        name: identifier(name),
        inputs,
        outputs,
        layers,
        ...this.documented(first),
        span: this.spanFrom(first),
      }));
    },
    NO_RESYNC,
  );

  readonly output = this.RULE(
    "output",
    (): readonly Ast.TypeExpression[] => {
      const outputs: Ast.TypeExpression[] = [];
      this.OR({
        DEF: [
          { ALT: () => outputs.push(this.SUBRULE1(this.type)) },
          {
            ALT: () => {
              this.CONSUME(T.LeftParenthesis);
              outputs.push(this.SUBRULE2(this.type));
              this.CONSUME1(T.Comma, expecting("outputComma"));
              outputs.push(this.SUBRULE3(this.type));
              this.MANY(() => {
                this.CONSUME2(T.Comma);
                outputs.push(this.SUBRULE4(this.type));
              });
              this.CONSUME(T.RightParenthesis, expecting("outputClose"));
            },
          },
        ],
        ERR_MSG: "networkOutput" satisfies ExpectationName,
      });
      return outputs;
    },
    NO_RESYNC,
  );

  readonly critic = this.RULE(
    "critic",
    (): Ast.CriticDeclaration => {
      const criticArguments: Ast.Argument[] = [];
      const first = this.CONSUME(T.Critic);
      const network = this.CONSUME(T.NameLike, expecting("criticName"));
      this.CONSUME(T.LeftParenthesis, expecting("criticOpen"));
      this.AT_LEAST_ONE_SEP({
        SEP: T.Comma,
        DEF: () => criticArguments.push(this.SUBRULE(this.argument)),
        ERR_MSG: "operand" satisfies ExpectationName,
      });
      this.CONSUME(T.RightParenthesis, expecting("argumentsClose"));
      return this.ACTION(() => ({
        kind: "critic",
        network: identifier(network),
        arguments: criticArguments,
        ...this.documented(first),
        span: this.spanFrom(first),
      }));
    },
    NO_RESYNC,
  );

  readonly learn = this.RULE(
    "learn",
    (): Ast.LearnDeclaration => {
      const options: (Ast.LearnDeclaration["options"][number] | undefined)[] = [];
      const first = this.CONSUME(T.LearnKeyword);
      const method = this.CONSUME(T.NameLike, expecting("learnMethod"));
      this.OPTION(() => {
        this.CONSUME(T.LeftBrace);
        this.MANY(() => options.push(this.SUBRULE(this.learnOption)));
        this.CONSUME(T.RightBrace, expecting("optionName"));
      });
      return this.ACTION(() => ({
        kind: "learn",
        method: identifier(method),
        options: present(options),
        ...this.documented(first),
        span: this.spanFrom(first),
      }));
    },
    NO_RESYNC,
  );

  readonly learnOption: Recoverable<Ast.LearnDeclaration["options"][number]> = this.RULE(
    "learnOption",
    (): Ast.LearnDeclaration["options"][number] | undefined => {
      const name = this.CONSUME(T.NameLike);
      this.CONSUME(T.Colon, expecting("optionColon"));
      const value = this.SUBRULE(this.expression);
      this.OPTION(() => {
        this.OR([{ ALT: () => this.CONSUME(T.Comma) }, { ALT: () => this.CONSUME(T.Semicolon) }]);
      });
      return this.ACTION(() => ({ name: identifier(name), value: value.expression }));
    },
    RESYNC,
  );
}
