import type { IToken } from "chevrotain";
import type * as Ast from "../ast.js";
import { identifier } from "../build-ast.js";
import { misplacedDeclaration, notInGuide } from "../../diagnostics/catalogue/parser.js";
import type { ExpectationName } from "../expectations.js";
import * as T from "../tokens.js";
import { DeclarationRules } from "./declarations.js";
import { expecting, NO_RESYNC, present, type Recoverable, RESYNC } from "./rule-base.js";

/** `each`, `chain` and `guide`, and what is met inside them by mistake. */
export abstract class BlockRules extends DeclarationRules {
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
        ...this.documented(first),
        span: this.spanFrom(first),
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
        ...this.documented(first),
        span: this.spanFrom(first),
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
        this.OR([{ ALT: () => items.push(this.SUBRULE(this.blockItem)) }, { ALT: () => this.CONSUME(T.Semicolon) }]);
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
        ...this.documented(first),
        span: this.spanFrom(first),
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
        this.OR([{ ALT: () => items.push(this.SUBRULE(this.guideItem)) }, { ALT: () => this.CONSUME(T.Semicolon) }]);
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
      return this.ACTION(() => ({ kind: "guideChain", name: identifier(name), items, span: this.spanFrom(first) }));
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
        span: this.spanFrom(name),
      }));
    },
    NO_RESYNC,
  );
}
