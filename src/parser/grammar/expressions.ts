import type { ParserMethod } from "chevrotain";
import type * as Ast from "../ast.js";
import {
  binaryOperator,
  type ExpressionBuilder,
  identifier,
  negation,
  numberLiteral,
  type Operand,
} from "../build-ast.js";
import type { ExpectationName } from "../expectations.js";
import * as T from "../tokens.js";
import { expecting, NO_RESYNC, RuleBase } from "./rule-base.js";

/** Types, layers and expressions. An error inside one ends the declaration it stands in. */
export abstract class ExpressionRules extends RuleBase {
  readonly type: ParserMethod<[], Ast.TypeExpression> = this.RULE(
    "type",
    () => {
      const dimensions: Ast.DimensionExpression[] = [];
      const name = this.CONSUME(T.NameLike, expecting("typeName"));
      this.OPTION1(() => {
        this.CONSUME(T.LeftBracket);
        this.AT_LEAST_ONE_SEP({
          SEP: T.Comma,
          DEF: () => dimensions.push(this.SUBRULE(this.dimension)),
          ERR_MSG: "dimension" satisfies ExpectationName,
        });
        this.CONSUME(T.RightBracket, expecting("dimensionClose"));
      });
      const mark = this.OPTION2(() => this.CONSUME(T.Question));
      return this.ACTION(() => ({
        name: identifier(name),
        dimensions,
        optional: mark !== undefined,
        span: this.spanFrom(name),
      }));
    },
    NO_RESYNC,
  );

  readonly dimension = this.RULE(
    "dimension",
    (): Ast.DimensionExpression =>
      this.OR<Ast.DimensionExpression>({
        DEF: [
          {
            ALT: () => {
              const token = this.CONSUME(T.NumberToken);
              return this.ACTION(() => {
                const { value, span } = this.wholeNumber(token, "a dimension");
                return { kind: "integer", value, span };
              });
            },
          },
          {
            ALT: () => {
              const type = this.SUBRULE(this.type);
              return this.ACTION(() => ({ kind: "type", type, span: type.span }));
            },
          },
        ],
        ERR_MSG: "dimension" satisfies ExpectationName,
      }),
    NO_RESYNC,
  );

  readonly layer = this.RULE(
    "layer",
    (): Ast.LayerExpression => {
      const layerArguments: Ast.Argument[] = [];
      const name = this.CONSUME(T.NameLike, expecting("layerName"));
      this.OPTION(() => {
        this.CONSUME(T.LeftParenthesis);
        this.MANY_SEP({ SEP: T.Comma, DEF: () => layerArguments.push(this.SUBRULE(this.argument)) });
        this.CONSUME(T.RightParenthesis, expecting("argumentsClose"));
      });
      return this.ACTION(() => ({ name: identifier(name), arguments: layerArguments, span: this.spanFrom(name) }));
    },
    NO_RESYNC,
  );

  readonly argument: ParserMethod<[], Ast.Argument> = this.RULE(
    "argument",
    () => {
      const first = this.LA(1);
      const name = this.OPTION({
        GATE: () => this.LA(2).tokenType === T.Colon,
        DEF: () => {
          const token = this.CONSUME(T.NameLike);
          this.CONSUME(T.Colon);
          return token;
        },
      });
      const value = this.SUBRULE(this.expression);
      return this.ACTION(() => ({
        ...(name === undefined ? {} : { name: identifier(name) }),
        value: value.expression,
        span: this.spanFrom(first),
      }));
    },
    NO_RESYNC,
  );

  readonly expression: ParserMethod<[], Operand> = this.RULE(
    "expression",
    () => {
      const parts: Parameters<ExpressionBuilder["tree"]>[0][number][] = [];
      this.MANY1(() => {
        const minus = this.CONSUME1(T.Minus);
        this.ACTION(() => parts.push(negation(minus)));
      });
      parts.push(this.SUBRULE1(this.operand));
      this.MANY2(() => {
        const operator = this.CONSUME(T.BinaryOperator);
        this.ACTION(() => parts.push(binaryOperator(operator)));
        this.MANY3(() => {
          const minus = this.CONSUME2(T.Minus);
          this.ACTION(() => parts.push(negation(minus)));
        });
        parts.push(this.SUBRULE2(this.operand));
      });
      return this.ACTION(() => this.builder.tree(parts));
    },
    NO_RESYNC,
  );

