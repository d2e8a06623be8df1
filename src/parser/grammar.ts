import type * as Ast from "./ast.js";
import { identifier } from "./build-ast.js";
import { outsideModel } from "../diagnostics/catalogue/parser.js";
import { BlockRules } from "./grammar/blocks.js";
import { expecting, present, type Recoverable, RESYNC } from "./grammar/rule-base.js";
import * as T from "./tokens.js";

/**
 * The grammar of `grammar/gen.ebnf`, with recovery from errors at every declaration.
 *
 * Expressions are read flat (operands and operators in a row) and put together by precedence afterwards, so that a
 * long sum costs no stack. Declarations in the wrong place are read and reported, as one of the commonest slips.
 */
export class GenParser extends BlockRules {
  constructor(recoveryEnabled: boolean) {
    super(recoveryEnabled);
    this.performSelfAnalysis();
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
        ...this.documented(first),
        span: this.spanFrom(first),
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
}
