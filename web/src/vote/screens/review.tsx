/** Step 4: the choice once more, and the one button that casts it. */

import { inLanguage, useLanguage, useTexts } from "../../lib/i18n";
import { StepHeading } from "../../ui/parts";
import { useVote } from "../context";
import { castable } from "../voter";
import { texts } from "../texts";
import { Told } from "./told";

export function Review() {
  const t = useTexts(texts).review;
  const { way, dispatch, back } = useVote();
  const { edition } = way.facts;
  const draft = way.voter?.draft ?? [];
  const left = edition.manifest.max_choices - draft.length;
  const ready = castable(edition, draft) && way.task === null;
  return (
    <section class="stack-large">
      <StepHeading>{t.title}</StepHeading>
      <Told />
      <div class="card stack">
        <h2>{t.chosen(draft.length)}</h2>
        <Chosen ids={draft} />
        {left > 0 && <p class="muted">{t.more(left)}</p>}
        <button type="button" class="button block" onClick={() => back("select")}>
          {t.change}
        </button>
      </div>
      <p class="muted">{t.last}</p>
      <div class="chosen-bar cast-bar">
        <button
          type="button"
          class="button primary large block cast"
          aria-disabled={!ready}
          onClick={() => ready && dispatch({ type: "cast" })}
        >
          {t.cast}
        </button>
        <p class="strong">{t.after}</p>
      </div>
    </section>
  );
}

/** The titles of chosen initiatives. */
export function Chosen({ ids }: { readonly ids: readonly string[] }) {
  const shown = useLanguage();
  const { initiatives } = useVote().way.facts.edition;
  const titles = new Map(initiatives.map((one) => [one.id, one]));
  return (
    <ol class="chosen-list">
      {ids.map((id) => {
        const one = titles.get(id);
        return (
          <li key={id}>
            <span>{one ? inLanguage(one.title, shown) : id}</span>
            {one && <span class="muted small">{inLanguage(one.department, shown)}</span>}
          </li>
        );
      })}
    </ol>
  );
}
