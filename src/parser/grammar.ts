import { EmbeddedActionsParser, type IToken, type ParserMethod, type TokenType } from "chevrotain";
import type * as Ast from "./ast.js";
import { binaryOperator, ExpressionBuilder, identifier, negation, numberLiteral, type Operand } from "./build-ast.js";
import { latentWithEquals, misplacedDeclaration, notInGuide, outsideModel, wholeNumberNeeded } from "../diagnostics/catalogue/parser.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Span } from "../diagnostics/span.js";
import type { ExpectationName } from "./expectations.js";
import * as T from "./tokens.js";

/** More syntax errors than this, and the file is something else than a program. */
export const ERROR_LIMIT = 100;

/** Thrown through the parser's recovery, which would otherwise go on for ever on a file of garbage. */
export class TooManySyntaxErrors extends Error {}

/** What the end of a repetition expects, by rule and closing token. */
const EXPECTED_BEHIND_REPETITION: Readonly<Record<string, ExpectationName>> = {
  "program/EOF": "modelKeyword",
  "model/RightBrace": "modelClose",
  "block/RightBrace": "blockClose",
  "guideBlock/RightBrace": "guideClose",
  "learn/RightBrace": "optionName",
  "parameter/RightBracket": "tableClose",
  "pattern/RightParenthesis": "patternClose",
  "network/RightParenthesis": "networkClose",
  "output/RightParenthesis": "outputClose",
  "type/RightBracket": "dimensionClose",
  "operand/RightParenthesis": "argumentsClose",
  "operand/RightBracket": "subscriptClose",
  "layer/RightParenthesis": "argumentsClose",
};

const expecting = (place: ExpectationName): { ERR_MSG: string } => ({ ERR_MSG: place });

/** Drops what error recovery left empty. */
const present = <N>(nodes: readonly (N | undefined)[]): readonly N[] => nodes.filter((node) => node !== undefined);

const NO_RESYNC = { resyncEnabled: false };
const RESYNC = { resyncEnabled: true, recoveryValueFunc: () => undefined };

type Recoverable<N> = ParserMethod<[], N | undefined>;

/**
 * The grammar of `grammar/gen.ebnf`, with recovery from errors at every declaration.
 *
 * Expressions are read flat (operands and operators in a row) and put together by precedence afterwards, so that a
 * long sum costs no stack. Declarations in the wrong place are read and reported, as one of the commonest slips.
 */
export class GenParser extends EmbeddedActionsParser {
  builder = new ExpressionBuilder();
  reports: Diagnostic[] = [];
  documentation: ReadonlyMap<number, string> = new Map();
  /** The declarations (by offset) that took their documentation. */
  documentedOffsets = new Set<number>();

  constructor() {
    super(T.GRAMMAR_TOKENS, {
      recoveryEnabled: true,
      maxLookahead: 2,
      skipValidations: true,
      errorMessageProvider: {
        buildMismatchTokenMessage: ({ expected, ruleName }) => {
          return EXPECTED_BEHIND_REPETITION[`${ruleName}/${expected.name}`] ?? `${expected.LABEL ?? expected.name}`;
        },
        buildNoViableAltMessage: ({ customUserDescription }) => customUserDescription ?? "operand",
        buildEarlyExitMessage: ({ customUserDescription }) => customUserDescription ?? "operand",
        buildNotAllInputParsedMessage: () => "modelKeyword",
      },
    });
    this.performSelfAnalysis();
  }

  /** Names and most symbols may be thought in where a text lacks them; what that gives is never compiled. */
  protected override canTokenTypeBeInsertedInRecovery(type: TokenType): boolean {
    if (this.errors.length > ERROR_LIMIT) throw new TooManySyntaxErrors();
    return type !== T.NumberToken && type !== T.LeftParenthesis && type !== T.LeftBrace;
  }

  protected override getTokenToInsert(type: TokenType): IToken {
    const previous = this.LA(0);
    return T.insertedAfter(previous, type === T.NameLike ? T.Name : type, "_");
  }