  readonly operand: ParserMethod<[], Operand> = this.RULE(
    "operand",
    () => {
      const first = this.LA(1);
      const items: Ast.Argument[] = [];
      let base: Ast.Expression = { kind: "name", name: "_", span: T.spanOfToken(first) };
      this.OR1({
        DEF: [
          {
            ALT: () => {
              const token = this.CONSUME(T.NumberToken);
              this.ACTION(() => (base = numberLiteral(token)));
            },
          },
          {
            ALT: () => {
              const token = this.CONSUME1(T.NameLike);
              this.ACTION(() => (base = { kind: "name", name: token.image, span: T.spanOfToken(token) }));
            },
          },
          {
            ALT: () => {
              this.CONSUME1(T.LeftParenthesis);
              const inner = this.SUBRULE1(this.expression);
              this.CONSUME1(T.RightParenthesis, expecting("parenthesisClose"));
              this.ACTION(() => (base = inner.expression));
            },
          },
          {
            ALT: () => {
              this.CONSUME1(T.LeftBracket);
              this.MANY_SEP1({ SEP: T.Comma, DEF: () => items.push(this.SUBRULE1(this.argument)) });
              this.CONSUME1(T.RightBracket, expecting("listClose"));
              this.ACTION(() => {
                const list: Ast.Expression = { kind: "list", items, span: this.spanFrom(first) };
                const parts = items.map((item) => item.value);
                base = this.builder.grown(list, parts, T.spanOfToken(first));
              });
            },
          },
        ],
        ERR_MSG: "operand" satisfies ExpectationName,
      });
      this.MANY(() => {
        this.OR2([
          {
            ALT: () => {
              const callArguments: Ast.Argument[] = [];
              const open = this.CONSUME2(T.LeftParenthesis);
              this.MANY_SEP2({ SEP: T.Comma, DEF: () => callArguments.push(this.SUBRULE2(this.argument)) });
              this.CONSUME2(T.RightParenthesis, expecting("argumentsClose"));
              this.ACTION(
                () => (base = this.builder.call(base, callArguments, this.spanFrom(first), T.spanOfToken(open))),
              );
            },
          },
          {
            ALT: () => {
              const subscripts: Ast.Subscript[] = [];
              const open = this.CONSUME2(T.LeftBracket);
              this.AT_LEAST_ONE_SEP({
                SEP: T.Comma,
                DEF: () => subscripts.push(this.SUBRULE(this.subscript)),
                ERR_MSG: "operand" satisfies ExpectationName,
              });
              this.CONSUME2(T.RightBracket, expecting("subscriptClose"));
              this.ACTION(
                () => (base = this.builder.subscript(base, subscripts, this.spanFrom(first), T.spanOfToken(open))),
              );
            },
          },
          {
            ALT: () => {
              const dot = this.CONSUME(T.Dot);
              const field = this.CONSUME2(T.NameLike, expecting("fieldName"));
              this.ACTION(
                () => (base = this.builder.field(base, identifier(field), this.spanFrom(first), T.spanOfToken(dot))),
              );
            },
          },
        ]);
      });
      return this.ACTION(() => ({ expression: base, extent: this.spanFrom(first) }));
    },
    NO_RESYNC,
  );

  readonly subscript = this.RULE(
    "subscript",
    (): Ast.Subscript =>
      this.OR<Ast.Subscript>({
        DEF: [
          {
            ALT: () => {
              const star = this.CONSUME(T.Star);
              return this.ACTION(() => ({ kind: "all", span: T.spanOfToken(star) }));
            },
          },
          {
            ALT: () => {
              const index = this.SUBRULE(this.expression);
              return this.ACTION(() => ({ kind: "index", value: index.expression, span: index.extent }));
            },
          },
        ],
        ERR_MSG: "operand" satisfies ExpectationName,
      }),
    NO_RESYNC,
  );
}
