/** The recovery card, to print or to save: whoever has it can vote in the voter's place. */

import { inLanguage, useLanguage, useTexts } from "../../lib/i18n";
import { Notice, StepHeading } from "../../ui/parts";
import { Qr } from "../../ui/qr";
import { cardText } from "../card";
import { useVote } from "../context";
import { texts } from "../texts";
import { saveFile } from "./receipt";

export function Card() {
  const t = useTexts(texts);
  const shown = useLanguage();
  const { way, back } = useVote();
  if (!way.voter) return null;
  const text = cardText(way.voter);
  const { edition, manifest } = way.facts.edition;
  return (
    <section class="stack-large">
      <section class="card stack printed recovery">
        <StepHeading>{t.card.title}</StepHeading>
        <p>{inLanguage(manifest.title, shown)}</p>
        <Notice kind="warn">
          <p class="strong">{t.card.warn}</p>
        </Notice>
        <Qr text={text} label={t.card.qr} />
        <p>{t.card.what}</p>
        <div class="buttons no-print">
          <button type="button" class="button primary" onClick={() => print()}>
            {t.card.print}
          </button>
          <button
            type="button"
            class="button"
            onClick={() => saveFile(`huimin-recovery-${edition}.json`, text)}
          >
            {t.card.download}
          </button>
        </div>
      </section>
      <button
        type="button"
        class="button quiet block no-print"
        onClick={() => back(way.voter?.receipt ? "counted" : "select")}
      >
        {t.back}
      </button>
    </section>
  );
}