  #from(first: IToken): Span {
    const last = this.LA(0);
    return { start: first.startOffset, end: Math.max((first.endOffset ?? 0) + 1, (last.endOffset ?? 0) + 1) };
  }

  #documented(first: IToken): { documentation?: string } {
    const documentation = this.documentation.get(first.startOffset);
    if (documentation === undefined) return {};
    this.documentedOffsets.add(first.startOffset);
    return { documentation };
  }

  #wholeNumber(token: IToken, what: string): Ast.NumberLiteral {
    const literal = numberLiteral(token);
    if (!/^[0-9]+$/.test(token.image) || !Number.isSafeInteger(literal.value)) {
      this.reports.push(wholeNumberNeeded(literal.span, { text: token.image, what }));
    }
    return literal;
  }

  /** The models read so far: also what is left when the rest of a text cannot be made sense of. */
  models: Ast.ModelDeclaration[] = [];

  readonly program = this.RULE("program", (): void => {
    let reportedStray = false;
    this.MANY(() => {
      this.OR([
        {
          ALT: () => {
            const model = this.SUBRULE(this.model);
            this.ACTION(() => this.models.push(...present([model])));
          },
        },
        {
          ALT: () => {
            const first = this.LA(1);
            this.SUBRULE(this.declaration);
            this.ACTION(() => {
              if (!reportedStray) this.reports.push(outsideModel(T.spanOfToken(first), { keyword: first.image }));
              reportedStray = true;
            });
          },
        },
        { ALT: () => this.CONSUME(T.Semicolon) },
      ]);
    });
  });

  readonly model = this.RULE(
    "model",
    (): Ast.ModelDeclaration | undefined => {
      const declarations: (Ast.Declaration | undefined)[] = [];
      const first = this.CONSUME(T.Model);
      const name = this.CONSUME(T.NameLike, expecting("modelName"));
      this.SUBRULE(this.modelOpen);
      this.MANY(() => {
        this.OR([
          { ALT: () => declarations.push(this.SUBRULE(this.declaration)) },
          { ALT: () => this.CONSUME(T.Semicolon) },
        ]);
      });
      this.CONSUME(T.RightBrace, expecting("modelClose"));
      return this.ACTION(() => ({
        kind: "model",
        name: identifier(name),
        declarations: present(declarations),
        ...this.#documented(first),
        span: this.#from(first),
      }));
    },
    RESYNC,
  );

  /** A rule of its own, so that after a mistake in a head what stands in the braces is still read. */
  readonly modelOpen = this.RULE(
    "modelOpen",
    (): void => {
      this.CONSUME(T.LeftBrace, expecting("modelOpen"));
    },
    RESYNC,
  );

  readonly declaration: Recoverable<Ast.Declaration> = this.RULE(
    "declaration",
    () =>
      this.OR([
        { ALT: () => this.SUBRULE(this.size) },
        { ALT: () => this.SUBRULE(this.parameter) },
        { ALT: () => this.SUBRULE(this.network) },
        { ALT: () => this.SUBRULE(this.given) },
        { ALT: () => this.SUBRULE(this.latent) },
        { ALT: () => this.SUBRULE(this.observe) },
        { ALT: () => this.SUBRULE(this.let) },
        { ALT: () => this.SUBRULE(this.each) },
        { ALT: () => this.SUBRULE(this.chain) },
        { ALT: () => this.SUBRULE(this.guide) },
        { ALT: () => this.SUBRULE(this.critic) },
        { ALT: () => this.SUBRULE(this.learn) },
      ]),
    RESYNC,
  );

  readonly size = this.RULE(
    "size",
    (): Ast.SizeDeclaration => {
      const sizes: { readonly name: Ast.Identifier; readonly value?: Ast.NumberLiteral }[] = [];
      const sizeItem = (name: IToken, value: IToken | undefined): void => {
        const literal = value === undefined ? {} : { value: this.#wholeNumber(value, "a size") };
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
      return this.ACTION(() => ({ kind: "size", sizes, ...this.#documented(first), span: this.#from(first) }));
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
        ...this.#documented(first),
        span: this.#from(first),
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
        ...this.#documented(first),
        span: this.#from(first),
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
        ...this.#documented(first),
        span: this.#from(first),
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
        ...this.#documented(first),
        span: this.#from(first),
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
        ...this.#documented(first),
        span: this.#from(first),
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

  readonly each = this.RULE(
    "each",
    (): Ast.PlateDeclaration => {
      const first = this.CONSUME(T.Each);
      const head = this.SUBRULE(this.eachHead);
      const items = this.SUBRULE(this.block);
      return this.ACTION(() => ({
        kind: "plate",
        name: { text: "_", span: T.spanOfToken(first) },
        ...head,
        items,
        ...this.#documented(first),
        span: this.#from(first),
      }));
    },
    NO_RESYNC,
  );

  readonly eachHead: Recoverable<Pick<Ast.PlateDeclaration, "name" | "size" | "weight">> = this.RULE(
    "eachHead",
    (): Pick<Ast.PlateDeclaration, "name" | "size" | "weight"> | undefined => {
      let size: IToken | undefined;
      let weight: IToken | undefined;
      const name = this.CONSUME1(T.NameLike, expecting("eachName"));
      this.OPTION1(() => {
        this.CONSUME(T.In);
        size = this.CONSUME2(T.NameLike, expecting("eachSize"));
      });
      this.OPTION2(() => {
        this.CONSUME(T.Weight);
        weight = this.CONSUME3(T.NameLike, expecting("eachWeight"));
      });
      return this.ACTION(() => ({
        name: identifier(name),
        ...(size === undefined ? {} : { size: identifier(size) }),
        ...(weight === undefined ? {} : { weight: identifier(weight) }),
      }));
    },
    RESYNC,
  );

  readonly chain = this.RULE(
    "chain",
    (): Ast.ChainDeclaration => {
      const first = this.CONSUME(T.Chain);
      const head = this.SUBRULE(this.chainHead);
      const items = this.SUBRULE(this.block);
      return this.ACTION(() => ({
        kind: "chain",
        name: { text: "_", span: T.spanOfToken(first) },
        ...head,
        items,
        ...this.#documented(first),
        span: this.#from(first),
      }));
    },
    NO_RESYNC,
  );

  readonly chainHead: Recoverable<Pick<Ast.ChainDeclaration, "name" | "size">> = this.RULE(
    "chainHead",
    (): Pick<Ast.ChainDeclaration, "name" | "size"> | undefined => {
      let size: IToken | undefined;
      const name = this.CONSUME1(T.NameLike, expecting("chainName"));
      this.OPTION(() => {
        this.CONSUME(T.In);
        size = this.CONSUME2(T.NameLike, expecting("chainSize"));
      });
      return this.ACTION(() => ({
        name: identifier(name),
        ...(size === undefined ? {} : { size: identifier(size) }),
      }));
    },
    RESYNC,
  );

  readonly block = this.RULE(
    "block",
    (): readonly Ast.BlockItem[] => {
      const items: (Ast.BlockItem | undefined)[] = [];
      this.SUBRULE(this.blockOpen);
      this.MANY(() => {
        this.OR([
          { ALT: () => items.push(this.SUBRULE(this.blockItem)) },
          { ALT: () => this.CONSUME(T.Semicolon) },
        ]);
      });
      this.CONSUME(T.RightBrace, expecting("blockClose"));
      return this.ACTION(() => present(items));
    },
    NO_RESYNC,
  );

  readonly blockOpen = this.RULE(
    "blockOpen",
    (): void => {
      this.CONSUME(T.LeftBrace, expecting("eachOpen"));
    },
    RESYNC,
  );

  readonly blockItem: Recoverable<Ast.BlockItem> = this.RULE(
    "blockItem",
    () =>
      this.OR<Ast.BlockItem | undefined>([
        { ALT: () => this.SUBRULE(this.each) },
        { ALT: () => this.SUBRULE(this.chain) },
        { ALT: () => this.SUBRULE(this.given) },
        { ALT: () => this.SUBRULE(this.latent) },
        { ALT: () => this.SUBRULE(this.observe) },
        { ALT: () => this.SUBRULE(this.let) },
        {
          ALT: () => {
            this.SUBRULE(this.misplaced);
            return undefined;
          },
        },
      ]),
    RESYNC,
  );

  /** What belongs directly inside `model`, met inside `each` or `chain`: read, so as to go on behind it. */
  readonly misplaced = this.RULE(
    "misplaced",
    (): void => {
      const first = this.LA(1);
      this.ACTION(() => {
        const wording = { keyword: first.image, place: "`each` or `chain`" };
        this.reports.push(misplacedDeclaration(T.spanOfToken(first), wording));
      });
      this.OR([
        { ALT: () => this.SUBRULE(this.size) },
        { ALT: () => this.SUBRULE(this.parameter) },
        { ALT: () => this.SUBRULE(this.network) },
        { ALT: () => this.SUBRULE(this.guide) },
        { ALT: () => this.SUBRULE(this.critic) },
        { ALT: () => this.SUBRULE(this.learn) },
      ]);
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
        ...this.#documented(first),
        span: this.#from(first),
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
      return this.ACTION(() => ({ name: identifier(name), arguments: layerArguments, span: this.#from(name) }));
    },
    NO_RESYNC,
  );

  readonly guide = this.RULE(
    "guide",
    (): Ast.GuideDeclaration => {
      let items: readonly Ast.GuideItem[] = [];
      let automatic: Ast.LayerExpression | undefined;
      const first = this.CONSUME(T.Guide);
      this.OR({
        DEF: [
          {
            ALT: () => {
              items = this.SUBRULE(this.guideBlock);
            },
          },
          {
            ALT: () => {
              automatic = this.SUBRULE(this.layer);
            },
          },
        ],
        ERR_MSG: "guideBody" satisfies ExpectationName,
      });
      return this.ACTION(() => ({
        kind: "guide",
        items,
        ...(automatic === undefined ? {} : { automatic }),
        ...this.#documented(first),
        span: this.#from(first),
      }));
    },
    NO_RESYNC,
  );

  readonly guideBlock = this.RULE(
    "guideBlock",
    (): readonly Ast.GuideItem[] => {
      const items: (Ast.GuideItem | undefined)[] = [];
      this.CONSUME(T.LeftBrace, expecting("guideOpen"));
      this.MANY(() => {
        this.OR([
          { ALT: () => items.push(this.SUBRULE(this.guideItem)) },
          { ALT: () => this.CONSUME(T.Semicolon) },
        ]);
      });
      this.CONSUME(T.RightBrace, expecting("guideClose"));
      return this.ACTION(() => present(items));
    },
    NO_RESYNC,
  );

  readonly guideItem: Recoverable<Ast.GuideItem> = this.RULE(
    "guideItem",
    () =>
      this.OR<Ast.GuideItem | undefined>([
        { ALT: () => this.SUBRULE(this.let) },
        { ALT: () => this.SUBRULE(this.guideChain) },
        { ALT: () => this.SUBRULE(this.site) },
        {
          ALT: () => {
            this.SUBRULE(this.misplacedInGuide);
            return undefined;
          },
        },
      ]),
    RESYNC,
  );

  readonly misplacedInGuide = this.RULE(
    "misplacedInGuide",
    (): void => {
      const first = this.LA(1);
      this.ACTION(() => this.reports.push(notInGuide(T.spanOfToken(first), { keyword: first.image })));
      this.OR([
        { ALT: () => this.SUBRULE(this.latent) },
        { ALT: () => this.SUBRULE(this.observe) },
        { ALT: () => this.SUBRULE(this.given) },
        { ALT: () => this.SUBRULE(this.parameter) },
        { ALT: () => this.SUBRULE(this.network) },
        { ALT: () => this.SUBRULE(this.each) },
        { ALT: () => this.SUBRULE(this.critic) },
      ]);
    },
    NO_RESYNC,
  );

  readonly guideChain = this.RULE(
    "guideChain",
    (): Ast.GuideChain => {
      const first = this.CONSUME(T.Chain);
      const name = this.CONSUME(T.NameLike, expecting("chainName"));
      const items = this.SUBRULE(this.guideBlock);
      return this.ACTION(() => ({ kind: "guideChain", name: identifier(name), items, span: this.#from(first) }));
    },
    NO_RESYNC,
  );

  readonly site = this.RULE(
    "site",
    (): Ast.GuideSite => {
      const name = this.CONSUME(T.NameLike);
      this.CONSUME(T.Tilde, expecting("siteTilde"));
      const value = this.SUBRULE1(this.expression);
      const initial = this.OPTION({
        // `init ~ …` is the next site, of a variable called `init`.
        GATE: () => this.LA(2).tokenType !== T.Tilde,
        DEF: () => {
          this.CONSUME(T.Init);
          return this.SUBRULE2(this.expression);
        },
      });
      return this.ACTION(() => ({
        kind: "site",
        name: identifier(name),
        value: value.expression,
        ...(initial === undefined ? {} : { initial: initial.expression }),
        span: this.#from(name),
      }));
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
        ...this.#documented(first),
        span: this.#from(first),
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
        ...this.#documented(first),
        span: this.#from(first),
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
        span: this.#from(name),
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
                const { value, span } = this.#wholeNumber(token, "a dimension");
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
                const list: Ast.Expression = { kind: "list", items, span: this.#from(first) };
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
              this.ACTION(() => (base = this.builder.call(base, callArguments, this.#from(first), T.spanOfToken(open))));
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
              this.ACTION(() => (base = this.builder.subscript(base, subscripts, this.#from(first), T.spanOfToken(open))));
            },
          },
          {
            ALT: () => {
              const dot = this.CONSUME(T.Dot);
              const field = this.CONSUME2(T.NameLike, expecting("fieldName"));
              this.ACTION(() => (base = this.builder.field(base, identifier(field), this.#from(first), T.spanOfToken(dot))));
            },
          },
        ]);
      });
      return this.ACTION(() => ({ expression: base, extent: this.#from(first) }));
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
        span: this.#from(first),
      }));
    },
    NO_RESYNC,
  );
}
